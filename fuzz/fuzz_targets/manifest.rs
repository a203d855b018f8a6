//! Fuzzes what reads the documents of an image: `nix_seed_fuzz::manifest`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(manifest);
