//! One command over a seed, in a mount namespace of its own.
//!
//! A seed is mounted for the run, or, where that is refused, unpacked once, into a [`Cache`]. A run lays an overlay over
//! that, with a folder of its own for all that is written, and shows it to one command as `/nix`: neither the machine's
//! `/nix` nor the cache is ever written to. The namespaces end with the command, and the folder goes.
//!
//! There are two processes. The first ([`run`]) prepares, passes signals on, and removes what the command leaves. It starts
//! this program again ([`Inside::enter`]), which makes the namespaces and becomes the command: a process has to have one
//! thread to enter a user namespace, and the first may have had more.
//!
//! An image that is no seed, or one whose layers somebody has compressed again, is unpacked whole ([`Cache::unpack`]).
#![cfg(target_os = "linux")]

mod began;
mod cache;
mod command;
mod environment;
mod error;
mod fingerprint;
mod inside;
mod mounted;
mod named;
mod network;
mod ordinary;
mod out;
mod quiet;
mod ready;
mod results;
mod root;
mod run_folder;
mod sandbox;
mod tree;

pub use cache::{Cache, Unpacked};
pub use command::{Finished, Options, run};
pub use error::{Error, Result};
pub use inside::{Given, Inside, probe};
pub use mounted::{Mounted, Own};
pub use out::{CopiedOut, Machine, copy_out};
pub use ready::Ready;
pub use results::{ResultLink, registered, results};
