//! What proves nix-seed.
//!
//! - [`nix`]: a Nix to run, the machine's or one from Debian's archive.
//! - [`fixture`]: an offline package set under nixpkgs' names, made of Debian packages.
//! - [`demo`], [`suite`]: the two commands; [`bench`]: what it costs.
//! - [`flake`], [`layout`], [`podman`], [`container`]: a user's flake, its seed, and commands in the seed.
//!
//! [`deb`], [`resolve`] and [`units`] are pure; [`apt`], [`cache`], [`process`] and [`programs`] touch the machine.

pub mod apt;
pub mod bench;
pub mod cache;
pub mod container;
pub mod deb;
pub mod demo;
pub mod files;
pub mod fixture;
pub mod flake;
pub mod layout;
pub mod nix;
pub mod podman;
pub mod process;
pub mod programs;
pub mod repository;
pub mod resolve;
pub mod suite;
pub mod units;
