//! What the crate promises, through its public interface and on real files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;
mod document;
mod encoded;
mod forgery;
mod hostile;
mod image;
mod index;
mod order;
mod reasons;
mod recording;
mod regressions;
mod specification;
mod stability;
mod why;
mod wording;
