//! Every byte of a seed against what the seed says of it.
//!
//! Blobs against their digests, frames against the index, tars against their `diff_id`, every store path against the
//! NAR hash that the index and the Nix database give, the database against the index. The tar of a layer is not
//! parsed: it has to be, byte for byte, the one that the index describes, so nothing can hide in it. Nor can anything in
//! the metadata layer: whoever reads it refuses a tar that holds anything but what this program writes there.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use nix_seed_store::{Event, NarHasher, STORE_DIR, Sha256Hash, StorePath, is_database_of};
use oci_spec::image::MediaType;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::frame::Decoder;
use crate::image::{GROUP_ANNOTATION, METADATA_GROUP};
use crate::index::{Index, Layer, Node, SeedPath};
use crate::layout::{Layout, digest};
use crate::metadata::read_metadata_layer;
use crate::tar_stream::{END, Member, header, padding, parents};
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

/// Verifies the whole image.
pub fn verify(layout: &Layout) -> Result<Report> {
    let metadata = read_metadata_layer(layout)?;
    let index = &metadata.index;
    check_documents(layout, index)?;
    let closure = index.closure();
    closure.check_complete().map_err(|error| Error::index(error.to_string()))?;
    let is_database = is_database_of(&metadata.database, &closure);
    if !is_database.map_err(|error| Error::document("the metadata layer", error))? {
        return Err(Error::mismatch("the Nix database", "it does not say the same as the index"));
    }
    let mut paths: Vec<_> = index.paths.iter().collect();
    paths.sort_unstable_by_key(|path| (path.layer, path.frames.start));
    let of_layers: Vec<_> = paths.chunk_by(|a, b| a.layer == b.layer).collect();
    // Every layer holds a path, or the index would not have been accepted.
    parallel::map(&of_layers, threads(), |at, paths| {
        let (file_path, file) = layout.open_blob(&layout.manifest.layers()[at])?;
        LayerReader::new(&index.layers[at], file_path, file)?.verify(paths)
    })?;
    Ok(Report {
        digest: layout.digest(),
        layers: index.layers.len() + 1,
        paths: index.paths.len(),
        entries: index.paths.iter().map(|path| path.entries.len()).sum(),
        frames: index.layers.iter().map(|layer| layer.frames.len()).sum(),
        nar_size: closure.nar_size(),
    })
}

/// Manifest, configuration and index speak of the same layers.
pub(crate) fn check_documents(layout: &Layout, index: &Index) -> Result<()> {
    let (descriptors, diff_ids) = (layout.manifest.layers(), layout.config.rootfs().diff_ids());
    if descriptors.len() != index.layers.len() + 1 {
        return Err(Error::mismatch("the manifest", "it has not the layers that the index describes"));
    }
    let groups = index.layers.iter().map(|layer| &*layer.group).chain([METADATA_GROUP]);
    for (descriptor, group) in descriptors.iter().zip(groups) {
        let named = descriptor.annotations().as_ref().and_then(|annotations| annotations.get(GROUP_ANNOTATION));
        // Some registries' clients drop annotations.
        if named.is_some_and(|named| named != group) {
            return Err(Error::mismatch(
                descriptor.digest(),
                "the manifest gives this layer another group than the index",
            ));
        }
    }
    for ((descriptor, diff_id), layer) in descriptors.iter().zip(diff_ids).zip(&index.layers) {
        if *descriptor.media_type() != MediaType::ImageLayerZstd {
            return Err(Error::document(descriptor.digest().to_string(), "the manifest does not call it tar+zstd"));
        }
        if digest(descriptor)? != layer.digest || descriptor.size() != layer.size {
            return Err(Error::mismatch(descriptor.digest(), "the index gives this layer another digest or length"));
        }
        if *diff_id != format!("sha256:{}", layer.diff_id.hex()) {
            return Err(Error::mismatch(
                descriptor.digest(),
                "the config gives this layer another diff_id than the index",
            ));
        }
    }
    Ok(())
}

/// Reads a layer frame by frame.
struct LayerReader<'a> {
    layer: &'a Layer,
    file_path: PathBuf,
    file: File,
    decoder: Decoder,
    blob: Sha256,
    tar: Sha256,
    /// The position of the frame to read next, and what is left of the one before.
    next: usize,
    rest: Vec<u8>,
    at: usize,
    /// The store path that is being read, to be named when its bytes are wrong.
    owner: Option<StorePath>,
}

impl<'a> LayerReader<'a> {
    fn new(layer: &'a Layer, file_path: PathBuf, file: File) -> Result<Self> {
        let (blob, tar) = (Sha256::new(), Sha256::new());
        Ok(Self {
            layer,
            file_path,
            file,
            decoder: Decoder::new()?,
            blob,
            tar,
            next: 0,
            rest: Vec::new(),
            at: 0,
            owner: None,
        })
    }

    fn verify(mut self, paths: &[&SeedPath]) -> Result<()> {
        self.expect(&parents(), "the layer's beginning")?;
        for path in paths {
            self.owner = Some(path.info.path.clone());
            self.path(path)?;
        }
        self.owner = None;
        self.expect(&END, "the layer's end")?;
        if self.at != self.rest.len() || self.next != self.layer.frames.len() {
            return Err(self.mismatch("the layer's end is not as specified: something follows it"));
        }
        let mut more = [0];
        if self.file.read(&mut more).map_err(Error::io("reading", &self.file_path))? > 0 {
            return Err(self.mismatch("the blob goes on after its last frame"));
        }
        if self.blob.finalize_reset()[..] != self.layer.digest.0 {
            return Err(self.mismatch("its content has another digest"));
        }
        if self.tar.finalize_reset()[..] != self.layer.diff_id.0 {
            return Err(self.mismatch("its tar has another diff_id"));
        }
        Ok(())
    }

    fn path(&mut self, path: &SeedPath) -> Result<()> {
        let name = &path.info.path;
        if self.at != self.rest.len() || self.next != path.frames.start as usize {
            return Err(Error::mismatch(name, "it does not begin with a frame of its own"));
        }
        let mut nar = NarHasher::new();
        let mut part = 0;
        // The folders that are open, each with the length of its name.
        let mut open: Vec<(u32, usize)> = Vec::new();
        let mut full = [&STORE_DIR.as_bytes()[1..], b"/", name.base_name().as_bytes()].concat();
        for (i, entry) in (0u32..).zip(&path.entries) {
            if i > 0 {
                while open.last().is_some_and(|(folder, _)| *folder != entry.parent) {
                    open.pop();
                    nar.event(&Event::EndDirectory);
                }
                full.truncate(open.last().map_or(0, |(_, length)| *length));
                full.push(b'/');
                full.extend_from_slice(&entry.name);
            }
            let mut blocks = Vec::new();
            match &entry.node {
                Node::Directory => {
                    header(&mut blocks, &full, Member::Directory { mode: 0o555 });
                    self.expect_of(name, &blocks)?;
                    nar.event(&Event::Directory { name: &entry.name });
                    open.push((i, full.len()));
                }
                Node::Symlink { target } => {
                    header(&mut blocks, &full, Member::Symlink { target });
                    self.expect_of(name, &blocks)?;
                    nar.event(&Event::Symlink { name: &entry.name, target });
                }
                Node::File { executable, size, offset } => {
                    let mode = if *executable { 0o555 } else { 0o444 };
                    header(&mut blocks, &full, Member::File { mode, size: *size });
                    self.expect_of(name, &blocks)?;
                    if part + blocks.len() as u64 != *offset {
                        return Err(Error::mismatch(name, "a file does not begin where the index says"));
                    }
                    nar.event(&Event::File { name: &entry.name, executable: *executable, size: *size });
                    self.contents(*size, &mut nar)?;
                    nar.event(&Event::EndFile);
                    self.expect_of(name, padding(*size))?;
                    part += size + padding(*size).len() as u64;
                }
            }
            part += blocks.len() as u64;
        }
        open.iter().for_each(|_| nar.event(&Event::EndDirectory));
        if self.at != self.rest.len() || self.next != path.frames.end as usize {
            return Err(Error::mismatch(name, "its frames hold more than its files"));
        }
        check_nar(name, nar, path)
    }

    fn contents(&mut self, size: u64, nar: &mut NarHasher) -> Result<()> {
        let mut left = size;
        while left > 0 {
            let data = self.some(usize::try_from(left).unwrap_or(usize::MAX))?;
            left -= data.len() as u64;
            nar.event(&Event::Data(data));
        }
        Ok(())
    }

    fn expect_of(&mut self, path: &StorePath, bytes: &[u8]) -> Result<()> {
        self.compare(bytes)?
            .then_some(())
            .ok_or_else(|| Error::mismatch(path, "the layer holds other files than the index"))
    }

    fn expect(&mut self, bytes: &[u8], what: &str) -> Result<()> {
        self.compare(bytes)?.then_some(()).ok_or_else(|| self.mismatch(&format!("{what} is not as specified")))
    }

    fn compare(&mut self, mut bytes: &[u8]) -> Result<bool> {
        while !bytes.is_empty() {
            let data = self.some(bytes.len())?;
            let (now, later) = bytes.split_at(data.len());
            if data != now {
                return Ok(false);
            }
            bytes = later;
        }
        Ok(true)
    }

    /// The next bytes of the tar: at least one, at most `max`.
    fn some(&mut self, max: usize) -> Result<&[u8]> {
        if self.at == self.rest.len() {
            let frame = self.layer.frames.get(self.next).ok_or_else(|| self.mismatch("the layer ends too early"))?;
            let mut bytes = vec![0; frame.length as usize];
            self.file.read_exact(&mut bytes).map_err(Error::io("reading", &self.file_path))?;
            self.blob.update(&bytes);
            let tar = self.decoder.decode(frame, &bytes).map_err(|error| match (&self.owner, error) {
                (Some(path), Error::Mismatch { what, why }) => {
                    Error::mismatch(path, format!("{what} of its layer: {why}"))
                }
                (_, error) => error,
            })?;
            self.tar.update(tar);
            self.rest.clear();
            self.rest.extend_from_slice(tar);
            (self.at, self.next) = (0, self.next + 1);
        }
        let start = self.at;
        self.at = self.rest.len().min(start.saturating_add(max));
        Ok(&self.rest[start..self.at])
    }

    fn mismatch(&self, why: &str) -> Error {
        Error::mismatch(format!("layer sha256:{}", self.layer.digest.hex()), why)
    }
}

fn check_nar(name: &StorePath, nar: NarHasher, path: &SeedPath) -> Result<()> {
    let (hash, size): (Sha256Hash, u64) = nar.finish();
    if (hash, size) != (path.info.nar_hash, path.info.nar_size) {
        return Err(Error::mismatch(name, format!("its NAR hash is {hash}, not {}", path.info.nar_hash)));
    }
    Ok(())
}
