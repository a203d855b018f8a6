//! Fuzzes what reads the Nix database: `nix_seed_fuzz::database`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(database);
