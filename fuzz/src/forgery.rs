//! A seed that a stranger made: any documents and layers, with digests and lengths that fit.

use std::path::Path;
use std::sync::LazyLock;

use nix_seed_store::Sha256Hash;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::seed::{SEED, Seed};

/// The parts of a seed. In the documents, `@config` and such stand for digests and lengths of other parts: [`Names`].
pub(crate) struct Forgery<'a> {
    pub(crate) config: &'a [u8],
    pub(crate) manifest: &'a [u8],
    pub(crate) index_json: &'a [u8],
    pub(crate) oci_layout: &'a [u8],
    /// The blob of the store layer, and the tar that its `diff_id` is of.
    pub(crate) layer: &'a [u8],
    pub(crate) layer_tar: &'a [u8],
    /// The same of the metadata layer.
    pub(crate) metadata: &'a [u8],
    pub(crate) metadata_tar: &'a [u8],
}

/// Documents with names in the place of digests and lengths.
pub(crate) struct Documents {
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
    pub(crate) index_json: Vec<u8>,
    pub(crate) oci_layout: Vec<u8>,
}

/// Those of the honest seed.
pub(crate) static HONEST: LazyLock<Documents> = LazyLock::new(Documents::honest);

impl Documents {
    fn honest() -> Self {
        let Seed { config, manifest, index_json, oci_layout, .. } = &*SEED;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let digests = |document: &[u8], names: &[&str]| {
            let mut named = text(document);
            for name in names {
                let (before, rest) = named.split_once("\"sha256:").unwrap();
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
                named = format!("{before}\"@{name}{rest}");
            }
            named
        };
        // Keys are sorted, so each size follows its digest.
        let sizes = |document: String, names: &[&str]| {
            let mut pieces = document.split("\"size\":");
            let mut named = pieces.next().unwrap_or_default().to_owned();
            for (name, piece) in names.iter().zip(pieces) {
                named += &format!("\"size\":@{name}-size{}", piece.trim_start_matches(|c: char| c.is_ascii_digit()));
            }
            named.into_bytes()
        };
        Self {
            config: digests(config, &["layer-tar", "metadata-tar"]).into_bytes(),
            manifest: sizes(digests(manifest, &["config", "layer", "metadata"]), &["config", "layer", "metadata"]),
            index_json: sizes(digests(index_json, &["manifest"]), &["manifest"]),
            oci_layout: oci_layout.clone(),
        }
    }
}

/// What the names in documents stand for; the first that fits counts.
#[derive(Default)]
struct Names(Vec<(String, String)>);

impl Names {
    fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.push((format!("@{name}-size"), bytes.len().to_string()));
        self.0.push((format!("@{name}"), format!("sha256:{}", sha256(bytes).hex())));
    }

    fn fill(&self, mut text: &[u8]) -> Vec<u8> {
        let mut filled = Vec::new();
        while let Some(at) = text.iter().position(|c| *c == b'@') {
            filled.extend_from_slice(&text[..at]);
            text = &text[at..];
            let (name, value) = match self.0.iter().find(|(name, _)| text.starts_with(name.as_bytes())) {
                Some((name, value)) => (name.as_str(), value.as_str()),
                None => ("@", "@"),
            };
            filled.extend_from_slice(value.as_bytes());
            text = &text[name.len()..];
        }
        filled.extend_from_slice(text);
        filled
    }
}

/// A forgery on disk.
pub(crate) struct Written {
    pub(crate) dir: TempDir,
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
    pub(crate) index_json: Vec<u8>,
    /// The digests of the layers' blobs, and of the tars in them.
    pub(crate) digests: [String; 2],
    pub(crate) diff_ids: [String; 2],
}

impl Forgery<'static> {
    /// Not a forgery yet.
    pub(crate) fn honest() -> Self {
        let Documents { config, manifest, index_json, oci_layout } = &*HONEST;
        let Seed { layer, layer_tar, metadata, metadata_tar, .. } = &*SEED;
        Self { config, manifest, index_json, oci_layout, layer, layer_tar, metadata, metadata_tar }
    }
}

impl Forgery<'_> {
    pub(crate) fn write(&self) -> Written {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
        let mut names = Names::default();
        // A name before the one that it begins with.
        names.add("layer-tar", self.layer_tar);
        names.add("metadata-tar", self.metadata_tar);
        names.add("layer", self.layer);
        names.add("metadata", self.metadata);
        let config = names.fill(self.config);
        names.add("config", &config);
        let manifest = names.fill(self.manifest);
        names.add("manifest", &manifest);
        let index_json = names.fill(self.index_json);
        for blob in [self.layer, self.metadata, &config, &manifest] {
            write(dir.path(), &format!("blobs/sha256/{}", sha256(blob).hex()), blob);
        }
        write(dir.path(), "index.json", &index_json);
        write(dir.path(), "oci-layout", self.oci_layout);
        let digest = |bytes: &[u8]| format!("sha256:{}", sha256(bytes).hex());
        Written {
            dir,
            config,
            manifest,
            index_json,
            digests: [digest(self.layer), digest(self.metadata)],
            diff_ids: [digest(self.layer_tar), digest(self.metadata_tar)],
        }
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256Hash {
    Sha256Hash(Sha256::digest(bytes).into())
}

fn write(dir: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(dir.join(name), bytes).unwrap();
}
