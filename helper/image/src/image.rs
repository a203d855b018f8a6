//! The whole image: the groups' layers, the metadata layer, and the documents that OCI wants.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use nix_seed_store::{Sha256Hash, StorePath};
use oci_spec::image::{
    Arch, Config, Descriptor, DescriptorBuilder, HistoryBuilder, ImageConfigurationBuilder, ImageIndexBuilder,
    ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, PlatformBuilder, RootFsBuilder, SCHEMA_VERSION,
    Sha256Digest,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::documents::DOCUMENT_MAX;
use crate::index::{Index, Reason, Restriction, RestrictionKind};
use crate::layer::read_index;
use crate::layout::{LAYOUT_VERSION, blob_path};
use crate::metadata::{Blob, RootFile, write_metadata_layer};
use crate::output::{create_dir, write};
use crate::recording::Recording;
use crate::{Error, Result, parallel, threads};

/// The group of the metadata layer, as its annotation names it.
pub const METADATA_GROUP: &str = "metadata";
/// The annotation of a layer that names its group.
pub const GROUP_ANNOTATION: &str = "io.github.0compute.nix-seed.group";
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The manifest annotation of the image's name (OCI image specification, "annotations").
pub const TITLE: &str = "org.opencontainers.image.title";

/// One second after 1970, as the files of a store.
const CREATED: &str = "1970-01-01T00:00:01Z";

/// What an image is, besides its groups.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Its name: "hello-seed".
    pub name: String,
    /// Its tag: "latest".
    pub tag: String,
    /// Its operating system as OCI writes it: "linux".
    pub os: String,
    /// Its architecture as OCI writes it: "amd64".
    pub architecture: String,
    /// The `config` of its configuration: Env, Cmd, WorkingDir, Labels….
    #[serde(default)]
    pub config: serde_json::Map<String, serde_json::Value>,
    /// The store paths that the garbage collector keeps, as paths.
    #[serde(default)]
    pub gc_roots: Vec<String>,
    /// What lies outside of the store, by path relative to the root.
    #[serde(default)]
    pub root: BTreeMap<String, RootFile>,
    /// The most layers that it may have, with the metadata layer.
    #[serde(default)]
    pub max_layers: Option<usize>,
    /// Store paths whose licenses forbid to redistribute them. What the image does not hold is left out.
    #[serde(default)]
    pub licenses: Vec<License>,
    /// Sources that not everyone may read. What the image does not hold is left out.
    #[serde(default)]
    pub private_sources: Vec<PrivateSource>,
    /// Why store paths are in the image. What it does not hold is left out; of several for one path the first counts.
    #[serde(default)]
    pub reasons: Vec<PathReason>,
    /// The file of a recording of a start: what it touched stands in the index in that order.
    #[serde(default)]
    pub recording: Option<PathBuf>,
}

/// A store path whose license forbids to redistribute it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct License {
    /// The store path.
    pub path: String,
    /// The license, for people; at most 512 bytes.
    pub reason: String,
}

/// A source that not everyone may read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrivateSource {
    /// The hash of its NAR, as `flake.lock` has it.
    pub nar_hash: String,
    /// Where it is from, for people, without anything secret; at most 512 bytes.
    pub reason: String,
}

/// Why a store path is in the image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathReason {
    /// The store path.
    pub path: String,
    /// What leads to it, from an output of the flake through names of derivations: 1 to 1000 links of 1 to 512 bytes.
    pub chain: Vec<String>,
}

/// Puts the groups in `groups` (folders that [`Group::write`](crate::layer::Group::write) wrote) together to an OCI image
/// layout in `out`, which is created. Gives the image's digest.
pub fn write_image(spec: &Spec, groups: &[PathBuf], out: &Path) -> Result<String> {
    let config = config(&spec.config)?;
    let gc_roots = spec.gc_roots.iter().map(|path| StorePath::parse(path)).collect::<Result<Vec<_>, _>>()?;
    create_dir(&out.join("blobs/sha256"))?;
    let mut index = join(groups, out)?;
    index.restrictions = restrictions(spec, &index)?;
    index.reasons = reasons(spec, &index)?;
    if let Some(recording) = &spec.recording {
        index.order = Recording::read(recording)?.resolve(&index);
    }
    index.closure().check_complete()?;
    if let Some(limit) = spec.max_layers.filter(|limit| index.layers.len() + 1 > *limit) {
        return Err(Error::TooManyLayers { layers: index.layers.len() + 1, limit });
    }
    let metadata = write_metadata_layer(&index, &gc_roots, &spec.root, out)?;

    let mut layers: Vec<(&str, Blob)> = index
        .layers
        .iter()
        .map(|layer| (&*layer.group, Blob { digest: layer.digest, size: layer.size, diff_id: layer.diff_id }))
        .collect();
    layers.push((METADATA_GROUP, metadata));
    write_documents(spec, config, &layers, out)
}

fn restrictions(spec: &Spec, index: &Index) -> Result<Vec<Restriction>> {
    let mut restrictions = Vec::new();
    for License { path, reason } in &spec.licenses {
        let path = index.position(&StorePath::parse(path)?);
        restrictions.extend(path.map(|path| Restriction {
            path,
            kind: RestrictionKind::License,
            reason: reason.clone(),
        }));
    }
    for PrivateSource { nar_hash, reason } in &spec.private_sources {
        let nar_hash = Sha256Hash::parse(nar_hash)?;
        let paths = (0..).zip(&index.paths).filter(|(_, path)| path.info.nar_hash == nar_hash);
        let kind = RestrictionKind::PrivateSource;
        restrictions.extend(paths.map(|(path, _)| Restriction { path, kind, reason: reason.clone() }));
    }
    restrictions.sort_unstable();
    restrictions.dedup();
    Ok(restrictions)
}

fn reasons(spec: &Spec, index: &Index) -> Result<Vec<Reason>> {
    let mut reasons = Vec::new();
    for PathReason { path, chain } in &spec.reasons {
        let path = StorePath::parse(path)?;
        if chain.is_empty() {
            return Err(Error::Chain { path, why: "has no links" });
        }
        if chain.iter().any(String::is_empty) {
            return Err(Error::Chain { path, why: "has an empty link" });
        }
        reasons.extend(index.position(&path).map(|path| Reason { path, chain: chain.clone() }));
    }
    // Stable: the first of a path stays the first.
    reasons.sort_by_key(|reason| reason.path);
    reasons.dedup_by_key(|reason| reason.path);
    Ok(reasons)
}

/// One index of all groups, and their blobs below `out`.
fn join(groups: &[PathBuf], out: &Path) -> Result<Index> {
    let mut whole = Index::default();
    let mut blobs = Vec::new();
    for group in groups {
        let index = read_index(group)?;
        let offset = whole.layers.len() as u32;
        blobs.extend(index.layers.iter().map(|layer| (group, layer.digest)));
        whole.layers.extend(index.layers);
        whole
            .paths
            .extend(index.paths.into_iter().map(|path| crate::index::SeedPath { layer: path.layer + offset, ..path }));
    }
    whole.paths.sort_by(|a, b| a.info.path.cmp(&b.info.path));
    if let Some(pair) = whole.paths.windows(2).find(|pair| pair[0].info.path == pair[1].info.path) {
        return Err(Error::Shared { path: pair[0].info.path.clone() });
    }
    parallel::map(&blobs, threads(), |_, (group, digest)| {
        copy_blob(&blob_path(group, digest), digest, &blob_path(out, digest))
    })?;
    Ok(whole)
}

/// Copies a blob and refuses one that is not what its name says.
fn copy_blob(from: &Path, digest: &Sha256Hash, to: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(Error::io("opening", from))?;
    let mut target = File::create(to).map_err(Error::io("creating", to))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let length = source.read(&mut buffer).map_err(Error::io("reading", from))?;
        if length == 0 {
            break;
        }
        hash.update(&buffer[..length]);
        target.write_all(&buffer[..length]).map_err(Error::io("writing", to))?;
    }
    if hash.finalize()[..] != digest.0 {
        return Err(Error::mismatch(from.display(), "its content is not what its name says"));
    }
    Ok(())
}

fn write_documents(spec: &Spec, config: Config, layers: &[(&str, Blob)], out: &Path) -> Result<String> {
    let (os, architecture) = (Os::from(&*spec.os), Arch::from(&*spec.architecture));
    let diff_ids: Vec<_> = layers.iter().map(|(_, blob)| format!("sha256:{}", blob.diff_id.hex())).collect();
    let history = layers.iter().map(|(group, _)| {
        HistoryBuilder::default().created(CREATED).created_by(format!("nix-seed: {group}")).build().map_err(built)
    });
    let configuration = ImageConfigurationBuilder::default()
        .created(CREATED)
        .os(os.clone())
        .architecture(architecture.clone())
        .config(config)
        .rootfs(RootFsBuilder::default().typ("layers").diff_ids(diff_ids).build().map_err(built)?)
        .history(history.collect::<Result<Vec<_>>>()?)
        .build()
        .map_err(built)?;
    let configuration = write_blob(&configuration, MediaType::ImageConfig, out)?;

    let layers = layers.iter().map(|(group, blob)| {
        let annotations = HashMap::from([(GROUP_ANNOTATION.to_owned(), (*group).to_owned())]);
        descriptor(MediaType::ImageLayerZstd, &blob.digest, blob.size)?.annotations(annotations).build().map_err(built)
    });
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(configuration)
        .layers(layers.collect::<Result<Vec<_>>>()?)
        .annotations(HashMap::from([(TITLE.to_owned(), spec.name.clone())]))
        .build()
        .map_err(built)?;
    let mut manifest = write_blob(&manifest, MediaType::ImageManifest, out)?;
    let digest = manifest.digest().to_string();

    manifest.set_platform(Some(PlatformBuilder::default().os(os).architecture(architecture).build().map_err(built)?));
    manifest.set_annotations(Some(HashMap::from([(REF_NAME.to_owned(), spec.tag.clone())])));
    let index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(vec![manifest])
        .build()
        .map_err(built)?;
    write(&out.join("index.json"), &json(&index)?)?;
    let layout = OciLayoutBuilder::default().image_layout_version(LAYOUT_VERSION).build().map_err(built)?;
    write(&out.join("oci-layout"), &json(&layout)?)?;
    Ok(digest)
}

fn write_blob(document: &impl Serialize, media_type: MediaType, out: &Path) -> Result<Descriptor> {
    let bytes = json(document)?;
    let digest = Sha256Hash(Sha256::digest(&bytes).into());
    write(&blob_path(out, &digest), &bytes)?;
    descriptor(media_type, &digest, bytes.len() as u64)?.build().map_err(built)
}

fn descriptor(media_type: MediaType, digest: &Sha256Hash, size: u64) -> Result<DescriptorBuilder> {
    let digest: Sha256Digest = digest.hex().parse().map_err(built)?;
    Ok(DescriptorBuilder::default().media_type(media_type).digest(digest).size(size))
}

/// JSON with the keys of every object sorted: maps have no order of their own, and equal documents are equal bytes.
fn json(document: &impl Serialize) -> Result<Vec<u8>> {
    let bytes = serde_json::to_value(document).and_then(|value| serde_json::to_vec(&value)).map_err(built)?;
    if bytes.len() as u64 > DOCUMENT_MAX {
        return Err(Error::Limit { why: "the image's config, name or tag makes a document longer than 4 MiB".into() });
    }
    Ok(bytes)
}

/// The `config` that OCI knows; a key that it does not know is an error, not a loss.
fn config(given: &serde_json::Map<String, serde_json::Value>) -> Result<Config> {
    let wrong = |why: String| Error::Config { why };
    let config: Config = serde_json::from_value(given.clone().into()).map_err(|error| wrong(error.to_string()))?;
    let kept = serde_json::to_value(&config).map_err(|error| wrong(error.to_string()))?;
    match given.iter().find(|(key, value)| !value.is_null() && kept.get(key).is_none()) {
        Some((key, _)) => Err(wrong(format!("{key} is no field of it"))),
        None => Ok(config),
    }
}

fn built(error: impl ToString) -> Error {
    Error::Config { why: error.to_string() }
}
