//! Writing: mounts, manifests, deletions.

use std::sync::Arc;

use oci_spec::image::{Digest, MediaType};
use ureq::http::Method;
use ureq::http::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};

use crate::http::Request;
use crate::payload::Payload;
use crate::read::{DOCUMENT_MAX, named_digest};
use crate::reference::{is_tag, sha256};
use crate::{Error, Repository, Result, Subject, digest};

const DELETION: &str = "deletion may be switched off (docker's registry: REGISTRY_STORAGE_DELETE_ENABLED=true) or have \
     its own way (ghcr.io and Docker Hub: delete versions on their web pages or with their own APIs)";

const TAG_DELETION: &str = "it deletes by digest alone, and with the manifest all tags of it; or see its web page";

/// The header by which a registry says that it lists a manifest among what refers to its subject (OCI Distribution
/// Specification 1.1, "Pushing Manifests with Subject").
const SUBJECT: &str = "oci-subject";

/// What has to hold for a manifest to be stored (RFC 9110, 13.1). Most registries do not look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    /// Nothing stands there.
    Absent,
    /// What has this entity tag still stands there.
    Unchanged(String),
}

/// What a registry has stored.
pub(crate) struct Stored {
    pub(crate) digest: Digest,
    /// The manifest that it is listed with, by the registry itself.
    pub(crate) subject: Option<Digest>,
}

impl Repository {
    /// Takes over a blob from another repository of this registry without sending it. `false` where the registry does
    /// not do that, or this account may not read the other one: then the blob has to be uploaded.
    pub fn mount(&self, digest: &Digest, from: &str) -> Result<bool> {
        sha256(digest)?;
        let at = self.at(format!("blob {digest} from {from}"));
        let mut url = self.url(&at, "blobs/uploads/")?;
        url.query_pairs_mut().append_pair("mount", digest.as_ref()).append_pair("from", from);
        let mut scopes = self.scope("pull,push");
        scopes.push(format!("repository:{from}:pull"));
        let request = Request::new(Method::POST, url).body(Payload::Bytes(&[]));
        match self.send(&at, &request, &scopes) {
            Ok(response) if response.status == 201 => Ok(true),
            Ok(response) => {
                // An upload has begun instead; one that nobody ends is litter.
                if let Ok(location) = self.location(&at, &response)
                    && let Err(failure) = self.attempt(&at, &Request::new(Method::DELETE, location), &scopes)
                {
                    tracing::debug!(registry = at.registry, what = at.what, why = %failure.error, "upload left behind");
                }
                Ok(false)
            }
            Err(error @ (Error::Unauthorized { .. } | Error::Forbidden { .. } | Error::NotFound { .. })) => {
                tracing::debug!(registry = at.registry, what = at.what, why = %error, "not mounted");
                Ok(false)
            }
            Err(Error::Unsupported { .. }) => Ok(false),
            Err(Error::Status { reply, .. }) if reply.status < 500 && reply.status != 429 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores a manifest or index under a tag or under its digest; gives the digest of the bytes. The caller reads it
    /// back where it matters.
    pub fn put_manifest(&self, reference: &str, media_type: &MediaType, bytes: &[u8]) -> Result<Digest> {
        Ok(self.put(reference, media_type, bytes, &Condition::None)?.digest)
    }

    /// As [`Self::put_manifest`], on a condition; where it does not hold, a registry that knows conditions answers with 412.
    pub(crate) fn put(
        &self,
        reference: &str,
        media_type: &MediaType,
        bytes: &[u8],
        condition: &Condition,
    ) -> Result<Stored> {
        let at = self.at(format!("manifest {reference}"));
        let digest = digest::of(&at, bytes)?;
        if !is_tag(reference) && reference != digest.as_ref() {
            let why = format!("that is neither a tag nor {digest}, the digest of what is pushed");
            return Err(Error::Argument { at, why });
        }
        if bytes.len() as u64 > DOCUMENT_MAX {
            let why = format!("it has {} bytes, and registries take {DOCUMENT_MAX}", bytes.len());
            return Err(Error::Argument { at, why });
        }
        let url = self.url(&at, &format!("manifests/{reference}"))?;
        let mut request =
            Request::new(Method::PUT, url).header(CONTENT_TYPE, media_type.to_string()).body(Payload::Bytes(bytes));
        request = match condition {
            Condition::None => request,
            Condition::Absent => request.header(IF_NONE_MATCH, "*"),
            Condition::Unchanged(tag) => request.header(IF_MATCH, tag),
        };
        request.patient = true;
        let response = self.send(&at, &request, &self.scope("pull,push"))?;
        match named_digest(&response) {
            Some(found) if found != digest => {
                Err(Error::Mismatch { at, why: format!("the registry stored it as {found}, not {digest}") })
            }
            _ => {
                let subject = response.header(SUBJECT).and_then(|text| Digest::try_from(text.trim()).ok());
                Ok(Stored { digest, subject })
            }
        }
    }

    /// Deletes a manifest or index, and with it all tags of it.
    pub fn delete_manifest(&self, digest: &Digest) -> Result<()> {
        sha256(digest)?;
        self.delete(&self.at(format!("manifest {digest}")), &format!("manifests/{digest}"), DELETION)
    }

    /// Deletes a tag and not what it stands for. Many registries cannot.
    pub fn delete_tag(&self, tag: &str) -> Result<()> {
        let at = self.at(format!("tag {tag}"));
        self.check_tag(&at, tag)?;
        self.delete(&at, &format!("manifests/{tag}"), TAG_DELETION)
    }

    fn delete(&self, at: &Arc<Subject>, rest: &str, mend: &'static str) -> Result<()> {
        let request = Request::new(Method::DELETE, self.url(at, rest)?);
        match self.send(at, &request, &self.scope("pull,delete")) {
            Ok(_) => Ok(()),
            Err(Error::Unsupported { at, reply, .. }) => Err(Error::Unsupported { at, reply, mend }),
            // What registries say of a tag where they want a digest, and of what they do not do.
            Err(Error::Status { at, reply, .. }) if matches!(reply.code.as_str(), "UNSUPPORTED" | "DIGEST_INVALID") => {
                Err(Error::Unsupported { at, reply, mend })
            }
            Err(error) => Err(error),
        }
    }
}
