//! Two seeds, compared: what a client that has the one has to fetch for the other, and why.

mod cause;
mod change;
mod name;
mod pair;

use std::collections::HashSet;

use nix_seed_image::index::Index;
use nix_seed_image::seed::Seed;
use nix_seed_store::StorePath;
use serde::Serialize;

pub use change::{Change, Kind, What};

use crate::Result;

/// What is different between two seeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The store paths of both, with the compressed bytes that they have in the second one.
    pub kept: Paths,
    /// The store paths that only the second one has: what is fetched path by path.
    pub missing: Paths,
    /// How many store paths only the first one has.
    pub gone: usize,
    /// The layers of the second one that the first one has too, the metadata layer included.
    pub layers_kept: Layers,
    /// The layers that only the second one has: what docker, podman and others fetch.
    pub layers_missing: Layers,
    /// These layers, the metadata layer last.
    pub layers: Vec<Layer>,
    /// The bytes of the metadata layer; 0 where it is the same.
    pub metadata: u64,
    /// What changed, by package.
    pub changes: Vec<Change>,
}

/// Store paths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Paths {
    /// How many.
    pub paths: usize,
    /// Their compressed bytes.
    pub bytes: u64,
}

/// Layers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Layers {
    /// How many.
    pub layers: usize,
    /// Their compressed bytes.
    pub bytes: u64,
}

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// Its group: "toolchain", "metadata".
    pub group: String,
    /// Its compressed bytes.
    pub size: u64,
}

impl Diff {
    /// The bytes that a client which has the first seed fetches for the second one, path by path: the frames of missing
    /// paths, and the metadata layer. Manifest and configuration, a few kilobytes, come on top.
    pub fn bytes(&self) -> u64 {
        self.missing.bytes + self.metadata
    }
}

/// Compares two seeds.
pub fn diff(a: &Seed, b: &Seed) -> Result<Diff> {
    let layer = |seed: &Seed| -> Result<Layer> {
        let descriptor = seed.documents.metadata_layer()?;
        let group = nix_seed_image::image::METADATA_GROUP.into();
        Ok(Layer { digest: descriptor.digest().to_string(), group, size: descriptor.size() })
    };
    Ok(between((&a.index, &layer(a)?), (&b.index, &layer(b)?)))
}

/// Compares two indexes and the metadata layers that they are in.
fn between((a, a_metadata): (&Index, &Layer), (b, b_metadata): (&Index, &Layer)) -> Diff {
    let new: Vec<u32> =
        (0..).zip(&b.paths).filter(|(_, path)| a.position(&path.info.path).is_none()).map(|(at, _)| at).collect();
    let old: Vec<&StorePath> =
        a.paths.iter().map(|path| &path.info.path).filter(|path| b.position(path).is_none()).collect();
    let all: u64 = b.paths.iter().map(|path| b.compressed_size(path)).sum();
    let missing: u64 = new.iter().map(|at| b.compressed_size(&b.paths[*at as usize])).sum();

    let known: HashSet<String> = layers(a, a_metadata).map(|layer| layer.digest).collect();
    let (kept, fetched): (Vec<_>, Vec<_>) = layers(b, b_metadata).partition(|layer| known.contains(&layer.digest));
    let sum = |layers: &[Layer]| Layers { layers: layers.len(), bytes: layers.iter().map(|layer| layer.size).sum() };
    Diff {
        kept: Paths { paths: b.paths.len() - new.len(), bytes: all - missing },
        missing: Paths { paths: new.len(), bytes: missing },
        gone: old.len(),
        layers_kept: sum(&kept),
        layers_missing: sum(&fetched),
        layers: fetched,
        metadata: if a_metadata.digest == b_metadata.digest { 0 } else { b_metadata.size },
        changes: change::changes(&old, b, &new),
    }
}

fn layers<'a>(index: &'a Index, metadata: &'a Layer) -> impl Iterator<Item = Layer> {
    let of_paths = index.layers.iter().map(|layer| Layer {
        digest: format!("sha256:{}", layer.digest.hex()),
        group: layer.group.clone(),
        size: layer.size,
    });
    of_paths.chain([metadata.clone()])
}

#[cfg(test)]
mod tests;
