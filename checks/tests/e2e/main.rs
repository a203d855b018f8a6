//! Whole path tests: real flakes become seeds with real Nix, and programs that nobody here wrote use them.
//!
//! A test of a seed starts from a copy of a flake in a folder of its own, locked as a user's flake is. What Nix has
//! built stays in its store, so a second run takes seconds. A test of what a seed can hold makes a [`store`] of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod arguments;
mod attest;
mod benchmark;
mod cfg;
mod changes;
mod check;
mod ci;
mod client;
mod closures;
mod complete;
mod conformance;
mod container;
mod daemon;
mod erofs;
mod examples;
mod faithful;
mod faults;
mod generated;
mod help;
mod host;
mod incremental;
mod intermediates;
mod journey;
mod mistakes;
mod mount;
mod mounted;
mod overlay;
mod programs;
mod property;
mod publish;
mod readme;
mod recording;
mod referrers;
mod refusals;
mod registry;
mod reproducible;
mod restrictions;
mod run;
mod sbom;
mod seed;
mod sigstore;
mod single;
mod statement;
mod store;
mod templates;
mod trace;
mod unpacking;
mod up;
