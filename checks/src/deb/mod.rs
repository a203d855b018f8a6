//! Debian's package metadata: pure functions over text.

pub mod index;
pub mod relation;
pub mod version;
