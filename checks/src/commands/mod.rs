//! What people call.

pub mod bench;
pub mod demo;
pub mod suite;
