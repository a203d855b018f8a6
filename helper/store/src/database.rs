use std::collections::BTreeMap;

use rusqlite::{Connection, MAIN_DB, params};

use crate::{Closure, Error, PathInfo, Result, Sha256Hash, StorePath};

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
    Ok(connection.serialize(MAIN_DB)?.to_vec())
}

/// The closure that a Nix database of schema 10 calls valid.
pub fn read_database(bytes: &[u8]) -> Result<Closure> {
    let mut connection = Connection::open_in_memory()?;
    connection.deserialize_read_exact(MAIN_DB, bytes, bytes.len(), true)?;
    let mut paths: BTreeMap<i64, PathInfo> = BTreeMap::new();
    let mut query = connection.prepare("SELECT id, path, hash, narSize, ca FROM ValidPaths")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let info = PathInfo {
            path: StorePath::parse(&row.get::<_, String>(1)?)?,
            nar_hash: Sha256Hash::parse(&row.get::<_, String>(2)?)?,
            nar_size: row
                .get::<_, i64>(3)?
                .try_into()
                .map_err(|_| Error::DatabaseRow { why: "a negative narSize".into() })?,
            references: Vec::new(),
            ca: row.get(4)?,
        };
        paths.insert(row.get(0)?, info);
    }
    let mut query = connection.prepare("SELECT referrer, reference FROM Refs")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (referrer, reference): (i64, i64) = (row.get(0)?, row.get(1)?);
        let dangling = || Error::DatabaseRow {
            why: format!("a reference from {referrer} to {reference}, one of which is no valid path"),
        };
        let target = paths.get(&reference).ok_or_else(dangling)?.path.clone();
        paths.get_mut(&referrer).ok_or_else(dangling)?.references.push(target);
    }
    let mut closure = Closure::default();
    for mut info in paths.into_values() {
        info.references.sort_unstable();
        closure.insert(info)?;
    }
    Ok(closure)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_is_written_reads_back() {
        assert_eq!(read_database(&database_bytes(&closure()).unwrap()).unwrap(), closure());
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
            assert!(read_database(bad).is_err());
        }
        let mut cut = database_bytes(&closure()).unwrap();
        cut.truncate(cut.len() / 2);
        assert!(read_database(&cut).is_err());
    }
}
