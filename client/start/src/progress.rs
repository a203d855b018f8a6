use std::sync::atomic::{AtomicU64, Ordering};

/// How far an `up` is. Threads add to it; whoever shows it reads it now and then.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    bytes_wanted: AtomicU64,
    paths: AtomicU64,
    paths_wanted: AtomicU64,
}

/// What a [`Progress`] says at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// The compressed bytes of it that have arrived.
    pub bytes: u64,
    /// The compressed bytes of all that is missing; 0 until that is known.
    pub bytes_wanted: u64,
    /// The store paths that are whole.
    pub paths: u64,
    /// The store paths that were missing.
    pub paths_wanted: u64,
}

impl Progress {
    /// What it says now.
    pub fn snapshot(&self) -> Snapshot {
        let read = |value: &AtomicU64| value.load(Ordering::Relaxed);
        Snapshot {
            bytes: read(&self.bytes),
            bytes_wanted: read(&self.bytes_wanted),
            paths: read(&self.paths),
            paths_wanted: read(&self.paths_wanted),
        }
    }

    /// So much more is to be fetched.
    pub fn want(&self, bytes: u64, paths: u64) {
        self.bytes_wanted.fetch_add(bytes, Ordering::Relaxed);
        self.paths_wanted.fetch_add(paths, Ordering::Relaxed);
    }

    /// So many bytes have arrived.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A path is whole.
    pub fn add_path(&self) {
        self.paths.fetch_add(1, Ordering::Relaxed);
    }
}
