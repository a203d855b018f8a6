//! What lies beside a flake: which seed it is used with, and its `flake.lock`.

use std::path::Path;

pub(crate) use nix_seed_publish::lock::LOCK_NAME;
use nix_seed_publish::lock::{Entry, LockFile};
use nix_seed_source::Location;
use nix_seed_store::Sha256Hash;

use crate::args::Global;
use crate::error::Error;
use crate::files::hash;
use crate::flake::Flake;
use crate::print;

/// What `.seed.lock` in a flake's folder says of a system.
pub(crate) fn entry(folder: &Path, system: &str) -> Result<Option<Entry>, Error> {
    let lock = LockFile::new(folder.join(LOCK_NAME)).read()?;
    Ok(lock.and_then(|lock| lock.get(system).cloned()))
}

/// The hash of a flake's `flake.lock`; none where it has none.
pub(super) fn flake_lock(folder: &Path) -> Result<Option<Sha256Hash>, Error> {
    let path = folder.join("flake.lock");
    if path.exists() { Ok(Some(Sha256Hash(hash(&path)?))) } else { Ok(None) }
}

/// The seed that is named, else the one that `.seed.lock` beside the flake names for this system.
pub(crate) fn seed(
    named: Option<&Location>,
    flake: &Flake,
    command: &'static str,
    global: &Global,
) -> Result<Location, Error> {
    if let Some(location) = named {
        return Ok(location.clone());
    }
    let folder = flake.folder();
    let system = global.platform().nix_system();
    match folder.as_deref().map(|folder| beside(folder, command, global)).transpose()?.flatten() {
        Some(location) => Ok(location),
        None => Err(Error::NoSeedLocked { system, command }),
    }
}

/// The seed that `.seed.lock` in a flake's folder names for this system.
pub(crate) fn beside(folder: &Path, command: &'static str, global: &Global) -> Result<Option<Location>, Error> {
    let system = global.platform().nix_system();
    let Some(Entry { digest, image, .. }) = entry(folder, &system)? else { return Ok(None) };
    let lock = folder.join(LOCK_NAME).display().to_string();
    let Some(image) = image else { return Err(Error::NoImage { lock, system, digest, command }) };
    print::note(&format!("{lock}: {image}@{digest}"));
    Ok(Some(format!("{image}@{digest}").parse()?))
}
