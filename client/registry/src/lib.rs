//! OCI registries: references, credentials, retries, ranges, uploads, artifacts and what refers to what.
//!
//! Synchronous: a caller that wants more at once starts threads, and shares one [`Registry`] between them.
//! Specifications followed:
//!
//! - OCI Distribution Specification 1.1;
//! - docker's "Token Authentication Specification" and "OAuth2 Token Authentication", for tokens;
//! - containers-auth.json(5), docker's `config.json` and its credential helpers' protocol, for credentials.
//!
//! Of what refers to a manifest ([`Repository::referrers`], [`Repository::attach`]) the specification is not followed where it would let
//! something be missed:
//!
//! - The list under the tag is read also where the registry has the referrers API, and both are taken together: a registry that
//!   got the API later may lack what is older.
//! - A tag that stands for something else than an image index is an error. A client may take that for "none".
//! - Whoever attaches something to a list under a tag gives it a tag of its own beside that. The specification leaves
//!   clients that write the list at the same time to themselves, and this is how none is lost.
//!
//! Nothing that is received is trusted: every body, loop and header has a limit, and what is asked for by digest is
//! compared with it. Ranges of blobs are the exception: what is in them is the caller's to verify.

mod artifact;
mod auth;
mod credentials;
mod digest;
mod error;
mod failure;
mod http;
mod listing;
mod options;
mod payload;
mod ranges;
mod read;
mod reference;
mod referrers;
mod registry;
mod retry;
mod text;
mod upload;
mod write;

pub use artifact::{
    Artifact, BUNDLE_CONTENT, BUNDLE_PREDICATE, BUNDLE_TYPE, Blob, CREATED, CYCLONEDX_TYPE, Packed, SPDX_TYPE, TITLE,
};
pub use credentials::{Credentials, Environment};
pub use error::{Error, Result, Subject};
pub use http::{agent, is_loopback};
pub use oci_spec::image::{Descriptor, Digest, MediaType};
pub use options::{Options, Traffic};
pub use ranges::{RangeReader, merge};
pub use read::{DOCUMENT_MAX, Manifest};
pub use reference::Reference;
pub use referrers::{
    Attached, List, REFERRERS_BYTES_MAX, REFERRERS_MAX, REFERRERS_PAGES_MAX, REFERRERS_READ_MAX, Referrer, Referrers,
    Refusal, Refused, referrers_tag,
};
pub use registry::{Registry, Repository};
pub use retry::RETRY;
pub use secrecy::SecretString;
pub use text::Reply;
