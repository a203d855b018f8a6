//! Fuzzes what reads traces and draws them: `nix_seed_fuzz::report`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(report);
