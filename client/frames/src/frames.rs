use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix_seed_image::Compared;
use nix_seed_image::seed::Seed;
use nix_seed_source::Source;

use crate::decoders::Decoders;
use crate::fetcher::Fetcher;
use crate::memory::Memory;
use crate::origin::{Origin, name};
use crate::{Error, FrameCache, Number, Options, Places, Result};

/// So many buffers of the size of a frame are kept for the next ones: a new one costs more than half of what is done with it.
const BUFFERS: usize = 4;

/// The frames of one seed.
pub struct Frames {
    places: Arc<Places>,
    origin: Origin,
    deadline: Duration,
    memory: Mutex<Memory>,
    making: Mutex<Making>,
    made: Condvar,
    decoders: Decoders,
    /// Buffers of the size of a frame.
    buffers: Mutex<Vec<Vec<u8>>>,
    touched: Mutex<Touched>,
}

/// Frames that somebody is making ready.
#[derive(Default)]
struct Making {
    now: HashSet<Number>,
    /// Why the last attempts failed, and when they ended.
    failed: HashMap<Number, (Instant, Error)>,
}

/// Frames in the order in which they were first touched.
#[derive(Default)]
struct Touched {
    known: HashSet<Number>,
    order: Vec<Number>,
}

impl Frames {
    /// The frames of `seed`, whose blobs are in `source`; what is fetched is kept in `cache`.
    pub fn new(seed: &Seed, source: &Source, cache: Option<FrameCache>, options: &Options) -> Result<Self> {
        let places = Arc::new(Places::new(&seed.index));
        let origin = Origin::open(seed, source, places.clone(), cache, options)?;
        Ok(Self {
            places,
            origin,
            deadline: options.deadline,
            memory: Mutex::new(Memory::new(options.memory)),
            making: Mutex::default(),
            made: Condvar::new(),
            decoders: Decoders::default(),
            buffers: Mutex::default(),
            touched: Mutex::default(),
        })
    }

    /// Where the frames lie.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Fills `buffer` with the bytes of a layer's tar from `offset` on, for somebody who asked at this moment and waits no longer
    /// than the deadline.
    pub fn read(&self, layer: u32, mut offset: u64, mut buffer: &mut [u8], asked: Instant) -> Result<()> {
        while !buffer.is_empty() {
            let outside = || Error::Outside { what: format!("byte {offset} of layer {layer}") };
            let number = self.places.at(layer, offset).ok_or_else(outside)?;
            let place = self.places.get(number).ok_or_else(outside)?;
            let tar = self.tar(number, asked)?;
            let from =
                tar.get((offset - place.start) as usize..).filter(|from| !from.is_empty()).ok_or_else(outside)?;
            let length = from.len().min(buffer.len());
            let (now, later) = buffer.split_at_mut(length);
            now.copy_from_slice(from.get(..length).unwrap_or_default());
            buffer = later;
            offset += length as u64;
        }
        Ok(())
    }

    /// Streams frames in behind, in this order; what nobody waits for gives way to what somebody waits for.
    pub fn stream(&self, order: Vec<Number>) {
        if let Some(fetcher) = self.origin.fetcher() {
            fetcher.stream(order);
        }
    }

    /// These are about to be read, in this order: they come before all that is streamed in.
    pub fn expect(&self, order: Vec<Number>) {
        if let Some(fetcher) = self.origin.fetcher() {
            fetcher.expect(order);
        }
    }

    /// Streams frames in when there is time, in this order: when nobody waits, or where a registry is far away; after some seconds, or for
    /// whoever reads much, beside those who wait.
    pub fn stream_rest(&self, order: Vec<Number>) {
        if let Some(fetcher) = self.origin.fetcher() {
            fetcher.stream_rest(order);
        }
    }

    /// From now on, what is read from a registry is kept first, where that is possible.
    pub(crate) fn keep_first(&self) {
        if let Some(fetcher) = self.origin.fetcher() {
            fetcher.keep_first();
        }
    }

    /// Waits until all that was to be streamed in behind has arrived, or could not.
    pub fn wait(&self) {
        if let Some(fetcher) = self.origin.fetcher() {
            fetcher.wait();
        }
    }

    /// The frames that reads have touched, in the order of the first touch.
    pub fn touched(&self) -> Vec<Number> {
        lock(&self.touched).order.clone()
    }

    /// The compressed bytes of frames that have arrived over a network.
    pub fn received(&self) -> u64 {
        self.origin.fetcher().map_or(0, Fetcher::received)
    }

    /// What a frame holds.
    fn tar(&self, number: Number, asked: Instant) -> Result<Arc<Vec<u8>>> {
        self.touch(number);
        let left = || self.deadline.saturating_sub(asked.elapsed());
        let mark = loop {
            if let Some(tar) = lock(&self.memory).get(number) {
                return Ok(tar);
            }
            let mut making = lock(&self.making);
            // Others who waited meanwhile would fail as well; but whoever came later still waits for an answer that is late.
            if let Some((_, error)) = making.failed.get(&number).filter(|(ended, _)| *ended >= asked)
                && (left().is_zero() || !matches!(error, Error::Late { .. }))
            {
                return Err(error.clone());
            }
            if making.now.insert(number) {
                break Mark { frames: self, number };
            }
            let others = self.made.wait_timeout_while(making, left(), |making| making.now.contains(&number));
            if others.unwrap_or_else(PoisonError::into_inner).1.timed_out() {
                return Err(self.late(number));
            }
        };
        let made = self.make(number, left());
        let mut making = lock(&self.making);
        match &made {
            Ok(_) => making.failed.remove(&number),
            Err(error) => making.failed.insert(number, (Instant::now(), error.clone())),
        };
        drop(making);
        drop(mark);
        made
    }

    fn touch(&self, number: Number) {
        if let Some(fetcher) = self.origin.fetcher() {
            fetcher.reads();
        }
        let mut touched = lock(&self.touched);
        if touched.known.insert(number) {
            touched.order.push(number);
        }
    }

    fn late(&self, number: Number) -> Error {
        Error::Late { what: self.places.describe(number), waited: self.deadline }
    }

    /// Makes ready what a frame holds; nobody else does so meanwhile.
    fn make(&self, number: Number, wait: Duration) -> Result<Arc<Vec<u8>>> {
        // Between the look and the mark somebody else may have been done.
        if let Some(tar) = lock(&self.memory).get(number) {
            return Ok(tar);
        }
        let compressed = self.compressed_within(number, wait)?;
        let tar = Arc::new(self.decode(number, &compressed)?);
        if let Some(free) = lock(&self.memory).put(number, tar.clone()) {
            let mut buffers = lock(&self.buffers);
            if buffers.len() < BUFFERS {
                buffers.push(free);
            }
        }
        Ok(tar)
    }

    fn decode(&self, number: Number, compressed: &Compared<Vec<u8>>) -> Result<Vec<u8>> {
        let mut tar = lock(&self.buffers).pop().unwrap_or_default();
        let decoded = self.decoders.decode(compressed, &mut tar);
        let layer = self.places.get(number).map_or("its layer", |place| place.layer_name);
        decoded.map(|()| tar).map_err(|error| name(error, layer))
    }

    /// The compressed bytes of a frame.
    pub(crate) fn compressed(&self, number: Number) -> Result<Arc<Compared<Vec<u8>>>> {
        self.compressed_within(number, self.deadline)
    }

    fn compressed_within(&self, number: Number, wait: Duration) -> Result<Arc<Compared<Vec<u8>>>> {
        let place = self.places.get(number).ok_or_else(|| Error::Outside { what: self.places.describe(number) })?;
        if let Some(held) = self.origin.held(&place) {
            return Ok(Arc::new(held?));
        }
        let fetcher = self.origin.fetcher().ok_or_else(|| Error::Outside { what: self.places.describe(number) })?;
        let owner = self.places.owner(number);
        let after =
            (number.0 + 1..).map(Number).take_while(|next| owner.is_some() && self.places.owner(*next) == owner);
        fetcher.fetch(number, after, wait).unwrap_or_else(|| Err(self.late(number)))
    }

    /// Whether these frames are held, where the cache was told to.
    pub(crate) fn check_held(&self, numbers: impl Iterator<Item = Number>) -> Result<()> {
        let Some(cache) = self.origin.cache() else { return Ok(()) };
        let places = numbers.filter_map(|number| Some((number, self.places.get(number)?)));
        for (number, place) in places {
            cache
                .check_held(place.frame)
                .map_err(|path| Error::NotHeld { what: self.places.describe(number), path })?;
        }
        Ok(())
    }
}

/// Says that a frame is being made ready, until it is or whoever did so is gone.
struct Mark<'a> {
    frames: &'a Frames,
    number: Number,
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        lock(&self.frames.making).now.remove(&self.number);
        self.frames.made.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
