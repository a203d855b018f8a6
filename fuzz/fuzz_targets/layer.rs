//! Fuzzes what reads a store layer: `nix_seed_fuzz::layer`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(layer);
