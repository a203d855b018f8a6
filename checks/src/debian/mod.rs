//! Debian's archive: its index, its packages, what they depend on. All but [`apt`] and [`program`] is pure.

pub mod apt;
pub mod index;
pub mod program;
pub mod relation;
pub mod resolve;
pub mod units;
pub mod version;
