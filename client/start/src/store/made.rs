//! A `/nix` that this program made bears a mark, so that the last `down` takes it away, and no other `/nix` ever.
//!
//! It is made aside and renamed, and taken away by the same name: whatever interrupts either, there is no `/nix` whose
//! mark is missing, and what is left aside is completed or removed by the next run.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Gid, OFlags, RenameFlags, Uid, renameat_with};

use super::make_folders;
use crate::locks::is_same;
use crate::state::STATE;
use crate::tree::remove;
use crate::{Error, Result};

/// The mark, relative to the root.
const MARK: &str = "nix/var/nix-seed/made";
/// Where `/nix` is made, and where it is taken away, relative to the root.
const ASIDE: &str = ".nix.nix-seed";
/// A folder, and not what a link leads to.
const FOLDER: i32 = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).bits() as i32;

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
        let nix = root.join("nix");
        if self == Self::Folder && holds_only(&nix, &["store", "var"])? {
            let aside = Aside::take(root)?;
            // A mount point cannot be renamed; it was mounted since.
            let is_away = std::fs::rename(&nix, aside.nix()).is_ok();
            aside.remove()?;
            if is_away {
                return Ok(());
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
    if nix.symlink_metadata().is_err() {
        let aside = Aside::take(root)?;
        let made = aside.make(root, owner);
        aside.remove()?;
        made?;
    }
    if is_new(&nix)? {
        make_folders(root, Path::new(STATE), 0o755, owner)?;
        Made::Content.mark(root)?;
    }
    Ok(())
}

/// The folder in which `/nix` is made and taken away. It is its own lock: without it, who removes what was left would remove
/// what another run is making, and go on in the `/nix` that it has become.
struct Aside {
    path: PathBuf,
    lock: File,
}

impl Aside {
    /// Waits for whoever has it. It is empty then.
    fn take(root: &Path) -> Result<Self> {
        let path = root.join(ASIDE);
        loop {
            match std::fs::create_dir(&path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(Error::io("creating", path)(error));
                }
                _ => {}
            }
            let lock = match File::options().read(true).custom_flags(FOLDER).open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                lock => lock.map_err(Error::io("opening", &path))?,
            };
            lock.lock().map_err(Error::io("locking", &path))?;
            // Whoever had it has removed it; another may have made it anew.
            if is_same(&lock, &path) {
                let aside = Self { path, lock };
                remove(&aside.nix())?;
                return Ok(aside);
            }
        }
    }

    fn nix(&self) -> PathBuf {
        self.path.join("nix")
    }

    /// Makes `/nix`, unless somebody has done so meanwhile.
    fn make(&self, root: &Path, owner: Option<(Uid, Gid)>) -> Result<()> {
        // As it will be seen from below the root, but one folder deeper.
        make_folders(root, &Path::new(ASIDE).join(STATE), 0o755, owner)?;
        Made::Folder.mark(&self.path)?;
        let nix = root.join("nix");
        match renameat_with(CWD, self.nix(), CWD, &nix, RenameFlags::NOREPLACE) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
            // A file system that cannot refuse to replace: only an empty folder would be.
            Err(rustix::io::Errno::INVAL) => std::fs::rename(self.nix(), &nix).map_err(Error::io("creating", nix)),
            Err(errno) => Err(Error::errno("creating", nix)(errno)),
        }
    }

    /// Removes it, then lets others go on.
    fn remove(self) -> Result<()> {
        let removed = remove(&self.path);
        drop(self.lock);
        removed
    }
}

/// Removes what an interrupted run left aside; whether there was anything.
pub(crate) fn clear(root: &Path) -> Result<bool> {
    let is_there = root.join(ASIDE).symlink_metadata().is_ok();
    if is_there {
        Aside::take(root)?.remove()?;
    }
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
    fn many_at_once_make_one_and_nobody_removes_what_another_makes() {
        for _ in 0..50 {
            let dir = tempfile::tempdir().unwrap();
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        make(dir.path(), None).unwrap();
                        std::fs::create_dir_all(dir.path().join("nix/store")).unwrap();
                        assert_eq!(Made::read(dir.path()).unwrap(), Some(Made::Folder));
                        clear(dir.path()).unwrap();
                    });
                }
            });
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn attack_a_link_in_the_place_aside_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let precious = dir.path().join("precious/nix");
        std::fs::create_dir_all(&precious).unwrap();
        std::os::unix::fs::symlink("precious", dir.path().join(ASIDE)).unwrap();
        assert!(make(dir.path(), None).is_err());
        assert!(precious.exists());
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
