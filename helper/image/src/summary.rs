//! What is in a seed, for people and for scripts.

use serde::Serialize;

use crate::Result;
use crate::index::{Index, Restriction, RestrictionKind};
use crate::layout::Layout;
use crate::seed::Seed;

/// The contents of a seed. Its JSON is what `inspect --json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The image's digest.
    pub digest: String,
    /// Its name, where its manifest gives one.
    pub name: Option<String>,
    /// Its tag, where the layout gives one.
    pub tag: Option<String>,
    /// `linux/amd64`.
    pub platform: String,
    /// The compressed length of all layers in bytes.
    pub compressed_size: u64,
    /// The sum of the paths' NAR lengths in bytes: the closure's size.
    pub nar_size: u64,
    /// The layers in order, the metadata layer last.
    pub layers: Vec<LayerSummary>,
    /// The store paths, largest first.
    pub paths: Vec<PathSummary>,
    /// Why paths must not be given to everyone.
    pub restrictions: Vec<RestrictionSummary>,
    /// What a start touched, where that is recorded.
    pub order: Option<OrderSummary>,
}

/// How much a start touched.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderSummary {
    /// How many frames.
    pub frames: usize,
    /// Their compressed length in bytes.
    pub compressed_size: u64,
}

/// A reason why a store path must not be given to everyone.
#[derive(Debug, Serialize)]
pub struct RestrictionSummary {
    /// The path.
    pub path: String,
    /// What sort of reason it is.
    pub kind: RestrictionKind,
    /// The reason.
    pub reason: String,
}

/// A layer of a [`Summary`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerSummary {
    /// The group that it belongs to.
    pub group: String,
    /// Its digest.
    pub digest: String,
    /// Its compressed length in bytes.
    pub size: u64,
    /// The length of its tar in bytes; none for the metadata layer.
    pub tar_size: Option<u64>,
    /// How many store paths it holds.
    pub paths: usize,
}

/// A store path of a [`Summary`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PathSummary {
    /// The path.
    pub path: String,
    /// Its NAR's hash.
    pub nar_hash: String,
    /// Its NAR's length in bytes.
    pub nar_size: u64,
    /// Its compressed length in bytes.
    pub compressed_size: u64,
    /// Its layer's position.
    pub layer: u32,
    /// The paths that it refers to.
    pub references: Vec<String>,
}

impl Summary {
    /// What is in the seed in `layout`, but for what only [`verify`](crate::verify::verify) reads.
    pub fn read(layout: &Layout) -> Result<Self> {
        Self::new(layout, &Seed::open(layout)?)
    }

    /// What is in `seed`, which has been read from `layout`.
    pub fn new(layout: &Layout, seed: &Seed) -> Result<Self> {
        let (index, documents) = (&seed.index, &seed.documents);
        let mut layers: Vec<_> = index
            .layers
            .iter()
            .map(|layer| LayerSummary {
                group: layer.group.clone(),
                digest: format!("sha256:{}", layer.digest.hex()),
                size: layer.size,
                tar_size: Some(layer.tar_size),
                paths: 0,
            })
            .collect();
        for path in &index.paths {
            if let Some(layer) = layers.get_mut(path.layer as usize) {
                layer.paths += 1;
            }
        }
        let metadata = documents.metadata_layer()?;
        layers.push(LayerSummary {
            group: crate::image::METADATA_GROUP.into(),
            digest: metadata.digest().to_string(),
            size: metadata.size(),
            tar_size: None,
            paths: 0,
        });
        let mut paths: Vec<_> = index
            .paths
            .iter()
            .map(|path| PathSummary {
                path: path.info.path.to_string(),
                nar_hash: path.info.nar_hash.sri(),
                nar_size: path.info.nar_size,
                compressed_size: index.compressed_size(path),
                layer: path.layer,
                references: path.info.references.iter().map(ToString::to_string).collect(),
            })
            .collect();
        let restrictions = index.restrictions.iter().filter_map(|Restriction { path, kind, reason }| {
            let path = index.paths.get(*path as usize)?.info.path.to_string();
            Some(RestrictionSummary { path, kind: *kind, reason: reason.clone() })
        });
        let restrictions = restrictions.collect();
        paths.sort_by(|a, b| b.nar_size.cmp(&a.nar_size).then_with(|| a.path.cmp(&b.path)));
        let annotation = |annotations: &Option<std::collections::HashMap<String, String>>, key: &str| {
            annotations.as_ref().and_then(|annotations| annotations.get(key)).cloned()
        };
        Ok(Self {
            digest: seed.digest(),
            name: annotation(documents.manifest.annotations(), crate::image::TITLE),
            tag: annotation(layout.manifest_descriptor.annotations(), crate::image::REF_NAME),
            platform: format!("{}/{}", documents.config.os(), documents.config.architecture()),
            compressed_size: layers.iter().map(|layer| layer.size).sum(),
            nar_size: index.closure().nar_size(),
            layers,
            paths,
            restrictions,
            order: (!index.order.is_empty()).then(|| order(index)),
        })
    }
}

fn order(index: &Index) -> OrderSummary {
    let lengths = index.order.iter().filter_map(|at| index.frame(*at)).map(|frame| u64::from(frame.length));
    OrderSummary { frames: index.order.len(), compressed_size: lengths.sum() }
}
