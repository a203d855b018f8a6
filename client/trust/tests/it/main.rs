//! Real bundles, made-up ones and altered ones: what is believed, and why the rest is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod attacks;
mod case;
mod configuration;
mod mutation;
mod mutations;
mod several;
mod signing;
