//! What comes later in a read, made ready by another core meanwhile.

use std::sync::Arc;
use std::thread::{Builder, scope};

use super::{Frames, Mark, lock};
use crate::Number;

impl Frames {
    /// Does `read`, which goes through these frames in turn, while a core that is idle makes those ready that come later and are on
    /// this machine.
    pub fn beside<R>(&self, numbers: &[Number], read: impl FnOnce() -> R) -> R {
        let later = numbers.get(1..).unwrap_or_default();
        let is_ready = |number| lock(&self.memory).has(number);
        if later.iter().copied().all(is_ready) || !self.decoders.have_idle_core() {
            return read();
        }
        scope(|scope| {
            let ahead = || later.iter().for_each(|number| self.make_ahead(*number));
            // Without a thread, each is made ready when its turn comes.
            let ahead = Builder::new().name("decode".into()).spawn_scoped(scope, ahead);
            let read = read();
            if let Ok(ahead) = ahead {
                // What it could not do is tried again by whoever reads, who is told.
                let _ = ahead.join();
            }
            read
        })
    }

    /// Makes a frame ready that is on this machine, unless somebody has done so or does.
    fn make_ahead(&self, number: Number) {
        if lock(&self.memory).has(number) || !lock(&self.making).now.insert(number) {
            return;
        }
        let _mark = Mark { frames: self, number };
        let held = self.places.get(number).and_then(|place| self.origin.held(&place));
        if let Some(Ok(held)) = held {
            let _ = self.make(number, || Ok(Arc::new(held)));
        }
    }
}
