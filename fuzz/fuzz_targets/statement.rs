//! Fuzzes what reads statements: `nix_seed_fuzz::statement`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(statement);
