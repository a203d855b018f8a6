//! Unpacked seeds, by digest.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix_seed_frames::FrameCache;
use nix_seed_image::Error as ImageError;
use nix_seed_source::{Error as SourceError, Found};
use nix_seed_start::Progress;
use nix_seed_store::{Closure, LiveDatabase, database_folder};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::fingerprint::fingerprint;
use crate::run_folder::open;
use crate::{Error, Result, ordinary, tree};

/// A folder for unpacked seeds (`seeds`) and what runs write meanwhile (`runs`): both on one file system. Frames lie there
/// too (`frames`).
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// A seed that is unpacked, whole and verified. While there is one, nobody changes what lies there.
#[derive(Debug)]
pub struct Unpacked {
    /// The folder's name in `seeds`.
    pub(crate) name: String,
    pub(crate) environment: Environment,
    digest: String,
    _lock: File,
}

/// What says that a seed is whole; written last.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    digest: String,
    /// Of the seed's folder, when all in it had been verified. With another one it counts as damaged.
    fingerprint: String,
    environment: Environment,
}

impl Unpacked {
    /// The seed's digest: `sha256:…`.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// All that the seed holds, as its database says.
    pub fn closure(&self, cache: &Cache) -> Result<Closure> {
        let database = LiveDatabase::open_unchanging(&database_folder(&cache.seed(&self.name)))?;
        Ok(database.closure(database.valid_paths()?)?)
    }

    /// Where the command finds a program of the seed's own; none where the seed has no such program.
    pub fn program(&self, cache: &Cache, name: &str) -> Option<PathBuf> {
        let lies_at = |path: &Path| cache.seed(&self.name).join(path.strip_prefix("/").unwrap_or(path));
        let mut programs = self.environment.path.iter().map(|folder| Path::new(folder).join(name));
        // What it is a link to lies in a /nix that is not there yet.
        programs.find(|program| lies_at(program).symlink_metadata().is_ok())
    }
}

impl Cache {
    /// This user's cache: `$NIX_SEED_CACHE`, or `nix-seed` where programs keep such things.
    pub fn of_user() -> Result<Self> {
        Self::at(&FrameCache::folder_of_user()?)
    }

    /// What is kept of frames and documents.
    pub fn frames(&self) -> Result<FrameCache> {
        Ok(FrameCache::of_user()?)
    }

    /// Where statements on seeds are kept.
    pub fn statements(&self) -> PathBuf {
        self.folder.join("statements")
    }

    /// The cache in `folder`, which has to be this user's own.
    pub fn at(folder: &Path) -> Result<Self> {
        let folder = FrameCache::own_folder(folder)?;
        let seeds = folder.join("seeds");
        std::fs::create_dir_all(&seeds).map_err(Error::io("creating", seeds))?;
        Ok(Self { folder })
    }

    /// The seed with this digest (`sha256:…`), where it is unpacked already and has not changed since.
    pub fn ready(&self, digest: &str) -> Result<Option<Unpacked>> {
        let name = name(digest);
        if !self.record_path(&name).exists() {
            return Ok(None);
        }
        let lock = self.open_lock(&name)?;
        match lock.try_lock_shared() {
            Ok(()) => {
                let unpacked = |environment| Unpacked { name, environment, digest: digest.into(), _lock: lock };
                Ok(self.record(digest)?.map(unpacked))
            }
            // Somebody unpacks it; `unpack` waits for that.
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::io("locking", self.lock_path(&name))(error)),
        }
    }

    /// Unpacks the seed that was found, unless it is already. Where an earlier attempt was interrupted, or what it unpacked
    /// has changed since, all that is there is verified again, and what is missing or damaged is fetched.
    pub fn unpack(&self, found: &Found, progress: &Progress) -> Result<Unpacked> {
        let digest = found.digest();
        if let Some(unpacked) = self.ready(&digest)? {
            return Ok(unpacked);
        }
        let name = name(&digest);
        let lock = self.open_lock(&name)?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            tracing::warn!("waiting for another run, which unpacks this seed, or uses what has to be mended of it");
        }
        lock.lock().map_err(Error::io("locking", self.lock_path(&name)))?;
        let environment = match self.record(&digest)? {
            Some(environment) => environment,
            None => {
                let environment = self.unpack_new(found, &name, progress)?;
                let fingerprint = fingerprint(&self.seed(&name))?;
                let record = Record { digest: digest.clone(), fingerprint, environment: environment.clone() };
                self.write(&name, &record)?;
                environment
            }
        };
        // From alone to together with others.
        lock.lock_shared().map_err(Error::io("locking", self.lock_path(&name)))?;
        Ok(Unpacked { name, environment, digest, _lock: lock })
    }

    /// Has the next [`Self::unpack`] of this seed verify all that is there, as after an interruption.
    pub fn doubt(&self, digest: &str) -> Result<()> {
        let name = name(digest);
        if !self.record_path(&name).exists() {
            return Ok(());
        }
        let lock = self.open_lock(&name)?;
        lock.lock().map_err(Error::io("locking", self.lock_path(&name)))?;
        let path = self.record_path(&name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("removing", path)(error)),
            _ => Ok(()),
        }
    }

    fn unpack_new(&self, found: &Found, name: &str, progress: &Progress) -> Result<Environment> {
        let seed = self.seed(name);
        let why = match found.seed() {
            Ok(read) => {
                // Without a database nothing counts as valid: whatever an earlier attempt has left is verified.
                tree::remove(&nix_seed_store::database_folder(&seed))?;
                let options = nix_seed_start::Options { root: seed, ..Default::default() };
                return Ok(nix_seed_start::up_read(found, &read, &options, progress)?.environment.into());
            }
            Err(error) => no_seed(error)?,
        };
        tracing::warn!(
            "{} is no seed as nix-seed writes it ({why}): it is unpacked whole, as any image",
            found.location
        );
        let partial = self.seeds().join(format!("{name}.partial"));
        tree::remove(&partial)?;
        let unpacked = ordinary::unpack(found, &partial, name, progress);
        // It cannot be gone on with.
        let environment = unpacked.inspect_err(|_| drop(tree::remove(&partial)))?;
        tree::remove(&seed)?;
        std::fs::rename(&partial, &seed).map_err(Error::io("writing", seed))?;
        Ok(environment)
    }

    /// What is recorded of a seed that is whole. A record of another version of this program is as good as none.
    fn record(&self, digest: &str) -> Result<Option<Environment>> {
        let path = self.record_path(&name(digest));
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(Error::io("reading", &path))?,
        };
        match serde_json::from_slice::<Record>(&bytes) {
            Ok(record) if record.digest == digest => {
                let is_as_it_was =
                    fingerprint(&self.seed(&name(digest))).is_ok_and(|found| found == record.fingerprint);
                if !is_as_it_was {
                    tracing::warn!("the unpacked seed has changed since: what is damaged is fetched again");
                }
                Ok(is_as_it_was.then_some(record.environment))
            }
            Ok(record) => Err(Error::OtherSeed { path, found: record.digest, wanted: digest.into() }),
            Err(_) => Ok(None),
        }
    }

    fn write(&self, name: &str, record: &Record) -> Result<()> {
        let path = self.record_path(name);
        let aside = path.with_extension("partial.json");
        let json = serde_json::to_vec(record).map_err(std::io::Error::from).map_err(Error::io("writing", &path))?;
        std::fs::write(&aside, json).map_err(Error::io("writing", &aside))?;
        std::fs::rename(&aside, &path).map_err(Error::io("writing", path))
    }

    /// Where seeds lie, and what is known of them.
    pub(crate) fn seeds(&self) -> PathBuf {
        self.folder.join("seeds")
    }

    /// Where the seed of this name lies: the folder that holds its `nix`.
    pub(crate) fn seed(&self, name: &str) -> PathBuf {
        self.seeds().join(name)
    }

    /// Where runs have their folders.
    pub(crate) fn runs(&self) -> PathBuf {
        self.folder.join("runs")
    }

    fn record_path(&self, name: &str) -> PathBuf {
        self.seeds().join(format!("{name}.json"))
    }

    fn lock_path(&self, name: &str) -> PathBuf {
        self.seeds().join(format!("{name}.lock"))
    }

    fn open_lock(&self, name: &str) -> Result<File> {
        open(&self.lock_path(name), true)
    }
}

/// The name of a seed's folder: the first digits of its digest.
fn name(digest: &str) -> String {
    digest.strip_prefix("sha256:").unwrap_or(digest).chars().filter(char::is_ascii_hexdigit).take(16).collect()
}

/// Why an image is no seed, where that is what an error says; any other error comes back.
fn no_seed(error: SourceError) -> Result<String> {
    match error {
        SourceError::Image(ImageError::Document { what, why } | ImageError::Mismatch { what, why }) => {
            Ok(format!("{what}: {why}"))
        }
        SourceError::Image(ImageError::Index { why }) => Ok(why),
        error => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn attack_a_cache_that_others_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o770)).unwrap();
        assert!(matches!(Cache::at(folder.path()), Err(Error::Frames(nix_seed_frames::Error::Open { .. }))));
    }

    #[test]
    fn a_seed_is_there_when_its_record_is() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&folder.path().join("cache")).unwrap();
        assert!(cache.ready(DIGEST).unwrap().is_none());
        let environment = Environment { path: vec!["/nix/store/x/bin".into()], ..Environment::default() };
        let seed = cache.seed(&name(DIGEST));
        std::fs::create_dir(&seed).unwrap();
        let record = |environment: &Environment| Record {
            digest: DIGEST.into(),
            fingerprint: fingerprint(&seed).unwrap(),
            environment: environment.clone(),
        };
        cache.write(&name(DIGEST), &record(&environment)).unwrap();
        let unpacked = cache.ready(DIGEST).unwrap().unwrap();
        assert_eq!((unpacked.name.as_str(), &unpacked.environment), ("0011223344556677", &environment));
        assert!(cache.ready(DIGEST).unwrap().is_some(), "several runs use one");
        std::fs::write(seed.join("file"), "").unwrap();
        assert!(cache.ready(DIGEST).unwrap().is_none(), "it has changed");

        let other = DIGEST.replace("ff", "00");
        assert!(matches!(cache.ready(&other), Err(Error::OtherSeed { .. })));
        std::fs::write(cache.record_path(&name(DIGEST)), "{\"later\": 1}").unwrap();
        assert!(cache.ready(DIGEST).unwrap().is_none());
    }
}
