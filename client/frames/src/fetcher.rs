//! Threads that fetch frames from a registry, each with a connection of its own.

use std::io::Read;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix_seed_image::Compared;
use nix_seed_source::Source;
use oci_spec::image::Descriptor;

use crate::queue::{Job, Outcome, Queue, RUN, URGENT};
use crate::{Error, FrameCache, Number, Options, Places, Result};

/// So many threads are kept for what somebody waits for.
const RESERVED: usize = 3;

/// How often a frame is fetched that arrives with another hash.
const TRIES: u32 = 2;

/// So many frames behind one that is touched are likely to be wanted soon.
const AFTER: usize = 32;

/// What the threads share. It ends with the last who may ask.
pub(crate) struct Fetcher(Arc<Shared>);

struct Shared {
    places: Arc<Places>,
    source: Source,
    descriptors: Vec<Descriptor>,
    cache: Option<FrameCache>,
    queue: Mutex<Queue>,
    /// For the threads: there may be something to fetch.
    work: Condvar,
    /// For those who wait until there is nothing any more.
    idle: Condvar,
    received: AtomicU64,
    began: Instant,
    /// When somebody read a frame last, in milliseconds since then; 0 where nobody has.
    read: AtomicU64,
}

impl Fetcher {
    pub(crate) fn start(
        places: Arc<Places>,
        source: Source,
        descriptors: Vec<Descriptor>,
        cache: Option<FrameCache>,
        options: &Options,
    ) -> Result<Self> {
        let fetcher = Self(Arc::new(Shared {
            places,
            source,
            descriptors,
            cache,
            queue: Mutex::new(Queue::new(options.pause)),
            work: Condvar::new(),
            idle: Condvar::new(),
            received: AtomicU64::new(0),
            began: Instant::now(),
            read: AtomicU64::new(0),
        }));
        let mut started = 0;
        for _ in 0..options.threads.max(RESERVED + 1) {
            let shared = fetcher.0.clone();
            match std::thread::Builder::new().name("fetch".into()).spawn(move || shared.work()) {
                Ok(_) => started += 1,
                Err(error) if started == 0 => return Err(Error::io("starting", "a thread")(error)),
                // A machine may permit fewer.
                Err(_) => break,
            }
        }
        fetcher.0.queue().most_behind = most_behind(started);
        Ok(fetcher)
    }

    /// The compressed bytes of a frame; none where they do not arrive within `wait`. `after` is likely to be wanted soon.
    pub(crate) fn fetch(&self, number: Number, after: impl Iterator<Item = Number>, wait: Duration) -> Option<Outcome> {
        let (sender, receiver) = sync_channel(1);
        let after: Vec<_> = if self.0.keeps() { self.0.up_to_a_run(after.take(AFTER)).collect() } else { Vec::new() };
        let mut queue = self.0.queue();
        let ticket = queue.demand(number, sender, Instant::now());
        queue.expect(&after);
        drop(queue);
        self.0.work.notify_all();
        let outcome = receiver.recv_timeout(wait).ok();
        if outcome.is_none() {
            self.0.queue().withdraw(number, ticket);
        }
        outcome
    }

    /// Somebody reads a frame, wherever it is.
    pub(crate) fn reads(&self) {
        self.0.read.store((self.0.began.elapsed().as_millis() as u64).max(1), Ordering::Relaxed);
    }

    /// These are about to be waited for.
    pub(crate) fn expect(&self, order: Vec<Number>) {
        if self.0.keeps() {
            let wanted: Vec<_> = order.into_iter().take(URGENT).filter(|number| !self.0.has(*number)).collect();
            self.0.queue().expect(&wanted);
        }
    }

    /// Streams these in behind, in this order. What cannot be kept is not streamed.
    pub(crate) fn stream(&self, order: Vec<Number>) {
        if self.0.keeps() {
            self.0.queue().stream(order.into_iter());
            self.0.work.notify_all();
        }
    }

    /// The same, when there is time.
    pub(crate) fn stream_rest(&self, order: Vec<Number>) {
        if self.0.keeps() {
            self.0.queue().stream_rest(order.into_iter(), Instant::now());
            self.0.work.notify_all();
        }
    }

    /// From now on, what is given to those who wait for it is kept already.
    pub(crate) fn keep_first(&self) {
        self.0.queue().keeps_first = true;
    }

    /// Waits until all that was to be streamed has been, or could not be.
    pub(crate) fn wait(&self) {
        let queue = self.0.queue();
        let idle = self.0.idle.wait_while(queue, |queue| !queue.is_idle());
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
        self.0.work.notify_all();
    }
}

/// How many of so many threads may fetch what nobody waits for.
fn most_behind(threads: usize) -> usize {
    threads.saturating_sub(RESERVED).max(1)
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is fetched now is there later.
    fn keeps(&self) -> bool {
        self.cache.as_ref().is_some_and(FrameCache::keeps)
    }

    /// As many of these as may come with one request.
    fn up_to_a_run(&self, numbers: impl Iterator<Item = Number>) -> impl Iterator<Item = Number> {
        numbers.scan(0, |bytes, number| {
            *bytes += self.places.get(number).map_or(0, |place| u64::from(place.frame.length));
            (*bytes <= RUN).then_some(number)
        })
    }

    /// Whether there is nothing to be fetched.
    fn has(&self, number: Number) -> bool {
        let place = self.places.get(number);
        place.is_none_or(|place| self.cache.as_ref().is_some_and(|cache| cache.has(place.frame)))
    }

    fn work(&self) {
        let mut queue = self.queue();
        while !queue.is_stopped {
            queue.pace.learn(self.source.latency());
            if let Some(read) = NonZero::new(self.read.load(Ordering::Relaxed)) {
                queue.pace.reads(self.began + Duration::from_millis(read.get()));
            }
            let now = Instant::now();
            let job = queue.next(&self.places, now, |number| self.has(number));
            let is_at_work = job.is_some();
            if let Some(job) = job {
                drop(queue);
                self.run(&job);
                queue = self.queue();
                queue.end(&job);
                self.work.notify_all();
            }
            // What was to be streamed may also have turned out to be there.
            if queue.is_idle() {
                self.idle.notify_all();
            }
            if !is_at_work {
                queue = match queue.pause(now) {
                    Some(pause) => self.work.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0,
                    None => self.work.wait(queue).unwrap_or_else(PoisonError::into_inner),
                };
            }
        }
    }

    /// Fetches frames, and gives each to those who wait for it, or the reason why there is none.
    fn run(&self, job: &Job) {
        let mut left = &*job.numbers;
        // A thread that ended here would leave its frames on their way for ever.
        let error = match catch_unwind(AssertUnwindSafe(|| self.fetch(job, &mut left))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => {
                let what = left.first().map_or_else(String::new, |number| self.places.describe(*number));
                Error::Broken { what, why: "the thread that fetched it broke off; that is a fault of nix-seed".into() }
            }
        };
        self.queue().failed(job, left, &error, Instant::now());
    }

    /// Fetches what is `left` of a job, and takes from it what has arrived or is damaged.
    fn fetch(&self, job: &Job, left: &mut &[Number]) -> Result<()> {
        if !job.is_behind && self.is_kept(left) {
            return Ok(());
        }
        let mut damaged = 0;
        while !left.is_empty() && !self.queue().is_stopped {
            let before = left.len();
            match self.attempt(job, left) {
                Err(error @ Error::Damaged { .. }) => {
                    damaged = if left.len() == before { damaged + 1 } else { 1 };
                    if damaged == TRIES {
                        let (first, later) = left.split_at(1);
                        self.queue().failed(job, first, &error, Instant::now());
                        (*left, damaged) = (later, 0);
                    }
                }
                attempt => attempt?,
            }
        }
        Ok(())
    }

    /// Whether what is `left` was kept by another thread or process, after whoever waits for it had looked.
    fn is_kept(&self, left: &mut &[Number]) -> bool {
        while let Some((number, later)) = left.split_first() {
            let frame = self.places.get(*number).map(|place| place.frame);
            let Some(kept) = self.cache.as_ref().zip(frame).and_then(|(cache, frame)| cache.get(frame)) else { break };
            self.queue().arrived(*number, &Arc::new(kept), Instant::now());
            *left = later;
        }
        left.is_empty()
    }

    /// Asks once for what is `left`, and takes from it what arrives.
    fn attempt(&self, job: &Job, left: &mut &[Number]) -> Result<()> {
        let places = || left.iter().filter_map(|number| self.places.get(*number));
        let outside = || Error::Outside { what: "a frame".into() };
        let (first, last) = places().next().zip(places().next_back()).ok_or_else(outside)?;
        let descriptor = self.descriptors.get(first.layer).ok_or_else(outside)?;
        let range = first.frame.offset..last.frame.end();
        let mut source = self.source.ranges(descriptor, vec![range])?;
        while let Some((number, later)) = left.split_first() {
            let place = self.places.get(*number).ok_or_else(outside)?;
            let mut bytes = vec![0; place.frame.length as usize];
            source.read_exact(&mut bytes).map_err(|error| self.broken(*number, error))?;
            self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            let damaged = |_| Error::Damaged { what: self.places.describe(*number) };
            let bytes = Compared::new(*place.frame, bytes).map_err(damaged)?;
            let bytes = Arc::new(bytes);
            // Whoever waits need not wait until it is kept, unless that is what they want.
            let mut queue = self.queue();
            if !queue.keeps_first {
                queue.deliver(*number, &bytes, Instant::now());
            }
            drop(queue);
            let is_kept = self.cache.as_ref().is_none_or(|cache| cache.put(&bytes));
            let mut queue = self.queue();
            if !job.is_behind {
                queue.pace.demanded(place.frame.length.into());
            }
            queue.keeps(is_kept);
            queue.arrived(*number, &bytes, Instant::now());
            *left = later;
            if queue.is_to_leave(left) {
                queue.leave(left);
                *left = &[];
            }
            if queue.is_stopped {
                break;
            }
        }
        Ok(())
    }

    /// What a failed read means.
    fn broken(&self, number: Number, error: std::io::Error) -> Error {
        match error.downcast::<nix_seed_registry::Error>() {
            Ok(error) => nix_seed_source::Error::from(error).into(),
            Err(error) => Error::Broken { what: self.places.describe(number), why: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests;
