//! What people call.

pub mod bench;
pub mod demo;
pub mod fuzz;
pub mod reproduce;
pub mod suite;
