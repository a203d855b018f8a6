//! What proves nix-seed.
//!
//! From the inside out: the [`machine`]; [`debian`], its archive; [`nix`], a Nix to run; [`fixture`], an offline package
//! set under nixpkgs' names, made of Debian packages; [`seed`], a flake, its seed, and commands in it; [`reproduce`], the seed once
//! more under other circumstances; [`registry`], where seeds are pushed to and pulled from, and what goes wrong on the way;
//! [`property`], the seeds of generated flakes, which outlast edits; [`client`], the command that pushes and pulls; [`telemetry`], who
//! reads its traces; [`bench`], what that costs; [`closures`], what is in seeds and need not be; [`commands`].

pub mod bench;
pub mod client;
pub mod closures;
pub mod commands;
pub mod debian;
pub mod fixture;
pub mod machine;
pub mod nix;
pub mod property;
pub mod registry;
pub mod reproduce;
pub mod seed;
pub mod telemetry;
