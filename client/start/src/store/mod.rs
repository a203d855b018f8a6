//! The store that a seed is brought to: made anew, or joined.

mod made;
mod staging;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix_seed_image::seed::Seed;
use nix_seed_store::{
    LiveDatabase, NarHasher, PathInfo, REGISTRATION_TIME, SCHEMA_VERSION, StorePath, database_folder,
};
use rustix::fs::{Gid, Uid};

use crate::locks::{Lock, PathLock, lock};
use crate::state::STATE;
use crate::tree::remove;
use crate::{Error, Result};

pub(crate) use self::made::{Made, clear};
pub(crate) use self::staging::Staging;

/// What Nix' garbage collector locks alone, and whoever adds to the store together with others.
const GC_LOCK: &str = "nix/var/nix/gc.lock";

/// The most files that are open besides locks of paths.
const OTHER_FILES: u64 = 128;

/// What Nix wants to find.
const FOLDERS: [&str; 5] =
    ["nix/store", "nix/var/nix/gcroots", "nix/var/nix/profiles", "nix/var/nix/temproots", "nix/var/nix/db"];

/// A store that no other `up` or `down` changes meanwhile.
pub(crate) struct Store {
    root: PathBuf,
    /// None where there is no store yet.
    database: Option<LiveDatabase>,
    owner: Option<(Uid, Gid)>,
    _lock: Lock,
    /// Held as Nix holds it while it builds: no garbage is collected meanwhile.
    garbage: Option<Lock>,
}

impl Store {
    /// Opens the store below `root`, or makes the folders of one.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let nix = root.join("nix");
        let socket = nix.join("var/nix/daemon-socket/socket");
        if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
            let mend = "use a store of its own: nix-seed run".into();
            return Err(Error::Daemon { socket, mend });
        }
        let folder = database_folder(root);
        // One of another schema is left as it is, without so much as a lock of ours.
        if folder.join("db.sqlite").exists() {
            LiveDatabase::open(&folder)?;
        }
        let owner = owner_of_new(root, &nix);
        std::fs::create_dir_all(root).map_err(Error::io("creating", root))?;
        let lock_path = root.join(STATE).join("lock");
        let own = loop {
            made::make(root, owner)?;
            if !folder.join("db.sqlite").exists() && !root.join(STATE).exists() {
                return Err(Error::NoStore { path: nix });
            }
            // What a `down` that was waited for has taken away, lock and all, is made again.
            let locked = make_folders(root, Path::new(STATE), 0o755, owner)
                .and_then(|()| lock(&lock_path, owner, false, "another nix-seed"));
            match locked {
                Ok(own) if own.is_in(&lock_path) => break own,
                Ok(_) => {}
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        };
        let state = Path::new(STATE).join("up");
        for path in FOLDERS.iter().map(Path::new).chain([&*state]) {
            make_folders(root, path, 0o755, owner)?;
        }
        // Only now: an `up` that was waited for may have made the database.
        let database = if folder.join("db.sqlite").exists() { Some(LiveDatabase::open(&folder)?) } else { None };
        let garbage =
            database.is_some().then(|| lock(&root.join(GC_LOCK), owner, true, "Nix' garbage collector")).transpose()?;
        Ok(Self { root: root.into(), database, owner, _lock: own, garbage })
    }

    /// Refuses to join a store with more paths than this process may lock at one time.
    pub(crate) fn check_file_limit(&self, missing: usize) -> Result<()> {
        // Where there is no store yet, nobody else adds to it: no path is locked.
        if self.database.is_none() {
            return Ok(());
        }
        let needed = missing as u64 + OTHER_FILES;
        let limit = raise_file_limit();
        if limit < needed {
            return Err(Error::Files { limit, needed });
        }
        Ok(())
    }

    /// The folder of store paths.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join("nix/store")
    }

    /// Whether a path is not valid here. One that is registered but not on disk is missing: the database of an overlay may
    /// speak of a lower layer that is not there.
    pub(crate) fn is_missing(&self, path: &StorePath) -> Result<bool> {
        let is_valid = match &self.database {
            Some(database) => database.query(path)?.is_some(),
            None => false,
        };
        Ok(!is_valid || self.folder().join(path.base_name()).symlink_metadata().is_err())
    }

    /// The positions of the seed's paths that are missing here.
    pub(crate) fn missing(&self, seed: &Seed) -> Result<Vec<u32>> {
        let mut missing = Vec::new();
        for (position, path) in (0..).zip(&seed.index.paths) {
            if self.is_missing(&path.info.path)? {
                missing.push(position);
            }
        }
        Ok(missing)
    }

    /// Where what is missing is written to.
    pub(crate) fn staging(&self) -> Staging {
        Staging::new(self.folder(), self.owner)
    }

    /// Puts what is staged for `infos` in place and makes it valid, all at once. Whoever else has brought one of these
    /// paths meanwhile is left alone. Where there is no store yet, `new` becomes its database. Gives the number of paths
    /// that have become valid.
    pub(crate) fn commit(&mut self, infos: &[&PathInfo], new: &[u8]) -> Result<usize> {
        let _span = tracing::info_span!("register", seed.paths = infos.len() as i64).entered();
        let (folder, staging) = (self.folder(), self.staging());
        let Some(database) = &mut self.database else {
            for info in infos {
                staging.place(&info.path)?;
            }
            self.make_database(new)?;
            return Ok(infos.len());
        };
        let mut locks = Vec::new();
        for info in infos {
            locks.push(PathLock::take(&folder, &info.path, self.owner)?);
        }
        let mut brought = Vec::new();
        for info in infos {
            let is_there = folder.join(info.path.base_name()).symlink_metadata().is_ok();
            if is_there && database.query(&info.path)?.is_some() {
                staging.discard(&info.path)?;
            } else {
                // What an earlier run had put in its place was verified before anybody was kept out.
                let place = folder.join(info.path.base_name());
                if !staging.holds(&info.path) && !is_intact(&place, info) {
                    return Err(Error::Changed { path: info.path.clone() });
                }
                staging.place(&info.path)?;
                brought.push(*info);
            }
        }
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(REGISTRATION_TIME, |time| time.as_secs() as i64);
        database.register(brought.iter().copied(), time.max(REGISTRATION_TIME))?;
        Ok(brought.len())
    }

    /// Makes the store's database: what is valid is what it says.
    fn make_database(&self, database: &[u8]) -> Result<()> {
        let folder = database_folder(&self.root);
        let write = |name: &str, bytes: &[u8]| {
            let (aside, path) = (folder.join(format!("{name}.partial")), folder.join(name));
            std::fs::write(&aside, bytes).map_err(Error::io("writing", &aside))?;
            self.give(&aside)?;
            std::fs::rename(&aside, &path).map_err(Error::io("writing", &path))
        };
        write("schema", SCHEMA_VERSION.to_string().as_bytes())?;
        // Last, since it is what makes a store of the folder.
        write("db.sqlite", database)
    }

    /// Gives a file to the owner of the store.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        match self.owner {
            Some((user, group)) => std::os::unix::fs::lchown(path, Some(user.as_raw()), Some(group.as_raw()))
                .map_err(Error::io("writing", path)),
            None => Ok(()),
        }
    }

    /// Makes a folder below the root, and those above it.
    pub(crate) fn make_folder(&self, path: &Path) -> Result<()> {
        make_folders(&self.root, path, 0o755, self.owner)
    }

    /// The database, where there is a store.
    pub(crate) fn database(&mut self) -> Option<&mut LiveDatabase> {
        self.database.as_mut()
    }

    /// Makes whoever wants to use a path wait, as Nix' garbage collector does.
    pub(crate) fn exclude_others(&mut self) -> Result<()> {
        self.garbage = None;
        self.garbage = Some(lock(&self.root.join(GC_LOCK), self.owner, false, "a running Nix")?);
        Ok(())
    }

    /// Deletes valid paths: first from the database, then from disk, so that nothing half-deleted is ever valid.
    pub(crate) fn delete(&mut self, paths: &BTreeSet<StorePath>) -> Result<()> {
        if let Some(database) = &mut self.database {
            database.unregister(paths)?;
        }
        for path in paths {
            remove(&self.folder().join(path.base_name()))?;
        }
        Ok(())
    }
}

/// Whether what lies at `path` is what `info` says.
pub(crate) fn is_intact(path: &Path, info: &PathInfo) -> bool {
    NarHasher::of(path).is_ok_and(|found| found == (info.nar_hash, info.nar_size))
}

/// Who a new store belongs to: whoever called sudo, not root. A store that is there keeps its owner.
pub(crate) fn owner_of_new(root: &Path, nix: &Path) -> Option<(Uid, Gid)> {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let owner = match nix.join("store").metadata() {
        Ok(store) => (store.uid(), store.gid()),
        Err(_) if root == Path::new("/") => {
            let id = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
            (id("SUDO_UID")?, id("SUDO_GID")?)
        }
        Err(_) => return None,
    };
    (owner.0 != 0).then(|| (Uid::from_raw(owner.0), Gid::from_raw(owner.1)))
}

/// Takes away what is mounted at `path`, also from programs that use it: they keep what they have open.
#[cfg(target_os = "linux")]
pub(crate) fn unmount(path: &Path) -> Result<()> {
    use rustix::mount::UnmountFlags;
    let flags = UnmountFlags::DETACH | UnmountFlags::NOFOLLOW;
    rustix::mount::unmount(path, flags).map_err(Error::errno("unmounting", path))
}

/// Makes the folders of `path` that are missing below `root`.
fn make_folders(root: &Path, path: &Path, mode: u32, owner: Option<(Uid, Gid)>) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let mut folder = root.to_owned();
    for part in path.components() {
        folder.push(part);
        match std::fs::DirBuilder::new().mode(mode).create(&folder) {
            Ok(()) => {
                // The umask may have taken rights away that Nix needs.
                std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(mode))
                    .map_err(Error::io("creating", &folder))?;
                if let Some((user, group)) = owner {
                    std::os::unix::fs::chown(&folder, Some(user.as_raw()), Some(group.as_raw()))
                        .map_err(Error::io("creating", &folder))?;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(_) if folder.is_dir() => {}
            Err(error) => return Err(Error::io("creating", folder)(error)),
        }
    }
    Ok(())
}

/// Raises the limit of open files, of which there is one per lock, to what the system lets this process have. Gives it.
fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    // macOS takes no more than this, whatever it says is permitted.
    for current in [maximum, Some(10_240)] {
        if setrlimit(Resource::Nofile, Rlimit { current, maximum }).is_ok() {
            break;
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
