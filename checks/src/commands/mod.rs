//! What people call.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what they find out is printed")]

pub mod bench;
pub mod closures;
pub mod conformance;
pub mod demo;
pub mod fuzz;
pub mod property;
pub mod reproduce;
pub mod sigstore;
pub mod suite;
