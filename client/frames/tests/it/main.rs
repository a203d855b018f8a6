//! The frames of a real seed, from a layout and from a registry that can be told to misbehave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;
mod complete;
mod faults;
mod kept;
mod reads;
mod server;
mod stream;
