//! Fuzzes what reads a derivation: `nix_seed_fuzz::derivation`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(derivation);
