//! What a thread does next: a pure function of what has been done.
//!
//! Every thread can do everything: read a path, compress a chunk, put chunks that are compressed into the layers, which
//! is for one thread at a time and in order. A thread that reads pauses within the walk to do one of the others.
//!
//! Nothing can block. A reader is kept back by chunks that wait to be compressed, and then compresses one itself; or by
//! a lack of memory, and what holds memory waits for the chunk whose turn it is: that one may be read whatever the others
//! hold. Paths are begun in order, so its path has a reader or is the next to be begun.

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

/// What a thread does that reads nothing.
pub(crate) enum Idle {
    /// Does this.
    Do(Task),
    /// Reads a path.
    Read(usize),
    /// Ends: all is done.
    End,
}

/// What a thread does that is about to read a path's next chunk.
pub(crate) enum Reading {
    /// Does this first.
    Do(Task),
    /// Reads on.
    Fill,
}

/// What may interrupt the reading of a path.
pub(crate) enum Task {
    /// Puts a chunk into the layers.
    Assemble(Compressed),
    /// Compresses a chunk.
    Compress(Chunk),
}

/// What is under way.
pub(crate) struct Schedule {
    /// How many paths there are, and how many of them have been begun.
    paths: usize,
    begun: usize,
    threads: usize,
    /// The most bytes of a chunk, and of its frame.
    chunk: u64,
    frame: u64,
    /// The bytes that chunks, frames and spare buffers may fill, and those that chunks and frames do or may come to.
    memory: u64,
    held: u64,
    /// Buffers for whole chunks. Kept only while there is room.
    spare: Vec<Vec<u8>>,
    raw: BTreeMap<Key, Chunk>,
    compressed: BTreeMap<Key, Compressed>,
    /// The chunk that is put into the layers next, or right now.
    turn: Key,
    assembling: bool,
}

impl Schedule {
    pub(crate) fn new(paths: usize, threads: usize, chunk: usize, frame: usize, memory: u64) -> Self {
        Self {
            paths,
            begun: 0,
            threads,
            chunk: chunk as u64,
            frame: frame as u64,
            memory,
            held: 0,
            spare: Vec::new(),
            raw: BTreeMap::new(),
            compressed: BTreeMap::new(),
            turn: (0, 0),
            assembling: false,
        }
    }

    /// The next step of a thread that reads nothing. None: another thread has to do something first.
    pub(crate) fn idle(&mut self) -> Option<Idle> {
        if let Some(task) = self.task() {
            return Some(Idle::Do(task));
        }
        if self.turn.0 == self.paths {
            return Some(Idle::End);
        }
        if self.begun < self.paths && self.may_fill((self.begun, 0)) {
            self.reserve();
            self.begun += 1;
            return Some(Idle::Read(self.begun - 1));
        }
        None
    }

    /// The next step of a thread that is about to read the chunk `key`. None: another thread has to do something first.
    pub(crate) fn reading(&mut self, key: Key) -> Option<Reading> {
        if self.may_fill(key) {
            self.reserve();
            return Some(Reading::Fill);
        }
        self.task().map(Reading::Do)
    }

    fn task(&mut self) -> Option<Task> {
        // What is in order before what is ahead: that frees memory.
        if !self.assembling
            && let Some(chunk) = self.compressed.remove(&self.turn)
        {
            self.assembling = true;
            return Some(Task::Assemble(chunk));
        }
        self.raw.pop_first().map(|(_, chunk)| Task::Compress(chunk))
    }

    /// The chunk whose turn it is may always be read. A path that is read ahead leaves room for the next chunk of the one
    /// whose turn it is. No reader hurries ahead of the compression: chunks are best taken while the processor's cache
    /// holds them.
    fn may_fill(&self, key: Key) -> bool {
        let chunks = if key.0 == self.turn.0 { 1 } else { 2 };
        let needs = chunks * (self.chunk + self.frame);
        key == self.turn || (self.raw.len() < self.threads && self.held + needs <= self.memory)
    }

    fn reserve(&mut self) {
        self.held += self.chunk + self.frame;
        while self.occupied() > self.memory && self.spare.pop().is_some() {}
    }

    fn occupied(&self) -> u64 {
        self.held + self.spare.len() as u64 * self.chunk
    }

    /// A buffer for a whole chunk, if one is left over.
    pub(crate) fn buffer(&mut self) -> Option<Vec<u8>> {
        self.spare.pop()
    }

    /// Takes a chunk that has been read.
    pub(crate) fn read(&mut self, chunk: Chunk) {
        self.held = self.held + chunk.tar.capacity() as u64 - self.chunk;
        self.raw.insert(chunk.key, chunk);
    }

    /// Takes a chunk that has been compressed.
    pub(crate) fn compressed(&mut self, chunk: Compressed) {
        self.held = self.held + chunk.bytes.len() as u64 - self.frame;
        self.compressed.insert(chunk.chunk.key, chunk);
    }

    /// A chunk is in its layer. Its buffer is kept where it serves any chunk, and where there is room for it.
    pub(crate) fn assembled(&mut self, chunk: Compressed) {
        let Compressed { chunk: Chunk { tar: mut buffer, end, .. }, bytes, .. } = chunk;
        let size = buffer.capacity() as u64;
        self.held -= size + bytes.len() as u64;
        self.assembling = false;
        self.turn = if end.is_some() { (self.turn.0 + 1, 0) } else { (self.turn.0, self.turn.1 + 1) };
        if size == self.chunk && self.occupied() + size <= self.memory {
            buffer.clear();
            self.spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A thread of the test: what it does, and which chunk it is about to read.
    #[derive(Default)]
    struct Thread {
        reading: Option<Key>,
        busy: Option<Busy>,
    }

    enum Busy {
        Task(Task),
        Read(Key),
    }

    impl Thread {
        /// Whether there is something to do; none when all is done.
        fn begin(&mut self, schedule: &mut Schedule) -> Option<bool> {
            self.busy = match self.reading {
                Some(key) => schedule.reading(key).map(|step| match step {
                    Reading::Do(task) => Busy::Task(task),
                    Reading::Fill => Busy::Read(key),
                }),
                None => match schedule.idle() {
                    Some(Idle::End) => return None,
                    Some(Idle::Do(task)) => Some(Busy::Task(task)),
                    Some(Idle::Read(path)) => Some(Busy::Read((path, 0))),
                    None => None,
                },
            };
            Some(self.busy.is_some())
        }
    }

    const CHUNK: usize = 10;
    const FRAME: usize = 11;

    fn read(schedule: &mut Schedule, key: Key, paths: &[u32]) {
        let end = (key.1 + 1 == paths[key.0]).then(Vec::new);
        // A path that is known to be small has a small buffer.
        let tar = if paths[key.0] == 1 { vec![0; 3] } else { schedule.buffer().unwrap_or(Vec::with_capacity(CHUNK)) };
        schedule.read(Chunk { key, tar, end });
    }

    /// Lets threads go on as `choices` say, and then by turns; gives the order of what was put into layers.
    fn run(paths: &[u32], threads: usize, memory: u64, choices: &[prop::sample::Index]) -> Vec<Key> {
        let mut schedule = Schedule::new(paths.len(), threads, CHUNK, FRAME, memory);
        let mut all: Vec<Thread> = (0..threads).map(|_| Thread::default()).collect();
        let (mut order, mut waits) = (Vec::new(), 0);
        for round in 0.. {
            let thread = &mut all[choices.get(round).map_or(round % threads, |choice| choice.index(threads))];
            waits += 1;
            match thread.busy.take() {
                Some(Busy::Task(Task::Assemble(chunk))) => {
                    order.push(chunk.chunk.key);
                    schedule.assembled(chunk);
                }
                Some(Busy::Task(Task::Compress(chunk))) => {
                    let sha256 = nix_seed_store::Sha256Hash([0; 32]);
                    let bytes = vec![0; if round % 3 == 0 { FRAME } else { 4 }];
                    let frame = Frame { offset: 0, length: bytes.len() as u32, tar_length: 10, sha256 };
                    schedule.compressed(Compressed { chunk, bytes, frame });
                }
                Some(Busy::Read((path, at))) => {
                    read(&mut schedule, (path, at), paths);
                    thread.reading = (at + 1 < paths[path]).then_some((path, at + 1));
                }
                None => match thread.begin(&mut schedule) {
                    Some(true) => waits = 0,
                    Some(false) => {}
                    None => return order,
                },
            }
            // Only the chunk whose turn it is may exceed what is allowed.
            let occupied = schedule.occupied();
            assert!(occupied <= memory + (CHUNK + FRAME) as u64, "{occupied} bytes are occupied");
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
