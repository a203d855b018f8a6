use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ScopedJoinHandle;

use nix_seed_image::documents::{DOCUMENT_MAX, Documents};
use nix_seed_image::layout::Layout;
use nix_seed_image::metadata::METADATA_MAX;
use nix_seed_image::seed::Seed;
use nix_seed_registry::{Manifest, MediaType, Reference, Registry};
use oci_spec::image::{Descriptor, Digest, ImageIndex, ImageManifest, SCHEMA_VERSION};
use tracing::field::Empty;

use crate::remote::{Remote, Want, hash};
use crate::{Error, Keep, Location, Result, Source};

/// A metadata layer of at most so many bytes is fetched beside the configuration: each is a way to the registry and back. The
/// last layer of an image that is no seed may be anything.
const AT_ONCE: u64 = 8 << 20;

/// Docker's manifest and index: "Image Manifest Version 2, Schema 2".
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A kind of machine, as OCI names it: `linux/amd64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// `linux`, `darwin`.
    pub os: String,
    /// `amd64`, `arm64`.
    pub architecture: String,
}

impl Platform {
    /// The machine that this program runs on.
    pub fn of_machine() -> Self {
        let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { os: os.into(), architecture: architecture.into() }
    }

    /// As Nix writes it: `x86_64-linux`.
    pub fn nix_system(&self) -> String {
        let architecture = match &*self.architecture {
            "amd64" => "x86_64",
            "arm64" => "aarch64",
            other => other,
        };
        format!("{architecture}-{}", self.os)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((os, architecture)) if !os.is_empty() && !architecture.is_empty() => {
                Ok(Self { os: os.into(), architecture: architecture.into() })
            }
            _ => Err(format!("{text:?} is no platform; write OS/ARCHITECTURE, as in linux/amd64")),
        }
    }
}

/// An image that has been found: what may be asked of it, and by which digest.
#[derive(Debug)]
pub struct Found {
    /// Where its blobs are.
    pub source: Source,
    /// Its documents.
    pub documents: Documents,
    /// Where it was found.
    pub location: Location,
    /// The tag that was resolved to its digest, where no digest was given.
    pub tag: Option<String>,
    keep: Option<Arc<dyn Keep>>,
    /// The metadata layer, where it was fetched with the documents, until somebody wants it.
    metadata: Mutex<Option<Result<Vec<u8>>>>,
}

impl Found {
    /// Finds the image at `location`; in an index of several images, the one for `platform`. A tag is resolved once: from
    /// then on, the digest counts.
    pub fn find(location: &Location, registry: &Registry, platform: &Platform) -> Result<Self> {
        Self::find_as(location, registry, platform, Want::Documents, None)
    }

    /// [`find`](Self::find) for whoever is about to ask for the [`seed`](Self::seed): its metadata is fetched meanwhile. A registry
    /// is not asked for what is kept.
    pub fn find_seed(
        location: &Location,
        registry: &Registry,
        platform: &Platform,
        keep: Option<Arc<dyn Keep>>,
    ) -> Result<Self> {
        Self::find_as(location, registry, platform, Want::Seed, keep)
    }

    fn find_as(
        location: &Location,
        registry: &Registry,
        platform: &Platform,
        want: Want,
        keep: Option<Arc<dyn Keep>>,
    ) -> Result<Self> {
        let span = tracing::info_span!("resolve", seed.location = %location, seed.digest = Empty).entered();
        let found = Self::find_at(location, registry, platform, want, keep)?;
        span.record("seed.digest", found.digest());
        Ok(found)
    }

    fn find_at(
        location: &Location,
        registry: &Registry,
        platform: &Platform,
        want: Want,
        keep: Option<Arc<dyn Keep>>,
    ) -> Result<Self> {
        match location {
            Location::Layout(dir) => {
                let layout = Layout::open(dir)?;
                check_platform(&layout.documents, location, platform)?;
                let source = Source::Layout(layout.dir);
                let documents = layout.documents;
                Ok(Self { source, documents, location: location.clone(), tag: None, keep: None, metadata: None.into() })
            }
            Location::Registry(reference) => {
                let repository = registry.repository(reference);
                let remote = Remote { repository: &repository, want, keep: keep.as_deref() };
                let (digest, manifest, tag) = resolve(&remote, reference)?;
                let (documents, metadata) = documents(&remote, &digest, &manifest, location, platform)?;
                let (source, location) = (Source::Registry(repository), location.clone());
                Ok(Self { source, documents, location, tag, keep, metadata: metadata.into() })
            }
        }
    }

    /// The seed: the metadata layer is read and all in it checked.
    pub fn seed(&self) -> Result<Seed> {
        let layer = self.documents.metadata_layer()?;
        let _span = tracing::info_span!("metadata", seed.bytes = layer.size() as i64).entered();
        if layer.size() > METADATA_MAX {
            let why =
                format!("its last layer has {} bytes; a seed's metadata has at most {METADATA_MAX}", layer.size());
            return Err(nix_seed_image::Error::Document { what: "the manifest".into(), why }.into());
        }
        let fetched = self.metadata.lock().unwrap_or_else(PoisonError::into_inner).take();
        let metadata = match (fetched, &self.source) {
            (Some(fetched), _) => fetched?,
            (None, Source::Layout(_)) => self.source.blob(layer, METADATA_MAX)?,
            (None, Source::Registry(repository)) => {
                Remote { repository, want: Want::Seed, keep: self.keep.as_deref() }.blob(layer, METADATA_MAX)?
            }
        };
        Ok(Seed::read(self.documents.clone(), &metadata)?)
    }

    /// The image's digest: `sha256:` and hexadecimal digits.
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.documents.digest.hex())
    }
}

/// The digest that a reference names, its manifest, and the tag if it named one.
fn resolve(remote: &Remote, reference: &Reference) -> Result<(Digest, Manifest, Option<String>)> {
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => Ok((digest.clone(), remote.manifest(digest)?, None)),
        (None, Some(tag)) => {
            let (digest, manifest) = match remote.keep {
                // Where the manifest is kept, a HEAD is enough, which registries that limit pulls do not count.
                Some(_) => {
                    let digest = remote.repository.resolve(tag)?.digest().clone();
                    let manifest = remote.manifest(&digest)?;
                    (digest, manifest)
                }
                None => remote.repository.tagged(tag)?,
            };
            Ok((digest, manifest, Some(tag.into())))
        }
        (None, None) => Err(Error::Unnamed { reference: reference.to_string() }),
    }
}

fn documents(
    remote: &Remote,
    digest: &Digest,
    manifest: &Manifest,
    location: &Location,
    platform: &Platform,
) -> Result<Fetched> {
    if is_index(&manifest.media_type) {
        let digest = in_index(&manifest.bytes, location, platform)?;
        // An index of indexes would be followed without end; it is no manifest.
        return of_manifest(remote, &digest, &remote.manifest(&digest)?, location);
    }
    let fetched = of_manifest(remote, digest, manifest, location)?;
    check_platform(&fetched.0, location, platform)?;
    Ok(fetched)
}

/// The documents of an image, and its metadata layer, where that was fetched beside them.
type Fetched = (Documents, Option<Result<Vec<u8>>>);

/// OCI's and docker's, which differ in the names of types alone.
fn is_index(media_type: &MediaType) -> bool {
    *media_type == MediaType::ImageIndex || media_type.to_string() == DOCKER_INDEX
}

fn of_manifest(
    remote: &Remote,
    digest: &Digest,
    Manifest { media_type, bytes }: &Manifest,
    location: &Location,
) -> Result<Fetched> {
    let digest = hash(digest)?;
    let other = |media_type: String| Error::Type { what: location.to_string(), media_type };
    let manifest = match media_type {
        MediaType::ImageManifest => Documents::manifest(&digest, bytes)?,
        // No seed, since docker has no name for its layers; but an image that may hold a Nix store.
        docker if docker.to_string() == DOCKER_MANIFEST => {
            let manifest: ImageManifest =
                serde_json::from_slice(bytes).map_err(|error| other(format!("a damaged manifest: {error}")))?;
            let is_docker = |media_type: &MediaType| media_type.to_string() == DOCKER_MANIFEST;
            if manifest.schema_version() != SCHEMA_VERSION || !manifest.media_type().as_ref().is_some_and(is_docker) {
                return Err(other("a manifest of another version".into()));
            }
            manifest
        }
        media_type => return Err(other(media_type.to_string())),
    };
    let (config, metadata) = std::thread::scope(|scope| {
        let layer = manifest.layers().last().filter(|layer| remote.want == Want::Seed && is_metadata(layer));
        let span = tracing::Span::current();
        let fetch = move |layer| span.in_scope(|| remote.blob(layer, METADATA_MAX));
        let thread = layer.map(|layer| std::thread::Builder::new().spawn_scoped(scope, move || fetch(layer)));
        let config = remote.blob(manifest.config(), DOCUMENT_MAX);
        // Where the system grants no thread, it is fetched later.
        let join = |thread: ScopedJoinHandle<_>| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (config, thread.and_then(Result::ok).map(join))
    });
    Ok((Documents::new(digest, manifest, &config?)?, metadata))
}

/// Whether a manifest's last layer may be a seed's metadata, of a size that is no loss where it is not.
fn is_metadata(layer: &Descriptor) -> bool {
    *layer.media_type() == MediaType::ImageLayerZstd && layer.size() <= AT_ONCE
}

/// The digest of the image for `platform` in an index.
fn in_index(bytes: &[u8], location: &Location, platform: &Platform) -> Result<Digest> {
    let index: ImageIndex = serde_json::from_slice(bytes)
        .map_err(|error| Error::Type { what: location.to_string(), media_type: format!("a damaged index: {error}") })?;
    let platforms = index.manifests().iter().filter_map(|descriptor| {
        let platform = descriptor.platform().as_ref()?;
        let (os, architecture) = (platform.os().to_string(), platform.architecture().to_string());
        Some((Platform { os, architecture }, descriptor))
    });
    let platforms: Vec<_> = platforms.collect();
    match platforms.iter().find(|(found, _)| found == platform) {
        Some((_, descriptor)) => Ok(descriptor.digest().clone()),
        None => {
            let found: Vec<_> = platforms.iter().map(|(platform, _)| platform.to_string()).collect();
            let found = if found.is_empty() { "no platform".into() } else { found.join(", ") };
            Err(Error::Platform { what: location.to_string(), found, wanted: platform.to_string() })
        }
    }
}

fn check_platform(documents: &Documents, location: &Location, wanted: &Platform) -> Result<()> {
    let config = &documents.config;
    let found = Platform { os: config.os().to_string(), architecture: config.architecture().to_string() };
    if found == *wanted {
        return Ok(());
    }
    Err(Error::Platform { what: location.to_string(), found: found.to_string(), wanted: wanted.to_string() })
}
