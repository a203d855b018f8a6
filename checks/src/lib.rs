//! What proves nix-seed.
//!
//! - [`nix`]: a Nix to run, the machine's or one from Debian's archive.
//! - [`fixture`]: an offline package set under nixpkgs' names, made of Debian packages.
//!
//! [`deb`], [`resolve`] and [`units`] are pure; [`apt`], [`cache`] and [`process`] touch the machine.

pub mod apt;
pub mod cache;
pub mod deb;
pub mod fixture;
pub mod nix;
pub mod process;
pub mod resolve;
pub mod units;
