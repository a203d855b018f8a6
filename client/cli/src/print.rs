//! What a person or a script sees. The only place that writes to standard output and standard error.
//!
//! Standard output has the result and nothing else. Standard error has all that is told meanwhile: text for a person, or
//! with `--json` one object a line (doc/tracing.md).
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::error::Error;

/// Whether a script reads what is told.
static JSON: AtomicBool = AtomicBool::new(false);
/// Whether the terminal's last line shows progress, which goes before anything else is written there.
static IS_DRAWN: Mutex<bool> = Mutex::new(false);

/// Takes the cursor to the line's beginning and clears it.
const CLEAR: &str = "\r\x1b[K";

/// Says once, at the start, whether a script reads what is told.
pub(crate) fn start(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

pub(crate) fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// A line on standard output.
pub(crate) fn line(text: &str) -> Result<(), Error> {
    whole(&format!("{}\n", plain(text)))
}

/// A JSON document on standard output.
pub(crate) fn json(document: &Value) -> Result<(), Error> {
    whole(&format!("{document}\n"))
}

/// Text on standard output, as it is. A reader that went away has seen enough; that the disk is full is an error.
pub(crate) fn whole(text: &str) -> Result<(), Error> {
    bytes_whole(text.as_bytes())
}

/// The same, of what another process has printed.
pub(crate) fn bytes_whole(bytes: &[u8]) -> Result<(), Error> {
    let mut out = std::io::stdout();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Io { doing: "writing", path: PathBuf::from("standard output"), source })
        }
        _ => Ok(()),
    }
}

/// A remark.
pub(crate) fn note(text: &str) {
    tell(text, || json!({ "event": "note", "text": text }));
}

/// Something that may be wrong, and did not end the command.
pub(crate) fn warning(text: &str) {
    tell(&format!("warning: {text}"), || json!({ "event": "warning", "text": text }));
}

/// What ended the command.
pub(crate) fn error(error: &Error) {
    let text = error.to_string();
    tell(&format!("nix-seed: {text}"), || json!({ "event": "error", "code": error.exit_code(), "text": text }));
}

/// `text` for a person, or `event` for a script.
pub(crate) fn tell(text: &str, event: impl FnOnce() -> Value) {
    let line = if is_json() { event().to_string() } else { plain(text) };
    let mut is_drawn = IS_DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    let clear = if std::mem::take(&mut *is_drawn) { CLEAR } else { "" };
    // At once, so that lines of several processes do not mix.
    let _ = std::io::stderr().write_all(format!("{clear}{line}\n").as_bytes());
}

/// An object for scripts alone.
pub(crate) fn event(event: &Value) {
    if is_json() {
        tell("", || event.clone());
    }
}

/// Shows `text` in the terminal's last line, in the place of what it showed there before.
pub(crate) fn draw(text: &str) {
    let mut is_drawn = IS_DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    *is_drawn = true;
    let _ = std::io::stderr().write_all(format!("{CLEAR}{text}").as_bytes());
}

/// Takes away what is drawn.
pub(crate) fn undraw() {
    let mut is_drawn = IS_DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::take(&mut *is_drawn) {
        let _ = std::io::stderr().write_all(CLEAR.as_bytes());
    }
}

/// `text` with escapes for what would steer a terminal, begin a line, or turn the text's direction: it may come from a
/// stranger, and a line could be a command to CI.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        let steers =
            c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers { plain.extend(c.escape_unicode()) } else { plain.push(c) }
    }
    plain
}

/// `1.23 MB`, in powers of ten as disks and registries count.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{:02} {name}", bytes / unit, bytes % unit * 100 / unit),
        None => format!("{bytes} B"),
    }
}
