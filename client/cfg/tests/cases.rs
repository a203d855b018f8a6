//! `lib/tests/seed-cfg`: what Nix accepts, refuses and warns of, is accepted, refused and warned of here.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use nix_seed_cfg::{Cfg, Error};
use serde::Deserialize;
use serde_json::Value;

const CASES: &str = include_str!("../../../lib/tests/seed-cfg/cases.json");
const NORMAL: &str = include_str!("../../../lib/tests/seed-cfg/normal.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    base: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    set: Vec<Edit>,
    /// A part of the message that refuses it.
    refused: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    path: Vec<String>,
    value: Value,
}

fn edited(base: &Value, edits: &[Edit]) -> Value {
    let mut cfg = base.clone();
    for Edit { path, value } in edits {
        let place = path.iter().fold(&mut cfg, |place, name| &mut place[name.as_str()]);
        *place = value.clone();
    }
    cfg
}

/// Whether the error is about that option.
fn is_about(error: &Error, at: &str) -> bool {
    match error {
        Error::Refused(faults) => faults.0.iter().any(|fault| fault.at == at),
        Error::Malformed { at: found, why } => {
            // What is missing is told by what it is missing in, a name that nobody knows by itself.
            found.starts_with(at) || at.starts_with(found.as_str()) || why.contains("unknown field")
        }
        Error::PrivateKey => at == "private key",
        Error::Version { .. } | Error::NotNormal => at == "version",
        _ => false,
    }
}

#[test]
fn nix_and_rust_agree_on_every_case() {
    let Cases { base, cases } = serde_json::from_str(CASES).unwrap();
    let mut wrong = Vec::new();
    for Case { name, set, refused, warnings } in cases {
        let json = edited(&base, &set);
        let result = Cfg::from_json(json.to_string().as_bytes());
        match (result, refused) {
            (Ok(cfg), None) => {
                if cfg.warnings() != warnings {
                    wrong.push(format!("{name}: warnings {:?}", cfg.warnings()));
                }
                // Nothing is lost or added.
                if serde_json::to_value(&cfg).unwrap() != json {
                    wrong.push(format!("{name}: it is written as another"));
                }
            }
            (Err(error), Some(at)) => {
                if !is_about(&error, &at) {
                    wrong.push(format!("{name}: not about {at}: {error}"));
                }
            }
            (Ok(_), Some(at)) => wrong.push(format!("{name}: accepted, in spite of {at}")),
            (Err(error), None) => wrong.push(format!("{name}: refused: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pages_examples_are_read_and_shown() {
    let examples: Value = serde_json::from_str(NORMAL).unwrap();
    for (name, normal) in examples.as_object().unwrap() {
        let cfg = Cfg::from_json(normal.to_string().as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_value(&cfg).unwrap(), *normal, "{name}");
        let table = cfg.table().join("\n");
        for builder in cfg.builders.keys() {
            assert!(table.contains(builder), "{table}");
        }
    }
}

#[test]
fn a_table_says_what_holds_where_nothing_is_said() {
    let examples: Value = serde_json::from_str(NORMAL).unwrap();
    let table = |name: &str| Cfg::from_json(examples[name].to_string().as_bytes()).unwrap().table();
    assert_eq!(
        table("github"),
        [
            "source        git+https://github.com/owner/app",
            "level         1: one builder and a log",
            "registry      ghcr.io/owner/app",
            "builders      github",
            "                issuer          https://token.actions.githubusercontent.com",
            "                subject         https://github.com/owner/app/.github/workflows/seed.yaml@refs/heads/main",
            "                subject         https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main",
            "trusted root  the public-good instance's",
            "logs          all of the trusted root's",
            "services      the public-good instance's",
            "freshness     statements of any age",
            "builds        in a sandbox, from https://cache.nixos.org",
        ]
    );
    let hsm = table("hsm");
    assert!(hsm[4].starts_with("                key             P-256, SHA-256 "), "{hsm:?}");
    assert_eq!(hsm[5], "                signs by        pkcs11-sign --slot 0 --pin env:PIN");
    let quorum = table("quorum");
    assert_eq!(quorum[1], "level         2: a quorum and a log (not served yet)");
    assert_eq!(quorum.last().unwrap(), "quorum        2 of 3");
}
