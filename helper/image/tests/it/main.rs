//! What the crate promises, through its public interface and on real files.

mod common;
mod image;
mod index;
