//! From store paths to frames: read once, hashed, cut, compressed on all cores, and laid down in a spool file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use nix_seed_store::{Event, NarHasher, PathInfo, STORE_DIR, StorePath, walk};

use crate::frame::Encoder;
use crate::index::{Entry, Node};
use crate::parallel::run_all;
use crate::tar_stream::{Member, header, is_whiteout, padding};
use crate::{Error, FRAME_MAX, Frame, Result};

/// A store path whose frames lie in the spool.
pub struct Packed {
    /// What Nix knows of the path; its NAR hash has been compared with what was read.
    pub info: PathInfo,
    /// Its entries, for the index.
    pub entries: Vec<Entry>,
    /// Its frames in order; the offsets are the spool's.
    pub frames: Vec<Frame>,
}

impl Packed {
    /// The compressed length in bytes.
    pub fn size(&self) -> u64 {
        self.frames.iter().map(|frame| u64::from(frame.length)).sum()
    }
}

/// Packs `paths`, which lie below `root`, into `spool`, in any order there; the result has the order of `paths`.
///
/// Large paths begin first, and a core that finds no path left compresses frames of the others, so all cores are busy
/// to the end whatever the sizes. At most three frames per thread are in memory.
pub fn pack(paths: &[&PathInfo], root: &Path, spool: &File, spool_path: &Path, threads: usize) -> Result<Vec<Packed>> {
    let mut order: Vec<usize> = (0..paths.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(paths[*i].nar_size));
    // Without capacity a chunk changes hands only when another thread waits for one.
    let (to_idle, from_busy) = crossbeam_channel::bounded(0);
    let (to_result, results) = crossbeam_channel::unbounded();
    let spool = Spool { file: spool, path: spool_path, end: AtomicU64::new(0) };
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work: Vec<_> = (0..threads.max(1))
        .map(|_| {
            let worker = Worker { spool: &spool, stop: &stop, chunks: to_idle.clone(), results: to_result.clone() };
            let (order, next, stop, from_busy) = (&order, &next, &stop, from_busy.clone());
            move || {
                let done = worker.work(paths, root, order, next, from_busy);
                if done.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                done
            }
        })
        .collect();
    drop((to_idle, to_result, from_busy));
    run_all(work)?;
    collect(paths, results)
}

/// Puts together what the threads have said, which comes in any order.
fn collect(paths: &[&PathInfo], results: Receiver<Done>) -> Result<Vec<Packed>> {
    let mut entries: Vec<Vec<Entry>> = paths.iter().map(|_| Vec::new()).collect();
    let mut frames: Vec<Vec<(u32, Frame)>> = paths.iter().map(|_| Vec::new()).collect();
    for done in results {
        match done {
            Done::Path(i, found) => entries[i] = found,
            Done::Frame(i, at, frame) => frames[i].push((at, frame)),
        }
    }
    let whole = entries.into_iter().zip(frames).zip(paths).map(|((entries, mut frames), info)| {
        frames.sort_unstable_by_key(|(at, _)| *at);
        Packed { info: (*info).clone(), entries, frames: frames.into_iter().map(|(_, frame)| frame).collect() }
    });
    Ok(whole.collect())
}

enum Done {
    Path(usize, Vec<Entry>),
    Frame(usize, u32, Frame),
}

/// A piece of a path's part of the tar: which path, which place, the bytes.
struct Chunk(usize, u32, Vec<u8>);

struct Spool<'a> {
    file: &'a File,
    path: &'a Path,
    end: AtomicU64,
}

impl Spool<'_> {
    fn append(&self, bytes: &[u8]) -> Result<u64> {
        let offset = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.file.write_all_at(bytes, offset).map_err(Error::io("writing", self.path))?;
        Ok(offset)
    }
}

struct Worker<'a> {
    spool: &'a Spool<'a>,
    stop: &'a AtomicBool,
    chunks: Sender<Chunk>,
    results: Sender<Done>,
}

impl Worker<'_> {
    fn work(
        self,
        paths: &[&PathInfo],
        root: &Path,
        order: &[usize],
        next: &AtomicUsize,
        from_busy: Receiver<Chunk>,
    ) -> Result<()> {
        let mut encoder = Encoder::new()?;
        while let Some(i) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            self.path(*i, paths[*i], root, &mut encoder)?;
        }
        let Self { spool, chunks, results, stop } = self;
        // The last thread to drop its sender ends the others' wait.
        drop(chunks);
        for chunk in from_busy {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            compress(chunk, &mut encoder, spool, &results)?;
        }
        Ok(())
    }

    fn path(&self, i: usize, info: &PathInfo, root: &Path, encoder: &mut Encoder) -> Result<()> {
        let mut nar = NarHasher::new();
        let mut part = TarPart::new(info.path.base_name().as_bytes(), info.nar_size);
        let mut at = 0;
        let mut hand_over = |bytes: Vec<u8>| {
            let chunk = Chunk(i, at, bytes);
            at += 1;
            match self.chunks.try_send(chunk) {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(chunk) | TrySendError::Disconnected(chunk)) => {
                    compress(chunk, encoder, self.spool, &self.results)
                }
            }
        };
        walk(&info.path.below(root), &mut |event| {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            refuse_whiteout(&info.path, &event)?;
            nar.event(&event);
            part.event(&event, &mut hand_over)
        })?;
        let entries = part.finish(&mut hand_over)?;
        let (found, found_size) = nar.finish();
        if (found, found_size) != (info.nar_hash, info.nar_size) {
            let (expected, expected_size) = (info.nar_hash, info.nar_size);
            return Err(Error::NarHash { path: info.path.clone(), found, found_size, expected, expected_size });
        }
        let _ = self.results.send(Done::Path(i, entries));
        Ok(())
    }
}

/// No image can hold a file that every client takes for an order to delete another.
fn refuse_whiteout(path: &StorePath, event: &Event<'_>) -> Result<()> {
    match event {
        Event::Directory { name } | Event::File { name, .. } | Event::Symlink { name, .. } if is_whiteout(name) => {
            Err(Error::Whiteout { path: path.clone(), name: String::from_utf8_lossy(name).into() })
        }
        _ => Ok(()),
    }
}

fn compress(Chunk(i, at, tar): Chunk, encoder: &mut Encoder, spool: &Spool<'_>, results: &Sender<Done>) -> Result<()> {
    let (bytes, frame) = encoder.encode(&tar)?;
    let offset = spool.append(&bytes)?;
    let _ = results.send(Done::Frame(i, at, Frame { offset, ..frame }));
    Ok(())
}

/// A path's part of the tar, in pieces of [`FRAME_MAX`] bytes, and its entries.
struct TarPart {
    /// The name of the entry at hand, from the image's root.
    name: Vec<u8>,
    /// The open folders: their entries, and the lengths of their names.
    open: Vec<(u32, usize)>,
    entries: Vec<Entry>,
    /// What is still to come of the open file's contents, and the padding after them.
    file: Option<(u64, &'static [u8])>,
    piece: Vec<u8>,
    handed_over: u64,
}

type HandOver<'a> = &'a mut dyn FnMut(Vec<u8>) -> Result<()>;

impl TarPart {
    fn new(base_name: &[u8], nar_size: u64) -> Self {
        let name = [&STORE_DIR.as_bytes()[1..], b"/", base_name].concat();
        // A tar is a little larger than a NAR; one allocation serves most paths.
        let piece = Vec::with_capacity(FRAME_MAX.min(usize::try_from(nar_size).unwrap_or(FRAME_MAX).saturating_mul(2)));
        Self { name, open: Vec::new(), entries: Vec::new(), file: None, piece, handed_over: 0 }
    }

    fn event(&mut self, event: &Event<'_>, hand_over: HandOver<'_>) -> Result<()> {
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

    fn finish(mut self, hand_over: HandOver<'_>) -> Result<Vec<Entry>> {
        if !self.piece.is_empty() {
            hand_over(std::mem::take(&mut self.piece))?;
        }
        Ok(self.entries)
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
            let (now, later) = bytes.split_at(bytes.len().min(FRAME_MAX - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == FRAME_MAX {
                self.handed_over += FRAME_MAX as u64;
                hand_over(std::mem::replace(&mut self.piece, Vec::with_capacity(FRAME_MAX)))?;
            }
        }
        Ok(())
    }
}
