//! `cases.json`: what the schema `doc/release.schema.json` and this crate both have to say of release statements. `checks/` asks the schema.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod patch;

use nix_seed_statement::{json, release::ReleaseStatement};
use serde::Deserialize;
use serde_json::Value;

use patch::Edit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    name: String,
    /// The test vector that is edited.
    vector: String,
    edits: Vec<Edit>,
    /// A part of the message that refuses it.
    refused: Option<String>,
    /// It is refused for what no schema says.
    #[serde(default)]
    beyond_schema: bool,
}

fn vector(name: &str) -> Value {
    let text = match name {
        "seed" => include_str!("../vectors/seed.json"),
        "results" => include_str!("../vectors/results.json"),
        "bare" => include_str!("../vectors/bare.json"),
        _ => unreachable!("{name}"),
    };
    serde_json::from_str(text).unwrap()
}

#[test]
fn each_case_is_accepted_or_refused_as_it_says() {
    let Cases { cases } = serde_json::from_str(include_str!("cases.json")).unwrap();
    let mut wrong = Vec::new();
    for Case { name, vector: of, edits, refused, beyond_schema } in cases {
        let mut document = vector(&of);
        edits.iter().for_each(|edit| edit.apply(&mut document));
        let read = ReleaseStatement::from_bytes(&json::canonical(&document, "a case").unwrap());
        match (read, refused) {
            (Ok(_), None) if beyond_schema => wrong.push(format!("{name}: beyond what schema?")),
            (Ok(_), None) => {}
            (Ok(_), Some(_)) => wrong.push(format!("{name}: accepted")),
            (Err(error), None) => wrong.push(format!("{name}: refused: {error}")),
            (Err(error), Some(part)) if !error.to_string().contains(&part) => {
                wrong.push(format!("{name}: not {part:?}: {error}"));
            }
            (Err(_), Some(_)) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
