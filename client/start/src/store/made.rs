//! A `/nix` that this program made bears a mark, so that the last `down` takes it away, and no other `/nix` ever.
//!
//! It is made aside and renamed, and taken away by the same name: whatever interrupts either, there is no `/nix` whose
//! mark is missing, and what is left aside is completed or removed by the next run.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Gid, RenameFlags, Uid, renameat_with};

use super::make_folders;
use crate::state::STATE;
use crate::tree::remove;
use crate::{Error, Result};

/// The mark, relative to the root.
const MARK: &str = "nix/var/nix-seed/made";
/// Where `/nix` is made, and where it is taken away, relative to the root.
const ASIDE: &str = ".nix.nix-seed";

/// What this program made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// `/nix` itself.
    Folder,
    /// All that is in it: somebody else's empty folder, or a mount point.
    Content,
}

impl Made {
    const ALL: [(Self, &str); 2] = [(Self::Folder, "/nix\n"), (Self::Content, "/nix/*\n")];

    /// What this program made of the store below `root`, if anything.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>> {
        let path = root.join(MARK);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("reading", path)(error)),
            Ok(text) => Ok(Self::ALL.iter().find(|(_, known)| text == *known).map(|(made, _)| *made)),
        }
    }

    fn mark(self, root: &Path) -> Result<()> {
        let text = Self::ALL.iter().find(|(made, _)| *made == self).map_or("", |(_, text)| text);
        let (path, aside) = (root.join(MARK), root.join(MARK).with_extension("partial"));
        std::fs::write(&aside, text).map_err(Error::io("writing", &aside))?;
        std::fs::rename(&aside, &path).map_err(Error::io("writing", path))
    }

    /// Takes away what was made. Nobody may use the store, and nothing in it may be valid.
    pub(crate) fn unmake(self, root: &Path) -> Result<()> {
        let (nix, aside) = (root.join("nix"), root.join(ASIDE));
        if self == Self::Folder && holds_only(&nix, &["store", "var"])? {
            remove(&aside)?;
            // A mount point cannot be renamed; it was mounted since.
            if std::fs::rename(&nix, &aside).is_ok() {
                return remove(&aside);
            }
        }
        remove(&nix.join("store"))?;
        let state = root.join(STATE);
        for folder in [nix.join("var"), state.clone()] {
            for entry in std::fs::read_dir(&folder).map_err(Error::io("reading", &folder))? {
                let path = entry.map_err(Error::io("reading", &folder))?.path();
                if path != state && path != root.join(MARK) {
                    remove(&path)?;
                }
            }
        }
        // Last: while it is there, the next run knows what there is to take away.
        remove(&nix.join("var"))
    }
}

/// Makes `/nix` below `root` where there is none, and marks it; marks also one that holds nothing.
pub(super) fn make(root: &Path, owner: Option<(Uid, Gid)>) -> Result<()> {
    let nix = root.join("nix");
    // Another run may take the folder away while it is made, since it looks like one that was left.
    for _ in 0..100 {
        if nix.symlink_metadata().is_ok() {
            break;
        }
        match make_aside(root, owner) {
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            made => return made,
        }
    }
    if is_new(&nix)? {
        make_folders(root, Path::new(STATE), 0o755, owner)?;
        Made::Content.mark(root)?;
    }
    Ok(())
}

fn make_aside(root: &Path, owner: Option<(Uid, Gid)>) -> Result<()> {
    let aside = root.join(ASIDE);
    remove(&aside)?;
    // As it will be seen from below the root, but one folder deeper.
    make_folders(root, &Path::new(ASIDE).join(STATE), 0o755, owner)?;
    Made::Folder.mark(&aside)?;
    match renameat_with(CWD, aside.join("nix"), CWD, root.join("nix"), RenameFlags::NOREPLACE) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => remove(&aside),
        // A file system that cannot refuse to replace: only an empty folder would be.
        Err(rustix::io::Errno::INVAL) => {
            std::fs::rename(aside.join("nix"), root.join("nix")).map_err(Error::io("creating", root.join("nix")))?;
            remove(&aside)
        }
        Err(errno) => Err(Error::errno("creating", root.join("nix"))(errno)),
    }
}

/// Removes what an interrupted run left aside; whether there was anything.
pub(crate) fn clear(root: &Path) -> Result<bool> {
    let aside = root.join(ASIDE);
    let is_there = aside.symlink_metadata().is_ok();
    remove(&aside)?;
    Ok(is_there)
}

/// Whether `/nix` holds nothing, or what an interrupted [`make`] left of the folders above the mark.
fn is_new(nix: &Path) -> Result<bool> {
    let state = nix.join("var/nix-seed");
    Ok(holds_only(nix, &["var"])?
        && holds_only(&nix.join("var"), &["nix-seed"])?
        && holds_only(&state, &["made.partial"])?)
}

/// Whether a folder, if it is there, holds nothing but these.
fn holds_only(folder: &Path, names: &[&str]) -> Result<bool> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        entries => entries.map_err(Error::io("reading", folder))?,
    };
    for entry in entries {
        let name: PathBuf = entry.map_err(Error::io("reading", folder))?.file_name().into();
        if !names.iter().any(|known| name == Path::new(known)) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_goes_and_what_was_there_stays() {
        for (before, made, after) in [
            (&[][..], Made::Folder, &[][..]),
            (&["nix"], Made::Content, &["nix"]),
            (&[".nix.nix-seed/nix/var"], Made::Folder, &[]),
            (&["nix/var/nix-seed"], Made::Content, &["nix"]),
        ] {
            let dir = tempfile::tempdir().unwrap();
            for folder in before {
                std::fs::create_dir_all(dir.path().join(folder)).unwrap();
            }
            for _ in 0..2 {
                make(dir.path(), None).unwrap();
                assert_eq!(Made::read(dir.path()).unwrap(), Some(made), "{before:?}");
            }
            std::fs::create_dir_all(dir.path().join("nix/store/.links")).unwrap();
            made.unmake(dir.path()).unwrap();
            let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(left, after, "{before:?}");
        }
    }

    #[test]
    fn a_folder_with_something_else_is_neither_marked_nor_removed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("nix/photos")).unwrap();
        make(dir.path(), None).unwrap();
        assert_eq!(Made::read(dir.path()).unwrap(), None);

        let dir = tempfile::tempdir().unwrap();
        make(dir.path(), None).unwrap();
        std::fs::create_dir(dir.path().join("nix/photos")).unwrap();
        Made::Folder.unmake(dir.path()).unwrap();
        assert!(dir.path().join("nix/photos").exists() && !dir.path().join("nix/var").exists());
    }
}
