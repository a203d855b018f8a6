use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest, MediaType};

use crate::artifact::{Artifact, Packed};
use crate::referrers::Referrer;
use crate::referrers::index::Entry;
use crate::referrers::list::{Api, Tagged};
use crate::referrers::own::{own_tag, unknown};
use crate::referrers::referrers_tag;
use crate::referrers::tag::{Shelf, Written, update};
use crate::retry::{Attempts, Failure};
use crate::write::Condition;
use crate::{Error, Repository, Result, Subject};

/// What was attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The manifest: what lists of referrers say of it.
    pub descriptor: Descriptor,
    /// Where it is listed.
    pub list: List,
}

/// Where a referrer is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// By the registry's referrers API.
    Api,
    /// In the image index under the tag `sha256-…`.
    Tag,
}

impl Repository {
    /// Attaches an artifact to a manifest: pushes its blobs, then its manifest with the `subject`, and sees to it that it is
    /// listed, by the registry or under the tag. Everything is read back. The same parts make the same manifest, so that
    /// attaching them again changes nothing.
    ///
    /// Where the list is under a tag, others of this program may attach at the same time, and none is lost; the artifact then also has a
    /// tag of its own, `sha256-….referrer-…`.
    pub fn attach(&self, subject: &Descriptor, artifact: &Artifact) -> Result<Attached> {
        let packed = artifact.pack(Some(subject))?;
        let list = self.attach_packed(subject, std::slice::from_ref(&packed))?;
        Ok(Attached { descriptor: packed.descriptor, list })
    }

    /// As [`Self::attach`], of several: a list under a tag is written once.
    pub fn attach_all(&self, subject: &Descriptor, artifacts: &[Artifact]) -> Result<Vec<Attached>> {
        let packed = artifacts.iter().map(|artifact| artifact.pack(Some(subject))).collect::<Result<Vec<_>>>()?;
        let list = self.attach_packed(subject, &packed)?;
        Ok(packed.into_iter().map(|packed| Attached { descriptor: packed.descriptor, list }).collect())
    }

    fn attach_packed(&self, subject: &Descriptor, packed: &[Packed]) -> Result<List> {
        let subject = subject.digest();
        let _span =
            tracing::info_span!("attach", seed.digest = %subject, seed.artifacts = packed.len() as i64).entered();
        let at = self.at(format!("referrers of {subject}"));
        let mut is_listed = true;
        for one in packed {
            is_listed &= self.put_artifact(one)?.subject.as_ref() == Some(subject);
        }
        let list = if is_listed && self.is_in_api(&at, subject, packed)? {
            List::Api
        } else {
            self.list_under_tag(&at, subject, packed)?;
            List::Tag
        };
        packed.iter().try_for_each(|one| self.read_back(one))?;
        Ok(list)
    }

    /// Whether the registry lists what it says it lists; `false` where it has no such list, as ECR, which says so all the
    /// same. It may take some time.
    fn is_in_api(&self, at: &Arc<Subject>, subject: &Digest, packed: &[Packed]) -> Result<bool> {
        let mut attempts = Attempts::new(self.options());
        loop {
            let Api::Lists(found) = self.api_referrers(at, subject, None)? else { return Ok(false) };
            let is_missing = |one: &&Packed| found.iter().all(|found| found.digest() != one.descriptor.digest());
            let Some(missing) = packed.iter().find(is_missing) else { return Ok(true) };
            let why = format!("{} is not in the registry's list", missing.descriptor.digest());
            attempts.pause(at, Failure::passing(Error::ReadBack { at: at.clone(), why }))?;
        }
    }

    fn list_under_tag(&self, at: &Arc<Subject>, subject: &Digest, packed: &[Packed]) -> Result<()> {
        let mut own = Vec::new();
        for one in packed {
            let tag = own_tag(subject, one.descriptor.digest())?;
            self.put(&tag, one.descriptor.media_type(), &one.bytes, &Condition::None)?;
            own.extend(Entry::new(one.descriptor.clone()));
        }
        let tag = referrers_tag(subject)?;
        let attempts = Attempts::new(self.options());
        update(&mut Remote { repository: self, at, subject, tag, attempts }, &own)
    }
}

/// The list of one subject in a repository.
struct Remote<'a> {
    repository: &'a Repository,
    at: &'a Arc<Subject>,
    subject: &'a Digest,
    tag: String,
    attempts: Attempts,
}

impl Shelf for Remote<'_> {
    fn list(&self) -> Result<Option<Tagged>> {
        self.repository.tagged_referrers(self.at, self.subject, false)
    }

    fn owned(&self, known: &[&Digest]) -> Result<Vec<Entry>> {
        let tags = match self.repository.tags() {
            Ok(tags) => tags,
            // Who may write need not be one who may list.
            Err(
                error @ (Error::Unauthorized { .. }
                | Error::Forbidden { .. }
                | Error::NotFound { .. }
                | Error::Unsupported { .. }),
            ) => {
                tracing::warn!(registry = self.at.registry, what = self.at.what, why = %error, "tags cannot be listed");
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let mut entries = Vec::new();
        for tag in unknown(self.subject, tags, known)? {
            let (digest, manifest) = match self.repository.tagged(&tag) {
                Ok(found) => found,
                // Deleted since, or not whole yet: then its writer has yet to read the list.
                Err(Error::NotFound { .. }) => continue,
                Err(error) => return Err(error),
            };
            match Referrer::read(self.subject, &digest, manifest) {
                Ok(referrer) => entries.extend(Entry::new(referrer.descriptor)),
                Err(why) => tracing::warn!(registry = self.at.registry, tag, %why, "a tag of no referrer"),
            }
        }
        Ok(entries)
    }

    fn write(&self, bytes: &[u8], condition: &Condition) -> Result<Written> {
        match self.repository.put(&self.tag, &MediaType::ImageIndex, bytes, condition) {
            Ok(_) => Ok(Written::Done),
            Err(Error::Status { reply, .. }) if reply.status == 412 => Ok(Written::Changed),
            Err(error @ (Error::Status { .. } | Error::NotFound { .. })) if is_unknown_to(&error) => {
                Ok(Written::Refused(error))
            }
            Err(error) => Err(error),
        }
    }

    fn has(&self, digest: &Digest) -> Result<bool> {
        match self.repository.has_manifest(digest) {
            // Nobody here can tell.
            Err(Error::Algorithm { .. }) => Ok(true),
            found => found,
        }
    }

    fn wait(&mut self, writes: u32) -> Result<()> {
        let why = format!(
            "the list at the tag {} lacks it, though it was written {writes} times (others may write it, too)",
            self.tag
        );
        self.attempts.pause(self.at, Failure::passing(Error::ReadBack { at: self.at.clone(), why }))
    }
}

/// Whether a registry says that it does not have what a list names.
fn is_unknown_to(error: &Error) -> bool {
    let (Error::Status { reply, .. } | Error::NotFound { reply, .. }) = error else { return false };
    matches!(reply.code.as_str(), "MANIFEST_BLOB_UNKNOWN" | "MANIFEST_UNKNOWN" | "BLOB_UNKNOWN")
}
