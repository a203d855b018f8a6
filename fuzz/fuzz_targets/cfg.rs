//! Fuzzes what reads a `seedCfg`: `nix_seed_fuzz::cfg`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(cfg);
