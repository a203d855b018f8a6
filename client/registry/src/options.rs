use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::credentials::{Credentials, Environment};

/// How registries are talked to. `Options::default()` is meant for real ones.
#[derive(Debug, Clone)]
pub struct Options {
    /// Registries that are spoken to in plain http besides loopback ones, each as HOST or HOST:PORT.
    pub plain_http: Vec<String>,
    /// Credentials for every registry; they go before all that the environment and files hold.
    pub credentials: Option<Credentials>,
    /// Where else credentials are looked for, and where certificates are.
    pub environment: Environment,
    /// The largest gap between two ranges, in bytes, that is read and thrown away rather than asked around. By default
    /// none: whoever asks for ranges knows what a gap is worth.
    pub gap: u64,
    /// For how long a connection may be made.
    pub connect: Duration,
    /// For how long nothing may arrive, or be taken, before a connection counts as broken.
    pub stall: Duration,
    /// For how long a registry may think about a finished upload, since it hashes or moves all of it then.
    pub commit: Duration,
    /// How often a request is tried without progress.
    pub attempts: u32,
    /// The first delay between attempts, doubled for each further one; half of it is chance.
    pub delay: Duration,
    /// The longest delay between attempts.
    pub delay_max: Duration,
    /// The longest delay that a registry may ask for with `Retry-After`.
    pub retry_after_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plain_http: Vec::new(),
            credentials: None,
            environment: Environment::of_process(),
            gap: 0,
            connect: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            commit: Duration::from_secs(300),
            attempts: 6,
            delay: Duration::from_millis(500),
            delay_max: Duration::from_secs(15),
            retry_after_max: Duration::from_secs(60),
        }
    }
}

/// What went over the wire so far, for budgets and progress: bodies only, without headers and TLS.
#[derive(Debug)]
pub struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
    requests: AtomicU64,
    /// In nanoseconds; the most that there are where there was no answer yet.
    fastest: AtomicU64,
}

impl Default for Traffic {
    fn default() -> Self {
        let none = || AtomicU64::new(0);
        Self { received: none(), sent: none(), requests: none(), fastest: AtomicU64::new(u64::MAX) }
    }
}

impl Traffic {
    /// The bytes of all answers' bodies.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The bytes of all requests' bodies.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The requests, those for tokens and after redirects included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How long the fastest answer took, until its head was there; none before the first. That is what the way there and back takes:
    /// others had more to wait for.
    pub fn fastest(&self) -> Option<Duration> {
        let nanoseconds = self.fastest.load(Ordering::Relaxed);
        (nanoseconds < u64::MAX).then_some(Duration::from_nanos(nanoseconds))
    }

    pub(crate) fn add_answer(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.fastest.fetch_min(nanoseconds, Ordering::Relaxed);
    }

    pub(crate) fn add_received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }
}
