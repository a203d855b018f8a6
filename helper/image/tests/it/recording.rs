//! The recording of a start: its document, and which frames of a seed it means.

mod document;
mod resolve;

use nix_seed_image::Frame;
use nix_seed_image::index::{Entry, Index, Layer, Node, SeedPath};
use nix_seed_image::recording::{Recording, Touched};
use nix_seed_store::{PathInfo, Sha256Hash, StorePath};

/// The base name of a path whose hash is one digit, again and again.
fn path(digit: char, name: &str) -> StorePath {
    StorePath::from_base_name(&format!("{}-{name}", digit.to_string().repeat(32))).unwrap()
}

fn recording(touched: &[(&StorePath, &[(u32, u32)])]) -> Recording {
    let touched = touched.iter().map(|(path, frames)| Touched {
        path: (*path).clone(),
        frames: frames.iter().map(|(start, end)| *start..*end).collect(),
    });
    Recording { touched: touched.collect() }
}

/// An index of layers, each of paths with some frames, of which nothing but the index is real.
fn index(layers: &[Vec<(StorePath, u32)>]) -> Index {
    let no_hash = Sha256Hash([0; 32]);
    let mut index = Index::default();
    for (layer, paths) in (0..).zip(layers) {
        let mut next = 1;
        for (path, count) in paths {
            let info = PathInfo { path: path.clone(), nar_hash: no_hash, nar_size: 0, references: vec![], ca: None };
            let root = Entry { parent: 0, name: Vec::new(), node: Node::Directory };
            index.paths.push(SeedPath { info, layer, frames: next..next + count, entries: vec![root] });
            next += count;
        }
        let frames = (0..=u64::from(next)).map(|offset| Frame { offset, length: 1, tar_length: 1, sha256: no_hash });
        let size = u64::from(next) + 1;
        index.layers.push(Layer {
            group: "group".into(),
            digest: no_hash,
            size,
            diff_id: no_hash,
            tar_size: size,
            frames: frames.collect(),
        });
    }
    index.paths.sort_by(|one, other| one.info.path.cmp(&other.info.path));
    assert_eq!(Index::decode(&index.encode()).unwrap(), index);
    index
}
