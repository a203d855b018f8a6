//! What a person who waits is told.

use std::fmt::Display;

/// Says what takes a while now. The only place outside of the commands that prints.
#[allow(clippy::print_stderr, reason = "this is what it is for")]
pub fn say(what: impl Display) {
    eprintln!("{what}");
}
