//! A store layer, with an index that describes it: the input is how many frames the first two store paths have, how
//! many frames there are in all, then for each how it is to be taken, its tar length and its length, then the frames.

use nix_seed_image::Frame;
use nix_seed_image::index::Index;
use nix_seed_image::layout::Layout;
use nix_seed_image::verify::verify;

use crate::forgery::{Forgery, sha256};
use crate::input::Input;
use crate::metadata;
use crate::seed::SEED;
use crate::stream::stream;

/// The bytes are tar, to be compressed.
const COMPRESS: u8 = 1;
/// The tar length is that of the bytes.
const HONEST_LENGTH: u8 = 2;

/// The frames of a small seed's layer, as they stand in its blob.
pub fn honest() -> Vec<u8> {
    let frames = &SEED.index.layers[0].frames;
    let mut input = vec![1, 1, frames.len() as u8];
    for frame in frames {
        input.push(0);
        input.extend((frame.tar_length as u16).to_le_bytes());
        input.extend((frame.length as u16).to_le_bytes());
    }
    [input, SEED.layer.clone()].concat()
}

/// A layer that verifies holds the honest tar, to the byte, for whoever decompresses it as one stream.
pub fn run(data: &[u8]) -> bool {
    let (index, layer) = forge(Input(data));
    let layer_tar = &stream(&layer);
    let Ok(index) = describe(index, &layer, layer_tar) else { return false };
    let metadata_tar = &metadata::with_index(&metadata::honest(), Some(&index.encode()));
    let metadata = &zstd::bulk::compress(metadata_tar, 1).unwrap();
    let layer = &layer[..];
    let written = Forgery { layer, layer_tar, metadata, metadata_tar, ..Forgery::honest() }.write();
    let accepted = verify(&Layout::open(written.dir.path()).unwrap()).is_ok();
    assert!(!accepted || *layer_tar == SEED.layer_tar, "another tar verifies");
    accepted
}

/// The honest index with the frames that the input gives, and the blob of these.
fn forge(mut input: Input<'_>) -> (Index, Vec<u8>) {
    let cuts = [u32::from(input.u8()), u32::from(input.u8())];
    let heads: Vec<_> = (0..input.u8()).map(|_| (input.u8(), input.u16(), input.u16())).collect();
    let (mut frames, mut blob) = (Vec::new(), Vec::new());
    for (how, tar_length, length) in heads {
        let bytes = input.bytes(length.into());
        let tar_length = if how & HONEST_LENGTH == 0 { u32::from(tar_length) } else { bytes.len() as u32 };
        let bytes = if how & COMPRESS == 0 { bytes.to_vec() } else { zstd::bulk::compress(bytes, 1).unwrap() };
        let (offset, length) = (blob.len() as u64, bytes.len() as u32);
        frames.push(Frame { offset, length, tar_length, sha256: sha256(&bytes) });
        blob.extend(bytes);
    }
    let mut index = SEED.index.clone();
    let end = (frames.len() as u32).saturating_sub(1);
    let starts = [1, 1 + cuts[0], 1 + cuts[0] + cuts[1], end];
    // The order of the row, which is that of names.
    index.paths.sort_by(|one, other| one.info.path.name().cmp(other.info.path.name()));
    for (path, range) in index.paths.iter_mut().zip(starts.windows(2)) {
        path.frames = range[0]..range[1].max(range[0]);
    }
    index.paths.sort_by(|one, other| one.info.path.cmp(&other.info.path));
    index.layers[0].frames = frames;
    (index, blob)
}

/// The index with the digests and lengths of its layer; not one that no reader accepts.
fn describe(mut index: Index, blob: &[u8], tar: &[u8]) -> Result<Index, nix_seed_image::Error> {
    let layer = &mut index.layers[0];
    (layer.digest, layer.size) = (sha256(blob), blob.len() as u64);
    layer.diff_id = sha256(tar);
    layer.tar_size = layer.frames.iter().map(|frame| u64::from(frame.tar_length)).sum();
    Index::decode(&index.encode())
}
