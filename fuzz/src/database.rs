//! The Nix database: the input is a row of changes to an honest one, each an offset, a length and that many bytes. A
//! change of no bytes ends the file at its offset.

use std::sync::LazyLock;

use nix_seed_store::{Closure, PathInfo, database_bytes, is_database_of};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, MAIN_DB, Row};

use crate::input::Input;
use crate::seed::SEED;

static CLOSURE: LazyLock<Closure> = LazyLock::new(|| SEED.index.closure());
static DATABASE: LazyLock<Vec<u8>> = LazyLock::new(|| database_bytes(&CLOSURE).unwrap());

/// No change.
pub fn honest() -> Vec<u8> {
    Vec::new()
}

/// Nix sees in a database that is accepted what the closure says, whichever way it asks.
pub fn run(data: &[u8]) -> bool {
    let database = changed(Input(data));
    let accepted = is_database_of(&database, &CLOSURE).unwrap_or(false);
    if accepted {
        check(&database);
    }
    accepted
}

fn changed(mut input: Input<'_>) -> Vec<u8> {
    let mut database = DATABASE.clone();
    while !input.0.is_empty() {
        let (at, length) = (usize::from(input.u16()), input.u8());
        let bytes = input.bytes(length.into());
        if length == 0 {
            database.truncate(at);
        } else if let Some(place) = database.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    database
}

/// The queries of Nix's `LocalStore`, by rows and by indexes.
fn check(database: &[u8]) {
    let mut found = Connection::open_in_memory().unwrap();
    found.deserialize_read_exact(MAIN_DB, database, database.len(), true).unwrap();
    let all = |query: &str, key: &str| -> Vec<String> {
        let mut statement = found.prepare(query).unwrap();
        let rows = statement.query_map([key], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let every: Vec<_> = CLOSURE.iter().map(|info| info.path.to_string()).collect();
    assert_eq!(all("SELECT path FROM ValidPaths WHERE path >= ?1 ORDER BY path", ""), every);
    for info in CLOSURE.iter() {
        let path = info.path.to_string();
        let query =
            "SELECT hash, registrationTime, deriver, narSize, ultimate, sigs, ca FROM ValidPaths WHERE path = ?1";
        found.query_row(query, [&path], |row| check_row(info, row)).unwrap();
        let references = "SELECT b.path FROM ValidPaths a JOIN Refs ON a.id = referrer JOIN ValidPaths b
            ON b.id = reference WHERE a.path = ?1 ORDER BY b.path";
        let expected: Vec<_> = info.references.iter().map(ToString::to_string).collect();
        assert_eq!(all(references, &path), expected);
        let referrers = "SELECT b.path FROM ValidPaths a JOIN Refs ON a.id = reference JOIN ValidPaths b
            ON b.id = referrer WHERE a.path = ?1 ORDER BY b.path";
        let expected = CLOSURE.iter().filter(|other| other.references.contains(&info.path));
        assert_eq!(all(referrers, &path), expected.map(|other| other.path.to_string()).collect::<Vec<_>>());
        assert!(all("SELECT id FROM DerivationOutputs WHERE path = ?1", &path).is_empty());
    }
}

fn check_row(info: &PathInfo, row: &Row<'_>) -> rusqlite::Result<()> {
    assert_eq!(row.get::<_, String>(0)?, format!("sha256:{}", info.nar_hash.hex()));
    assert_eq!(row.get::<_, i64>(1)?, 1);
    assert_eq!(row.get::<_, i64>(3)? as u64, info.nar_size);
    assert_eq!(row.get::<_, Option<String>>(6)?, info.ca);
    for column in [2, 4, 5] {
        assert!(row.get_ref(column)? == ValueRef::Null);
    }
    Ok(())
}
