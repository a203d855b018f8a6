//! What a thread does next: a pure function of what has been done.
//!
//! Every thread can do everything: read a path, compress a chunk, put chunks that are compressed into the layers, which
//! is for one thread at a time and in order. A thread that reads pauses within the walk to do one of the others.
//!
//! Nothing can block. Only a lack of memory keeps a reader back, and what holds memory waits for the chunk whose turn it
//! is: that one may be read whatever the others hold. Paths are begun in order, so its path has a reader or is the next
//! to be begun; and whoever is kept back compresses what waits to be compressed.

use std::collections::BTreeMap;

use crate::Frame;
use crate::index::Entry;

/// A chunk's path, by its place in the row, and the chunk's place in the path.
pub(crate) type Key = (usize, u32);

/// A piece of a path's part of the tar.
pub(crate) struct Chunk {
    pub(crate) key: Key,
    pub(crate) tar: Vec<u8>,
    /// The path's entries, with its last chunk; the path is then known to be what Nix registered.
    pub(crate) end: Option<Vec<Entry>>,
}

/// A chunk and the frame that it makes.
pub(crate) struct Compressed {
    pub(crate) chunk: Chunk,
    pub(crate) bytes: Vec<u8>,
    pub(crate) frame: Frame,
}

impl Compressed {
    fn memory(&self) -> u64 {
        (self.chunk.tar.len() + self.bytes.len()) as u64
    }
}

/// What a thread does.
pub(crate) enum Step {
    /// Puts a chunk into the layers.
    Assemble(Compressed),
    /// Compresses a chunk.
    Compress(Chunk),
    /// Reads a path.
    Read(usize),
    /// Reads on.
    Fill,
    /// Waits until another thread has done something.
    Wait,
    /// Ends: all is done.
    End,
}

/// What is under way.
pub(crate) struct Schedule {
    /// How many paths there are, and how many of them have been begun.
    paths: usize,
    begun: usize,
    threads: usize,
    /// The length of a chunk in bytes.
    chunk: u64,
    /// The bytes that chunks and frames may fill, and those that they do, chunks that are being read included.
    memory: u64,
    held: u64,
    raw: BTreeMap<Key, Chunk>,
    compressed: BTreeMap<Key, Compressed>,
    /// The chunk that is put into the layers next, or right now.
    turn: Key,
    assembling: bool,
}

impl Schedule {
    pub(crate) fn new(paths: usize, threads: usize, chunk: usize, memory: u64) -> Self {
        Self {
            paths,
            begun: 0,
            threads,
            chunk: chunk as u64,
            memory,
            held: 0,
            raw: BTreeMap::new(),
            compressed: BTreeMap::new(),
            turn: (0, 0),
            assembling: false,
        }
    }

    /// The next step of a thread that reads nothing, or that is about to begin the chunk `reading`.
    pub(crate) fn next(&mut self, reading: Option<Key>) -> Step {
        if let Some(key) = reading
            && self.may_fill(key)
        {
            self.held += self.chunk;
            return Step::Fill;
        }
        // What is in order before what is ahead: that frees memory.
        if !self.assembling
            && let Some(chunk) = self.compressed.remove(&self.turn)
        {
            self.assembling = true;
            return Step::Assemble(chunk);
        }
        if let Some((_, chunk)) = self.raw.pop_first() {
            return Step::Compress(chunk);
        }
        if reading.is_none() {
            if self.turn.0 == self.paths {
                return Step::End;
            }
            if self.begun < self.paths && self.may_fill((self.begun, 0)) {
                self.held += self.chunk;
                self.begun += 1;
                return Step::Read(self.begun - 1);
            }
        }
        Step::Wait
    }

    /// The chunk whose turn it is may always be read. A path that is read ahead leaves room for a few chunks of the one
    /// whose turn it is. No reader hurries ahead of the compression: chunks are best taken while the processor's cache
    /// holds them.
    fn may_fill(&self, key: Key) -> bool {
        let needs = if key.0 == self.turn.0 { self.chunk } else { 4 * self.chunk };
        key == self.turn || (self.raw.len() < self.threads && self.held + needs <= self.memory)
    }

    /// Takes a chunk that has been read.
    pub(crate) fn read(&mut self, chunk: Chunk) {
        self.held -= self.chunk - chunk.tar.len() as u64;
        self.raw.insert(chunk.key, chunk);
    }

    /// Takes a chunk that has been compressed.
    pub(crate) fn compressed(&mut self, chunk: Compressed) {
        self.held += chunk.bytes.len() as u64;
        self.compressed.insert(chunk.chunk.key, chunk);
    }

    /// A chunk is in its layer; its buffer is free.
    pub(crate) fn assembled(&mut self, chunk: Compressed) -> Vec<u8> {
        self.held -= chunk.memory();
        self.assembling = false;
        self.turn = if chunk.chunk.end.is_some() { (self.turn.0 + 1, 0) } else { (self.turn.0, self.turn.1 + 1) };
        chunk.chunk.tar
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A thread of the test: what it does, and in which chunk of a path of so many it reads.
    #[derive(Default)]
    struct Thread {
        reading: Option<Key>,
        busy: Option<Step>,
    }

    fn chunk(key: Key, paths: &[u32]) -> Chunk {
        let end = (key.1 + 1 == paths[key.0]).then(Vec::new);
        Chunk { key, tar: vec![0; if end.is_some() { 3 } else { 10 }], end }
    }

    /// Lets threads go on as `choices` say, and then by turns; gives the order of what was put into layers.
    fn run(paths: &[u32], threads: usize, memory: u64, choices: &[prop::sample::Index]) -> Vec<Key> {
        let mut schedule = Schedule::new(paths.len(), threads, 10, memory);
        let mut all: Vec<Thread> = (0..threads).map(|_| Thread::default()).collect();
        let (mut order, mut waits) = (Vec::new(), 0);
        for round in 0.. {
            let thread = &mut all[choices.get(round).map_or(round % threads, |choice| choice.index(threads))];
            waits += 1;
            match thread.busy.take() {
                Some(Step::Assemble(chunk)) => {
                    order.push(chunk.chunk.key);
                    schedule.assembled(chunk);
                }
                Some(Step::Compress(chunk)) => {
                    let sha256 = nix_seed_store::Sha256Hash([0; 32]);
                    let frame = Frame { offset: 0, length: 4, tar_length: chunk.tar.len() as u32, sha256 };
                    schedule.compressed(Compressed { chunk, bytes: vec![0; 4], frame });
                }
                Some(Step::Read(path)) => {
                    schedule.read(chunk((path, 0), paths));
                    thread.reading = (paths[path] > 1).then_some((path, 1));
                }
                Some(Step::Fill) => {
                    let (path, at) = thread.reading.unwrap();
                    schedule.read(chunk((path, at), paths));
                    thread.reading = (at + 1 < paths[path]).then_some((path, at + 1));
                }
                _ => match schedule.next(thread.reading) {
                    Step::Wait => {}
                    Step::End => return order,
                    step => {
                        thread.busy = Some(step);
                        waits = 0;
                    }
                },
            }
            // The most that only its exemption lets the path whose turn it is hold, and frames that were not foreseen.
            let frames = schedule.compressed.len() + usize::from(schedule.assembling);
            assert!(schedule.held <= memory + 10 + 4 * frames as u64, "{} bytes are held", schedule.held);
            assert!(waits <= choices.len() + 2 * threads, "all threads wait");
        }
        order
    }

    proptest! {
        #[test]
        fn every_chunk_takes_its_turn_whatever_threads_do(
            paths in prop::collection::vec(1u32..9, 0..12),
            threads in 1usize..6,
            memory in 0u64..300,
            choices in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
        ) {
            let all: Vec<Key> =
                paths.iter().enumerate().flat_map(|(path, chunks)| (0..*chunks).map(move |at| (path, at))).collect();
            prop_assert_eq!(run(&paths, threads, memory, &choices), all);
        }
    }
}
