//! What refers to a manifest by its `subject`: listed, read, attached.
//!
//! OCI Distribution Specification 1.1, "Listing Referrers", "Pushing Manifests with Subject" and "Referrers Tag Schema"; the
//! crate's own documentation says where this differs.

mod attach;
mod index;
mod list;
mod manifest;
mod own;
mod read;
mod tag;

pub use attach::{Attached, List};
pub use manifest::{Referrer, Refusal};
pub use read::{Referrers, Refused};

use oci_spec::image::Digest;

use crate::Result;
use crate::reference::sha256;

/// The most referrers that a manifest may have: all pages of a list, and the list under its tag, together. Real ones have some tens.
pub const REFERRERS_MAX: usize = 10_000;

/// The most pages of a list of referrers.
pub const REFERRERS_PAGES_MAX: usize = 1_000;

/// The most bytes of all pages of a list of referrers; also the most of all manifests that are read of one.
pub const REFERRERS_BYTES_MAX: usize = 64 << 20;

/// The most referrers whose manifests are read, each with a request.
pub const REFERRERS_READ_MAX: usize = 1_000;

/// The tag under which a manifest's referrers are listed where the registry does not do so (OCI Distribution Specification
/// 1.1, "Referrers Tag Schema").
pub fn referrers_tag(subject: &Digest) -> Result<String> {
    Ok(format!("sha256-{}", sha256(subject)?))
}
