//! What a person or a script sees. The only place that writes to standard output and standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use serde_json::Value;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::Error;

/// Makes what the crates below find worth telling (retries, above all) appear on standard error.
pub(crate) fn start(json: bool) {
    let to_stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).without_time();
    let registry = tracing_subscriber::registry();
    if json {
        // A script reads events as JSON; those of the progress are made by hand.
        registry.init();
    } else {
        registry.with(to_stderr.compact().with_filter(LevelFilter::WARN)).init();
    }
}

/// A line on standard output.
pub(crate) fn line(text: &str) -> Result<(), Error> {
    whole(&format!("{}\n", plain(text)))
}

/// A JSON document on standard output.
pub(crate) fn json(document: &Value) -> Result<(), Error> {
    whole(&format!("{document}\n"))
}

/// A remark on standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", plain(text));
}

/// Text on standard output, as it is. A reader that went away has seen enough; that the disk is full is an error.
pub(crate) fn whole(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Io { doing: "writing", path: PathBuf::from("standard output"), source })
        }
        _ => Ok(()),
    }
}

pub(crate) fn error(error: &Error) {
    let _ = writeln!(std::io::stderr(), "nix-seed: {}", plain(&error.to_string()));
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
