use nix_seed_registry::{Artifact, Attached, Blob, CYCLONEDX_TYPE, Descriptor, Digest, Repository, SPDX_TYPE};
use nix_seed_statement::{PAYLOAD_TYPE, predicate_type, provenance, release};
use nix_seed_store::StorePath;

use crate::Result;

/// The type of the artifact that stands for results which are store paths. `doc/referrers.md` says what is in it.
const RESULT_TYPE: &str = "application/vnd.nix-seed.result.v1";

/// Something to be attached.
#[derive(Debug, Clone)]
pub enum Attachment {
    /// A Sigstore bundle, with the statement in it.
    Bundle {
        /// The bundle.
        bytes: Vec<u8>,
        /// The statement.
        statement: Vec<u8>,
    },
    /// A bill of materials as CycloneDX.
    CycloneDx(Vec<u8>),
    /// A bill of materials as SPDX.
    Spdx(Vec<u8>),
}

impl Attachment {
    /// What it is, in a word: `release`, `provenance`, `cyclonedx`, `spdx`, `statement`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bundle { statement, .. } => match predicate_type(statement).as_deref() {
                Ok(release::PREDICATE_TYPE) => "release",
                Ok(provenance::PREDICATE_TYPE) => "provenance",
                _ => "statement",
            },
            Self::CycloneDx(_) => "cyclonedx",
            Self::Spdx(_) => "spdx",
        }
    }

    fn artifact(&self) -> Result<Artifact> {
        Ok(match self {
            Self::Bundle { bytes, statement } => Artifact::bundle(bytes.clone(), &predicate_type(statement)?),
            Self::CycloneDx(bytes) => Artifact::document(CYCLONEDX_TYPE, "bom.cdx.json", bytes.clone()),
            Self::Spdx(bytes) => Artifact::document(SPDX_TYPE, "bom.spdx.json", bytes.clone()),
        })
    }
}

/// Attaches documents to a manifest, and reads them back.
pub fn attach(repository: &Repository, subject: &Digest, attachments: &[Attachment]) -> Result<Vec<Attached>> {
    // A registry without referrers keeps this with them, and so does every reader.
    let manifest = repository.manifest(subject)?;
    let subject = Descriptor::new(manifest.media_type, manifest.bytes.len() as u64, subject.clone());
    let artifacts = attachments.iter().map(Attachment::artifact).collect::<Result<Vec<_>>>()?;
    Ok(repository.attach_all(&subject, &artifacts)?)
}

/// The tag under which the results with a store path are found: of several, those that were published last.
pub fn tag_of_path(path: &StorePath) -> String {
    format!("nix-{}", path.base_name().split('-').next().unwrap_or_default())
}

/// The same of those that are of one commit.
pub fn tag_of_path_and_commit(path: &StorePath, commit: &str) -> String {
    format!("{}-{commit}", tag_of_path(path))
}

/// The artifact that stands for results which are store paths. It is a function of their release statement, so that every
/// builder of them makes the same, and attaches its signatures to the same digest.
pub fn result(statement: &[u8]) -> Artifact {
    let blob = Blob { media_type: PAYLOAD_TYPE.into(), bytes: statement.into(), annotations: [].into() };
    Artifact { artifact_type: RESULT_TYPE.into(), blobs: vec![blob], annotations: [].into() }
}
