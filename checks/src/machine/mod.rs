//! The machine that the tests run on: its programs, its files, and this repository on it.

pub mod cache;
pub mod cargo;
pub mod files;
pub mod node;
pub mod parallel;
pub mod prepared;
pub mod process;
pub mod programs;
pub mod progress;
pub mod python;
pub mod repository;
