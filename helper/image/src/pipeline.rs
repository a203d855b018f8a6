//! The threads that do what the [`schedule`](crate::schedule) says.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use nix_seed_store::PathInfo;

use crate::assemble::Assembler;
use crate::frame::Encoder;
use crate::parallel::{lock, run_all};
use crate::part::TarPart;
use crate::read::read;
use crate::schedule::{Chunk, Compressed, Key, Schedule, Step};
use crate::{Error, Result};

/// What goes through the pipeline, and what it may use.
pub(crate) struct Work<'a> {
    /// The paths, in the order of the row, and the folder that `/nix/store` is below.
    pub(crate) paths: &'a [&'a PathInfo],
    pub(crate) root: &'a Path,
    pub(crate) threads: usize,
    /// The length of a chunk in bytes.
    pub(crate) chunk: usize,
    /// The bytes of chunks and frames that may wait.
    pub(crate) memory: u64,
}

impl Work<'_> {
    /// Reads all paths and puts them into the layers of `assembler`.
    pub(crate) fn run(&self, assembler: &mut Assembler<'_>) -> Result<()> {
        let threads = self.threads.max(1);
        let schedule = Schedule::new(self.paths.len(), threads, self.chunk, self.memory);
        let pipeline = Pipeline {
            work: self,
            state: Mutex::new(State { schedule, spare: Vec::new() }),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            assembler: Mutex::new(assembler),
        };
        run_all((0..threads).map(|_| || pipeline.work()).collect())
    }
}

struct Pipeline<'a, 'b> {
    work: &'a Work<'a>,
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
    /// The schedule gives it to one thread at a time.
    assembler: Mutex<&'a mut Assembler<'b>>,
}

struct State {
    schedule: Schedule,
    /// Buffers for whole chunks.
    spare: Vec<Vec<u8>>,
}

impl Pipeline<'_, '_> {
    /// What one thread does.
    fn work(&self) -> Result<()> {
        let _leaving = Leaving(self);
        let mut encoder = Encoder::new()?;
        loop {
            match self.next(None)? {
                Step::Read(path) => self.read(path, &mut encoder)?,
                Step::End => return Ok(()),
                step => self.step(step, &mut encoder)?,
            }
        }
    }

    /// Waits for a step.
    fn next(&self, reading: Option<Key>) -> Result<Step> {
        let mut state = lock(&self.state);
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            match state.schedule.next(reading) {
                Step::Wait => state = self.changed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner()),
                step => return Ok(step),
            }
        }
    }

    /// Tells the others what has been done.
    fn done(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.changed.notify_all();
    }

    fn read(&self, path: usize, encoder: &mut Encoder) -> Result<()> {
        let info = self.work.paths[path];
        // A tar is a little larger than a NAR; one allocation serves most small paths.
        let likely = usize::try_from(info.nar_size).unwrap_or(usize::MAX).saturating_mul(2);
        let first = if likely < self.work.chunk { Vec::with_capacity(likely) } else { self.buffer() };
        let part = TarPart::new(info.path.base_name(), self.work.chunk, first);
        let mut at = 0;
        let (tar, entries) = read(info, self.work.root, part, &self.stop, &mut |tar| {
            self.done(|state| state.schedule.read(Chunk { key: (path, at), tar, end: None }));
            at += 1;
            loop {
                match self.next(Some((path, at)))? {
                    Step::Fill => return Ok(self.buffer()),
                    step => self.step(step, encoder)?,
                }
            }
        })?;
        self.done(|state| state.schedule.read(Chunk { key: (path, at), tar, end: Some(entries) }));
        Ok(())
    }

    /// A step that may interrupt the reading of a path.
    fn step(&self, step: Step, encoder: &mut Encoder) -> Result<()> {
        match step {
            Step::Compress(chunk) => {
                let (bytes, frame) = encoder.encode(&chunk.tar)?;
                self.done(|state| state.schedule.compressed(Compressed { chunk, bytes, frame }));
            }
            Step::Assemble(mut chunk) => {
                lock(&self.assembler).add(&mut chunk)?;
                self.done(|state| {
                    let mut buffer = state.schedule.assembled(chunk);
                    if buffer.capacity() >= self.work.chunk {
                        buffer.clear();
                        state.spare.push(buffer);
                    }
                });
            }
            Step::Read(_) | Step::Fill | Step::Wait | Step::End => {}
        }
        Ok(())
    }

    fn buffer(&self) -> Vec<u8> {
        let spare = lock(&self.state).spare.pop();
        spare.unwrap_or_else(|| Vec::with_capacity(self.work.chunk))
    }
}

/// A thread leaves when all is done, after an error, or in a panic: in any case the others need wait no more.
struct Leaving<'a, 'b, 'c>(&'c Pipeline<'a, 'b>);

impl Drop for Leaving<'_, '_, '_> {
    fn drop(&mut self) {
        self.0.done(|_| self.0.stop.store(true, Ordering::Relaxed));
    }
}
