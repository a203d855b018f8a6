//! The database of a store that Nix itself uses as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::{Closure, Error, PathInfo, Result, SCHEMA_VERSION, Sha256Hash, StorePath};

/// How long to wait for another program that writes: Nix' transactions take milliseconds, some of its checks minutes.
const BUSY: Duration = Duration::from_secs(300);

/// An open Nix database, of a store that others may be using.
///
/// Nix opens its database as this does, so both see each other's transactions, and neither sees half of one.
pub struct LiveDatabase {
    connection: Connection,
}

impl LiveDatabase {
    /// Opens the database in the folder `db` of a store (`/nix/var/nix/db`). One of another schema is refused: what would
    /// be written into it would mean something else.
    pub fn open(db: &Path) -> Result<Self> {
        check_schema(db)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(db.join("db.sqlite"), flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(Self { connection })
    }

    /// The same, of a store that nobody changes meanwhile: nothing is written beside it, not even a lock.
    pub fn open_unchanging(db: &Path) -> Result<Self> {
        check_schema(db)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let path = std::path::absolute(db.join("db.sqlite")).map_err(Error::io("reading", db))?;
        let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        Ok(Self { connection: Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)? })
    }

    /// The hash and the length that `path` is registered with, where it is valid.
    pub fn query(&self, path: &StorePath) -> Result<Option<(Sha256Hash, u64)>> {
        let mut query = self.connection.prepare_cached("SELECT hash, narSize FROM ValidPaths WHERE path = ?1")?;
        let row: Option<(String, Option<i64>)> =
            query.query_row([path.to_string()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        row.map(|(hash, size)| Ok((Sha256Hash::parse(&hash)?, size.unwrap_or(0) as u64))).transpose()
    }

    /// All that `path` is registered with, where it is valid.
    pub fn info(&self, path: &StorePath) -> Result<Option<PathInfo>> {
        let mut query =
            self.connection.prepare_cached("SELECT id, hash, narSize, ca FROM ValidPaths WHERE path = ?1")?;
        let row: Option<(i64, String, Option<i64>, Option<String>)> = query
            .query_row([path.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()?;
        let Some((id, hash, size, ca)) = row else { return Ok(None) };
        let mut query = self.connection.prepare_cached(
            "SELECT path FROM Refs JOIN ValidPaths ON id = reference WHERE referrer = ?1 ORDER BY path",
        )?;
        let references = query.query_map([id], |row| row.get::<_, String>(0))?;
        let references = references.map(|path| StorePath::parse(&path?)).collect::<Result<_>>()?;
        Ok(Some(PathInfo {
            path: path.clone(),
            nar_hash: Sha256Hash::parse(&hash)?,
            nar_size: size.unwrap_or(0) as u64,
            references,
            ca,
        }))
    }

    /// Those of `roots` that are valid, and all that they need.
    pub fn closure(&self, roots: impl IntoIterator<Item = StorePath>) -> Result<Closure> {
        let mut open: BTreeSet<_> = roots.into_iter().collect();
        let mut met = open.clone();
        let mut closure = Closure::default();
        while let Some(path) = open.pop_first() {
            if let Some(info) = self.info(&path)? {
                open.extend(info.references.iter().filter(|path| met.insert((*path).clone())).cloned());
                closure.insert(info)?;
            }
        }
        Ok(closure)
    }

    /// Makes `infos` valid, in one transaction: all of them, or none. What they refer to has to be valid or among them.
    /// A path that is registered already keeps its row, but for hash and length, since its content was replaced.
    pub fn register<'a>(&mut self, infos: impl Iterator<Item = &'a PathInfo> + Clone, time: i64) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut path = transaction.prepare(
                "INSERT INTO ValidPaths (path, hash, registrationTime, narSize, ca) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (path) DO UPDATE SET hash = excluded.hash, narSize = excluded.narSize",
            )?;
            for info in infos.clone() {
                let hash = format!("sha256:{}", info.nar_hash.hex());
                path.execute(params![info.path.to_string(), hash, time, info.nar_size as i64, info.ca])?;
            }
            let mut id = transaction.prepare("SELECT id FROM ValidPaths WHERE path = ?1")?;
            let mut reference =
                transaction.prepare("INSERT OR IGNORE INTO Refs (referrer, reference) VALUES (?1, ?2)")?;
            for info in infos {
                let referrer: i64 = id.query_row([info.path.to_string()], |row| row.get(0))?;
                for target in &info.references {
                    let target_id: Option<i64> = id.query_row([target.to_string()], |row| row.get(0)).optional()?;
                    let Some(target_id) = target_id else {
                        return Err(Error::Incomplete { missing: target.clone(), referrer: info.path.clone() });
                    };
                    reference.execute([referrer, target_id])?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// Which of `paths` no valid path outside of them needs, directly or through others of them.
    pub fn unneeded(
        &self,
        paths: &BTreeSet<StorePath>,
        also_needed: &BTreeSet<StorePath>,
    ) -> Result<BTreeSet<StorePath>> {
        let mut query = self.connection.prepare(
            "SELECT a.path, b.path FROM Refs JOIN ValidPaths a ON a.id = referrer JOIN ValidPaths b ON b.id = reference",
        )?;
        let mut references: BTreeMap<StorePath, Vec<StorePath>> = BTreeMap::new();
        let mut needed: Vec<StorePath> = paths.intersection(also_needed).cloned().collect();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (referrer, reference): (String, String) = (row.get(0)?, row.get(1)?);
            let (referrer, reference) = (StorePath::parse(&referrer)?, StorePath::parse(&reference)?);
            if !paths.contains(&reference) {
                continue;
            }
            if paths.contains(&referrer) {
                references.entry(referrer).or_default().push(reference);
            } else {
                needed.push(reference);
            }
        }
        let mut unneeded = paths.clone();
        while let Some(path) = needed.pop() {
            if unneeded.remove(&path) {
                needed.extend(references.remove(&path).unwrap_or_default());
            }
        }
        Ok(unneeded)
    }

    /// Makes `paths` invalid, in one transaction. No other valid path may refer to them.
    pub fn unregister(&mut self, paths: &BTreeSet<StorePath>) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut references =
                transaction.prepare("DELETE FROM Refs WHERE referrer = (SELECT id FROM ValidPaths WHERE path = ?1)")?;
            for path in paths {
                references.execute([path.to_string()])?;
            }
            let mut path = transaction.prepare("DELETE FROM ValidPaths WHERE path = ?1")?;
            for name in paths {
                path.execute([name.to_string()])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// All valid paths, sorted.
    pub fn valid_paths(&self) -> Result<BTreeSet<StorePath>> {
        let mut query = self.connection.prepare("SELECT path FROM ValidPaths")?;
        let paths = query.query_map([], |row| row.get::<_, String>(0))?;
        paths.map(|path| StorePath::parse(&path?)).collect()
    }
}

fn check_schema(db: &Path) -> Result<()> {
    let schema = db.join("schema");
    let found = std::fs::read_to_string(&schema).map_err(Error::io("reading", &schema))?;
    if found.trim() == SCHEMA_VERSION.to_string() {
        return Ok(());
    }
    Err(Error::Schema { path: schema, found: found.trim().chars().take(20).collect() })
}

/// Where a store keeps its database, below the root that holds `/nix`.
pub fn database_folder(root: &Path) -> PathBuf {
    root.join("nix/var/nix/db")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database_bytes;

    fn path(digit: char) -> StorePath {
        StorePath::from_base_name(&format!("{}-p{digit}", String::from(digit).repeat(32))).unwrap()
    }

    fn info(digit: char, references: &str) -> PathInfo {
        PathInfo {
            path: path(digit),
            nar_hash: Sha256Hash([digit as u8; 32]),
            nar_size: 120,
            references: references.chars().map(path).collect(),
            ca: None,
        }
    }

    /// A store in which `infos` are valid.
    fn store(infos: &[PathInfo]) -> (tempfile::TempDir, LiveDatabase) {
        let dir = tempfile::tempdir().unwrap();
        let closure: Closure = infos.iter().cloned().collect();
        std::fs::write(dir.path().join("db.sqlite"), database_bytes(&closure).unwrap()).unwrap();
        std::fs::write(dir.path().join("schema"), "10").unwrap();
        let database = LiveDatabase::open(dir.path()).unwrap();
        (dir, database)
    }

    fn set(digits: &str) -> BTreeSet<StorePath> {
        digits.chars().map(path).collect()
    }

    #[test]
    fn what_is_registered_is_valid_with_its_references() {
        let (_dir, mut database) = store(&[info('0', "")]);
        let new = [info('1', "12"), info('2', "0")];
        database.register(new.iter(), 7).unwrap();
        assert_eq!(database.valid_paths().unwrap(), set("012"));
        assert_eq!(database.query(&path('2')).unwrap(), Some((Sha256Hash([b'2'; 32]), 120)));
        assert_eq!(database.query(&path('3')).unwrap(), None);
        assert_eq!(database.unneeded(&set("012"), &set("1")).unwrap(), set(""));
        assert_eq!(database.unneeded(&set("12"), &set("")).unwrap(), set("12"));
    }

    #[test]
    fn a_closure_is_what_its_roots_need() {
        let all = [info('0', ""), info('1', "01"), info('2', "1"), info('3', "0")];
        let (_dir, database) = store(&all);
        let closure = |digits| database.closure(set(digits)).unwrap();
        assert_eq!(closure("2"), all[..3].iter().cloned().collect());
        assert_eq!(closure("39"), [all[0].clone(), all[3].clone()].into_iter().collect(), "9 is not valid");
        assert_eq!(database.info(&path('1')).unwrap(), Some(all[1].clone()));
        assert_eq!(database.info(&path('9')).unwrap(), None);
    }

    #[test]
    fn a_store_that_nobody_changes_is_read_without_a_trace() {
        let (dir, database) = store(&[info('0', ""), info('1', "0")]);
        // As Nix leaves it: with a log beside it while it is open for writing.
        database.connection.pragma_update(None, "journal_mode", "wal").unwrap();
        drop(database);
        let folder = dir.path().join("a?b#c%20");
        std::fs::create_dir(&folder).unwrap();
        for name in ["db.sqlite", "schema"] {
            std::fs::rename(dir.path().join(name), folder.join(name)).unwrap();
        }
        let database = LiveDatabase::open_unchanging(&folder).unwrap();
        assert_eq!(database.valid_paths().unwrap(), set("01"));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn a_set_that_lacks_a_reference_registers_nothing() {
        let (_dir, mut database) = store(&[info('0', "")]);
        let error = database.register([info('1', "0"), info('2', "3")].iter(), 7).unwrap_err();
        assert!(matches!(error, Error::Incomplete { .. }), "{error}");
        assert_eq!(database.valid_paths().unwrap(), set("0"));
    }

    #[test]
    fn what_others_need_stays() {
        let (_dir, mut database) =
            store(&[info('0', ""), info('1', "0"), info('2', "1"), info('3', "2"), info('4', "")]);
        // 3 is somebody else's, and needs 2, which needs 1 and 0.
        assert_eq!(database.unneeded(&set("0124"), &set("")).unwrap(), set("4"));
        assert_eq!(database.unneeded(&set("01234"), &set("")).unwrap(), set("01234"));
        database.unregister(&set("4")).unwrap();
        assert_eq!(database.valid_paths().unwrap(), set("0123"));
        assert!(database.unregister(&set("0")).is_err(), "1 refers to it");
        assert_eq!(database.valid_paths().unwrap(), set("0123"));
    }

    #[test]
    fn another_schema_is_refused() {
        let (dir, _database) = store(&[]);
        std::fs::write(dir.path().join("schema"), "11").unwrap();
        let error = LiveDatabase::open(dir.path()).err().unwrap().to_string();
        assert!(error.contains("schema 11") && error.contains("10"), "{error}");
    }
}
