//! When a request is tried again, and after which delay.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::{Error, Options, Result, Subject};

/// The target of the events that tell of another attempt. Their fields: `registry`, `repository` and `what` was asked, the
/// number of the `attempt` that failed, how many `attempts` there are, the `delay` in seconds, and `why`.
pub const RETRY: &str = "nix_seed_registry::retry";

/// An attempt that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) error: Error,
    /// Whether another attempt may fare better.
    pub(crate) again: bool,
    /// For how long the registry asks to wait.
    pub(crate) after: Option<Duration>,
}

impl Failure {
    /// One that another attempt may mend.
    pub(crate) fn passing(error: Error) -> Self {
        Self { error, again: true, after: None }
    }
}

/// All else is the same at the next attempt.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, again: false, after: None }
    }
}

/// Counts attempts without progress.
#[derive(Debug)]
pub(crate) struct Attempts {
    failed: u32,
    attempts: u32,
    delay: Duration,
    delay_max: Duration,
    retry_after_max: Duration,
}

impl Attempts {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            failed: 0,
            attempts: options.attempts,
            delay: options.delay,
            delay_max: options.delay_max,
            retry_after_max: options.retry_after_max,
        }
    }

    /// Something arrived that need not arrive again.
    pub(crate) fn progress(&mut self) {
        self.failed = 0;
    }

    /// Waits before the next attempt; fails where there is to be none.
    pub(crate) fn pause(&mut self, at: &Arc<Subject>, failure: Failure) -> Result<()> {
        self.failed += 1;
        if !failure.again || self.failed >= self.attempts {
            return Err(failure.error);
        }
        let delay = self.next_delay(failure.after, fastrand::f64());
        tracing::warn!(
            target: RETRY,
            registry = at.registry,
            repository = at.repository,
            what = at.what,
            attempt = i64::from(self.failed),
            attempts = i64::from(self.attempts),
            delay = delay.as_secs_f64(),
            why = %failure.error,
            "trying again"
        );
        std::thread::sleep(delay);
        Ok(())
    }

    /// The delay after the attempts that failed so far; `chance` is 0 to 1, so that clients do not come back as one.
    fn next_delay(&self, after: Option<Duration>, chance: f64) -> Duration {
        let doubled = self.delay.saturating_mul(1 << (self.failed.saturating_sub(1)).min(20)).min(self.delay_max);
        let own = doubled / 2 + doubled.mul_f64(chance / 2.0);
        after.map_or(own, |after| after.min(self.retry_after_max).max(own))
    }
}

/// Whether a status is one that passes.
pub(crate) fn passes(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Reads `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        for value in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after(value, now), None, "{value}");
        }
    }

    #[test]
    fn delays_double_up_to_a_limit() {
        let mut attempts = Attempts::new(&Options::default());
        let mut delay = |failed, after, chance| {
            attempts.failed = failed;
            attempts.next_delay(after, chance).as_millis()
        };
        assert_eq!(
            [delay(1, None, 0.0), delay(1, None, 1.0), delay(2, None, 1.0), delay(3, None, 1.0)],
            [250, 500, 1000, 2000]
        );
        assert_eq!(delay(u32::MAX, None, 1.0), 15_000);
        assert_eq!(delay(1, Some(Duration::from_secs(7)), 1.0), 7000);
        assert_eq!(delay(1, Some(Duration::MAX), 1.0), 60_000);
    }
}
