//! Fuzzes what writes a file system's metadata: `nix_seed_fuzz::erofs`.
#![cfg_attr(fuzzing, no_main)]

nix_seed_fuzz::target!(erofs);
