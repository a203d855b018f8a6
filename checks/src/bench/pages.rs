//! What lies in memory before a command is measured: the same for each.

use std::fs;

/// Where root tells the kernel to forget what it has read.
const DROP: &str = "/proc/sys/vm/drop_caches";

/// How files are kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Before each command, the kernel forgets all that it has read.
    Dropped,
    /// All has been read before: there is a round that does not count.
    Warm,
}

impl Pages {
    /// Forgets where that is permitted, unless `warm` is asked for.
    pub fn choose(warm: bool) -> Self {
        if !warm && drop_all() { Self::Dropped } else { Self::Warm }
    }

    /// Brings memory into the same state before each command. What earlier ones wrote is on the disk then, so that no
    /// command waits for what another left.
    pub fn settle(self) {
        rustix::fs::sync();
        if self == Self::Dropped {
            drop_all();
        }
    }

    /// For the report.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Dropped => "written back and dropped before each command",
            Self::Warm => "written back before each command, not dropped; a first round was not counted",
        }
    }
}

fn drop_all() -> bool {
    fs::write(DROP, "3").is_ok()
}
