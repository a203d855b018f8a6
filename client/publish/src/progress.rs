use std::sync::atomic::{AtomicU64, Ordering};

/// How far a push is. Threads add to it; whoever shows it reads it now and then.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    bytes_wanted: AtomicU64,
    blobs: AtomicU64,
    blobs_wanted: AtomicU64,
}

/// What a [`Progress`] says at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// The bytes that the registry has, or was sent.
    pub bytes: u64,
    /// The bytes of all blobs.
    pub bytes_wanted: u64,
    /// The blobs that the registry has.
    pub blobs: u64,
    /// All blobs.
    pub blobs_wanted: u64,
}

impl Progress {
    /// What it says now.
    pub fn snapshot(&self) -> Snapshot {
        let read = |value: &AtomicU64| value.load(Ordering::Relaxed);
        Snapshot {
            bytes: read(&self.bytes),
            bytes_wanted: read(&self.bytes_wanted),
            blobs: read(&self.blobs),
            blobs_wanted: read(&self.blobs_wanted),
        }
    }

    pub(crate) fn want(&self, bytes: u64) {
        self.bytes_wanted.fetch_add(bytes, Ordering::Relaxed);
        self.blobs_wanted.fetch_add(1, Ordering::Relaxed);
    }

    /// A blob got from one byte to another; back, where a part has to be sent again.
    pub(crate) fn moved(&self, from: u64, to: u64) {
        self.bytes.fetch_add(to.wrapping_sub(from), Ordering::Relaxed);
    }

    pub(crate) fn add_blob(&self) {
        self.blobs.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_again_counts_once() {
        let progress = Progress::default();
        progress.want(10);
        for (from, to) in [(0, 7), (7, 2), (2, 10)] {
            progress.moved(from, to);
        }
        progress.add_blob();
        assert_eq!(progress.snapshot(), Snapshot { bytes: 10, bytes_wanted: 10, blobs: 1, blobs_wanted: 1 });
    }
}
