//! What an earlier run has found by a digest: the seed itself, or the one for a platform in an index of several.

use nix_seed_source::{Found, Location, Platform};
use sha2::{Digest, Sha256};

use crate::{Cache, Error, Result, Unpacked};

impl Cache {
    /// The seed at `location`, where that is a digest and nobody has to be asked: what a digest stands for never changes.
    pub fn named(&self, location: &Location, platform: &Platform) -> Result<Option<Unpacked>> {
        let Some(digest) = digest(location) else { return Ok(None) };
        if let Some(seed) = self.ready(&digest)? {
            return Ok(Some(seed));
        }
        match std::fs::read_to_string(self.path_in_index(&digest, platform)) {
            Ok(image) => self.ready(image.trim()),
            // Whoever named no index, or a new one, finds out by asking.
            Err(_) => Ok(None),
        }
    }

    /// Takes down which image of an index was found at `location`.
    pub fn remember(&self, location: &Location, platform: &Platform, found: &Found) -> Result<()> {
        let Some(index) = digest(location).filter(|digest| *digest != found.digest()) else { return Ok(()) };
        let path = self.path_in_index(&index, platform);
        let aside = path.with_extension(format!("{}.partial", std::process::id()));
        std::fs::write(&aside, found.digest()).map_err(Error::io("writing", &aside))?;
        std::fs::rename(&aside, &path).map_err(Error::io("writing", path))
    }

    /// A file whose name says all that its content is a function of.
    fn path_in_index(&self, index: &str, platform: &Platform) -> std::path::PathBuf {
        let name = Sha256::digest(format!("{index} {platform}"));
        self.seeds().join(format!("{}.image", nix_seed_store::Sha256Hash(name.into()).hex()))
    }
}

fn digest(location: &Location) -> Option<String> {
    match location {
        Location::Registry(reference) => reference.digest().map(|digest| digest.as_ref().to_owned()),
        Location::Layout(_) => None,
    }
}
