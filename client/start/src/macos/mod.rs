//! `/nix` on macOS, whose root nobody may write to: a volume of its own, at a mount point that the system makes.
//!
//! What is done is data: a [`plan`](plan::up) of named steps, made from what was [found](plan::Found). It is compiled and
//! tested everywhere, and carried out on macOS only. The volume's name says who made it: `down` removes no other.

mod plan;
#[cfg(target_os = "macos")]
mod run;

#[cfg(target_os = "macos")]
pub(crate) use self::run::{make, unmake};
