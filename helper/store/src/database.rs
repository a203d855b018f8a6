use std::collections::BTreeMap;

use rusqlite::{Connection, MAIN_DB, Statement, params};

use crate::{Closure, Result};

/// The version of the store's schema that the file `/nix/var/nix/db/schema` holds.
pub const SCHEMA_VERSION: u32 = 10;

/// The time of registration, in seconds since 1970, that every path is given: the same closure is the same bytes.
pub const REGISTRATION_TIME: i64 = 1;

/// The tables of schema 10, as Nix 2.8 to 2.34 create and expect them.
const SCHEMA: &str = "
CREATE TABLE ValidPaths (
    id integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    path text UNIQUE NOT NULL,
    hash text NOT NULL,
    registrationTime integer NOT NULL,
    deriver text,
    narSize integer,
    ultimate integer,
    sigs text,
    ca text
);
CREATE TABLE Refs (
    referrer integer NOT NULL,
    reference integer NOT NULL,
    PRIMARY KEY (referrer, reference),
    FOREIGN KEY (referrer) REFERENCES ValidPaths(id) ON DELETE CASCADE,
    FOREIGN KEY (reference) REFERENCES ValidPaths(id) ON DELETE RESTRICT
);
CREATE INDEX IndexReferrer ON Refs(referrer);
CREATE INDEX IndexReference ON Refs(reference);
CREATE TRIGGER DeleteSelfRefs BEFORE DELETE ON ValidPaths
    BEGIN
        DELETE FROM Refs WHERE referrer = old.id AND reference = old.id;
    END;
CREATE TABLE DerivationOutputs (
    drv integer NOT NULL,
    id text NOT NULL,
    path text NOT NULL,
    PRIMARY KEY (drv, id),
    FOREIGN KEY (drv) REFERENCES ValidPaths(id) ON DELETE CASCADE
);
CREATE INDEX IndexDerivationOutputs ON DerivationOutputs(path);
";

/// The bytes of a Nix database in which exactly `closure` is valid.
///
/// Equal closures give equal bytes: rows are written in the order of their paths by the SQLite of this build, in one
/// transaction. Memory grows with the number of paths (some 300 bytes each), not with their size.
pub fn database_bytes(closure: &Closure) -> Result<Vec<u8>> {
    Ok(database(closure)?.serialize(MAIN_DB)?.to_vec())
}

fn database(closure: &Closure) -> Result<Connection> {
    closure.check_complete()?;
    let mut connection = Connection::open_in_memory()?;
    connection.execute_batch(SCHEMA)?;
    let transaction = connection.transaction()?;
    {
        let mut path = transaction.prepare(
            "INSERT INTO ValidPaths (path, hash, registrationTime, narSize, ca) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let mut ids = BTreeMap::new();
        for info in closure.iter() {
            let hash = format!("sha256:{}", info.nar_hash.hex());
            let id =
                path.insert(params![info.path.to_string(), hash, REGISTRATION_TIME, info.nar_size as i64, info.ca])?;
            ids.insert(&info.path, id);
        }
        let mut reference = transaction.prepare("INSERT INTO Refs (referrer, reference) VALUES (?1, ?2)")?;
        for info in closure.iter() {
            for target in &info.references {
                reference.execute(params![ids[&info.path], ids[target]])?;
            }
        }
    }
    transaction.commit()?;
    Ok(connection)
}

/// What a database holds, in the order in which it has to be compared: first what gives the rest its meaning. A schema
/// that is not ours could make a query run code, or never end.
const CONTENT: [&str; 6] = [
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name",
    // An index that disagrees with its table would show Nix other rows than it shows us.
    "PRAGMA integrity_check",
    "SELECT * FROM ValidPaths ORDER BY id",
    "SELECT * FROM Refs ORDER BY referrer, reference",
    "SELECT * FROM DerivationOutputs",
    "SELECT * FROM sqlite_sequence",
];

/// Whether the Nix database `bytes` holds what [`database_bytes`] would write for `closure`, and nothing else: its
/// tables, indexes, triggers and rows. Its bytes may differ, as another SQLite's would.
pub fn is_database_of(bytes: &[u8], closure: &Closure) -> Result<bool> {
    let expected = database(closure)?;
    let mut found = Connection::open_in_memory()?;
    found.deserialize_read_exact(MAIN_DB, bytes, bytes.len(), true)?;
    for query in CONTENT {
        if !has_equal_rows(&mut expected.prepare(query)?, &mut found.prepare(query)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_equal_rows(one: &mut Statement<'_>, other: &mut Statement<'_>) -> Result<bool> {
    let columns = one.column_count();
    if other.column_count() != columns {
        return Ok(false);
    }
    let (mut one, mut other) = (one.query([])?, other.query([])?);
    loop {
        match (one.next()?, other.next()?) {
            (None, None) => return Ok(true),
            (Some(one), Some(other)) => {
                for column in 0..columns {
                    if one.get_ref(column)? != other.get_ref(column)? {
                        return Ok(false);
                    }
                }
            }
            _ => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, PathInfo, Sha256Hash, StorePath};

    fn closure() -> Closure {
        let path = |digit: &str| StorePath::from_base_name(&format!("{}-p{digit}", digit.repeat(32))).unwrap();
        let info = |digit: &str, references: &[&str], ca: Option<&str>| PathInfo {
            path: path(digit),
            nar_hash: Sha256Hash([7; 32]),
            nar_size: 120,
            references: references.iter().map(|digit| path(digit)).collect(),
            ca: ca.map(Into::into),
        };
        [info("0", &["0", "2"], None), info("1", &[], Some("fixed:r:sha256:abc")), info("2", &["1"], None)]
            .into_iter()
            .collect()
    }

    /// Whether a database of `closure()` that `lie` has changed still counts as one.
    fn passes_after(lie: &str) -> bool {
        let mut database = Connection::open_in_memory().unwrap();
        let bytes = database_bytes(&closure()).unwrap();
        database.deserialize_read_exact(MAIN_DB, &*bytes, bytes.len(), false).unwrap();
        database.execute_batch(lie).unwrap();
        is_database_of(&database.serialize(MAIN_DB).unwrap(), &closure()).unwrap()
    }

    #[test]
    fn a_database_is_of_its_closure_only() {
        assert!(passes_after(""));
        let other: Closure = closure().iter().filter(|info| !info.path.base_name().starts_with('0')).cloned().collect();
        assert!(!is_database_of(&database_bytes(&closure()).unwrap(), &other).unwrap());
    }

    #[test]
    fn a_database_that_says_anything_else_is_noticed() {
        for lie in [
            "INSERT INTO ValidPaths (path, hash, registrationTime) VALUES ('/nix/store/evil', 'sha256:0', 1)",
            "DELETE FROM Refs WHERE referrer = 3",
            "INSERT INTO Refs VALUES (3, 1)",
            "UPDATE ValidPaths SET hash = 'sha256:0' WHERE id = 2",
            "UPDATE ValidPaths SET ca = NULL WHERE id = 2",
            "UPDATE ValidPaths SET deriver = '/nix/store/evil.drv'",
            "UPDATE ValidPaths SET ultimate = 1, sigs = 'cache.nixos.org-1:evil'",
            "UPDATE ValidPaths SET registrationTime = 2",
            "INSERT INTO DerivationOutputs VALUES (1, 'out', '/nix/store/evil')",
            "UPDATE sqlite_sequence SET seq = 9223372036854775807",
            "CREATE TABLE Realisations (id integer)",
            "CREATE TRIGGER Evil AFTER INSERT ON ValidPaths BEGIN DELETE FROM Refs; END",
            "DROP INDEX IndexReference",
        ] {
            assert!(!passes_after(lie), "{lie}");
        }
    }

    #[test]
    fn a_view_that_never_ends_is_not_read() {
        let lie = "ALTER TABLE ValidPaths RENAME TO Other; CREATE VIEW ValidPaths AS WITH RECURSIVE
            Numbers (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM Numbers) SELECT * FROM Numbers";
        assert!(!passes_after(lie));
    }

    #[test]
    fn an_index_that_differs_from_its_table_is_noticed() {
        let mut bytes = database_bytes(&closure()).unwrap();
        // Each path stands twice: in its row, and in the index of unique paths.
        let names = ["0", "1"].map(|digit| format!("{}-p{digit}", digit.repeat(32)).into_bytes());
        let last = names.each_ref().map(|name| bytes.windows(name.len()).rposition(|window| window == name).unwrap());
        for (at, other) in last.into_iter().zip(names.iter().rev()) {
            bytes[at..at + other.len()].copy_from_slice(other);
        }
        assert!(!is_database_of(&bytes, &closure()).unwrap());
    }

    #[test]
    fn equal_closures_give_equal_bytes() {
        assert_eq!(database_bytes(&closure()).unwrap(), database_bytes(&closure()).unwrap());
    }

    #[test]
    fn a_closure_with_a_hole_is_refused() {
        let holed: Closure = closure().iter().filter(|info| !info.path.base_name().starts_with('1')).cloned().collect();
        assert!(matches!(database_bytes(&holed), Err(Error::Incomplete { .. })));
    }

    #[test]
    fn what_is_no_database_is_refused() {
        for bad in [&b""[..], b"SQLite format 3\0", &[0; 4096]] {
            assert!(is_database_of(bad, &closure()).is_err());
        }
        let mut cut = database_bytes(&closure()).unwrap();
        cut.truncate(cut.len() / 2);
        assert!(!matches!(is_database_of(&cut, &closure()), Ok(true)));
    }
}
