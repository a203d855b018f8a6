//! The release statement's schema, in the judgement of a validator that others wrote.

#[path = "../../../helper/statement/tests/patch/mod.rs"]
mod patch;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::machine::repository;
use nix_seed_checks::validators;
use serde_json::Value;

use patch::Edit;

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// `helper/statement/tests/cases.rs` has the program say it.
#[test]
fn the_schema_says_of_each_release_statement_what_the_program_says() {
    let statement = repository::path().join("helper/statement");
    let cases = read(&statement.join("tests/cases.json"));
    let cases = cases["cases"].as_array().unwrap();
    let edited = |case: &Value| {
        let mut document = read(&statement.join(format!("vectors/{}.json", case["vector"].as_str().unwrap())));
        let edits: Vec<Edit> = serde_json::from_value(case["edits"].clone()).unwrap();
        for edit in edits {
            edit.apply(&mut document);
        }
        document
    };
    let documents: Vec<_> = cases.iter().map(edited).collect();
    let schema = repository::path().join("doc/release.schema.json");
    let valid = validators::valid(&Cache::open().unwrap(), &schema, &documents).unwrap();

    let is_right = |case: &Value| case["refused"].is_null() || case["beyondSchema"] == true;
    let wrong = cases.iter().zip(&valid).filter(|(case, valid)| is_right(case) != **valid);
    let wrong: Vec<_> = wrong.map(|(case, valid)| format!("{}: {valid}", case["name"])).collect();
    assert!(wrong.is_empty(), "the schema says otherwise: {wrong:#?}");
    // Every vector is there as it is.
    let vectors = fs::read_dir(statement.join("vectors")).unwrap().map(|entry| entry.unwrap().file_name());
    let vectors: BTreeSet<_> = vectors.map(|name| name.into_string().unwrap()).collect();
    let whole = cases.iter().filter(|case| case["edits"].as_array().unwrap().is_empty());
    let whole: BTreeSet<_> = whole.map(|case| format!("{}.json", case["vector"].as_str().unwrap())).collect();
    assert_eq!(whole, vectors);
}
