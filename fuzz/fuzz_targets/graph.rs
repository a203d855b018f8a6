//! Fuzzes what reads a closure graph: `nix_seed_fuzz::graph`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(graph);
