//! Fuzzes what reads the index: `nix_seed_fuzz::index`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(index);
