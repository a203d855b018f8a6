//! A seed for others: pushed to registries, joined with other systems', compared, locked, pruned.
//!
//! What is decided is decided by functions without input or output: which restrictions an order lifts ([`push`]), what
//! an index of several systems says, what changed between two seeds and why ([`diff()`]), what `.seed.lock` says
//! ([`lock`]), what may be deleted ([`prune`]). Around each lies a thin layer that reads and writes.

mod error;
mod git;
mod parallel;
mod progress;

pub mod diff;
pub mod lock;
pub mod prune;
pub mod push;

pub use error::{Error, Result};
pub use progress::{Progress, Snapshot};
