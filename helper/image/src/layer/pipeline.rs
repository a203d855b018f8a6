//! The threads that do what the [`schedule`](super::schedule) says.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use nix_seed_store::PathInfo;

use super::assemble::Assembler;
use super::part::TarPart;
use super::read::read;
use super::schedule::{Chunk, Compressed, Idle, Reading, Schedule, Task};
use crate::frame::Encoder;
use crate::parallel::{lock, run_all};
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
        let frame = zstd::zstd_safe::compress_bound(self.chunk);
        let schedule = Schedule::new(self.paths.len(), threads, self.chunk, frame, self.memory);
        let pipeline = Pipeline {
            work: self,
            schedule: Mutex::new(schedule),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            assembler: Mutex::new(assembler),
        };
        run_all((0..threads).map(|_| || pipeline.work()).collect())
    }
}

struct Pipeline<'a, 'b> {
    work: &'a Work<'a>,
    schedule: Mutex<Schedule>,
    changed: Condvar,
    stop: AtomicBool,
    /// The schedule gives it to one thread at a time.
    assembler: Mutex<&'a mut Assembler<'b>>,
}

impl Pipeline<'_, '_> {
    /// What one thread does.
    fn work(&self) -> Result<()> {
        let _leaving = Leaving(self);
        let mut encoder = Encoder::new()?;
        loop {
            match self.wait(Schedule::idle)? {
                Idle::Do(task) => self.task(task, &mut encoder)?,
                Idle::Read(path) => self.read(path, &mut encoder)?,
                Idle::End => return Ok(()),
            }
        }
    }

    /// Waits until the schedule has a step.
    fn wait<T>(&self, mut step: impl FnMut(&mut Schedule) -> Option<T>) -> Result<T> {
        let mut schedule = lock(&self.schedule);
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            match step(&mut schedule) {
                Some(step) => return Ok(step),
                None => schedule = self.changed.wait(schedule).unwrap_or_else(|poisoned| poisoned.into_inner()),
            }
        }
    }

    /// Tells the others what has been done.
    fn done(&self, change: impl FnOnce(&mut Schedule)) {
        change(&mut lock(&self.schedule));
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
            self.done(|schedule| schedule.read(Chunk { key: (path, at), tar, end: None }));
            at += 1;
            loop {
                match self.wait(|schedule| schedule.reading((path, at)))? {
                    Reading::Fill => return Ok(self.buffer()),
                    Reading::Do(task) => self.task(task, encoder)?,
                }
            }
        })?;
        self.done(|schedule| schedule.read(Chunk { key: (path, at), tar, end: Some(entries) }));
        Ok(())
    }

    fn task(&self, task: Task, encoder: &mut Encoder) -> Result<()> {
        match task {
            Task::Compress(chunk) => {
                let (bytes, frame) = encoder.encode(&chunk.tar)?;
                self.done(|schedule| schedule.compressed(Compressed { chunk, bytes, frame }));
            }
            Task::Assemble(mut chunk) => {
                lock(&self.assembler).add(&mut chunk)?;
                self.done(|schedule| schedule.assembled(chunk));
            }
        }
        Ok(())
    }

    fn buffer(&self) -> Vec<u8> {
        let spare = lock(&self.schedule).buffer();
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
