//! The same closure, the same digest: whoever builds it, with what, where and how often.

pub mod by_hand;
pub mod fresh;
pub mod orders;
pub mod rebuild;
pub mod recipe;
pub mod variant;
