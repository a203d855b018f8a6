//! What a Nix daemon is asked over its socket: the worker protocol, as far as `up` and `down` need it.
//!
//! [`wire`](self) turns values into bytes and back, and knows no socket; `message` reads what a daemon says while it works;
//! [`Connection`] asks. Nothing that a daemon says is believed to be short, or well-formed: each string has a limit, lists
//! are taken entry by entry, and text for people loses what would steer a terminal.
//!
//! Specification: Nix has none but its source (`worker-protocol.hh`, `daemon.cc`). Spoken are the versions 1.34 (Nix 2.8) to
//! 1.37. Later ones differ by features that both sides have to name, and none of these is needed, so a newer daemon speaks
//! 1.37 as well; Lix stays at 1.35.

mod connection;
mod error;
mod message;
mod wire;

pub use connection::{Connection, Trust};
pub use error::{Error, Result};
