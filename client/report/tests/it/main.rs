//! What is read and drawn of traces that commands wrote, and of those that a stranger did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod drawn;
mod generated;
mod hostile;
mod lines;
mod xml;
