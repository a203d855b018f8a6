//! A user's flake, its seed, and commands in the seed.

pub mod container;
pub mod flake;
pub mod layout;
pub mod podman;
