//! The release statement: what was built, from what.
//!
//! `doc/release.md` specifies it, with test vectors. Its bytes are a function of what was built; time, builder and run are
//! not in it. So all honest builders of one commit sign the same bytes, and whoever counts signatures counts builders.

mod check;

use std::collections::BTreeMap;

use nix_seed_store::{Sha256Hash, StorePath};
use serde::{Deserialize, Serialize};

use crate::json::{self, Limits};
use crate::statement::{Digest, STATEMENT_TYPE, Statement, Subject, check_predicate};
use crate::{Result, field};

/// The type of the predicate, version included. It names the specification; what it says never changes.
pub const PREDICATE_TYPE: &str = "https://0compute.github.io/nix-seed/release/v1";

/// The name of the subject that is a seed's image: its digest is that of the manifest.
pub const IMAGE: &str = "image";
/// The name of the subject that is a seed's closure: [`closure_digest`](crate::closure_digest).
pub const CLOSURE: &str = "closure";

const WHAT: &str = "a release statement";

/// What a release statement says besides its subjects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// What was built.
    pub kind: Kind,
    /// Where the source is from, and which it is.
    pub source: Source,
    /// The system that it was built for, as Nix writes it.
    pub system: String,
    /// The flake's outputs that were built, or that a seed is for; sorted by attribute path.
    pub outputs: Vec<Output>,
    /// The flake's inputs and theirs, sorted by name.
    pub inputs: Vec<Input>,
    /// The manifest of the seed that results were built in; none for a seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Digest>,
    /// The bills of materials, sorted by media type.
    pub sboms: Vec<Sbom>,
}

/// What a release is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A seed.
    Seed,
    /// Results: outputs of a flake.
    Results,
}

/// A flake's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// Where the repository is: `git+https://…`.
    pub uri: String,
    /// The commit, as hexadecimal digits.
    pub commit: String,
    /// The hash of the source tree's NAR.
    #[serde(with = "field::sri")]
    pub nar_hash: Sha256Hash,
    /// The file `flake.lock`; none where the flake has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Digest>,
}

/// An output of a flake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its attribute path: `packages.x86_64-linux.default`.
    pub attribute: String,
    /// The store paths of it, by the name of the derivation's output, sorted by that.
    pub paths: Vec<NamedPath>,
    /// The manifest of the OCI image that it is, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Digest>,
}

/// A store path of an [`Output`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPath {
    /// The derivation's output: `out`.
    pub name: String,
    /// The store path.
    #[serde(with = "field::store_path")]
    pub path: StorePath,
}

/// An input of a flake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The names of inputs that lead to it, with `/` between: `nix-seed/nixpkgs`.
    pub name: String,
    /// The hash of its tree's NAR.
    #[serde(with = "field::sri")]
    pub nar_hash: Sha256Hash,
    /// Its commit, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
}

/// A bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sbom {
    /// What it is: `application/vnd.cyclonedx+json`, `application/spdx+json`.
    pub media_type: String,
    /// The document.
    pub digest: Digest,
}

/// A release statement whose every field has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseStatement {
    subjects: Vec<Subject>,
    release: Release,
}

impl ReleaseStatement {
    /// Of a seed: the digest of its image's manifest, and that of its closure.
    pub fn of_seed(image: Sha256Hash, closure: Sha256Hash, release: Release) -> Result<Self> {
        let subject = |name: &str, sha256| Subject { name: name.into(), digest: Digest { sha256 } };
        Self::new(vec![subject(CLOSURE, closure), subject(IMAGE, image)], release)
    }

    /// Of results: the NAR hash of each store path that `release` names.
    pub fn of_results(nar_hashes: &BTreeMap<StorePath, Sha256Hash>, release: Release) -> Result<Self> {
        let paths = nar_hashes.iter().map(|(path, hash)| (path.to_string(), Digest { sha256: *hash }));
        let images = release.outputs.iter().filter_map(|output| Some((output.attribute.clone(), output.image?)));
        let mut subjects: Vec<_> = paths.chain(images).map(|(name, digest)| Subject { name, digest }).collect();
        subjects.sort();
        Self::new(subjects, release)
    }

    fn new(subjects: Vec<Subject>, release: Release) -> Result<Self> {
        check::check(&subjects, &release)?;
        Ok(Self { subjects, release })
    }

    /// Reads a statement. What [`Self::to_bytes`] would write differently is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        check_predicate(bytes, PREDICATE_TYPE)?;
        let Statement { subject, predicate, .. } = json::read(bytes, Limits::STATEMENT, WHAT)?;
        let statement = Self::new(subject, predicate)?;
        json::check_canonical(bytes, &statement.to_bytes()?)?;
        Ok(statement)
    }

    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let statement = Statement {
            kind: STATEMENT_TYPE.into(),
            subject: self.subjects.clone(),
            predicate_type: PREDICATE_TYPE.into(),
            predicate: &self.release,
        };
        json::canonical(&statement, WHAT)
    }

    /// What it is about, sorted by name.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The digest of the subject called `name`.
    pub fn subject(&self, name: &str) -> Option<Sha256Hash> {
        Some(self.subjects.iter().find(|subject| subject.name == name)?.digest.sha256)
    }

    /// What it says.
    pub fn release(&self) -> &Release {
        &self.release
    }
}

#[cfg(test)]
mod tests;
