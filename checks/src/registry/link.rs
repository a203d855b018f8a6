//! A connection to far away: latency for each request, and a bandwidth that all connections share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How slow a proxy is. By default it does not wait at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Speed {
    /// Of a way there and back: waited before each request is passed on, and once more where a connection begins.
    pub latency: Duration,
    /// Of the bodies, in each direction by itself; 0 is as fast as it can be.
    pub bytes_per_second: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// So much may pass at once after a pause: a thread that is woken late makes up for it.
const BURST: Duration = Duration::from_millis(10);

/// Where all threads of a proxy wait: for the link, or to be released. Nobody waits any more when it is stopped.
#[derive(Default)]
pub(super) struct Link {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    speed: Speed,
    /// When each direction is free again.
    free: [Option<Instant>; 2],
    stopped: bool,
    stalled: usize,
    releases: u64,
}

impl Link {
    pub(super) fn set(&self, speed: Speed) {
        self.lock().speed = speed;
    }

    pub(super) fn wait_latency(&self) {
        let state = self.lock();
        if !state.speed.latency.is_zero() {
            let until = Instant::now() + state.speed.latency;
            self.wait_until(state, until);
        }
    }

    /// Waits until so many bytes more have passed the link.
    pub(super) fn pass(&self, direction: Direction, bytes: usize) {
        let mut state = self.lock();
        let rate = state.speed.bytes_per_second;
        if rate > 0 {
            let free = &mut state.free[direction as usize];
            let until = when_free(*free, Instant::now(), bytes as u64, rate);
            *free = Some(until);
            self.wait_until(state, until);
        }
    }

    /// Waits to be released.
    pub(super) fn stall(&self) {
        let mut state = self.lock();
        let before = state.releases;
        state.stalled += 1;
        self.changed.notify_all();
        while !state.stopped && state.releases == before {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.stalled -= 1;
    }

    pub(super) fn release(&self) {
        self.lock().releases += 1;
        self.changed.notify_all();
    }

    /// Waits until somebody stalls; false if nobody does for so long.
    pub(super) fn until_stalled(&self, patience: Duration) -> bool {
        let waiting = self.changed.wait_timeout_while(self.lock(), patience, |state| state.stalled == 0);
        waiting.unwrap_or_else(PoisonError::into_inner).0.stalled > 0
    }

    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    fn wait_until(&self, mut state: MutexGuard<'_, State>, until: Instant) {
        while !state.stopped
            && let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
        {
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a link that was free at a time has passed so many bytes more: a token bucket that [`BURST`] fills.
fn when_free(free: Option<Instant>, now: Instant, bytes: u64, rate: u64) -> Instant {
    let full = now.checked_sub(BURST).unwrap_or(now);
    let begin = free.map_or(full, |free| free.max(full));
    let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(rate);
    begin + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_their_time_one_after_the_other() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let one = when_free(None, now, 1000, 1000);
        assert_eq!(one + BURST, now + second);
        assert_eq!(when_free(Some(one), now, 2000, 1000), one + second * 2);
    }

    #[test]
    fn a_pause_saves_no_more_than_a_burst() {
        let now = Instant::now();
        let later = now + Duration::from_secs(100);
        assert_eq!(when_free(Some(now), later, 1000, 1000) + BURST, later + Duration::from_secs(1));
    }

    #[test]
    fn nobody_waits_at_a_link_that_is_stopped() {
        let link = Link::default();
        link.set(Speed { latency: Duration::from_secs(3600), bytes_per_second: 1 });
        link.stop();
        link.wait_latency();
        link.pass(Direction::Up, 1 << 20);
        link.stall();
        assert!(!link.until_stalled(Duration::ZERO));
    }
}
