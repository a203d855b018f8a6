//! The provenance: how a release was built, by whom and when; SLSA Provenance v1 (slsa.dev/spec/v1.0/provenance).
//!
//! One per builder. `doc/provenance.md` specifies the build type: what the parameters mean, and which of them a policy
//! looks at. Readers of SLSA ignore fields that they do not know, and so does this one; but what nix-seed writes is
//! canonical.

use std::collections::BTreeMap;

use nix_seed_store::Sha256Hash;
use serde::{Deserialize, Serialize};

use crate::field::{check_commit, check_system, check_text, check_uri};
use crate::json::{self, Limits};
use crate::statement::{Digest, STATEMENT_TYPE, Statement, Subject, check_predicate};
use crate::{Error, Result};

/// The type of the predicate.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// How nix-seed builds; it names the specification.
pub const BUILD_TYPE: &str = "https://0compute.github.io/nix-seed/build/v1";

/// The settings of Nix that bear on a result, of which a provenance tells. Others may hold secrets.
pub const SETTINGS: [&str; 10] = [
    "builders",
    "experimental-features",
    "filter-syscalls",
    "impure-env",
    "post-build-hook",
    "sandbox",
    "sandbox-fallback",
    "sandbox-paths",
    "substitute",
    "substituters",
];

/// The name of the by-product that is the release statement.
const RELEASE: &str = "release.json";

const WHAT: &str = "a SLSA provenance of nix-seed";

/// What a provenance says besides its subjects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// What was to be built, and from what.
    pub build_definition: BuildDefinition,
    /// What happened.
    pub run_details: RunDetails,
}

/// What was to be built, and from what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// [`BUILD_TYPE`].
    pub build_type: String,
    /// What whoever started the build could choose.
    pub external_parameters: Parameters,
    /// What the builder set.
    pub internal_parameters: Settings,
    /// The source, all inputs of the flake, the seed.
    pub resolved_dependencies: Vec<Dependency>,
}

/// What whoever started a build could choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// The source's URI, as in the release statement.
    pub source: String,
    /// Its commit.
    pub commit: String,
    /// The system that it was built for.
    pub system: String,
    /// The attribute paths that were built.
    pub outputs: Vec<String>,
}

/// What the builder set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What Nix was told, as `nix config show` says it.
    pub nix: NixSettings,
}

/// The settings of Nix that bear on what a result is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NixSettings {
    /// The version of Nix.
    pub version: String,
    /// Whether builds are kept apart from the machine: `true`, `false` or `relaxed`.
    pub sandbox: String,
    /// Whether a build goes on without, where that is impossible.
    pub sandbox_fallback: bool,
    /// Where results may come from that were not built here.
    pub substituters: Vec<String>,
    /// Further settings that were not Nix' own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other: BTreeMap<String, String>,
}

/// Something that the build was made from: in-toto's ResourceDescriptor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// What it is called: an input's name, `source`, `seed`.
    pub name: String,
    /// Where it is from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its digests by algorithm: `sha256` of the NAR or manifest, `gitCommit`.
    pub digest: BTreeMap<String, String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDetails {
    /// Who built.
    pub builder: Builder,
    /// Which run it was, and when.
    pub metadata: Metadata,
    /// The release statement.
    pub byproducts: Vec<Byproduct>,
}

/// Who built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    /// The platform that the build ran on, as a URI.
    pub id: String,
    /// Programs with their versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub version: BTreeMap<String, String>,
}

/// Which run it was, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The run, as the CI calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation_id: Option<String>,
    /// When it began, where that is known: RFC 3339, in UTC, seconds (`2026-11-30T03:15:08Z`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_on: Option<String>,
    /// When it ended, likewise.
    pub finished_on: String,
}

/// Something else that the build made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Byproduct {
    /// What it is called.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl Byproduct {
    /// The release statement whose bytes have this SHA-256.
    pub fn release(sha256: Sha256Hash) -> Self {
        let media_type = Some(crate::PAYLOAD_TYPE.into());
        Self { name: RELEASE.into(), digest: Digest { sha256 }, media_type }
    }
}

/// A provenance with its subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenanceStatement {
    /// What it is about: the subjects of the release statement.
    pub subjects: Vec<Subject>,
    /// What it says.
    pub provenance: Provenance,
}

impl ProvenanceStatement {
    /// Reads a statement, whose fields are then checked.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        check_predicate(bytes, PREDICATE_TYPE)?;
        let Statement { subject: subjects, predicate: provenance, .. } = json::read(bytes, Limits::STATEMENT, WHAT)?;
        let statement = Self { subjects, provenance };
        statement.check()?;
        Ok(statement)
    }

    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.check()?;
        let statement = Statement {
            kind: STATEMENT_TYPE.into(),
            subject: self.subjects.clone(),
            predicate_type: PREDICATE_TYPE.into(),
            predicate: &self.provenance,
        };
        json::canonical(&statement, WHAT)
    }

    /// The SHA-256 of the release statement that it goes with.
    pub fn release(&self) -> Option<Sha256Hash> {
        let byproducts = &self.provenance.run_details.byproducts;
        Some(byproducts.iter().find(|byproduct| byproduct.name == RELEASE)?.digest.sha256)
    }

    fn check(&self) -> Result<()> {
        let Provenance { build_definition: definition, run_details: run } = &self.provenance;
        if definition.build_type != BUILD_TYPE {
            let why = "this version of nix-seed knows https://0compute.github.io/nix-seed/build/v1 alone";
            return Err(Error::field("predicate.buildDefinition.buildType", &definition.build_type, why));
        }
        let parameters = &definition.external_parameters;
        let field = |name| format!("predicate.buildDefinition.externalParameters.{name}");
        check_uri(field("source"), &parameters.source)?;
        check_commit(field("commit"), &parameters.commit)?;
        check_system(field("system"), &parameters.system)?;
        check_uri("predicate.runDetails.builder.id", &run.builder.id)?;
        let Metadata { invocation_id, started_on, finished_on } = &run.metadata;
        if let Some(id) = invocation_id {
            check_text("predicate.runDetails.metadata.invocationId", id)?;
        }
        check_time("predicate.runDetails.metadata.finishedOn", finished_on)?;
        if let Some(began) = started_on {
            check_time("predicate.runDetails.metadata.startedOn", began)?;
        }
        if started_on.as_ref().is_some_and(|began| began > finished_on) {
            let why = "it ended before it began";
            return Err(Error::field("predicate.runDetails.metadata.finishedOn", finished_on, why));
        }
        let releases = run.byproducts.iter().filter(|byproduct| byproduct.name == RELEASE).count();
        if releases != 1 {
            return Err(Error::field("predicate.runDetails.byproducts", "", "one of them has to be release.json"));
        }
        Ok(())
    }
}

/// `2026-11-30T03:15:08Z`: one form, so that times sort as texts.
fn check_time(field: &str, time: &str) -> Result<()> {
    let form = b"0000-00-00T00:00:00Z";
    let fits = |(found, wanted): (u8, &u8)| if *wanted == b'0' { found.is_ascii_digit() } else { found == *wanted };
    if time.len() == form.len() && time.bytes().zip(form).all(fits) {
        return Ok(());
    }
    Err(Error::field(field, time, "write it in UTC, as in 2026-11-30T03:15:08Z"))
}

#[cfg(test)]
mod tests;
