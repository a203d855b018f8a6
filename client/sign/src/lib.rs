//! Signs statements.
//!
//! A signature comes from a [`Signer`]: a key in a file, a program that has one (an HSM, a KMS), or a key made for the moment, for
//! which a token of the CI gets a certificate. [`sign`] makes a [`Draft`] of it: everything but the transparency logs. [`Draft::log`] asks
//! these, as often as it takes: a log that is down loses nothing. What comes out is a Sigstore bundle (version 0.3), which has been verified as
//! whoever reads it will.
//!
//! Sigstore's crates make documents and read them. What speaks to services is here: bounded answers, the proxies and certificates that registries
//! are reached with, and no async runtime, which their own clients would bring.

mod command;
mod draft;
mod error;
mod key;
#[cfg(test)]
mod loopback;
mod services;
mod signer;
mod token;

pub use command::CommandSigner;
pub use draft::{Draft, sign};
pub use error::{Error, Result};
pub use key::{Password, PrivateKey};
pub use services::{Http, Rekor, RekorVersion, Services};
pub use signer::Signer;
pub use token::{Token, TokenSource};
