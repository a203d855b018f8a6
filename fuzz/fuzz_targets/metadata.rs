//! Fuzzes what reads the metadata layer: `nix_seed_fuzz::metadata`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(metadata);
