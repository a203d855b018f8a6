use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix_seed_image::layout::blob_path;
use nix_seed_image::seed::Seed;
use nix_seed_image::{Decoder, Error as ImageError};
use nix_seed_source::Source;

use crate::fetcher::Fetcher;
use crate::memory::Memory;
use crate::{Error, FrameCache, Number, Places, Result};

/// How frames are read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most bytes of decompressed frames that are kept in memory, besides those that are being read.
    pub memory: u64,
    /// For how long a read waits for a frame to arrive.
    pub deadline: Duration,
    /// How many threads fetch.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory: 64 << 20, deadline: Duration::from_secs(60), threads: 9 }
    }
}

/// The frames of one seed.
pub struct Frames {
    places: Arc<Places>,
    origin: Origin,
    deadline: Duration,
    memory: Mutex<Memory>,
    making: Mutex<Making>,
    made: Condvar,
    decoders: Mutex<Vec<Decoder>>,
    /// Buffers of the size of a frame.
    buffers: Mutex<Vec<Vec<u8>>>,
    touched: Mutex<Touched>,
}

/// Where compressed frames come from.
enum Origin {
    /// Files of this machine: the blobs of the layers, by position.
    Files(Vec<PathBuf>),
    /// A registry, and what is kept of it.
    Registry { fetcher: Fetcher, cache: Option<FrameCache> },
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
        let descriptors = seed.documents.manifest.layers();
        let origin = match source {
            Source::Layout(dir) => {
                Origin::Files(seed.index.layers.iter().map(|layer| blob_path(dir, &layer.digest)).collect())
            }
            Source::Registry(_) => {
                let descriptors = descriptors.to_vec();
                let fetcher =
                    Fetcher::start(places.clone(), source.clone(), descriptors, cache.clone(), options.threads)?;
                Origin::Registry { fetcher, cache }
            }
        };
        Ok(Self {
            places,
            origin,
            deadline: options.deadline,
            memory: Mutex::new(Memory::new(options.memory)),
            making: Mutex::default(),
            made: Condvar::new(),
            decoders: Mutex::default(),
            buffers: Mutex::default(),
            touched: Mutex::default(),
        })
    }

    /// Where the frames lie.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Fills `buffer` with the bytes of a layer's tar from `offset` on.
    pub fn read(&self, layer: u32, mut offset: u64, mut buffer: &mut [u8]) -> Result<()> {
        while !buffer.is_empty() {
            let outside = || Error::Outside { what: format!("byte {offset} of layer {layer}") };
            let number = self.places.at(layer, offset).ok_or_else(outside)?;
            let place = self.places.get(number).ok_or_else(outside)?;
            let tar = self.tar(number)?;
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
        if let Origin::Registry { fetcher, .. } = &self.origin {
            fetcher.stream(order);
        }
    }

    /// Waits until all that was to be streamed in behind has arrived, or could not.
    pub fn wait(&self) {
        if let Origin::Registry { fetcher, .. } = &self.origin {
            fetcher.wait();
        }
    }

    /// The frames that reads have touched, in the order of the first touch.
    pub fn touched(&self) -> Vec<Number> {
        lock(&self.touched).order.clone()
    }

    /// The compressed bytes of frames that have arrived over a network.
    pub fn received(&self) -> u64 {
        match &self.origin {
            Origin::Files(_) => 0,
            Origin::Registry { fetcher, .. } => fetcher.received(),
        }
    }

    /// What a frame holds.
    fn tar(&self, number: Number) -> Result<Arc<Vec<u8>>> {
        let mut touched = lock(&self.touched);
        if touched.known.insert(number) {
            touched.order.push(number);
        }
        drop(touched);
        let asked = Instant::now();
        loop {
            if let Some(tar) = lock(&self.memory).get(number) {
                return Ok(tar);
            }
            let mut making = lock(&self.making);
            // Whoever waited with the one who failed has waited for long enough.
            if let Some((_, error)) = making.failed.get(&number).filter(|(ended, _)| *ended >= asked) {
                return Err(error.clone());
            }
            if making.now.insert(number) {
                break;
            }
            let others = self.made.wait_while(making, |making| making.now.contains(&number));
            drop(others.unwrap_or_else(PoisonError::into_inner));
        }
        let made = self.make(number);
        let mut making = lock(&self.making);
        making.now.remove(&number);
        match &made {
            Ok(_) => making.failed.remove(&number),
            Err(error) => making.failed.insert(number, (Instant::now(), error.clone())),
        };
        self.made.notify_all();
        made
    }

    /// Makes ready what a frame holds; nobody else does so meanwhile.
    fn make(&self, number: Number) -> Result<Arc<Vec<u8>>> {
        // Between the look and the mark somebody else may have been done.
        if let Some(tar) = lock(&self.memory).get(number) {
            return Ok(tar);
        }
        let compressed = self.compressed(number)?;
        let tar = Arc::new(self.decode(number, &compressed)?);
        if let Some(free) = lock(&self.memory).put(number, tar.clone()) {
            let mut buffers = lock(&self.buffers);
            if buffers.is_empty() {
                buffers.push(free);
            }
        }
        Ok(tar)
    }

    fn decode(&self, number: Number, compressed: &[u8]) -> Result<Vec<u8>> {
        let place = self.places.get(number).ok_or_else(|| Error::Outside { what: self.places.describe(number) })?;
        let decoder = lock(&self.decoders).pop();
        let mut decoder = decoder.map_or_else(Decoder::new, Ok)?;
        let mut tar = lock(&self.buffers).pop().unwrap_or_default();
        let decoded = decoder.decode_to(place.frame, compressed, &mut tar);
        lock(&self.decoders).push(decoder);
        decoded.map(|()| tar).map_err(|error| match error {
            ImageError::Mismatch { what, why } => {
                ImageError::Mismatch { what: format!("{what} of {}", place.layer_name), why }.into()
            }
            error => error.into(),
        })
    }

    /// The compressed bytes of a frame, compared with their hash.
    pub(crate) fn compressed(&self, number: Number) -> Result<Arc<Vec<u8>>> {
        let place = self.places.get(number).ok_or_else(|| Error::Outside { what: self.places.describe(number) })?;
        let frame = place.frame;
        let (fetcher, cache) = match &self.origin {
            Origin::Files(files) => {
                let path = files.get(place.layer).cloned().unwrap_or_default();
                let mut bytes = vec![0; frame.length as usize];
                let file = File::open(&path).map_err(Error::io("opening", &path))?;
                file.read_exact_at(&mut bytes, frame.offset).map_err(Error::io("reading", path))?;
                if !frame.is_of(&bytes) {
                    return Err(Error::Damaged { what: self.places.describe(number) });
                }
                return Ok(Arc::new(bytes));
            }
            Origin::Registry { fetcher, cache } => (fetcher, cache),
        };
        if let Some((cache, bytes)) = cache.as_ref().and_then(|cache| Some((cache, cache.get(frame)?))) {
            if frame.is_of(&bytes) {
                return Ok(Arc::new(bytes));
            }
            tracing::warn!("{}: what was kept of it is damaged, and is fetched again", self.places.describe(number));
            cache.remove(frame);
        }
        let owner = self.places.owner(number);
        let after =
            (number.0 + 1..).map(Number).take_while(|next| owner.is_some() && self.places.owner(*next) == owner);
        fetcher.fetch(number, after, self.deadline)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
