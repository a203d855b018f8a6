//! What people call.

pub mod bench;
pub mod demo;
pub mod reproduce;
pub mod suite;
