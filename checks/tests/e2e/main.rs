//! Whole path tests: real flakes become seeds with real Nix, and programs that nobody here wrote use them.
//!
//! Every test starts from a copy of a flake in a folder of its own, locked as a user's flake is. What Nix has
//! built stays in its store, so a second run takes seconds.

mod arguments;
mod changes;
mod container;
mod examples;
mod mistakes;
mod readme;
mod reproducible;
mod restrictions;
mod seed;
mod unpacking;
