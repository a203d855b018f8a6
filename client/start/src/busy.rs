//! Where the threads' time goes. A path is fetched, verified and unpacked bit by bit, all three on one thread.

use std::cell::Cell;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracing::Span;
use tracing::field::Empty;

/// The time of one job on its thread.
pub(crate) struct Busy {
    began: Instant,
    /// Waiting for the source, and reading from it.
    pub(crate) fetch: Cell<Duration>,
    /// Writing files.
    pub(crate) unpack: Cell<Duration>,
}

impl Busy {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), fetch: Cell::default(), unpack: Cell::default() }
    }

    /// The seconds of fetching, of verifying, and of unpacking: what is neither reading nor writing is decompressing,
    /// comparing and hashing.
    fn parts(&self) -> [Duration; 3] {
        let (fetch, unpack) = (self.fetch.get(), self.unpack.get());
        [fetch, self.began.elapsed().saturating_sub(fetch + unpack), unpack]
    }
}

/// Does `work` and adds its time to `to`.
pub(crate) fn timed<T>(to: &Cell<Duration>, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = work();
    to.set(to.get() + began.elapsed());
    result
}

/// A source whose reader's time is counted.
pub(crate) struct Timed<'a, R> {
    pub(crate) source: R,
    pub(crate) to: &'a Cell<Duration>,
}

impl<R: Read> Read for Timed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        timed(self.to, || self.source.read(buffer))
    }
}

/// All jobs together, as spans: one around them, and beside the jobs one for each thing that they do. Those last as long
/// as the one around them, since all is done at once; `seed.busy` has the threads' time.
pub(crate) struct Phases {
    pub(crate) all: Span,
    phases: [Span; 3],
    sums: [AtomicU64; 3],
}

impl Phases {
    pub(crate) fn begin(bytes: u64, paths: usize, threads: usize) -> Self {
        let all = tracing::info_span!(
            "bring",
            seed.bytes = bytes as i64,
            seed.paths = paths as i64,
            seed.threads = threads as i64
        );
        let phases = [
            tracing::info_span!(parent: &all, "fetch", seed.busy = Empty),
            tracing::info_span!(parent: &all, "verify", seed.busy = Empty),
            tracing::info_span!(parent: &all, "unpack", seed.busy = Empty),
        ];
        Self { all, phases, sums: Default::default() }
    }

    /// Adds a job's time, and records it with the job's own span.
    pub(crate) fn add(&self, busy: &Busy, job: &Span) {
        let names = ["seed.fetch", "seed.verify", "seed.unpack"];
        for ((part, sum), name) in busy.parts().into_iter().zip(&self.sums).zip(names) {
            sum.fetch_add(u64::try_from(part.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
            job.record(name, part.as_secs_f64());
        }
    }
}

impl Drop for Phases {
    /// A span ends when it is left for the last time: the one around all, after the others.
    fn drop(&mut self) {
        for (span, sum) in self.phases.iter().zip(&self.sums) {
            span.record("seed.busy", Duration::from_nanos(sum.load(Ordering::Relaxed)).as_secs_f64());
            span.in_scope(|| ());
        }
        self.all.in_scope(|| ());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_reading_nor_writing_is_verifying() {
        let busy = Busy::begin();
        let mut source = Timed { source: &b"abc"[..], to: &busy.fetch };
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        timed(&busy.unpack, || std::hint::black_box(text));
        assert!(busy.fetch.get() > Duration::ZERO);
        let total: Duration = busy.parts().iter().sum();
        assert!(total <= busy.began.elapsed());
        // Whatever the clock does, nothing is less than nothing.
        busy.unpack.set(Duration::from_secs(1000));
        assert_eq!(busy.parts()[1], Duration::ZERO);
    }
}
