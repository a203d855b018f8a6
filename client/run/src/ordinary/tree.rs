//! Writes files of layers below a folder that nobody else writes to, and never through a link.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::tree::{remove, set_time};
use crate::{Error, Result};

/// What lies in here is a store path's, and read-only.
const STORE: &str = "nix/store";

/// Nix keeps no others, and no file of a stranger shall have them.
const RIGHTS: u32 = 0o777;

/// The tree that layers make. All paths are relative to its root, and have neither `.` nor `..` in them.
pub(super) struct Tree {
    root: PathBuf,
    /// What errors call the layer that is read now.
    layer: String,
    /// Mode and time of each folder, for the end: until then files are written into it.
    folders: BTreeMap<PathBuf, (u32, i64)>,
    /// What the layer has written that is read now, with the folders above.
    written: HashSet<PathBuf>,
    /// Folders that are known to be some, and reached through no link.
    known: HashSet<PathBuf>,
}

impl Tree {
    /// A tree in the folder `root`, which is made.
    pub(super) fn create(root: &Path) -> Result<Self> {
        DirBuilder::new().mode(0o755).create(root).map_err(Error::io("creating", root))?;
        let (layer, folders, written, known) = Default::default();
        Ok(Self { root: root.into(), layer, folders, written, known })
    }

    /// What is deleted from here on, was there before.
    pub(super) fn begin_layer(&mut self, layer: &str) {
        self.layer = layer.to_owned();
        self.written.clear();
    }

    /// Whether there is something at `path`, reached through no link.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.is_reached(path) && self.at(path).symlink_metadata().is_ok()
    }

    /// The text of a file, reached through no link.
    pub(super) fn read(&self, path: &Path, max: u64) -> Option<String> {
        let is_file = self.at(path).symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        let file = (self.is_reached(path) && is_file).then(|| std::fs::File::open(self.at(path)).ok())??;
        let mut text = String::new();
        file.take(max).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// A folder; one that is there keeps what is in it.
    pub(super) fn folder(&mut self, path: &Path, mode: u32, time: i64) -> Result<()> {
        self.reach(path)?;
        let at = self.at(path);
        if !at.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            self.delete(path)?;
            make_folder(&at)?;
        }
        self.folders.insert(path.into(), (mode & RIGHTS, time));
        self.known.insert(path.into());
        Ok(())
    }

    /// A file with what `content` gives.
    pub(super) fn file(&mut self, path: &Path, content: &mut dyn Read, mode: u32, time: i64) -> Result<()> {
        let at = self.replace(path)?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&at).map_err(Error::io("writing", &at))?;
        std::io::copy(content, &mut file).map_err(Error::io("writing", &at))?;
        file.set_permissions(Permissions::from_mode(mode & RIGHTS)).map_err(Error::io("writing", &at))?;
        set_time(&at, time)
    }

    /// A link, whatever it leads to.
    pub(super) fn symlink(&mut self, path: &Path, target: &[u8], time: i64) -> Result<()> {
        let at = self.replace(path)?;
        std::os::unix::fs::symlink(OsStr::from_bytes(target), &at).map_err(Error::io("writing", &at))?;
        set_time(&at, time)
    }

    /// Another name for what `target` is, which [`has`](Self::has) found.
    pub(super) fn hard_link(&mut self, path: &Path, target: &Path) -> Result<()> {
        if path == target {
            return Ok(());
        }
        let at = self.replace(path)?;
        // Follows no link at its end.
        std::fs::hard_link(self.at(target), &at).map_err(Error::io("writing", at))
    }

    /// Deletes what lower layers have at `path`.
    pub(super) fn remove(&mut self, path: &Path) -> Result<()> {
        if !self.has(path) {
            return Ok(());
        }
        if self.written.contains(path) { self.clear(path) } else { self.delete(path) }
    }

    /// Deletes what lower layers have in the folder at `path`.
    pub(super) fn clear(&mut self, path: &Path) -> Result<()> {
        let at = self.at(path);
        if !self.is_reached(path) || !at.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Ok(());
        }
        for entry in std::fs::read_dir(&at).map_err(Error::io("reading", &at))? {
            let name = entry.map_err(Error::io("reading", &at))?.file_name();
            self.remove(&path.join(name))?;
        }
        Ok(())
    }

    /// Gives folders their modes and times.
    pub(super) fn finish(self) -> Result<()> {
        // From the end, since a folder comes before what is in it.
        for (path, (mode, time)) in self.folders.iter().rev() {
            let at = self.at(path);
            // Whose store it is writes into the folders that are Nix' own.
            let is_nix_own = path == Path::new(STORE) || !path.starts_with(STORE);
            let own = if is_nix_own { 0o700 } else { 0 };
            std::fs::set_permissions(&at, Permissions::from_mode(mode | own)).map_err(Error::io("writing", &at))?;
            set_time(&at, *time)?;
        }
        Ok(())
    }

    fn at(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// Makes room for something new.
    fn replace(&mut self, path: &Path) -> Result<PathBuf> {
        self.reach(path)?;
        self.delete(path)?;
        Ok(self.at(path))
    }

    fn delete(&mut self, path: &Path) -> Result<()> {
        // All above a known folder is known.
        if self.known.contains(path) {
            self.known.retain(|folder| !folder.starts_with(path));
            self.folders.retain(|folder, _| !folder.starts_with(path));
        }
        remove(&self.at(path))
    }

    /// Makes the folders above `path`, and refuses what is no folder there: it would lead elsewhere.
    fn reach(&mut self, path: &Path) -> Result<()> {
        self.written.insert(path.into());
        let mut above = folders_above(path);
        if above.next().is_none_or(|folder| self.known.contains(folder) && self.written.contains(folder)) {
            return Ok(());
        }
        let mut above: Vec<_> = folders_above(path).collect();
        above.reverse();
        for folder in above {
            self.written.insert(folder.into());
            if self.known.contains(folder) {
                continue;
            }
            let at = self.at(folder);
            match at.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => {
                    let why =
                        format!("{path:?}: {folder:?} above it is no folder; through a link it could lie anywhere");
                    return Err(Error::Layer { layer: self.layer.clone(), why });
                }
                Err(_) => {
                    make_folder(&at)?;
                    self.folders.insert(folder.into(), (0o755, 1));
                }
            }
            self.known.insert(folder.into());
        }
        Ok(())
    }

    /// Whether all above `path` are folders, and none is a link.
    fn is_reached(&self, path: &Path) -> bool {
        folders_above(path).all(|folder| self.at(folder).symlink_metadata().is_ok_and(|metadata| metadata.is_dir()))
    }
}

/// The folders that a path lies in, the nearest first, up to one in the root.
fn folders_above(path: &Path) -> impl Iterator<Item = &Path> {
    path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty())
}

fn make_folder(at: &Path) -> Result<()> {
    DirBuilder::new().mode(0o700).create(at).map_err(Error::io("creating", at))
}
