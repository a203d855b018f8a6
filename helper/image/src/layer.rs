//! A group's layers: what one derivation of `mkSeed`'s `layers` writes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix_seed_store::{Closure, STORE_DIR, Sha256Hash};
use sha2::{Digest, Sha256};

use crate::frame::{Decoder, Encoder};
use crate::index::{Index, Layer, SeedPath};
use crate::layout::blob_path;
use crate::output::{create_dir, write};
use crate::pack::{Packed, pack};
use crate::partition::{Piece, split};
use crate::tar_stream::{END, Member, header};
use crate::{Error, Frame, Result, parallel, threads};

/// The name of a group's index in its folder, beside `blobs`.
pub const GROUP_INDEX: &str = "index";

/// Where store paths come from, and how they are laid down.
pub struct Group<'a> {
    /// The group's name, for people: "toolchain".
    pub name: &'a str,
    /// The most layers that it may have.
    pub max_layers: usize,
    /// The folder that `/nix/store` is below; `/` but in tests.
    pub root: &'a Path,
    /// How many threads work.
    pub threads: usize,
}

impl<'a> Group<'a> {
    /// A group of this machine's store, with as many threads as there are cores.
    pub fn new(name: &'a str, max_layers: usize) -> Self {
        Self { name, max_layers, root: Path::new("/"), threads: threads() }
    }

    /// Writes the layers of `closure` into the folder `out`, which it creates: blobs below `blobs/sha256`, and
    /// [`GROUP_INDEX`].
    ///
    /// Needs room for the compressed closure twice. Memory does not grow with the closure but for its index.
    pub fn write(&self, closure: &Closure, out: &Path) -> Result<Index> {
        create_dir(&out.join("blobs/sha256"))?;
        let spool_path = out.join("spool");
        let spool = File::options().read(true).write(true).create_new(true).open(&spool_path);
        let spool = spool.map_err(Error::io("creating", &spool_path))?;
        // The file lives on without its name, and a killed run leaves none.
        std::fs::remove_file(&spool_path).map_err(Error::io("removing", &spool_path))?;

        let paths: Vec<_> = closure.iter().collect();
        let packed = pack(&paths, self.root, &spool, &spool_path, self.threads)?;
        let pieces = packed.iter().map(|path| Piece { path: path.info.path.clone(), size: path.size() }).collect();
        let mut packed: HashMap<_, _> = packed.into_iter().map(|path| (path.info.path.clone(), path)).collect();
        let rows: Vec<Vec<Packed>> = split(pieces, self.max_layers)
            .into_iter()
            .map(|layer| layer.into_iter().filter_map(|piece| packed.remove(&piece.path)).collect())
            .collect();

        let ends = (edge(&parents())?, edge(&END)?);
        let blobs = out.join("blobs/sha256");
        let layers = parallel::map(&rows, self.threads, |i, row| {
            let mut layer = Writer::create(&blobs.join(format!(".layer-{i}")))?;
            layer.frame(&ends.0.0, &ends.0.1)?;
            for frame in row.iter().flat_map(|path| &path.frames) {
                let mut bytes = vec![0; frame.length as usize];
                spool.read_exact_at(&mut bytes, frame.offset).map_err(Error::io("reading", &spool_path))?;
                layer.frame(&bytes, frame)?;
            }
            layer.frame(&ends.1.0, &ends.1.1)?;
            layer.finish(self.name, out)
        })?;
        let index = index(rows, layers);
        write(&out.join(GROUP_INDEX), &index.encode_readable()?)?;
        Ok(index)
    }
}

/// The index of a group that [`Group::write`] wrote.
pub fn read_index(group: &Path) -> Result<Index> {
    let path = group.join(GROUP_INDEX);
    Index::decode(&std::fs::read(&path).map_err(Error::io("reading", &path))?)
}

fn index(rows: Vec<Vec<Packed>>, layers: Vec<Layer>) -> Index {
    let mut paths = Vec::new();
    for (layer, row) in (0u32..).zip(rows) {
        // The first frame of every layer holds the parent folders.
        let mut start = 1;
        for Packed { info, entries, frames } in row {
            let end = start + frames.len() as u32;
            paths.push(SeedPath { info, layer, frames: start..end, entries });
            start = end;
        }
    }
    paths.sort_unstable_by(|a, b| a.info.path.cmp(&b.info.path));
    Index { layers, paths }
}

/// The members that hold store paths: `nix/` and `nix/store/`.
pub(crate) fn parents() -> Vec<u8> {
    let mut tar = Vec::new();
    header(&mut tar, b"nix", Member::Directory { mode: 0o755 });
    header(&mut tar, &STORE_DIR.as_bytes()[1..], Member::Directory { mode: 0o755 });
    tar
}

/// The frame of a layer's beginning or end.
fn edge(tar: &[u8]) -> Result<(Vec<u8>, Frame)> {
    Encoder::new()?.encode(tar)
}

/// Writes one layer's blob from frames that are compressed already, and hashes both its sides.
///
/// To hash the tar, every frame is decompressed again: no frame is published that does not read back.
struct Writer {
    file: BufWriter<File>,
    path: PathBuf,
    blob: Sha256,
    tar: Sha256,
    decoder: Decoder,
    frames: Vec<Frame>,
    size: u64,
    tar_size: u64,
}

impl Writer {
    fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(Error::io("creating", path))?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, file),
            path: path.into(),
            blob: Sha256::new(),
            tar: Sha256::new(),
            decoder: Decoder::new()?,
            frames: Vec::new(),
            size: 0,
            tar_size: 0,
        })
    }

    fn frame(&mut self, bytes: &[u8], frame: &Frame) -> Result<()> {
        self.tar.update(self.decoder.decode(frame, bytes)?);
        self.blob.update(bytes);
        self.file.write_all(bytes).map_err(Error::io("writing", &self.path))?;
        self.frames.push(Frame { offset: self.size, ..*frame });
        self.size += u64::from(frame.length);
        self.tar_size += u64::from(frame.tar_length);
        Ok(())
    }

    fn finish(mut self, group: &str, out: &Path) -> Result<Layer> {
        self.file.flush().map_err(Error::io("writing", &self.path))?;
        let digest = Sha256Hash(self.blob.finalize().into());
        let target = blob_path(out, &digest);
        std::fs::rename(&self.path, &target).map_err(Error::io("renaming to", &target))?;
        Ok(Layer {
            group: group.into(),
            digest,
            size: self.size,
            diff_id: Sha256Hash(self.tar.finalize().into()),
            tar_size: self.tar_size,
            frames: self.frames,
        })
    }
}
