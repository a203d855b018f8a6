//! Sigstore's part: who signed a statement, when, and in which logs that stands. What is believed is another question.
//!
//! Everything that comes from Sigstore's crates stays behind this module. They verify signatures, certificates, time stamps
//! and proofs. What they leave to the caller is done here: documents that are read in one way only, one log at a time,
//! each log once, the origin of checkpoints, and
//! fields that would be read past.

mod blob;
mod errors;
mod form;
mod key;
mod logs;
mod root;
mod signed;

pub use blob::{Artifact, BlobSigner, verify_blob};
pub use key::PublicKey;
pub use root::{PUBLIC_GOOD_DATE, RootError, TrustRoot};
pub(crate) use signed::document;
pub use signed::{Claims, LogEntry, Signed, Signer, verify};
