//! When the rest of a seed may be streamed in beside those who wait for parts of it.

use std::time::{Duration, Instant};

/// Nobody has read a frame for so long: whoever did so is done, or has all that it needs for a while. A start computes for some
/// tenths of a second between two reads.
const QUIET: Duration = Duration::from_millis(500);

/// In the first seconds, whoever reads waits for much in turn.
const START: Duration = Duration::from_secs(5);

/// Whoever has caused so many compressed bytes to come reads on: what else there is will be waited for, too, and comes with fewer
/// requests in the order in which it lies. The first build of a small program causes some forty megabytes of a seed of two gigabytes
/// to come, what follows in its store paths included.
const MUCH: u64 = 48 << 20;

/// How many requests for the rest there are at one time beside somebody who waits: with more of them there is less for whom they wait.
const BESIDE: usize = 2;

/// A registry whose fastest answer took so long is far away: while it is waited for, its link and this machine have time.
const FAR: Duration = Duration::from_millis(15);

/// Who read, and how far a registry is.
///
/// Where it is near, a whole seed comes at the pace of this machine: whatever is streamed in takes processor time from whoever
/// reads, and from what it has read for.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    began: Option<Instant>,
    read: Option<Instant>,
    /// The compressed bytes that came because somebody waited for them, or for what they follow.
    demanded: u64,
    is_far: bool,
}

impl Pace {
    /// The registry takes so long to answer, as far as that is known.
    pub(crate) fn learn(&mut self, latency: Option<Duration>) {
        self.is_far = latency.is_some_and(|latency| latency >= FAR);
    }

    /// Somebody asks for a frame, or has one, or is about to ask.
    pub(crate) fn reads(&mut self, now: Instant) {
        self.began.get_or_insert(now);
        self.read = self.read.max(Some(now));
    }

    /// So many compressed bytes have come because somebody waits for them, or for what they follow.
    pub(crate) fn demanded(&mut self, bytes: u64) {
        self.demanded = self.demanded.saturating_add(bytes);
    }

    /// Whether whoever reads will want all that there is.
    pub(crate) fn is_all_wanted(&self) -> bool {
        self.demanded >= MUCH
    }

    /// For how long the rest is to wait. After the start, and for whoever reads much, it goes on [beside](BESIDE) those who wait: there
    /// may be no quiet.
    pub(crate) fn pause(&self, now: Instant, is_waited_for: bool, at_work: usize) -> Option<Duration> {
        let left = |since: Option<Instant>, time: Duration| {
            since.map_or(Duration::ZERO, |since| (since + time).saturating_duration_since(now))
        };
        let to_quiet = if is_waited_for { QUIET } else { left(self.read, QUIET) };
        if to_quiet.is_zero() || self.is_far {
            return None;
        }
        let to_start = if self.is_all_wanted() { Duration::ZERO } else { left(self.began, START) };
        match at_work {
            0..BESIDE if to_start.is_zero() => None,
            0..BESIDE => Some(to_quiet.min(to_start)),
            _ => Some(to_quiet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(60);

    #[test]
    fn the_rest_waits_for_quiet_or_goes_on_two_at_a_time() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.pause(now, false, 5), None, "nobody has begun");
        pace.reads(now);
        assert_eq!(pace.pause(now + SOON, true, 0), Some(QUIET));
        assert_eq!(pace.pause(now + SOON, false, 0), Some(QUIET - SOON));
        assert_eq!(pace.pause(now + QUIET, false, 5), None);
        let later = now + START;
        pace.reads(later);
        assert_eq!((pace.pause(later, true, 1), pace.pause(later, true, 2)), (None, Some(QUIET)));
    }

    #[test]
    fn for_whoever_reads_much_the_rest_comes_at_once() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.reads(now);
        pace.demanded(MUCH - 1);
        assert_eq!((pace.pause(now, true, 0), pace.is_all_wanted()), (Some(QUIET), false));
        pace.demanded(1);
        assert_eq!((pace.pause(now, true, 1), pace.is_all_wanted()), (None, true));
        assert_eq!(pace.pause(now, true, 2), Some(QUIET));
    }

    #[test]
    fn far_away_there_is_time() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.learn(Some(FAR));
        pace.reads(now);
        assert_eq!(pace.pause(now, true, 5), None);
        pace.learn(Some(FAR / 5));
        assert_eq!(pace.pause(now, true, 5), Some(QUIET));
    }
}
