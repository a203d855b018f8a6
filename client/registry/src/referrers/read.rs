use oci_spec::image::{Descriptor, Digest};

use crate::referrers::{REFERRERS_BYTES_MAX, REFERRERS_READ_MAX, Referrer, Refusal};
use crate::{Error, Manifest, Repository, Result};

/// What refers to a manifest, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Referrers {
    /// What does, in the order of the list.
    pub manifests: Vec<Referrer>,
    /// What is listed and does not.
    pub refused: Vec<Refused>,
}

/// What a list calls a referrer, and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What the list says of it.
    pub descriptor: Descriptor,
    /// Why it is none.
    pub why: Refusal,
}

impl Repository {
    /// Reads all that refers to a manifest, one after the other, and keeps what has an artifact type where one is given: the one
    /// that the manifest itself has. What is listed and does not refer to it is told apart; a registry that fails is an
    /// error.
    ///
    /// At most [`REFERRERS_READ_MAX`] manifests of [`REFERRERS_BYTES_MAX`] bytes together. Who wants several at once takes
    /// [`Self::referrers`] and [`Self::referrer`].
    pub fn referrer_manifests(&self, subject: &Digest, artifact_type: Option<&str>) -> Result<Referrers> {
        let listed = self.referrers(subject, None)?;
        let refuse = |why| Error::Listing { at: self.at(format!("referrers of {subject}")), why };
        if listed.len() > REFERRERS_READ_MAX {
            return Err(refuse(format!("there are {}, and at most {REFERRERS_READ_MAX} are read", listed.len())));
        }
        let (mut read, mut length) = (Referrers::default(), 0);
        for descriptor in listed {
            let found = self.listed_manifest(&descriptor)?;
            length += found.as_ref().map_or(0, |manifest| manifest.bytes.len());
            if length > REFERRERS_BYTES_MAX {
                return Err(refuse(format!("they are longer than {REFERRERS_BYTES_MAX} bytes together")));
            }
            match found.and_then(|manifest| Referrer::read(subject, descriptor.digest(), manifest)) {
                Ok(referrer) if artifact_type.is_none_or(|wanted| referrer.artifact_type() == Some(wanted)) => {
                    read.manifests.push(referrer);
                }
                Ok(_) => {}
                Err(why) => {
                    tracing::debug!(registry = self.registry(), digest = %descriptor.digest(), %why, "no referrer");
                    read.refused.push(Refused { descriptor, why });
                }
            }
        }
        Ok(read)
    }

    /// Reads one manifest of a list of referrers, verified against its digest, and compares its subject.
    pub fn referrer(&self, subject: &Digest, listed: &Descriptor) -> Result<Result<Referrer, Refusal>> {
        let found = self.listed_manifest(listed)?;
        Ok(found.and_then(|manifest| Referrer::read(subject, listed.digest(), manifest)))
    }

    fn listed_manifest(&self, listed: &Descriptor) -> Result<Result<Manifest, Refusal>> {
        match self.manifest(listed.digest()) {
            Ok(manifest) => Ok(Ok(manifest)),
            Err(Error::NotFound { .. }) => Ok(Err(Refusal::Missing)),
            Err(Error::Algorithm { .. }) => Ok(Err(Refusal::Algorithm)),
            Err(error) => Err(error),
        }
    }
}
