//! Results are kept: in a store of their own, and in the machine's where that is possible.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix_seed_start::{Error as StartError, GcRoot, LiesAt, adopt, may_adopt};
use nix_seed_store::{Closure, StorePath};

use crate::results::database;
use crate::{Error, Finished, Result, ResultLink};

/// What was copied.
#[derive(Debug)]
pub struct CopiedOut {
    /// The links in the folder, in the order of the results.
    pub links: Vec<PathBuf>,
    /// How many store paths the results need, themselves included.
    pub paths: usize,
    /// Whether they are valid in the machine's store as well, so that the command's own links lead somewhere.
    pub machine: Machine,
}

/// What became of results in the machine's own store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// They are valid there.
    Valid,
    /// There is none that this user may add to.
    Absent,
    /// It did not take them; a warning has said why.
    Refused,
}

/// Copies `results`, and all that they need, to a store in `dir`, with a link to each beside it; and to the machine's
/// store, where this user may add to it.
pub fn copy_out(finished: &Finished, results: &[ResultLink], dir: &Path) -> Result<CopiedOut> {
    let span = tracing::info_span!("copy_out", seed.paths = tracing::field::Empty).entered();
    std::fs::create_dir_all(dir).map_err(Error::io("creating", dir))?;
    let database = database(finished)?;
    let wanted = results.iter().map(|result| result.path.clone());
    let closure = database.map(|database| database.closure(wanted)).transpose()?.unwrap_or_default();
    span.record("seed.paths", closure.iter().count() as i64);
    let lies_at = |path: &StorePath| finished.origin(path);
    let roots: Vec<_> = results.iter().map(|result| root(&result.path, result.path.to_string().into())).collect();
    adopt(dir, &closure, &lies_at, &roots).map_err(|error| kept(dir, error))?;

    let mut links = Vec::new();
    for (result, name) in results.iter().zip(names(results)) {
        let link = dir.join(name);
        let target = Path::new("nix/store").join(result.path.base_name()).join(&result.rest);
        write_link(&link, target.components().as_path())?;
        links.push(link);
    }
    let machine = in_machine_store(dir, results, &closure, &lies_at);
    Ok(CopiedOut { links, paths: closure.iter().count(), machine })
}

fn in_machine_store(dir: &Path, results: &[ResultLink], closure: &Closure, lies_at: &LiesAt) -> Machine {
    let machine = Path::new("/");
    if !may_adopt(machine) {
        return Machine::Absent;
    }
    // The links themselves: once they are gone, the garbage collector may take what they led to.
    let roots: Vec<_> = results.iter().map(|result| root(&result.path, result.at.clone())).collect();
    // The results are kept in any case.
    match adopt(machine, closure, lies_at, &roots) {
        Ok(_) => Machine::Valid,
        Err(StartError::NotTrusted { user, .. }) => {
            tracing::warn!(
                "this machine's store belongs to a Nix daemon that does not trust {user}; as a user whom it trusts, bring the \
                 results there: nix copy --all --no-check-sigs --from {}",
                dir.canonicalize().unwrap_or_else(|_| dir.into()).display()
            );
            Machine::Refused
        }
        Err(error) => {
            tracing::warn!("the results are not brought to this machine's store: {error}");
            Machine::Refused
        }
    }
}

/// What an error of the store means here, where there is another way to mend it.
fn kept(dir: &Path, error: StartError) -> Error {
    let why = match &error {
        StartError::NoRights { .. } => "this user may not write there",
        StartError::ReadOnly { .. } => "it is on a read-only file system",
        StartError::NoStore { .. } => "its folder \"nix\" is no Nix store",
        _ => return error.into(),
    };
    Error::Out { path: dir.into(), why }
}

fn root(path: &StorePath, target: PathBuf) -> GcRoot {
    GcRoot { name: format!("nix-seed-{}", path.base_name()), target }
}

/// The links' own names; the second of a name gets a number.
fn names(results: &[ResultLink]) -> Vec<OsString> {
    let mut taken = BTreeSet::new();
    let mut names = Vec::new();
    for result in results {
        let name = result.at.file_name().unwrap_or_default();
        let mut chosen = name.to_owned();
        for number in 2.. {
            // The store's own folder is there already.
            if chosen != "nix" && taken.insert(chosen.clone()) {
                break;
            }
            chosen = name.to_owned();
            chosen.push(format!("-{number}"));
        }
        names.push(chosen);
    }
    names
}

/// Writes a link, also in the place of an earlier one.
fn write_link(link: &Path, target: &Path) -> Result<()> {
    match link.symlink_metadata() {
        Ok(metadata) if !metadata.is_symlink() => return Err(Error::InTheWay { path: link.into() }),
        Ok(_) => std::fs::remove_file(link).map_err(Error::io("removing", link))?,
        Err(_) => {}
    }
    std::os::unix::fs::symlink(target, link).map_err(Error::io("writing", link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_has_a_name_of_its_own() {
        let result = |at: &str| ResultLink {
            at: at.into(),
            path: StorePath::from_base_name(&format!("{}-p", "0".repeat(32))).unwrap(),
            rest: PathBuf::new(),
        };
        let results = ["/a/result", "/a/result-dev", "/b/result", "/c/nix", "/d/result"].map(result);
        assert_eq!(names(&results), ["result", "result-dev", "result-2", "nix-2", "result-3"]);
    }

    #[test]
    fn a_link_replaces_a_link_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("result");
        for target in ["one", "other"] {
            write_link(&link, Path::new(target)).unwrap();
            assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(target));
        }
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(matches!(write_link(&dir.path().join("file"), Path::new("x")), Err(Error::InTheWay { .. })));
    }
}
