//! What a command has built: the links that it made roots for the garbage collector, as `nix build` does.

use std::path::{Path, PathBuf};

use nix_seed_store::{Closure, LiveDatabase, STORE_DIR, StorePath};

use crate::{Error, Finished, Result};

/// Where Nix notes the links that lead into its store.
const AUTO_ROOTS: &str = "var/nix/gcroots/auto";
/// Where Nix has its database.
pub(crate) const DATABASE: &str = "var/nix/db";

/// A link that the command left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResultLink {
    /// The link.
    pub at: PathBuf,
    /// The store path that it leads to.
    pub path: StorePath,
    /// What of the store path it leads to: nothing, most often.
    pub rest: PathBuf,
}

/// The results of a command, sorted by where their links are.
pub fn results(finished: &Finished) -> Result<Vec<ResultLink>> {
    let Some((roots, database)) = finished.written(AUTO_ROOTS).zip(database(finished)?) else { return Ok(Vec::new()) };
    let mut links = Vec::new();
    for entry in std::fs::read_dir(&roots).map_err(Error::io("reading", &roots))? {
        let entry = entry.map_err(Error::io("reading", &roots))?;
        // A link that is gone is nobody's result; one in `/nix` is gone with the run.
        let Ok(at) = std::fs::read_link(entry.path()) else { continue };
        if at.starts_with("/nix") {
            continue;
        }
        let Ok(target) = std::fs::read_link(&at) else { continue };
        if let Some((path, rest)) = in_store(&target) {
            links.push(ResultLink { at, path, rest });
        }
    }
    let mut valid = Vec::new();
    for link in links {
        if database.query(&link.path)?.is_some() {
            valid.push(link);
        }
    }
    valid.sort();
    Ok(valid)
}

/// What the command left in its store of `paths`, and all that they need, as its Nix has registered it.
pub fn registered(finished: &Finished, paths: impl IntoIterator<Item = StorePath>) -> Result<Closure> {
    Ok(database(finished)?.map(|database| database.closure(paths)).transpose()?.unwrap_or_default())
}

/// The run's database, if the command has opened it: Nix writes to it, whatever it does.
pub(crate) fn database(finished: &Finished) -> Result<Option<LiveDatabase>> {
    let Some(folder) = finished.written(DATABASE) else { return Ok(None) };
    if !folder.join("db.sqlite").exists() {
        return Ok(None);
    }
    // Nix only reads `schema`, so it is the seed's; both have to be in one folder.
    let schema = folder.join("schema");
    if !schema.exists()
        && let Some(own) = finished.schema()
    {
        std::fs::copy(own, &schema).map_err(Error::io("writing", schema))?;
    }
    Ok(Some(LiveDatabase::open(&folder)?))
}

/// The store path that a file is in, and where in it.
fn in_store(file: &Path) -> Option<(StorePath, PathBuf)> {
    let mut rest = file.strip_prefix(STORE_DIR).ok()?.components();
    let base = rest.next()?.as_os_str().to_str()?;
    Some((StorePath::from_base_name(base).ok()?, rest.as_path().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_into_the_store_or_it_does_not() {
        let base = format!("{}-p", "0".repeat(32));
        let path = StorePath::from_base_name(&base).unwrap();
        let at = |rest: &str| in_store(Path::new(&format!("/nix/store/{base}{rest}")));
        assert_eq!(at(""), Some((path.clone(), PathBuf::new())));
        assert_eq!(at("/bin/x"), Some((path, PathBuf::from("bin/x"))));
        for other in ["/nix/store", "/nix/store/x", "/home/x", "/nix/var/nix/profiles/x"] {
            assert_eq!(in_store(Path::new(other)), None, "{other}");
        }
    }
}
