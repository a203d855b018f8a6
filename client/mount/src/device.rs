//! One file that looks like a block device with an EROFS on it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use nix_seed_erofs::{Entry, Node, Options, write};
use nix_seed_frames::Error as ReadError;
use nix_seed_image::index::Node as SeedNode;

use crate::{Contents, Result};

/// The time of all files, in seconds since 1970, as in every Nix store.
const TIME: u64 = 1;

/// The device: metadata, then the contents of files, each from a block on.
pub(crate) struct Device {
    contents: Arc<Contents>,
    metadata: Vec<u8>,
    size: u64,
    /// Files that hold something, sorted by where they begin.
    files: Vec<Placed>,
}

struct Placed {
    start: u64,
    path: u32,
    entry: u32,
}

impl Device {
    /// A device with a folder `store`, which holds the seed's paths; all belongs to `owner`.
    pub(crate) fn new(contents: Arc<Contents>, owner: (u32, u32)) -> Result<Self> {
        let seed = contents.seed.clone();
        let folder = Node::Directory { mode: 0o755 };
        let mut entries =
            vec![Entry { parent: 0, name: b"", node: folder }, Entry { parent: 0, name: b"store", node: folder }];
        let mut origins = vec![(0, 0); 2];
        for (position, path) in (0..).zip(&seed.index.paths) {
            let first = entries.len() as u32;
            for (number, entry) in (0..).zip(&path.entries) {
                let (parent, name) = match number {
                    0 => (1, path.info.path.base_name().as_bytes()),
                    _ => (first + entry.parent, &*entry.name),
                };
                entries.push(Entry { parent, name, node: node(&entry.node) });
                origins.push((position, number));
            }
        }
        let digest = contents.seed.documents.digest.0;
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&digest[..16]);
        let options = Options { owner, time: TIME, uuid, volume: *b"nix-seed\0\0\0\0\0\0\0\0" };
        let image = write(&entries, &options, &order(&contents, &origins))?;
        let placed = image.data.iter().zip(&origins).filter(|(start, _)| **start > 0);
        let mut files: Vec<_> =
            placed.map(|(start, (path, entry))| Placed { start: *start, path: *path, entry: *entry }).collect();
        files.sort_unstable_by_key(|file| file.start);
        drop(entries);
        Ok(Self { contents, metadata: image.metadata, size: image.size, files })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Fills `buffer` with the bytes from `offset` on; zeros stand behind the end.
    pub(crate) fn read(&self, mut offset: u64, mut buffer: &mut [u8]) -> Result<(), ReadError> {
        let asked = Instant::now();
        let metadata = usize::try_from(offset).ok().and_then(|offset| self.metadata.get(offset..)).unwrap_or_default();
        let held = metadata.len().min(buffer.len());
        let (now, later) = buffer.split_at_mut(held);
        now.copy_from_slice(metadata.get(..held).unwrap_or_default());
        (buffer, offset) = (later, offset + held as u64);
        let mut at = self.files.partition_point(|file| file.start <= offset).saturating_sub(1);
        self.expect(at, offset..offset.saturating_add(buffer.len() as u64));
        while !buffer.is_empty() {
            let Some(file) = self.files.get(at).filter(|file| file.start <= offset) else {
                buffer.fill(0);
                return Ok(());
            };
            at += 1;
            let end = self.files.get(at).map_or(self.size.max(offset), |next| next.start);
            let length = usize::try_from(end - offset).unwrap_or(usize::MAX).min(buffer.len());
            let (now, later) = buffer.split_at_mut(length);
            self.contents.read(file.path, file.entry, offset - file.start, now, asked)?;
            (buffer, offset) = (later, offset + length as u64);
            if length == 0 && self.files.get(at).is_none() {
                buffer.fill(0);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Says what will be read of these bytes, of which the first are of the file at `at`.
    fn expect(&self, at: usize, bytes: Range<u64>) {
        let files = self.files.get(at..).unwrap_or_default().iter().take_while(|file| file.start < bytes.end);
        self.contents.expect(files.map(|file| {
            let from = bytes.start.max(file.start);
            (file.path, file.entry, from - file.start, bytes.end - from)
        }));
    }
}

/// The entries in the order in which the contents of files are to lie; what is no file has none.
fn order(contents: &Contents, origins: &[(u32, u32)]) -> Vec<u32> {
    let mut files: Vec<_> = contents.rank(origins.iter().copied()).into_iter().zip(0..).collect();
    files.sort_unstable();
    files.into_iter().map(|(_, entry)| entry).collect()
}

fn node(node: &SeedNode) -> Node<'_> {
    match node {
        SeedNode::Directory => Node::Directory { mode: 0o555 },
        SeedNode::File { executable, size, .. } => {
            Node::File { mode: if *executable { 0o555 } else { 0o444 }, size: *size }
        }
        SeedNode::Symlink { target } => Node::Symlink { target },
    }
}

#[cfg(test)]
mod tests;
