//! A store path's part of a layer's tar.

use nix_seed_store::{Event, STORE_DIR};

use crate::Result;
use crate::index::{Entry, Node};
use crate::tar_stream::{Member, header, padding};

/// A path's part of the tar, in pieces, and its entries.
pub(crate) struct TarPart {
    /// The name of the entry at hand, from the image's root.
    name: Vec<u8>,
    /// The open folders: their entries, and the lengths of their names.
    open: Vec<(u32, usize)>,
    entries: Vec<Entry>,
    /// What is still to come of the open file's contents, and the padding after them.
    file: Option<(u64, &'static [u8])>,
    /// The length of every piece but the last, in bytes.
    length: usize,
    piece: Vec<u8>,
    handed_over: u64,
}

/// Takes a piece, and gives an empty buffer for the next one.
pub(crate) type HandOver<'a> = &'a mut dyn FnMut(Vec<u8>) -> Result<Vec<u8>>;

impl TarPart {
    /// The part of the path of this name. Its pieces have `length` bytes; the first one is put into `piece`.
    pub(crate) fn new(base_name: &str, length: usize, piece: Vec<u8>) -> Self {
        let name = [&STORE_DIR[1..], "/", base_name].concat().into_bytes();
        Self { name, open: Vec::new(), entries: Vec::new(), file: None, length, piece, handed_over: 0 }
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
                let offset = self.handed_over + self.piece.len() as u64;
                self.enter(name, Node::File { executable, size, offset });
                self.file = Some((size, padding(size)));
                self.end_of_contents(hand_over)?;
            }
            Event::Data(data) => {
                self.append(data, hand_over)?;
                if let Some((left, _)) = &mut self.file {
                    *left = left.saturating_sub(data.len() as u64);
                }
                self.end_of_contents(hand_over)?;
            }
            Event::Symlink { name, target } => {
                self.member(name, Member::Symlink { target }, hand_over)?;
                self.enter(name, Node::Symlink { target: target.into() });
            }
        }
        Ok(())
    }

    /// The last piece, which is never empty, and the entries.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<Entry>) {
        (self.piece, self.entries)
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

    fn end_of_contents(&mut self, hand_over: HandOver<'_>) -> Result<()> {
        if let Some((0, padding)) = self.file {
            self.file = None;
            self.append(padding, hand_over)?;
        }
        Ok(())
    }

    fn append(&mut self, mut bytes: &[u8], hand_over: HandOver<'_>) -> Result<()> {
        while !bytes.is_empty() {
            // Only now is it certain that a full piece is not the last.
            if self.piece.len() == self.length {
                self.handed_over += self.length as u64;
                self.piece = hand_over(std::mem::take(&mut self.piece))?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.length - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }
}
