//! Every byte of a seed against what the seed says of it.
//!
//! Blobs against their digests, frames against the index, tars against their `diff_id`, every store path against the
//! NAR hash that the index and the Nix database give, the database against the index. Nothing can hide in the tar of a
//! layer, nor in the metadata layer: whoever reads it refuses a tar that holds anything but what this program writes
//! there. Free pages of the database and optional sections of the index that this program does not know are the only
//! bytes that nobody reads.

use std::fs::File;
use std::io::Read;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::index::{Layer, SeedPath};
use crate::layout::Layout;
use crate::path_reader::Frames;
use crate::seed::Seed;
use crate::tar_stream::{END, parents};
use crate::{Error, Result, parallel, threads};

/// What has been verified.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The image's digest.
    pub digest: String,
    /// Layers, the metadata layer included.
    pub layers: usize,
    /// Store paths.
    pub paths: usize,
    /// Files, folders and links in them.
    pub entries: usize,
    /// Frames that hold them.
    pub frames: usize,
    /// The sum of the paths' NAR lengths in bytes.
    pub nar_size: u64,
}

/// Verifies all of the seed in `layout`.
pub fn verify(layout: &Layout) -> Result<Report> {
    verify_layers(layout, &Seed::open(layout)?)
}

/// Verifies the layers of `seed`, which has been read from `layout`: the rest has been verified then.
pub fn verify_layers(layout: &Layout, seed: &Seed) -> Result<Report> {
    let index = &seed.index;
    let mut paths: Vec<_> = index.paths.iter().collect();
    paths.sort_unstable_by_key(|path| (path.layer, path.frames.start));
    let of_layers: Vec<_> = paths.chunk_by(|a, b| a.layer == b.layer).collect();
    // Every layer holds a path, or the index would not have been accepted.
    parallel::map(&of_layers, threads(), |at, paths| {
        let (path, file) = layout.open_blob(&seed.documents.manifest.layers()[at])?;
        verify_layer(&index.layers[at], paths, file).map_err(|error| match error {
            Error::Io { doing, source, .. } => Error::Io { doing, path: path.clone(), source },
            error => error,
        })
    })?;
    Ok(Report {
        digest: seed.digest(),
        layers: index.layers.len() + 1,
        paths: index.paths.len(),
        entries: index.paths.iter().map(|path| path.entries.len()).sum(),
        frames: index.layers.iter().map(|layer| layer.frames.len()).sum(),
        nar_size: index.closure().nar_size(),
    })
}

fn verify_layer(layer: &Layer, paths: &[&SeedPath], file: File) -> Result<()> {
    let name = format!("layer sha256:{}", layer.digest.hex());
    let wrong = |why| Error::mismatch(&name, why);
    let mut frames = Frames::hashing(name.clone(), Hashing { file, sha256: Sha256::new() })?;
    let [first, .., last] = &layer.frames[..] else { return Err(wrong("it has too few frames")) };
    frames.expect(std::slice::from_ref(first), &parents(), "the layer's beginning")?;
    let mut next = 1;
    for path in paths {
        let range = path.frames.start as usize..path.frames.end as usize;
        if range.start != next {
            return Err(Error::mismatch(&path.info.path, "it does not begin with a frame of its own"));
        }
        next = range.end;
        frames.read_path::<Error>(layer.frames.get(range).unwrap_or_default(), path, &mut |_| Ok(()))?;
    }
    if next + 1 != layer.frames.len() {
        return Err(wrong("it has frames that belong to no store path"));
    }
    frames.expect(std::slice::from_ref(last), &END, "the layer's end")?;
    let (mut blob, tar) = frames.finish();
    if blob.read(&mut [0]).map_err(Error::io("reading", &name))? > 0 {
        return Err(wrong("the blob goes on after its last frame"));
    }
    if blob.sha256.finalize()[..] != layer.digest.0 {
        return Err(wrong("its content has another digest"));
    }
    if tar.unwrap_or_default().finalize()[..] != layer.diff_id.0 {
        return Err(wrong("its tar has another diff_id"));
    }
    Ok(())
}

/// A blob, hashed as it is read.
struct Hashing {
    file: File,
    sha256: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.sha256.update(&buffer[..length]);
        Ok(length)
    }
}
