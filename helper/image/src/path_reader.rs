//! Store paths out of the frames of a layer, each checked against the index while it is read.

use std::io::Read;

use nix_seed_store::{Event, NarHasher, STORE_DIR, StorePath};
use sha2::{Digest, Sha256};

use crate::frame::Decoder;
use crate::index::{Index, Node, SeedPath};
use crate::tar_stream::{Member, header, padding};
use crate::{Error, Frame, Result};

/// Reads store paths out of a stream of frames.
///
/// The tar is not parsed: it has to be, byte for byte, the one that the index describes, so nothing can hide in it; and
/// what it holds has to have the NAR hash that the index gives.
pub struct PathReader<R> {
    frames: Frames<R>,
}

impl<R: Read> PathReader<R> {
    /// A reader of the frames that `source` yields, one after the other and nothing between them. `name` is how errors
    /// call their layer.
    pub fn new(name: String, source: R) -> Result<Self> {
        Ok(Self { frames: Frames::new(name, source)? })
    }

    /// Reads `path`, whose first frame is what comes next, and hands every step to `sink`. What the steps were, is
    /// believed only when this has succeeded.
    pub fn read<E: From<Error>>(
        &mut self,
        index: &Index,
        path: &SeedPath,
        sink: &mut impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.frames.read_path(index.frames(path), path, sink)
    }
}

/// The tar in frames, read from their compressed bytes.
pub(crate) struct Frames<R> {
    name: String,
    source: R,
    decoder: Decoder,
    compressed: Vec<u8>,
    /// What is left of the frame that was read last.
    rest: Vec<u8>,
    at: usize,
    /// The store path that is being read, to be named when its bytes are wrong.
    owner: Option<StorePath>,
    /// The hash of all tar that was read, for whoever asks for it.
    tar: Option<Sha256>,
}

impl<R: Read> Frames<R> {
    pub(crate) fn new(name: String, source: R) -> Result<Self> {
        let decoder = Decoder::new()?;
        Ok(Self { name, source, decoder, compressed: Vec::new(), rest: Vec::new(), at: 0, owner: None, tar: None })
    }

    /// As [`new`](Self::new), and all tar is hashed.
    pub(crate) fn hashing(name: String, source: R) -> Result<Self> {
        Ok(Self { tar: Some(Sha256::new()), ..Self::new(name, source)? })
    }

    /// The source, and the hash of all tar.
    pub(crate) fn finish(self) -> (R, Option<Sha256>) {
        (self.source, self.tar)
    }

    /// Reads `frames`, which are `path`'s own.
    pub(crate) fn read_path<E: From<Error>>(
        &mut self,
        mut frames: &[Frame],
        path: &SeedPath,
        sink: &mut impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let name = &path.info.path;
        self.owner = Some(name.clone());
        let frames = &mut frames;
        let mut nar = NarHasher::new();
        let mut event = |event: Event<'_>| {
            nar.event(&event);
            sink(&event)
        };
        let mut part = 0;
        // The folders that are open, each with the length of its name.
        let mut open: Vec<(u32, usize)> = Vec::new();
        let mut full = [&STORE_DIR.as_bytes()[1..], b"/", name.base_name().as_bytes()].concat();
        let mut blocks = Vec::new();
        for (i, entry) in (0u32..).zip(&path.entries) {
            if i > 0 {
                while open.last().is_some_and(|(folder, _)| *folder != entry.parent) {
                    open.pop();
                    event(Event::EndDirectory)?;
                }
                full.truncate(open.last().map_or(0, |(_, length)| *length));
                full.push(b'/');
                full.extend_from_slice(&entry.name);
            }
            blocks.clear();
            let member = match &entry.node {
                Node::Directory => Member::Directory { mode: 0o555 },
                Node::Symlink { target } => Member::Symlink { target },
                Node::File { executable, size, .. } => {
                    Member::File { mode: if *executable { 0o555 } else { 0o444 }, size: *size }
                }
            };
            header(&mut blocks, &full, member);
            self.expect_of(frames, &blocks)?;
            part += blocks.len() as u64;
            match &entry.node {
                Node::Directory => {
                    event(Event::Directory { name: &entry.name })?;
                    open.push((i, full.len()));
                }
                Node::Symlink { target } => event(Event::Symlink { name: &entry.name, target })?,
                Node::File { executable, size, offset } => {
                    if part != *offset {
                        return Err(self.mismatch("a file does not begin where the index says").into());
                    }
                    event(Event::File { name: &entry.name, executable: *executable, size: *size })?;
                    let mut left = *size;
                    while left > 0 {
                        let data = self.some(frames, usize::try_from(left).unwrap_or(usize::MAX))?;
                        left -= data.len() as u64;
                        event(Event::Data(data))?;
                    }
                    event(Event::EndFile)?;
                    self.expect_of(frames, padding(*size))?;
                    part += size + padding(*size).len() as u64;
                }
            }
        }
        for _ in open {
            event(Event::EndDirectory)?;
        }
        if !frames.is_empty() || !self.is_between_frames() {
            return Err(self.mismatch("its frames hold more than its files").into());
        }
        let (hash, size) = nar.finish();
        if (hash, size) != (path.info.nar_hash, path.info.nar_size) {
            return Err(self.mismatch(&format!("its NAR hash is {hash}, not {}", path.info.nar_hash)).into());
        }
        self.owner = None;
        Ok(())
    }

    /// Whether all of the frames that were read has been used.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.at == self.rest.len()
    }

    /// Refuses `frames` whose tar is not `bytes`.
    pub(crate) fn expect(&mut self, mut frames: &[Frame], bytes: &[u8], what: &str) -> Result<()> {
        let frames = &mut frames;
        if !self.is_equal(frames, bytes)? {
            return Err(self.mismatch(&format!("{what} is not as specified")));
        }
        if !frames.is_empty() || !self.is_between_frames() {
            return Err(self.mismatch(&format!("{what} is not as specified: something follows it")));
        }
        Ok(())
    }

    fn expect_of(&mut self, frames: &mut &[Frame], bytes: &[u8]) -> Result<()> {
        if self.is_equal(frames, bytes)? {
            return Ok(());
        }
        Err(self.mismatch("the layer holds other files than the index"))
    }

    fn is_equal(&mut self, frames: &mut &[Frame], mut bytes: &[u8]) -> Result<bool> {
        while !bytes.is_empty() {
            let data = self.some(frames, bytes.len())?;
            let (now, later) = bytes.split_at(data.len());
            if data != now {
                return Ok(false);
            }
            bytes = later;
        }
        Ok(true)
    }

    /// The next bytes of the tar: at least one, at most `max`. What is read of `frames` is taken from them.
    fn some(&mut self, frames: &mut &[Frame], max: usize) -> Result<&[u8]> {
        if self.is_between_frames() {
            let Some((frame, later)) = frames.split_first() else {
                return Err(self.mismatch("the layer ends too early"));
            };
            *frames = later;
            self.compressed.resize(frame.length as usize, 0);
            self.source.read_exact(&mut self.compressed).map_err(Error::io("reading", &self.name))?;
            let who = self.who();
            let tar = self.decoder.decode(frame, &self.compressed).map_err(|error| match error {
                Error::Mismatch { what, why } => Error::mismatch(who, format!("{what} of its layer: {why}")),
                error => error,
            })?;
            if let Some(hash) = &mut self.tar {
                hash.update(tar);
            }
            self.rest.clear();
            self.rest.extend_from_slice(tar);
            self.at = 0;
        }
        let start = self.at;
        self.at = self.rest.len().min(start.saturating_add(max));
        Ok(&self.rest[start..self.at])
    }

    /// What errors name: the store path, or the layer where none is being read.
    fn who(&self) -> String {
        self.owner.as_ref().map_or_else(|| self.name.clone(), ToString::to_string)
    }

    fn mismatch(&self, why: &str) -> Error {
        Error::mismatch(self.who(), why)
    }
}
