//! Fuzzes what believes a signature: `nix_seed_fuzz::bundle`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(bundle);
