//! Indexes of layers that hold nothing but lengths, and frames of bytes.

use nix_seed_image::index::{Entry, Index, Layer, Node, SeedPath};
use nix_seed_image::{Compared, Frame};
use nix_seed_store::{PathInfo, Sha256Hash, StorePath};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// An index of layers: for each its paths, for each of these the compressed and the tar length of its frames.
pub(crate) fn index(layers: &[Vec<Vec<(u32, u32)>>]) -> Index {
    let mut index = Index::default();
    let mut names = 0;
    for (number, paths) in (0..).zip(layers) {
        // The parent folders, and the end of the archive.
        let mut lengths = vec![(90, 1024)];
        for path in paths {
            let first = lengths.len() as u32;
            lengths.extend(path);
            let base_name = format!("{names:0>32}-p");
            names += 1;
            let info = PathInfo {
                path: StorePath::from_base_name(&base_name).unwrap(),
                nar_hash: Sha256Hash([0; 32]),
                nar_size: 0,
                references: Default::default(),
                ca: None,
            };
            let entries = vec![Entry { parent: 0, name: Vec::new(), node: Node::Directory }];
            index.paths.push(SeedPath { info, layer: number, frames: first..lengths.len() as u32, entries });
        }
        lengths.push((20, 1024));
        let mut offset = 0;
        let frames: Vec<_> = (0..)
            .zip(lengths)
            .map(|(position, (length, tar_length))| {
                let mut sha256 = [number as u8; 32];
                sha256[..4].copy_from_slice(&u32::to_be_bytes(position));
                let frame = Frame { offset, length, tar_length, sha256: Sha256Hash(sha256) };
                offset += u64::from(length);
                frame
            })
            .collect();
        index.layers.push(Layer {
            group: "all".into(),
            digest: Sha256Hash([number as u8; 32]),
            size: offset,
            diff_id: Sha256Hash([0; 32]),
            tar_size: frames.iter().map(|frame| u64::from(frame.tar_length)).sum(),
            frames,
        });
    }
    index
}

/// Any index with frames of at most `length` bytes.
pub(crate) fn any_index(length: u32) -> impl Strategy<Value = Index> {
    let path = prop::collection::vec((1..length, 1..9u32), 1..5);
    prop::collection::vec(prop::collection::vec(path, 0..4), 0..4).prop_map(|layers| index(&layers))
}

/// A frame whose compressed bytes are these; nothing that could be decompressed.
pub(crate) fn frame(bytes: Vec<u8>) -> Compared<Vec<u8>> {
    let sha256 = Sha256Hash(Sha256::digest(&bytes).into());
    Compared::new(Frame { offset: 0, length: bytes.len() as u32, tar_length: 1, sha256 }, bytes).unwrap()
}
