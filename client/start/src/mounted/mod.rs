//! A seed that is mounted at `/nix` instead of unpacked there.
//!
//! What is written over it, and the record of it, lie in a folder beside `/nix`, which the mount covers: [`Place`]. The
//! process that mounts goes on to serve reads for as long as anybody uses the mount ([`Served`]); it holds the lock of the
//! folder, so whoever gets that lock knows that it has ended.
//!
//! Only a store that is not there yet is mounted. What is built in a store of somebody's stays there when the seed is
//! down, so whatever it needs has to stay there too: into such a store a seed is unpacked.

mod down;
mod likely;
mod place;
mod up;

pub(crate) use down::{down, is_mounted};
pub use likely::{likely, stream};
pub use up::{Attempt, Served, complete, may_mount, mount};
