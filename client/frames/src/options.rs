use std::num::NonZero;
use std::time::Duration;

use crate::{Error, Result};

/// Names the seconds for which a read waits for what has to be fetched.
const TIMEOUT_VARIABLE: &str = "NIX_SEED_READ_TIMEOUT";

/// How frames are read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most bytes of decompressed frames that are kept in memory, besides those that are being read.
    pub memory: u64,
    /// For how long a read waits for a frame to arrive.
    pub deadline: Duration,
    /// How many threads fetch, as far as the machine permits.
    pub threads: usize,
    /// When something that is streamed in behind fails, so long nothing is; then for longer, up to 32 times as long.
    pub pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory: 48 << 20, deadline: Duration::from_secs(60), threads: 9, pause: Duration::from_secs(1) }
    }
}

impl Options {
    /// As is usual, but for what the environment says.
    pub fn of_user() -> Result<Self> {
        let options = Self::default();
        let Some(text) = std::env::var(TIMEOUT_VARIABLE).ok().filter(|text| !text.is_empty()) else {
            return Ok(options);
        };
        let seconds = text.parse::<NonZero<u32>>().map_err(|_| Error::ReadTimeout { text })?;
        Ok(Self { deadline: Duration::from_secs(seconds.get().into()), ..options })
    }
}
