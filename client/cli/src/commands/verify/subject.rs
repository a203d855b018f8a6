//! What is asked about: its digest, and where statements on it are attached.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use nix_seed_attest::{tag_of_path, tag_of_path_and_commit};
use nix_seed_cfg::Cfg;
use nix_seed_registry::{Digest, Error as RegistryError, Reference, Repository};
use nix_seed_source::{Found, Location};
use nix_seed_store::{NarHasher, STORE_DIR, Sha256Hash, StorePath};

use super::hash;
use crate::args::Global;
use crate::error::Error;
use crate::print;

/// What is asked about.
pub(crate) struct Subject {
    /// What a person calls it.
    pub(crate) shown: String,
    /// Its digest, computed from what is there.
    pub(crate) digest: Sha256Hash,
    /// What a statement has to call it.
    pub(crate) name: Option<String>,
    /// Where statements are attached, and to which digest; none where nobody says where.
    pub(crate) attached: Option<(Repository, Digest)>,
}

impl Subject {
    pub(crate) fn find(what: &str, commit: Option<&str>, cfg: &Cfg, global: &Global) -> Result<Self, Error> {
        let registry = global.registry()?;
        let repository = cfg.registry.as_deref().and_then(|name| name.parse::<Reference>().ok());
        let repository = || repository.as_ref().map(|reference| registry.repository(reference));
        let path = Path::new(what);
        // All of it counts, also where an image is in it: `oci:` asks about that.
        if let Some((store_path, at)) = in_store(path) {
            if at.join("oci-layout").exists() {
                print::note(&format!("{what} is asked about as a store path; the image in it is oci:{what}"));
            }
            return Self::store_path(&store_path, &at, repository(), commit);
        }
        if path.is_file() {
            let digest = Sha256Hash(hash(path)?);
            return Ok(Self { shown: what.into(), digest, name: None, attached: attached(repository(), &digest)? });
        }
        // What is there is what is meant.
        let location = if path.exists() { Location::Layout(path.into()) } else { what.parse::<Location>()? };
        let found = Found::find(&location, &registry, &global.platform())?;
        if let Location::Layout(folder) = &location {
            check_blobs(&found, folder)?;
        }
        if let Some(tag) = &found.tag {
            print::note(&format!("{what}: {tag} is {}", found.digest()));
        }
        let digest = found.documents.digest;
        let repository = match &found.location {
            Location::Registry(reference) => Some(registry.repository(reference)),
            Location::Layout(_) => repository(),
        };
        let attached = attached(repository, &digest)?;
        Ok(Self { shown: found.location.to_string(), digest, name: None, attached })
    }

    fn store_path(
        path: &StorePath,
        at: &Path,
        repository: Option<Repository>,
        commit: Option<&str>,
    ) -> Result<Self, Error> {
        // Not Nix' record of it: what is there.
        let digest = NarHasher::of(at).map_err(nix_seed_image::Error::from)?.0;
        let shown = path.to_string();
        let attached = match repository {
            None => None,
            Some(repository) => {
                // Those of this commit, else the last ones.
                let of_commit = commit.map(|commit| tag_of_path_and_commit(path, commit));
                let tags = of_commit.into_iter().chain([tag_of_path(path)]);
                let found = tags.map(|tag| resolved(&repository, &tag)).find_map(Result::transpose).transpose()?;
                found.map(|digest| (repository, digest))
            }
        };
        Ok(Self { name: Some(shown.clone()), shown, digest, attached })
    }
}

fn resolved(repository: &Repository, tag: &str) -> Result<Option<Digest>, Error> {
    match repository.resolve(tag) {
        Ok(found) => Ok(Some(found.digest().clone())),
        Err(RegistryError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether the layers in a folder are those that the manifest names: whoever asks about a folder means what is in it.
fn check_blobs(found: &Found, folder: &Path) -> Result<(), Error> {
    for layer in found.documents.manifest.layers() {
        let path = folder.join("blobs/sha256").join(layer.digest().digest());
        if HEXLOWER.encode(&hash(&path)?) != layer.digest().digest() {
            return Err(Error::Statement { path, why: "it is not what its name says".into() });
        }
    }
    Ok(())
}

/// The store path that a path is or leads to, and where it is: in this machine's store, or in one that lies below another folder.
fn in_store(path: &Path) -> Option<(StorePath, PathBuf)> {
    let at = path.canonicalize().ok()?;
    let folder = at.parent()?;
    if !folder.ends_with(STORE_DIR.trim_start_matches('/')) {
        return None;
    }
    let store_path = StorePath::from_base_name(at.file_name()?.to_str()?).ok()?;
    Some((store_path, at))
}

fn attached(repository: Option<Repository>, digest: &Sha256Hash) -> Result<Option<(Repository, Digest)>, Error> {
    let text = format!("sha256:{}", digest.hex());
    let digest = text.parse::<Digest>().map_err(|_| Error::Digest { text })?;
    Ok(repository.map(|repository| (repository, digest)))
}
