//! `/nix` on macOS, whose root nobody may write to: a volume of its own, at a mount point that the system makes.
//!
//! What is done is data: a plan of named steps, made from what was found. It is compiled and tested everywhere, and carried
//! out on macOS only. The volume's name, and a line in `/etc/fstab`, say who made it: `down` removes no other.
#![cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "a Mac alone carries it out"))]

mod plan;
mod run;

#[cfg(target_os = "macos")]
pub(crate) use self::run::{make, unmake};
