//! A store path's part of a layer's tar.

use nix_seed_store::{Event, STORE_DIR};

use crate::Result;
use crate::index::{Entry, Node};
use crate::tar_stream::{Member, header, padding};

/// A path's part of the tar, in chunks, and its entries.
pub(crate) struct TarPart {
    /// The name of the entry at hand, from the image's root.
    name: Vec<u8>,
    /// The open folders: their entries, and the lengths of their names.
    open: Vec<(u32, usize)>,
    entries: Vec<Entry>,
    /// The length of every chunk but the last, in bytes.
    length: usize,
    chunk: Vec<u8>,
    handed_over: u64,
}

/// Takes a chunk, and gives an empty buffer for the next one.
pub(crate) type HandOver<'a> = &'a mut dyn FnMut(Vec<u8>) -> Result<Vec<u8>>;

impl TarPart {
    /// The part of the path of this name. Its chunks have `length` bytes; the first one is put into `first`.
    pub(crate) fn new(base_name: &str, length: usize, first: Vec<u8>) -> Self {
        let name = [&STORE_DIR[1..], "/", base_name].concat().into_bytes();
        Self { name, open: Vec::new(), entries: Vec::new(), length, chunk: first, handed_over: 0 }
    }

    pub(crate) fn event(&mut self, event: &Event<'_>, hand_over: HandOver<'_>) -> Result<()> {
        match *event {
            Event::Directory { name } => {
                self.member(name, Member::Directory { mode: 0o555 }, hand_over)?;
                let folder = self.entries.len() as u32;
                self.enter(name, Node::Directory);
                self.open.push((folder, self.name.len()));
            }
            Event::EndDirectory => {
                self.open.pop();
            }
            Event::File { name, executable, size } => {
                let mode = if executable { 0o555 } else { 0o444 };
                self.member(name, Member::File { mode, size }, hand_over)?;
                self.enter(name, Node::File { executable, size, offset: self.size() });
            }
            Event::Data(data) => self.append(data, hand_over)?,
            // Headers fill whole blocks, so what is missing to one is missing to the contents.
            Event::EndFile => self.append(padding(self.size()), hand_over)?,
            Event::Symlink { name, target } => {
                self.member(name, Member::Symlink { target }, hand_over)?;
                self.enter(name, Node::Symlink { target: target.into() });
            }
        }
        Ok(())
    }

    /// The last chunk, which is never empty, and the entries.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<Entry>) {
        (self.chunk, self.entries)
    }

    /// Writes the header of what lies as `name` in the open folder.
    fn member(&mut self, name: &[u8], member: Member<'_>, hand_over: HandOver<'_>) -> Result<()> {
        if let Some((_, length)) = self.open.last() {
            self.name.truncate(*length);
            self.name.push(b'/');
            self.name.extend_from_slice(name);
        }
        let mut blocks = Vec::with_capacity(512);
        header(&mut blocks, &self.name, member);
        self.append(&blocks, hand_over)
    }

    fn enter(&mut self, name: &[u8], node: Node) {
        let parent = self.open.last().map_or(0, |(folder, _)| *folder);
        self.entries.push(Entry { parent, name: name.into(), node });
    }

    /// The length of the part so far, in bytes.
    fn size(&self) -> u64 {
        self.handed_over + self.chunk.len() as u64
    }

    fn append(&mut self, mut bytes: &[u8], hand_over: HandOver<'_>) -> Result<()> {
        while !bytes.is_empty() {
            // Only now is it certain that a full chunk is not the last.
            if self.chunk.len() == self.length {
                self.handed_over += self.length as u64;
                self.chunk = hand_over(std::mem::take(&mut self.chunk))?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.length - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }
}
