use super::*;
use crate::{Error, closure_digest};
use nix_seed_store::{Closure, PathInfo};
use proptest::prelude::*;
use serde_json::Value;

/// Frozen: a change of one of these files is another version of the predicate.
const SEED: &[u8] = include_bytes!("../../vectors/seed.json");
const RESULTS: &[u8] = include_bytes!("../../vectors/results.json");
const BARE: &[u8] = include_bytes!("../../vectors/bare.json");

fn path(name: &str) -> StorePath {
    StorePath::from_base_name(&format!("0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-{name}")).unwrap()
}

fn hash(byte: u8) -> Sha256Hash {
    Sha256Hash([byte; 32])
}

fn digest(byte: u8) -> Digest {
    Digest { sha256: hash(byte) }
}

fn output(attribute: &str, names: &[(&str, &str)]) -> Output {
    let paths = names.iter().map(|(name, of)| NamedPath { name: (*name).into(), path: path(of) }).collect();
    Output { attribute: attribute.into(), paths, image: None }
}

fn seed() -> ReleaseStatement {
    let release = Release {
        kind: Kind::Seed,
        source: Source {
            uri: "git+https://example.org/owner/app".into(),
            commit: "0123456789abcdef0123456789abcdef01234567".into(),
            nar_hash: hash(1),
            lock: Some(digest(2)),
        },
        system: "x86_64-linux".into(),
        outputs: vec![
            output("devShells.x86_64-linux.default", &[("out", "shell")]),
            output("packages.x86_64-linux.default", &[("lib", "app-1.0-lib"), ("out", "app-1.0")]),
        ],
        inputs: vec![
            Input { name: "nixpkgs".into(), nar_hash: hash(3), rev: Some("a".repeat(40)) },
            Input { name: "nixpkgs/systems".into(), nar_hash: hash(4), rev: None },
        ],
        seed: None,
        sboms: vec![
            Sbom { media_type: "application/spdx+json".into(), digest: digest(5) },
            Sbom { media_type: "application/vnd.cyclonedx+json".into(), digest: digest(6) },
        ],
    };
    ReleaseStatement::of_seed(hash(7), hash(8), release).unwrap()
}

fn results() -> ReleaseStatement {
    let mut release = seed().release;
    release.kind = Kind::Results;
    release.seed = Some(digest(7));
    release.outputs.remove(0);
    let image = Output { image: Some(digest(9)), ..output("packages.x86_64-linux.image", &[("out", "image.tar.gz")]) };
    release.outputs.push(image);
    let built = [(path("app-1.0"), hash(10)), (path("app-1.0-lib"), hash(11)), (path("image.tar.gz"), hash(12))];
    ReleaseStatement::of_results(&built.into(), release).unwrap()
}

/// No lock file, no inputs, no bill of materials, a commit of a SHA-256 repository.
fn bare() -> ReleaseStatement {
    let mut release = seed().release;
    release.source = Source { commit: "f".repeat(64), lock: None, ..release.source };
    (release.outputs, release.inputs, release.sboms) = (Vec::new(), Vec::new(), Vec::new());
    let info = |name: &str, references: Vec<StorePath>| PathInfo {
        path: path(name),
        nar_hash: hash(13),
        nar_size: 4096,
        references,
        ca: None,
    };
    let closure: Closure = [info("a", vec![]), info("b", vec![path("a"), path("b")])].into_iter().collect();
    ReleaseStatement::of_seed(hash(7), closure_digest(&closure), release).unwrap()
}

#[test]
fn the_vectors_are_what_is_written() {
    for (vector, statement) in [(SEED, seed()), (RESULTS, results()), (BARE, bare())] {
        assert_eq!(String::from_utf8_lossy(&statement.to_bytes().unwrap()), String::from_utf8_lossy(vector));
        assert_eq!(ReleaseStatement::from_bytes(vector).unwrap(), statement);
    }
}

/// Every place in a document, and the document with something else there.
fn mutations(document: &Value) -> Vec<(String, Value)> {
    fn walk(value: &Value, at: &str, put: &dyn Fn(Option<Value>) -> Value, all: &mut Vec<(String, Value)>) {
        for other in [Value::Null, Value::from("x"), Value::from(1), Value::from(true)] {
            if *value != other {
                all.push((format!("{at} = {other}"), put(Some(other))));
            }
        }
        all.push((format!("without {at}"), put(None)));
        match value {
            Value::String(text) => {
                all.push((format!("{at} longer"), put(Some(Value::from(format!("{text}0"))))));
                all.push((format!("{at} shorter"), put(Some(Value::from(&text[..text.len() - 1])))));
                all.push((format!("{at} in capitals"), put(Some(Value::from(text.to_uppercase())))));
            }
            Value::Array(items) => {
                let with = |change: &dyn Fn(&mut Vec<Value>)| {
                    let mut items = items.clone();
                    change(&mut items);
                    put(Some(Value::from(items)))
                };
                all.push((format!("{at} reversed"), with(&|items| items.reverse())));
                all.push((format!("{at} twice"), with(&|items| items.extend(items.clone()))));
                for (index, item) in items.iter().enumerate() {
                    let put = |item| {
                        with(&|items| match &item {
                            Some(item) => items[index] = Value::clone(item),
                            None => drop(items.remove(index)),
                        })
                    };
                    walk(item, &format!("{at}[{index}]"), &put, all);
                }
            }
            Value::Object(fields) => {
                let with = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
                    let mut fields = fields.clone();
                    change(&mut fields);
                    put(Some(Value::from(fields)))
                };
                all.push((
                    format!("{at} and more"),
                    with(&|fields| drop(fields.insert("more".into(), Value::from(1)))),
                ));
                for (name, field) in fields {
                    let put = |field| {
                        with(&|fields| match &field {
                            Some(field) => drop(fields.insert(name.clone(), Value::clone(field))),
                            None => drop(fields.remove(name)),
                        })
                    };
                    walk(field, &format!("{at}.{name}"), &put, all);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(document, "", &|value| value.unwrap_or_default(), &mut all);
    all
}

/// What is still a release statement after a change is another one; nothing is read as if it had not changed.
#[test]
fn no_change_of_one_field_goes_unseen() {
    for vector in [SEED, RESULTS, BARE] {
        let document: Value = serde_json::from_slice(vector).unwrap();
        let statement = ReleaseStatement::from_bytes(vector).unwrap();
        let mutations = mutations(&document);
        assert!(mutations.len() > 100);
        for (what, changed) in mutations.iter().filter(|(_, changed)| *changed != document) {
            let bytes = json::canonical(changed, "a value").unwrap();
            if let Ok(other) = ReleaseStatement::from_bytes(&bytes) {
                assert_ne!(other, statement, "{what}");
                assert_eq!(other.to_bytes().unwrap(), bytes, "{what}");
            }
        }
    }
}

#[test]
fn another_way_to_write_it() {
    let document: Value = serde_json::from_slice(SEED).unwrap();
    let spaced = [b" ", SEED].concat();
    let ended = [SEED, b"\n"].concat();
    let escaped = String::from_utf8_lossy(SEED).replacen("x86_64-linux", "\\u0078\\u003886_64-linux", 1);
    assert!(matches!(
        ReleaseStatement::from_bytes(escaped.as_bytes()),
        Err(Error::NotCanonical { .. } | Error::Field { .. })
    ));
    for bytes in [spaced, ended, serde_json::to_vec_pretty(&document).unwrap()] {
        assert!(matches!(ReleaseStatement::from_bytes(&bytes), Err(Error::NotCanonical { .. })));
    }
}

#[test]
fn unknown_predicate_version() {
    let text = String::from_utf8_lossy(SEED).replace("release/v1", "release/v2");
    let error = ReleaseStatement::from_bytes(text.as_bytes()).unwrap_err();
    assert!(matches!(error, Error::Predicate { ref found, .. } if found.ends_with("/v2")), "{error}");
}

#[test]
fn another_statement_type() {
    let text = String::from_utf8_lossy(SEED).replace("Statement/v1", "Statement/v0.1");
    assert!(matches!(ReleaseStatement::from_bytes(text.as_bytes()), Err(Error::Type { .. })));
}

#[test]
fn a_subject_that_is_not_among_the_outputs() {
    let release = results().release;
    let mut built: BTreeMap<_, _> =
        [(path("app-1.0"), hash(10)), (path("app-1.0-lib"), hash(11)), (path("image.tar.gz"), hash(12))].into();
    built.insert(path("stranger"), hash(1));
    assert!(ReleaseStatement::of_results(&built, release.clone()).is_err());
    built.remove(&path("stranger"));
    built.remove(&path("app-1.0"));
    assert!(ReleaseStatement::of_results(&built, release).is_err());
}

#[test]
fn results_without_a_seed_and_a_seed_with_one() {
    let mut release = results().release;
    release.seed = None;
    let built = [(path("app-1.0"), hash(10)), (path("app-1.0-lib"), hash(11)), (path("image.tar.gz"), hash(12))].into();
    assert!(ReleaseStatement::of_results(&built, release).is_err());
    let mut release = seed().release;
    release.seed = Some(digest(1));
    assert!(ReleaseStatement::of_seed(hash(7), hash(8), release).is_err());
}

proptest! {
    #[test]
    fn no_changed_byte_goes_unseen(at in 0usize..SEED.len(), byte: u8) {
        let mut bytes = SEED.to_vec();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(other) = ReleaseStatement::from_bytes(&bytes) {
            prop_assert_ne!(&other, &seed());
            prop_assert_eq!(other.to_bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = ReleaseStatement::from_bytes(&bytes);
    }
}
