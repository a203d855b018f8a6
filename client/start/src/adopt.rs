//! Store paths that were built elsewhere are brought to a store.

use std::path::{Path, PathBuf};

use nix_seed_store::{Closure, Event, NarHasher, PathInfo, StorePath, database_bytes, database_folder, walk};
use rustix::fs::{Access, access};

use crate::daemon::Daemon;
use crate::state::STATE;
use crate::store::Store;
use crate::tree::TreeWriter;
use crate::{Error, Result};

/// The folder of links that Nix' garbage collector follows, and forgets once they lead nowhere.
const AUTO_ROOTS: &str = "nix/var/nix/gcroots/auto";

/// A link that keeps a store path from the garbage collector.
#[derive(Debug, Clone)]
pub struct GcRoot {
    /// The link's name in `gcroots/auto`.
    pub name: String,
    /// Where it leads: to a store path, or to a link that does.
    pub target: PathBuf,
}

/// Where the files of a store path are now.
pub enum Origin<'a> {
    /// In a folder, or a file, or a link.
    Files(PathBuf),
    /// Wherever this gets them from.
    Elsewhere(Giver<'a>),
}

/// Hands every step of a store path's tree to what it is given.
pub type Giver<'a> = Box<dyn FnOnce(&mut Steps<'_>) -> Result<()> + 'a>;

/// What takes the steps of a store path's tree.
pub type Steps<'a> = dyn FnMut(&Event<'_>) -> Result<()> + 'a;

/// Says where the files of a store path are.
pub type LiesAt<'a> = dyn Fn(&StorePath) -> Origin<'a> + 'a;

/// Whether there is a store below `root` to which this user may add, or one of a daemon, which may be asked.
pub fn may_adopt(root: &Path) -> bool {
    let nix = root.join("nix");
    let folders = [nix.join("store"), nix.join("var/nix/gcroots"), database_folder(root)];
    Daemon::answers(root)
        || database_folder(root).join("db.sqlite").exists()
            && folders.iter().all(|folder| access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok())
}

/// Brings `paths` to the store below `root`, through its daemon where it has one; where there is none, it is made.
/// `lies_at` says where the files of a path are now. What is missing becomes valid all at once, by a daemon path by path, after
/// its files were found to have the hash that `paths` gives. Gives the number of paths that were missing.
pub fn adopt(root: &Path, paths: &Closure, lies_at: &LiesAt, roots: &[GcRoot]) -> Result<usize> {
    if let Some(daemon) = Daemon::find(root)? {
        return crate::daemon::adopt(root, paths, lies_at, roots, daemon);
    }
    let mut store = Store::open(root)?;
    let mut missing = Vec::new();
    for info in paths.iter() {
        if store.is_missing(&info.path)? {
            missing.push(info);
        }
    }
    store.check_file_limit(missing.len())?;
    let staging = store.staging();
    for info in &missing {
        if staging.resume(info)? {
            continue;
        }
        let partial = staging.begin(&info.path)?;
        copy(lies_at(&info.path), info, TreeWriter::new(partial.clone(), staging.owner()))?;
        staging.finish(&info.path, &partial)?;
    }
    let brought = store.commit(&missing, &database_bytes(paths)?)?;
    keep(&store, root, roots)?;
    Ok(brought)
}

/// Copies the files of a store path and refuses what has another hash than the one it is registered with.
fn copy(from: Origin, info: &PathInfo, mut writer: TreeWriter) -> Result<()> {
    read(from, info, &mut |event| writer.event(event))
}

/// Reads the files of a store path, for `write`; refuses what has another hash than the one it is registered with.
pub(crate) fn read(from: Origin, info: &PathInfo, write: &mut Steps) -> Result<()> {
    let mut nar = NarHasher::new();
    let mut step = |event: &Event<'_>| {
        nar.event(event);
        write(event)
    };
    match from {
        Origin::Files(path) => walk(&path, &mut |event| step(&event))?,
        Origin::Elsewhere(give) => give(&mut step)?,
    }
    let (found, found_size) = nar.finish();
    if (found, found_size) == (info.nar_hash, info.nar_size) {
        return Ok(());
    }
    let (path, expected, expected_size) = (info.path.clone(), info.nar_hash, info.nar_size);
    Err(nix_seed_image::Error::NarHash { path, found, found_size, expected, expected_size }.into())
}

fn keep(store: &Store, root: &Path, roots: &[GcRoot]) -> Result<()> {
    let folder = Path::new(AUTO_ROOTS);
    store.make_folder(folder)?;
    for GcRoot { name, target } in roots {
        let (link, aside) = (root.join(folder).join(name), root.join(STATE).join(format!("{name}.partial")));
        crate::tree::remove(&aside)?;
        std::os::unix::fs::symlink(target, &aside).map_err(Error::io("writing", &aside))?;
        store.give(&aside)?;
        std::fs::rename(&aside, &link).map_err(Error::io("writing", link))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::time::UNIX_EPOCH;

    use nix_seed_store::LiveDatabase;

    use super::*;

    fn path(digit: char) -> StorePath {
        StorePath::from_base_name(&format!("{}-p", String::from(digit).repeat(32))).unwrap()
    }

    /// Files of two paths in a folder, and what is known of them.
    fn elsewhere(folder: &Path) -> Closure {
        let mut closure = Closure::default();
        for (digit, references) in [('0', vec![]), ('1', vec![path('0')])] {
            let at = folder.join(path(digit).base_name());
            std::fs::create_dir(&at).unwrap();
            std::fs::write(at.join("file"), [digit as u8]).unwrap();
            std::fs::set_permissions(at.join("file"), Permissions::from_mode(0o555)).unwrap();
            let (nar_hash, nar_size) = NarHasher::of(&at).unwrap();
            closure.insert(PathInfo { path: path(digit), nar_hash, nar_size, references, ca: None }).unwrap();
        }
        closure
    }

    #[test]
    fn a_store_is_made_and_joined() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let closure = elsewhere(from.path());
        let lies_at = |path: &StorePath| Origin::Files(from.path().join(path.base_name()));
        let roots = [GcRoot { name: "r".into(), target: "/nix/store/x".into() }];
        assert!(!may_adopt(to.path()));
        assert_eq!(adopt(to.path(), &closure, &lies_at, &roots).unwrap(), 2);
        assert_eq!(adopt(to.path(), &closure, &lies_at, &roots).unwrap(), 0);
        assert!(may_adopt(to.path()));
        let database = LiveDatabase::open(&database_folder(to.path())).unwrap();
        assert_eq!(database.closure([path('1')]).unwrap(), closure);
        let file = to.path().join("nix/store").join(path('1').base_name()).join("file");
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o555);
        assert_eq!(metadata.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_secs(), 1);
        assert_eq!(std::fs::read_link(to.path().join(AUTO_ROOTS).join("r")).unwrap(), Path::new("/nix/store/x"));
    }

    #[test]
    fn what_has_another_hash_never_becomes_valid() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let closure = elsewhere(from.path());
        std::fs::write(from.path().join(path('1').base_name()).join("other"), "").unwrap();
        let error =
            adopt(to.path(), &closure, &|path| Origin::Files(from.path().join(path.base_name())), &[]).unwrap_err();
        assert!(error.to_string().contains("NAR hash"), "{error}");
        assert!(!database_folder(to.path()).join("db.sqlite").exists(), "there is no store yet");
        // The path that was whole is not copied again.
        std::fs::remove_file(from.path().join(path('1').base_name()).join("other")).unwrap();
        let lies_at = |wanted: &StorePath| {
            assert_eq!(*wanted, path('1'));
            Origin::Files(from.path().join(wanted.base_name()))
        };
        assert_eq!(adopt(to.path(), &closure, &lies_at, &[]).unwrap(), 2);
    }
}
