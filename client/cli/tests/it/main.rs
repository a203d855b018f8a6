//! The command, as a person or a script runs it: seeds of real files, brought up, interrupted, and taken down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

#[cfg(target_os = "linux")]
mod check;
mod common;
mod events;
mod help;
mod job;
mod kills;
mod otlp;
mod refusals;
mod report;
mod trace;
mod up;
