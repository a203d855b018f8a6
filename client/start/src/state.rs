//! Where this program keeps the record of what it did, and what it needs meanwhile.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::locks::{Lock, lock};
use crate::{Error, Result};

/// The folder of this program's own files in a store, relative to the root.
pub(crate) const STATE: &str = "nix/var/nix-seed";

/// A folder of this program's own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    folder: PathBuf,
    /// What files in a record are relative to: they lie nowhere else.
    base: PathBuf,
}

impl State {
    /// In the store below `root`: what belongs to whoever may write there.
    pub(crate) fn in_store(root: &Path) -> Self {
        Self { folder: root.join(STATE), base: root.into() }
    }

    /// For a store below `root` that a daemon owns: in the store where this user may write there, as root may, else in
    /// the user's own folder for such things.
    pub(crate) fn beside_daemon(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).map_err(Error::io("reading", root))?;
        let state = root.join(STATE);
        let nearest = if state.exists() { state } else { root.join("nix/var") };
        if access(&nearest, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
            return Ok(Self::in_store(&root));
        }
        let folder = folder_of_user(&root, &|name| std::env::var_os(name).map(PathBuf::from));
        let folder = folder.ok_or(Error::NoHome)?;
        Ok(Self { base: folder.clone(), folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Makes the folder `name` in it; readable by all, since others' programs follow what lies there.
    pub(crate) fn make_folder(&self, name: impl AsRef<Path>) -> Result<PathBuf> {
        use std::os::unix::fs::DirBuilderExt;
        let folder = self.folder.join(name);
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder);
        made.map_err(Error::io("creating", &folder))?;
        Ok(folder)
    }

    /// `file`, which lies in it, as a record names it.
    pub(crate) fn in_record(&self, file: &Path) -> PathBuf {
        file.strip_prefix(&self.base).unwrap_or(file).into()
    }

    /// Keeps others of this program out.
    pub(crate) fn lock(&self) -> Result<Lock> {
        self.make_folder("up")?;
        lock(&self.folder.join("lock"), None, false, "another nix-seed")
    }
}

/// `$XDG_STATE_HOME/nix-seed`, by default in `~/.local/state`; for another root than `/`, a folder of its name in there.
fn folder_of_user(root: &Path, variable: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    let folder = base.join("nix-seed");
    let parts: Vec<_> = root.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect();
    if parts.is_empty() {
        return Some(folder);
    }
    // No two roots share a name.
    let names = parts.iter().map(|part| part.as_os_str().to_string_lossy().replace('%', "%25"));
    Some(folder.join(names.collect::<Vec<_>>().join("%2F")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_folder_is_where_the_system_says_and_one_per_root() {
        let home = |name: &str| (name == "HOME").then(|| "/home/a".into());
        let folder = |root: &str| folder_of_user(Path::new(root), &home).unwrap();
        assert_eq!(folder("/"), Path::new("/home/a/.local/state/nix-seed"));
        assert_eq!(folder("/mnt/x%"), Path::new("/home/a/.local/state/nix-seed/mnt%2Fx%25"));
        let both = |name: &str| Some(PathBuf::from(if name == "HOME" { "/home/a" } else { "/s" }));
        assert_eq!(folder_of_user(Path::new("/"), &both), Some("/s/nix-seed".into()));
        let relative = |_: &str| Some(PathBuf::from("a"));
        assert_eq!(folder_of_user(Path::new("/"), &relative), None, "a relative one counts as none");
    }
}
