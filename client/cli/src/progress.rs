//! How far a command is: a line that changes on a terminal, a line now and then elsewhere, objects for a script.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix_seed_publish::Progress as Push;
use nix_seed_start::Progress as Up;
use serde_json::{Value, json};

use crate::print;

/// How often is looked, and a person's line changes; how often a script gets an object, and how often a log gets a line.
const LOOK: Duration = Duration::from_millis(100);
const SCRIPT: Duration = Duration::from_secs(1);
const LOG: Duration = Duration::from_secs(5);

/// The columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;
/// The columns of a bar, at most and at least.
const BAR_MAX: usize = 24;
const BAR_MIN: usize = 8;

/// What is shown of a command.
pub(crate) trait Progress: Sync {
    /// How far it is.
    fn snapshot(&self) -> Snapshot;
}

#[derive(Clone, Copy)]
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
pub(crate) fn show<T: Send>(progress: &impl Progress, work: impl FnOnce() -> T + Send) -> T {
    let is_terminal = !print::is_json() && is_alive(std::io::stderr().is_terminal(), &|name| std::env::var_os(name));
    let interval = match is_terminal {
        true => Duration::ZERO,
        false if print::is_json() => SCRIPT,
        false => LOG,
    };
    let span = tracing::Span::current();
    // Nothing moves before it is known how much there is to do; that time says nothing of the rate.
    let mut moving = None;
    let mut told = Instant::now();
    let mut look = |is_last: bool| {
        let snapshot = progress.snapshot();
        if snapshot.bytes_wanted == 0 {
            return;
        }
        let seconds = moving.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        if told.elapsed() < interval && !is_last {
            return;
        }
        told = Instant::now();
        if is_terminal {
            print::draw(&drawn(&snapshot, seconds, columns()));
        } else {
            print::tell(&parts(&snapshot, seconds).join(", "), || object(&snapshot, seconds));
        }
    };
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        // The work stays on a thread of its own, so that this one can show it; it ends the loop when it is dropped.
        let work = scope.spawn(move || {
            let result = span.in_scope(work);
            drop(done);
            result
        });
        while wait.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            look(false);
        }
        print::undraw();
        if print::is_json() {
            look(true);
        }
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Whether somebody looks at a line that changes. Some CI gives its jobs a terminal, and keeps what is written there.
fn is_alive(is_terminal: bool, get: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let get = |name| get(name).filter(|value| !value.is_empty());
    is_terminal && get("TERM").is_some_and(|term| term != "dumb") && get("CI").is_none()
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(COLUMNS)
}

/// What there is to say, what matters most first.
fn parts(snapshot: &Snapshot, seconds: f64) -> [String; 3] {
    let Snapshot { bytes, bytes_wanted, things, things_wanted, names } = *snapshot;
    let rate = if seconds > 0.0 { (bytes as f64 / seconds) as u64 } else { 0 };
    [
        format!("{} of {}", print::bytes(bytes), print::bytes(bytes_wanted)),
        format!("{}/s", print::bytes(rate)),
        format!("{things} of {things_wanted} {}", names.0),
    ]
}

/// One line of a terminal: as much as fits, and a bar where there is room left. All of it is ASCII, in no colour, so
/// that it is the same on every terminal.
fn drawn(snapshot: &Snapshot, seconds: f64, columns: usize) -> String {
    // Some terminals go to the next line as soon as the last column is written.
    let room = columns.saturating_sub(1);
    let mut text = String::new();
    for part in parts(snapshot, seconds) {
        let longer = if text.is_empty() { part } else { format!("{text}, {part}") };
        if longer.len() > room {
            break;
        }
        text = longer;
    }
    let width = room.saturating_sub(text.len() + "[] ".len()).min(BAR_MAX);
    if width < BAR_MIN {
        return text;
    }
    let filled = snapshot.bytes.min(snapshot.bytes_wanted) as f64 / snapshot.bytes_wanted.max(1) as f64;
    let filled = (filled * width as f64) as usize;
    format!("[{}{}] {text}", "#".repeat(filled), "-".repeat(width.saturating_sub(filled)))
}

fn object(snapshot: &Snapshot, seconds: f64) -> Value {
    let Snapshot { bytes, bytes_wanted, things, things_wanted, names } = *snapshot;
    json!({
        "event": "progress",
        "seconds": seconds,
        "bytes": bytes,
        "bytesWanted": bytes_wanted,
        (names.1): things,
        (format!("{}Wanted", names.1)): things_wanted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Snapshot = Snapshot {
        bytes: 50_000_000,
        bytes_wanted: 100_000_000,
        things: 7,
        things_wanted: 14,
        names: ("store paths", "paths"),
    };

    #[test]
    fn a_line_fits_its_terminal() {
        for (columns, expected) in [
            (120, "[############------------] 50.00 MB of 100.00 MB, 25.00 MB/s, 7 of 14 store paths"),
            (70, "[######------] 50.00 MB of 100.00 MB, 25.00 MB/s, 7 of 14 store paths"),
            (60, "50.00 MB of 100.00 MB, 25.00 MB/s, 7 of 14 store paths"),
            (50, "[######-------] 50.00 MB of 100.00 MB, 25.00 MB/s"),
            (30, "50.00 MB of 100.00 MB"),
            (10, ""),
        ] {
            assert_eq!(drawn(&HALF, 2.0, columns), expected, "{columns}");
        }
        for columns in 0..200 {
            assert!(drawn(&HALF, 2.0, columns).len() <= columns.saturating_sub(1), "{columns}");
        }
    }

    #[test]
    fn a_line_changes_only_where_somebody_looks() {
        let of = |is_terminal, variables: &[(&str, &str)]| {
            let get = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            is_alive(is_terminal, &get)
        };
        assert!(of(true, &[("TERM", "xterm")]) && of(true, &[("TERM", "vt100"), ("CI", "")]));
        assert!(!of(false, &[("TERM", "xterm")]));
        assert!(!of(true, &[]) && !of(true, &[("TERM", "dumb")]) && !of(true, &[("TERM", "xterm"), ("CI", "true")]));
    }

    #[test]
    fn a_bar_is_neither_too_long_nor_empty_at_the_end() {
        let all = Snapshot { bytes: 100_000_000, ..HALF };
        assert!(drawn(&all, 1.0, 100).starts_with("[########################] "));
        // An answer that was sent again.
        let more = Snapshot { bytes: 200_000_000, ..HALF };
        assert!(drawn(&more, 0.0, 100).starts_with("[########################] "));
    }
}
