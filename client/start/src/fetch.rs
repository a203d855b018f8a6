//! Reads jobs on several threads: each path is verified while it is written beside its place.

use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix_seed_image::index::SeedPath;
use nix_seed_image::seed::Seed;
use nix_seed_image::{Error as ImageError, PathReader};
use nix_seed_source::Source;
use nix_seed_store::Event;
use tracing::field::Empty;

use crate::busy::{Busy, Phases, Timed, timed};
use crate::{Error, Job, Progress, Result};

/// Where fetched paths go.
pub(crate) trait Target: Sync {
    /// A path that is being written.
    type Writing;

    /// Begins to write a path.
    fn begin(&self, path: &SeedPath) -> Result<Self::Writing>;

    /// Takes the next step of its tree.
    fn event(&self, writing: &mut Self::Writing, event: &Event<'_>) -> Result<()>;

    /// The path is whole: its content is what the index says.
    fn finish(&self, path: &SeedPath, position: u32, writing: Self::Writing) -> Result<()>;
}

/// What is fetched, and where to.
pub(crate) struct Fetch<'a, T> {
    pub(crate) seed: &'a Seed,
    pub(crate) source: &'a Source,
    pub(crate) target: &'a T,
    pub(crate) progress: &'a Progress,
    pub(crate) threads: usize,
}

impl<T: Target> Fetch<'_, T> {
    /// Does all `jobs`. After an error no further path is begun; those that are whole stay where they went.
    pub(crate) fn run(&self, jobs: &[Job]) -> Result<()> {
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let threads = self.threads.clamp(1, jobs.len().max(1));
        let (bytes, paths) = (jobs.iter().map(Job::bytes).sum(), jobs.iter().map(|job| job.paths.len()).sum());
        let phases = Phases::begin(bytes, paths, threads);
        let work = || -> Result<()> {
            let _span = phases.all.enter();
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.job(job, &stop, &phases).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> =
                (1..threads).map_while(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
            let mut results = vec![work()];
            results.extend(
                others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
            );
            let errors = results.into_iter().filter_map(Result::err);
            // What stopped since another failed says nothing of the cause.
            errors.min_by_key(|error| matches!(error, Error::Image(ImageError::Stopped))).map_or(Ok(()), Err)
        })
    }

    fn job(&self, job: &Job, stop: &AtomicBool, phases: &Phases) -> Result<()> {
        let index = &self.seed.index;
        let (Some(layer), Some(descriptor)) =
            (index.layers.get(job.layer as usize), self.seed.documents.manifest.layers().get(job.layer as usize))
        else {
            return Ok(());
        };
        let span = tracing::info_span!(
            "job",
            seed.digest = %descriptor.digest(),
            seed.bytes = job.bytes() as i64,
            seed.paths = job.paths.len() as i64,
            seed.fetch = Empty,
            seed.verify = Empty,
            seed.unpack = Empty,
        )
        .entered();
        let busy = Busy::begin();
        let source = Wanted {
            source: timed(&busy.fetch, || self.source.ranges(descriptor, job.asked.clone()))?,
            asked: job.asked.clone().into_iter(),
            wanted: job.wanted.clone().into_iter().peekable(),
            at: 0,
            end: 0,
            progress: self.progress,
        };
        let source = Timed { source, to: &busy.fetch };
        let mut reader = PathReader::new(format!("layer sha256:{}", layer.digest.hex()), source)?;
        for position in &job.paths {
            let Some(path) = index.paths.get(*position as usize) else { continue };
            if stop.load(Ordering::Relaxed) {
                return Err(ImageError::Stopped.into());
            }
            let mut writing = timed(&busy.unpack, || self.target.begin(path))?;
            let mut event = |event: &Event<'_>| timed(&busy.unpack, || self.target.event(&mut writing, event));
            reader.read::<Error>(index, path, &mut event)?;
            timed(&busy.unpack, || self.target.finish(path, *position, writing))?;
            self.progress.add_path();
        }
        phases.add(&busy, &span);
        Ok(())
    }
}

/// Of the ranges that are asked for, those that are wanted: gaps between them are thrown away.
struct Wanted<'a, R> {
    source: R,
    asked: std::vec::IntoIter<Range<u64>>,
    wanted: std::iter::Peekable<std::vec::IntoIter<Range<u64>>>,
    /// Where in the blob the source stands, and where the range ends that it gives.
    at: u64,
    end: u64,
    progress: &'a Progress,
}

impl<R: Read> Read for Wanted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(wanted) = self.wanted.peek_mut() else { return Ok(0) };
        while self.at == self.end {
            let Some(asked) = self.asked.next() else { return Ok(0) };
            (self.at, self.end) = (asked.start, asked.end);
        }
        if self.at < wanted.start {
            let gap = wanted.start - self.at;
            let skipped = std::io::copy(&mut (&mut self.source).take(gap), &mut std::io::sink())?;
            if skipped < gap {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            self.at = wanted.start;
        }
        let length = (&mut self.source).take(wanted.end - self.at).read(buffer)?;
        self.at += length as u64;
        self.progress.add_bytes(length as u64);
        if self.at == wanted.end {
            self.wanted.next();
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanted_comes_out() {
        let blob = b"0123456789abcdef";
        let asked = vec![1..6, 8..12];
        let all: Vec<u8> = asked
            .iter()
            .flat_map(|range: &Range<u64>| blob[range.start as usize..range.end as usize].to_vec())
            .collect();
        let wanted = vec![1..2, 4..6, 9..11];
        let (asked, wanted, progress) = (asked.into_iter(), wanted.into_iter().peekable(), &Progress::default());
        let mut reader = Wanted { source: &all[..], asked, wanted, at: 0, end: 0, progress };
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "1459a");
        assert_eq!(progress.snapshot().bytes, 5);
    }
}
