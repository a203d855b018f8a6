//! A statement: the input is its JSON, as it is in an envelope.

use nix_seed_statement::provenance::{self, ProvenanceStatement};
use nix_seed_statement::release::{self, ReleaseStatement};
use nix_seed_statement::{STATEMENT_TYPE, Subject, predicate_type};
use serde_json::Value;

/// The release statement of a seed: the test vector.
pub fn honest() -> Vec<u8> {
    include_bytes!("../../helper/statement/vectors/seed.json").to_vec()
}

/// A release has one form. A provenance survives being written. Neither is taken for the other, and what both say of their
/// subjects is what anybody reads.
pub fn run(data: &[u8]) -> bool {
    match (ReleaseStatement::from_bytes(data), ProvenanceStatement::from_bytes(data)) {
        (Ok(statement), Err(_)) => {
            assert!(statement.to_bytes().unwrap() == data, "a release has two forms");
            check(data, release::PREDICATE_TYPE, statement.subjects());
            assert!(statement.subjects().iter().all(|one| statement.subject(&one.name) == Some(one.digest.sha256)));
        }
        (Err(_), Ok(statement)) => {
            assert_eq!(ProvenanceStatement::from_bytes(&statement.to_bytes().unwrap()).unwrap(), statement);
            check(data, provenance::PREDICATE_TYPE, &statement.subjects);
        }
        (one, other) => {
            assert!(one.is_err() && other.is_err(), "it is a release and a provenance");
            return false;
        }
    }
    // One byte more or less is something else.
    for other in [&data[..data.len() - 1], &[data, b"}"].concat()] {
        assert!(ReleaseStatement::from_bytes(other).is_err());
    }
    true
}

/// What somebody reads who knows nothing of in-toto.
fn check(data: &[u8], kind: &str, subjects: &[Subject]) {
    assert_eq!(predicate_type(data).unwrap(), kind);
    let value: Value = serde_json::from_slice(data).unwrap();
    assert_eq!([&value["_type"], &value["predicateType"]], [STATEMENT_TYPE, kind]);
    let listed = value["subject"].as_array().unwrap();
    assert_eq!(listed.len(), subjects.len());
    for (one, subject) in listed.iter().zip(subjects) {
        assert_eq!(
            (&one["name"], &one["digest"]["sha256"]),
            (&subject.name.as_str().into(), &subject.digest.sha256.hex().into())
        );
    }
}
