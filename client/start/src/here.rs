//! The seed that is at `/nix`: of a container that is its image, or brought by an `up`.

use std::io::ErrorKind;
use std::path::Path;

use nix_seed_image::index::{INDEX_PATH, Index};
use nix_seed_image::metadata::GC_ROOTS;
use nix_seed_store::{Closure, LiveDatabase, StorePath, database_folder};

use crate::daemon::Daemon;
use crate::journal::Journal;
use crate::state::State;
use crate::{Error, Result};

/// What a seed at `/nix` holds.
#[derive(Debug)]
pub struct Here {
    /// Its digest, where that is known: a container does not know of which image it is.
    pub digest: Option<String>,
    /// All of it that is there now.
    pub closure: Closure,
    /// What its garbage collector keeps: what it was made for.
    pub gc_roots: Vec<StorePath>,
}

/// The seed below `root`, if there is one. Of several that are up none is meant.
pub fn seed_here(root: &Path) -> Result<Option<Here>> {
    let mut state = State::in_store(root);
    let mut journals = Journal::all(&state)?;
    if journals.is_empty() && Daemon::answers(root) {
        state = State::beside_daemon(root)?;
        journals = Journal::all(&state)?;
    }
    journals.retain(|journal| journal.complete);
    match journals.as_slice() {
        [] => in_container(root),
        [journal] => of_journal(root, &state, journal).map(Some),
        _ => Err(Error::SeveralUp { digests: journals.into_iter().map(|journal| journal.digest).collect() }),
    }
}

/// The seed of a container: its index says what it holds.
fn in_container(root: &Path) -> Result<Option<Here>> {
    let path = root.join(INDEX_PATH);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(Error::io("reading", &path))?,
    };
    let closure = Index::decode(&bytes)?.closure();
    Ok(Some(Here { digest: None, closure, gc_roots: names(&root.join(GC_ROOTS))? }))
}

/// A seed that is up: its roots are links, and the store's database says what they need.
fn of_journal(root: &Path, state: &State, journal: &Journal) -> Result<Here> {
    let mut gc_roots = Vec::new();
    for folder in &journal.files {
        gc_roots.extend(names(&state.base().join(folder))?);
    }
    let database = LiveDatabase::open(&database_folder(root))?;
    let closure = database.closure(gc_roots.iter().cloned())?;
    Ok(Here { digest: Some(journal.digest.clone()), closure, gc_roots })
}

/// The store paths by whose names something lies in a folder.
fn names(folder: &Path) -> Result<Vec<StorePath>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("reading", folder))?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("reading", folder))?.file_name();
        // Settings lie in a folder of the same record.
        paths.extend(name.to_str().and_then(|name| StorePath::from_base_name(name).ok()));
    }
    paths.sort_unstable();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_seed_is_there_is_none() {
        let root = tempfile::tempdir().unwrap();
        assert!(seed_here(root.path()).unwrap().is_none());
        std::fs::create_dir_all(root.path().join("nix/var/nix/db")).unwrap();
        assert!(seed_here(root.path()).unwrap().is_none(), "another store");
    }

    #[test]
    fn a_container_has_an_index_and_roots() {
        let root = tempfile::tempdir().unwrap();
        let (index, roots) = (root.path().join(INDEX_PATH), root.path().join(GC_ROOTS));
        for folder in [index.parent().unwrap(), &roots] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(&index, Index::default().encode()).unwrap();
        let path = StorePath::from_base_name(&format!("{}-p", "0".repeat(32))).unwrap();
        std::os::unix::fs::symlink(path.to_string(), roots.join(path.base_name())).unwrap();
        let here = seed_here(root.path()).unwrap().unwrap();
        assert_eq!((here.digest, here.closure, here.gc_roots), (None, Closure::default(), vec![path]));
    }

    #[test]
    fn a_damaged_index_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let index = root.path().join(INDEX_PATH);
        std::fs::create_dir_all(index.parent().unwrap()).unwrap();
        std::fs::write(index, "no index").unwrap();
        assert!(matches!(seed_here(root.path()), Err(Error::Image(_))));
    }
}
