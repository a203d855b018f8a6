//! All of a path, before it is used: fetched, kept, and compared with the NAR hash that the index gives.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix_seed_image::index::{Index, SeedPath};
use nix_seed_image::{Compared, Error as ImageError, PathReader};
use nix_seed_store::Event;

use crate::{Error, Frames, Number, Result};

impl Frames {
    /// Reads a path, and hands every step to `sink`; what the steps were, is believed only when this has succeeded.
    pub fn path<E: From<ImageError> + From<Error>>(
        &self,
        index: &Index,
        path: &SeedPath,
        sink: &mut impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut source =
            Compressed { frames: self, next: self.places().of_path(path), open: None, at: 0, failed: None };
        let read = PathReader::new(path.info.path.to_string(), &mut source)?.read(index, path, sink);
        // Why a frame did not come says more than that it did not.
        source.failed.map_or(read, |error| Err(error.into()))
    }

    /// Fetches and keeps the paths at `positions` of the index, and compares each with its NAR hash. `done` is told of the
    /// compressed bytes of each. A cache that is [holding](crate::FrameCache::holding) holds all of them then.
    pub fn complete(
        &self,
        index: &Index,
        positions: &[u32],
        threads: usize,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let mut paths: Vec<_> = positions.iter().filter_map(|position| index.paths.get(*position as usize)).collect();
        // As they lie: neighbours come with one request.
        paths.sort_unstable_by_key(|path| (path.layer, path.frames.start));
        self.keep_first();
        self.stream(paths.iter().flat_map(|path| self.places().of_path(path).map(Number)).collect());
        let work = || -> Result<()> {
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let read = self.path::<Error>(index, path, &mut |_| Ok(()));
                let held = read.and_then(|()| self.check_held(self.places().of_path(path).map(Number)));
                held.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                done(index.compressed_size(path));
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> =
                (1..threads).map_while(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
            let mut result = work();
            for other in others {
                let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(other);
            }
            result
        })
    }
}

/// The frames of a path as they stand in the blob, one after the other.
struct Compressed<'a> {
    frames: &'a Frames,
    next: Range<u32>,
    open: Option<Arc<Compared<Vec<u8>>>>,
    /// How much of the open frame was read.
    at: usize,
    failed: Option<Error>,
}

impl Read for Compressed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let rest = self.open.as_ref().and_then(|open| open.bytes().get(self.at..)).unwrap_or_default();
            if !rest.is_empty() {
                let length = rest.len().min(buffer.len());
                let (to, from) = (buffer.get_mut(..length), rest.get(..length));
                if let (Some(to), Some(from)) = (to, from) {
                    to.copy_from_slice(from);
                }
                self.at += length;
                return Ok(length);
            }
            let Some(number) = self.next.next() else { return Ok(0) };
            match self.frames.compressed(Number(number)) {
                Ok(bytes) => (self.open, self.at) = (Some(bytes), 0),
                Err(error) => {
                    self.failed = Some(error);
                    return Err(std::io::ErrorKind::Other.into());
                }
            }
        }
    }
}
