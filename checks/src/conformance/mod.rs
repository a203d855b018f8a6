//! Whether a program verifies Sigstore bundles as all clients should: the cases of the public conformance suite
//! (sigstore/sigstore-conformance), by its rules, without its network.
//!
//! A client under test speaks the suite's protocol (its `docs/cli_protocol.md`): it is called as `verify-bundle --bundle FILE …`, and
//! ends with zero if, and only if, the bundle holds. From the inside out: [`case`], one question; [`suite`], those of a checkout of
//! the suite; [`published`], those that others have published besides; [`client`], which answers; [`report`], what came of it.

pub mod case;
pub mod client;
pub mod published;
pub mod report;
pub mod suite;
