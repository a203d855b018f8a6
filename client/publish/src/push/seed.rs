//! A seed that is to be pushed: all that the registry gets of it.

use nix_seed_image::documents::DOCUMENT_MAX;
use nix_seed_image::image::GROUP_ANNOTATION;
use nix_seed_image::layout::Layout;
use nix_seed_image::seed::Seed;
use nix_seed_registry::{Descriptor, Digest, Manifest, MediaType, Reference, Registry};
use nix_seed_source::{Found, Location, Platform, Source};
use oci_spec::image::ImageManifest;

use crate::push::bare;
use crate::{Error, Result};

/// A seed with its manifest, byte for byte.
#[derive(Debug)]
pub struct Publication {
    pub(crate) seed: Seed,
    pub(crate) source: Source,
    pub(crate) digest: Digest,
    pub(crate) manifest: Manifest,
    /// Where it is in a registry already: there it can be tagged and joined.
    pub(crate) home: Option<Reference>,
}

impl Publication {
    /// Opens the seed at `location`. An image that is no seed is refused. Of a layout, any platform's; of an index in a
    /// registry, the image for `platform`.
    pub fn open(location: &Location, registry: &Registry, platform: &Platform) -> Result<Self> {
        match location {
            Location::Layout(dir) => {
                let layout = Layout::open(dir)?;
                let seed = Seed::open(&layout);
                let seed = seed.map_err(|error| no_seed(location, &layout.documents.manifest, error))?;
                let bytes = Layout::blob(dir, &layout.manifest_descriptor, DOCUMENT_MAX)?;
                let digest = layout.manifest_descriptor.digest().clone();
                Ok(Self { seed, source: Source::Layout(layout.dir), digest, manifest: manifest(bytes), home: None })
            }
            Location::Registry(reference) => {
                let found = Found::find_seed(location, registry, platform, None)?;
                let seed = found.seed();
                let seed = seed.map_err(|error| match error {
                    nix_seed_source::Error::Image(error) => no_seed(location, &found.documents.manifest, error),
                    error => error.into(),
                })?;
                let repository = registry.repository(reference);
                let digest: Digest = found.digest().parse().map_err(|_| Error::Target {
                    text: location.to_string(),
                    why: "its digest is no sha256 digest".into(),
                })?;
                let manifest = repository.manifest(&digest)?;
                Ok(Self { seed, source: found.source, digest, manifest, home: Some(reference.clone()) })
            }
        }
    }

    /// The image's digest: `sha256:` and hexadecimal digits.
    pub fn digest(&self) -> &str {
        self.digest.as_ref()
    }

    /// The platform that it is for.
    pub fn platform(&self) -> Platform {
        let config = &self.seed.documents.config;
        Platform { os: config.os().to_string(), architecture: config.architecture().to_string() }
    }

    /// Layers and configuration, each blob once, the largest first: then no thread is left alone with one at the end.
    pub(crate) fn blobs(&self) -> Vec<&Descriptor> {
        let manifest = &self.seed.documents.manifest;
        let mut blobs: Vec<_> = manifest.layers().iter().chain([manifest.config()]).collect();
        blobs.sort_by(|a, b| b.size().cmp(&a.size()).then_with(|| a.digest().as_ref().cmp(b.digest().as_ref())));
        blobs.dedup_by(|a, b| a.digest() == b.digest());
        blobs
    }

    /// What is in a registry is not sent on from there.
    pub(crate) fn check_target(&self, target: &Reference) -> Result<()> {
        match &self.home {
            Some(home) if bare(home) != bare(target) => {
                let what = home.with_digest(&self.digest)?.to_string();
                Err(Error::OtherRepository { what, target: target.to_string() })
            }
            _ => Ok(()),
        }
    }
}

fn manifest(bytes: Vec<u8>) -> Manifest {
    Manifest { media_type: MediaType::ImageManifest, bytes }
}

/// An image that nowhere claims to be a seed is an ordinary one; otherwise it is a damaged seed.
fn no_seed(location: &Location, manifest: &ImageManifest, error: nix_seed_image::Error) -> Error {
    let claims = |layer: &Descriptor| {
        layer.annotations().as_ref().is_some_and(|annotations| annotations.contains_key(GROUP_ANNOTATION))
    };
    if manifest.layers().iter().any(claims) {
        return error.into();
    }
    Error::NoSeed { what: location.to_string(), why: "its layers name no groups of store paths".into() }
}
