//! Threads that fetch frames from a registry, each with a connection of its own.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix_seed_source::Source;
use oci_spec::image::Descriptor;

use crate::queue::{Job, Outcome, Queue};
use crate::{Error, FrameCache, Number, Places, Result};

/// So many threads are kept for what somebody waits for.
const RESERVED: usize = 3;

/// How often a frame is fetched that arrives with another hash.
const TRIES: u32 = 2;

/// What the threads share. It ends with the last who may ask.
pub(crate) struct Fetcher(Arc<Shared>);

struct Shared {
    places: Arc<Places>,
    source: Source,
    descriptors: Vec<Descriptor>,
    cache: Option<FrameCache>,
    queue: Mutex<Queue>,
    changed: Condvar,
    received: AtomicU64,
    /// How many may fetch what nobody waits for.
    most_behind: usize,
}

impl Fetcher {
    pub(crate) fn start(
        places: Arc<Places>,
        source: Source,
        descriptors: Vec<Descriptor>,
        cache: Option<FrameCache>,
        threads: usize,
    ) -> Result<Self> {
        let most_behind = threads.saturating_sub(RESERVED).max(1);
        let shared = Arc::new(Shared {
            places,
            source,
            descriptors,
            cache,
            queue: Mutex::default(),
            changed: Condvar::new(),
            received: AtomicU64::new(0),
            most_behind,
        });
        let fetcher = Self(shared);
        for _ in 0..threads.max(RESERVED + 1) {
            let shared = fetcher.0.clone();
            let thread = std::thread::Builder::new().name("fetch".into());
            thread.spawn(move || shared.work()).map_err(Error::io("starting", "a thread"))?;
        }
        Ok(fetcher)
    }

    /// The compressed bytes of a frame, compared with their hash. `after` is likely to be wanted soon.
    pub(crate) fn fetch(&self, number: Number, after: impl Iterator<Item = Number>, wait: Duration) -> Outcome {
        let began = Instant::now();
        let (sender, receiver) = sync_channel(1);
        let after: Vec<_> = after.collect();
        let mut queue = self.0.queue();
        queue.demand(number, sender);
        if self.0.cache.is_some() {
            queue.expect(after.into_iter());
        }
        drop(queue);
        self.0.changed.notify_all();
        match receiver.recv_timeout(wait.saturating_sub(began.elapsed())) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(Error::Late { what: self.0.places.describe(number), seconds: wait.as_secs() })
            }
        }
    }

    /// Streams these in behind, in this order. What cannot be kept is not streamed.
    pub(crate) fn stream(&self, order: Vec<Number>) {
        if self.0.cache.is_some() {
            self.0.queue().stream(order.into_iter());
            self.0.changed.notify_all();
        }
    }

    /// Waits until all that was to be streamed has been, or could not be.
    pub(crate) fn wait(&self) {
        let queue = self.0.queue();
        let idle = self.0.changed.wait_while(queue, |queue| !queue.is_idle());
        drop(idle.unwrap_or_else(PoisonError::into_inner));
    }

    /// The compressed bytes of frames that have arrived.
    pub(crate) fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        // Whoever waits for a registry ends when that has answered.
        self.0.queue().is_stopped = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let is_had = |number| {
            let place = self.places.get(number);
            place.is_none_or(|place| self.cache.as_ref().is_some_and(|cache| cache.has(place.frame)))
        };
        let mut queue = self.queue();
        while !queue.is_stopped {
            match queue.next(&self.places, self.most_behind, is_had) {
                Some(job) => {
                    drop(queue);
                    self.job(&job);
                    queue = self.queue();
                    queue.end(&job);
                    self.changed.notify_all();
                }
                None => {
                    // Others may wait for what has turned out to be there.
                    self.changed.notify_all();
                    queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Fetches frames, and gives each to those who wait for it.
    fn job(&self, job: &Job) {
        let mut left = &*job.numbers;
        for attempt in 1..=TRIES {
            let failed = self.attempt(&mut left);
            let Err(error) = failed else { return };
            let is_damaged = matches!(error, Error::Damaged { .. });
            if attempt == TRIES || !is_damaged {
                // Each of them may be asked for anew.
                for number in left {
                    self.queue().done(*number, &Err(error.clone()));
                }
                return;
            }
        }
    }

    /// Fetches what is `left`, and takes from it what has arrived.
    fn attempt(&self, left: &mut &[Number]) -> Result<()> {
        let places = || left.iter().filter_map(|number| self.places.get(*number));
        let (Some(first), Some(last)) = (places().next(), places().next_back()) else { return Ok(()) };
        let Some(descriptor) = self.descriptors.get(first.layer) else {
            return Err(Error::Outside { what: first.layer_name.into() });
        };
        let range = first.frame.offset..last.frame.end();
        let mut source = self.source.ranges(descriptor, vec![range])?;
        while let Some((number, later)) = left.split_first() {
            let Some(place) = self.places.get(*number) else { return Ok(()) };
            let mut bytes = vec![0; place.frame.length as usize];
            source
                .read_exact(&mut bytes)
                .map_err(|error| Error::Broken { what: self.places.describe(*number), why: error.to_string() })?;
            if !place.frame.is_of(&bytes) {
                return Err(Error::Damaged { what: self.places.describe(*number) });
            }
            self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if self.cache.as_ref().is_some_and(|cache| !cache.put(place.frame, &bytes)) {
                // What cannot be kept would be fetched twice.
                self.queue().forget();
            }
            self.queue().done(*number, &Ok(Arc::new(bytes)));
            *left = later;
        }
        // The end of the answer is read as well: only then is the connection free for another request.
        let _ = source.read(&mut [0]);
        Ok(())
    }
}
