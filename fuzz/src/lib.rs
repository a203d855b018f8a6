//! What a stranger may hand to the helper and the client, and what has to hold whatever they hand.
//!
//! Each [`Target`] takes any bytes, makes of them what the helper or the client reads, and lets it read that. That it neither
//! panics nor hangs is the least; what it accepts is held against the rules by an oracle that shares no code with it.
//! `doc/fuzzing.md` says how targets are run, and what was found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a property that does not hold ends the run")]

pub mod bundle;
pub mod cfg;
pub mod database;
pub mod derivation;
pub mod erofs;
pub mod graph;
pub mod index;
pub mod layer;
pub mod manifest;
pub mod metadata;
pub mod report;
pub mod statement;

mod by_hand;
mod forgery;
mod input;
mod seed;
mod stream;
mod tar;

pub use by_hand::by_hand;
#[cfg(fuzzing)]
pub use libfuzzer_sys;

/// Something that the helper or the client reads.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, that of its program and of its folder in `corpus`.
    pub name: &'static str,
    /// Lets it be read, whatever the input means. Gives whether it was accepted.
    pub run: fn(&[u8]) -> bool,
    /// An input that has to be accepted: what an honest seed holds, or an honest builder signs.
    pub honest: fn() -> Vec<u8>,
}

/// All targets.
pub const TARGETS: [Target; 12] = [
    Target { name: "graph", run: graph::run, honest: graph::honest },
    Target { name: "index", run: index::run, honest: index::honest },
    Target { name: "layer", run: layer::run, honest: layer::honest },
    Target { name: "manifest", run: manifest::run, honest: manifest::honest },
    Target { name: "metadata", run: metadata::run, honest: metadata::honest },
    Target { name: "database", run: database::run, honest: database::honest },
    Target { name: "derivation", run: derivation::run, honest: derivation::honest },
    Target { name: "erofs", run: erofs::run, honest: erofs::honest },
    Target { name: "statement", run: statement::run, honest: statement::honest },
    Target { name: "bundle", run: bundle::run, honest: bundle::honest },
    Target { name: "cfg", run: cfg::run, honest: cfg::honest },
    Target { name: "report", run: report::run, honest: report::honest },
];

/// The program of a target: libFuzzer's where the build is for fuzzing, else [`by_hand`].
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            $crate::$name::run(data);
        });

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::by_hand(stringify!($name))
        }
    };
}
