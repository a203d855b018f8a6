//! How long nothing is streamed in after it has failed.

use std::time::{Duration, Instant};

/// Pauses double up to so many times the first one.
const MOST: u32 = 32;

/// After so many failures in a row, nothing is streamed until something that somebody waited for has arrived.
const GIVE_UP: u32 = 8;

/// What failures in a row mean for what nobody waits for: a registry that is down is left in peace, for longer each time.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    failed: u32,
    until: Option<Instant>,
}

impl Backoff {
    pub(crate) fn new(first: Duration) -> Self {
        Self { first, failed: 0, until: None }
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        let times = 1_u32.checked_shl(self.failed).unwrap_or(MOST).min(MOST);
        self.failed = self.failed.saturating_add(1);
        self.until = now.checked_add(self.first.saturating_mul(times));
    }

    /// Something has arrived.
    pub(crate) fn mended(&mut self) {
        (self.failed, self.until) = (0, None);
    }

    /// For how long nothing is to be streamed.
    pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// How many may stream: after a failure one tries whether it is over.
    pub(crate) fn most(&self, threads: usize) -> usize {
        match self.failed {
            0 => threads,
            _ => threads.min(1),
        }
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.failed >= GIVE_UP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_end_with_a_success() {
        let now = Instant::now();
        let mut backoff = Backoff::new(Duration::from_secs(1));
        assert_eq!((backoff.pause(now), backoff.most(6)), (None, 6));
        let mut pauses = Vec::new();
        for _ in 0..40 {
            backoff.failed(now);
            pauses.push(backoff.pause(now).unwrap().as_secs());
            assert_eq!(backoff.most(6), 1, "one tries");
        }
        assert_eq!(pauses[..7], [1, 2, 4, 8, 16, 32, 32]);
        assert_eq!(pauses[39], 32);
        assert!(backoff.is_given_up());
        assert_eq!(backoff.pause(now + Duration::from_secs(32)), None, "it is over");
        backoff.mended();
        assert_eq!((backoff.pause(now), backoff.most(6), backoff.is_given_up()), (None, 6, false));
    }
}
