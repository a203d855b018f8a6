//! What the documents promise: their fields, their graphs, and that they are the same for the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod example;
mod fields;
mod golden;
mod properties;
mod read;
