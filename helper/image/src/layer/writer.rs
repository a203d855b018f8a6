//! Writes one layer's blob from frames.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix_seed_store::Sha256Hash;
use sha2::{Digest, Sha256};

use crate::frame::{Decoder, Encoder};
use crate::index::Layer;
use crate::layout::blob_path;
use crate::tar_stream::{END, parents};
use crate::{Error, Frame, Result};

/// The frames that begin and end every layer.
pub(crate) struct Edges {
    pub(crate) begin: Edge,
    pub(crate) end: Edge,
}

/// Some tar and its frame.
pub(crate) struct Edge {
    tar: Vec<u8>,
    bytes: Vec<u8>,
    frame: Frame,
}

impl Edges {
    pub(crate) fn new() -> Result<Self> {
        let mut encoder = Encoder::new()?;
        let mut edge = |tar: &[u8]| -> Result<Edge> {
            let (bytes, frame) = encoder.encode(tar)?;
            Ok(Edge { tar: tar.into(), bytes, frame })
        };
        Ok(Self { begin: edge(&parents())?, end: edge(&END)? })
    }
}

/// A layer that is being written, with the hashes of both its sides.
pub(crate) struct Writer {
    file: BufWriter<File>,
    path: PathBuf,
    frames: Vec<Frame>,
    blob: Sha256,
    tar: Sha256,
    size: u64,
    tar_size: u64,
}

impl Writer {
    /// Begins a layer in the file `path`.
    pub(crate) fn create(path: &Path, begin: &Edge) -> Result<Self> {
        let file = File::create(path).map_err(Error::io("creating", path))?;
        let mut layer = Self {
            file: BufWriter::with_capacity(1 << 20, file),
            path: path.into(),
            frames: Vec::new(),
            blob: Sha256::new(),
            tar: Sha256::new(),
            size: 0,
            tar_size: 0,
        };
        layer.add(&begin.tar, &begin.bytes, &begin.frame)?;
        Ok(layer)
    }

    /// Adds a frame: the tar that it holds, and its bytes.
    pub(crate) fn add(&mut self, tar: &[u8], bytes: &[u8], frame: &Frame) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::io("writing", &self.path))?;
        self.frames.push(Frame { offset: self.size, ..*frame });
        self.blob.update(bytes);
        self.tar.update(tar);
        self.size += u64::from(frame.length);
        self.tar_size += u64::from(frame.tar_length);
        Ok(())
    }

    /// Ends the layer.
    pub(crate) fn finish(mut self, end: &Edge) -> Result<Written> {
        self.add(&end.tar, &end.bytes, &end.frame)?;
        self.file.flush().map_err(Error::io("writing", &self.path))?;
        let layer = Layer {
            group: String::new(),
            digest: Sha256Hash(self.blob.finalize().into()),
            size: self.size,
            diff_id: Sha256Hash(self.tar.finalize().into()),
            tar_size: self.tar_size,
            frames: self.frames,
        };
        Ok(Written { path: self.path, layer })
    }
}

/// A layer that is a whole file, but not yet under its final name.
pub(crate) struct Written {
    path: PathBuf,
    layer: Layer,
}

impl Written {
    /// Gives the layer its final name in the folder `out`.
    pub(crate) fn publish(self, out: &Path) -> Result<Layer> {
        let target = blob_path(out, &self.layer.digest);
        std::fs::rename(&self.path, &target).map_err(Error::io("renaming to", &target))?;
        Ok(self.layer)
    }

    pub(crate) fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(Error::io("removing", &self.path))
    }

    /// Adds the frames at these places, the layer's first being 0, to `other`. Their tar is hashed once more, so they
    /// are decompressed.
    pub(crate) fn copy(&self, frames: Range<usize>, other: &mut Writer, decoder: &mut Decoder) -> Result<()> {
        let file = File::open(&self.path).map_err(Error::io("opening", &self.path))?;
        let mut bytes = Vec::new();
        for frame in self.layer.frames.get(frames).unwrap_or_default() {
            bytes.resize(frame.length as usize, 0);
            file.read_exact_at(&mut bytes, frame.offset).map_err(Error::io("reading", &self.path))?;
            other.add(decoder.decode(frame, &bytes)?, &bytes, frame)?;
        }
        Ok(())
    }
}
