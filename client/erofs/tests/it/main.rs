//! What the crate promises, read back by a reader that shares no code with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod boundaries;
mod compare;
mod properties;
mod reader;
mod refusals;
mod stability;
mod tree;

use nix_seed_erofs::Options;

/// Of everything something that is not 0.
const OPTIONS: Options =
    Options { owner: (1000, 100), time: 1_700_000_000, uuid: [0xa5; 16], volume: *b"a volume\0\0\0\0\0\0\0\0" };
