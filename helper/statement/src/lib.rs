//! What is signed: statements on *what* was built ([`release`]), the same for every honest builder, and on *how, by whom
//! and when* ([`provenance`]), one per builder.
//!
//! Both are in-toto Statements v1. `doc/release.md` specifies the release statement, `doc/provenance.md` the other. What a person calls an
//! output, [`attribute()`] makes what a statement calls it. Nothing here reads a file or knows of signatures: bytes become statements, and statements bytes.

mod attribute;
mod closure;
mod error;
mod field;
pub mod json;
pub mod provenance;
pub mod release;
mod statement;

pub use attribute::attribute;
pub use closure::closure_digest;
pub use error::{Error, Result};
pub use statement::{Digest, PAYLOAD_TYPE, STATEMENT_TYPE, Subject, predicate_type};
