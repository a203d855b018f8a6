//! How far a command is: a line that changes on a terminal, a line now and then elsewhere, objects for a script.
#![allow(clippy::print_stderr)]

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix_seed_publish::Progress as Push;
use nix_seed_start::Progress as Up;

use crate::print;

/// How often a person's line changes, and how often a log gets a line.
const TERMINAL: Duration = Duration::from_millis(100);
const LOG: Duration = Duration::from_secs(5);

/// What is shown of a command.
pub(crate) trait Progress: Sync {
    /// How far it is.
    fn snapshot(&self) -> Snapshot;
}

pub(crate) struct Snapshot {
    bytes: u64,
    bytes_wanted: u64,
    things: u64,
    things_wanted: u64,
    /// What is counted, for people and for scripts.
    names: (&'static str, &'static str),
}

impl Progress for Up {
    fn snapshot(&self) -> Snapshot {
        let nix_seed_start::Snapshot { bytes, bytes_wanted, paths, paths_wanted } = self.snapshot();
        Snapshot { bytes, bytes_wanted, things: paths, things_wanted: paths_wanted, names: ("store paths", "paths") }
    }
}

impl Progress for Push {
    fn snapshot(&self) -> Snapshot {
        let nix_seed_publish::Snapshot { bytes, bytes_wanted, blobs, blobs_wanted } = self.snapshot();
        Snapshot { bytes, bytes_wanted, things: blobs, things_wanted: blobs_wanted, names: ("blobs", "blobs") }
    }
}

/// Does `work` and shows its `progress` meanwhile.
pub(crate) fn show<T: Send>(progress: &impl Progress, json: bool, work: impl FnOnce() -> T + Send) -> T {
    let is_terminal = std::io::stderr().is_terminal() && !json;
    let interval = if is_terminal { TERMINAL } else { LOG };
    let start = Instant::now();
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        // The work stays on a thread of its own, so that this one can show it; it ends the loop when it is dropped.
        let work = scope.spawn(move || {
            let result = work();
            drop(done);
            result
        });
        while wait.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            let snapshot = progress.snapshot();
            if snapshot.bytes_wanted > 0 {
                let text = if json { object(&snapshot, start) } else { line(&snapshot, start, is_terminal) };
                let end = if is_terminal { "" } else { "\n" };
                let _ = write!(std::io::stderr(), "{text}{end}");
            }
        }
        if is_terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn line(snapshot: &Snapshot, start: Instant, is_terminal: bool) -> String {
    const WIDTH: u64 = 24;
    let Snapshot { bytes, bytes_wanted, things, things_wanted, names } = *snapshot;
    let rate = (bytes as f64 / start.elapsed().as_secs_f64()) as u64;
    let text = format!(
        "{} of {}, {}/s, {things} of {things_wanted} {}",
        print::bytes(bytes),
        print::bytes(bytes_wanted),
        print::bytes(rate),
        names.0
    );
    if !is_terminal {
        return text;
    }
    let filled = (bytes * WIDTH / bytes_wanted.max(1)).min(WIDTH) as usize;
    format!("\r\x1b[K[{}{}] {text}", "#".repeat(filled), "-".repeat(WIDTH as usize - filled))
}

fn object(snapshot: &Snapshot, start: Instant) -> String {
    let Snapshot { bytes, bytes_wanted, things, things_wanted, names } = *snapshot;
    serde_json::json!({
        "event": "progress",
        "seconds": start.elapsed().as_secs_f64(),
        "bytes": bytes,
        "bytesWanted": bytes_wanted,
        (names.1): things,
        (format!("{}Wanted", names.1)): things_wanted,
    })
    .to_string()
}
