//! Decompression, of so many frames at one time and no more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use nix_seed_image::{Compared, Decoder, Result};

/// How many frames are decompressed at one time: more would take memory, and there are no more cores on most machines.
const MOST: usize = 4;

/// At most [`MOST`] decoders.
#[derive(Default)]
pub(crate) struct Decoders {
    all: Mutex<All>,
    /// One is free again.
    freed: Condvar,
}

#[derive(Default)]
struct All {
    free: Vec<Decoder>,
    in_use: usize,
}

impl Decoders {
    /// Decompresses a frame, when its turn has come.
    pub(crate) fn decode(&self, compressed: &Compared<Vec<u8>>, tar: &mut Vec<u8>) -> Result<()> {
        let mut turn = self.turn();
        match &mut turn.0 {
            Some(decoder) => decoder.decode_to(compressed, tar),
            none => none.insert(Decoder::new()?).decode_to(compressed, tar),
        }
    }

    fn turn(&self) -> Turn<'_> {
        let waited = self.freed.wait_while(self.lock(), |all| all.in_use >= MOST);
        let mut all = waited.unwrap_or_else(PoisonError::into_inner);
        all.in_use += 1;
        Turn(all.free.pop(), self)
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A decoder, or the right to make one.
struct Turn<'a>(Option<Decoder>, &'a Decoders);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut all = self.1.lock();
        all.in_use -= 1;
        all.free.extend(self.0.take());
        drop(all);
        self.1.freed.notify_one();
    }
}
