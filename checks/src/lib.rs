//! What proves nix-seed.
//!
//! From the inside out: the [`machine`]; [`debian`], its archive; [`nix`], a Nix to run; [`fixture`], an offline package
//! set under nixpkgs' names, made of Debian packages; [`seed`], a flake, its seed, and commands in it; [`reproduce`], the seed once
//! more under other circumstances; [`registry`], where seeds are pushed to and pulled from, and what goes wrong on the way;
//! [`property`], the seeds of generated flakes, which outlast edits; [`client`], the command that pushes and pulls; [`telemetry`], who
//! reads its traces; [`sigstore`], services that certify, log and time-stamp signatures, and clients of theirs; [`conformance`], what all
//! such clients have to accept and refuse; [`validators`], who reads bills of materials and schemas; [`runner`], which runs workflows, and [`linters`], who reads them; [`bench`], what all of it costs; [`closures`], what is in seeds and need not be; [`document`], what people read; [`commands`].

pub mod bench;
pub mod client;
pub mod closures;
pub mod commands;
pub mod conformance;
pub mod debian;
pub mod document;
pub mod fixture;
pub mod linters;
pub mod machine;
pub mod nix;
pub mod property;
pub mod registry;
pub mod reproduce;
pub mod runner;
pub mod seed;
pub mod sigstore;
pub mod telemetry;
pub mod validators;
