//! A store that a Nix daemon owns: all that changes there is asked of the daemon, over its socket.
//!
//! What is missing is fetched and verified as for any other store, waits as a NAR in a [`spool`], and is given to the daemon
//! in the [`order`] of references. The daemon makes valid path by path, each whole; so whatever interrupts an `up`, the next
//! one asks again what is missing, and goes on. Links that the daemon knows as indirect roots, as those of `nix build` are,
//! keep the seed from its garbage collector.

mod adopt;
mod deliver;
mod down;
mod nar;
mod order;
mod socket;
mod spool;
mod up;

pub(crate) use self::adopt::adopt;
pub(crate) use self::down::down;
pub(crate) use self::socket::Daemon;
pub(crate) use self::up::up;
