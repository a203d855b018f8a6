//! The normal form: each field is there, null where nothing is said, and no other.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::forms::{self, present};
use crate::parse::unique;
use crate::{Pattern, Source};

/// Whom to trust. Made by [`Cfg::from_json`], so all of it is checked. What its options mean is said in doc/seed-cfg.md.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cfg {
    /// 1; read before anything else.
    pub(crate) version: u64,
    /// The trust level of every output that has none of its own.
    pub level: Level,
    /// The repository that is built.
    pub source: Source,
    /// Where seeds and statements go: `HOST/NAME`.
    #[serde(deserialize_with = "forms::repository")]
    pub registry: Option<String>,
    /// Whom to believe, by names that are the configuration's own; at least one.
    #[serde(deserialize_with = "unique")]
    pub builders: BTreeMap<String, Builder>,
    /// The text of a Sigstore trusted root; none for the public-good instance's.
    #[serde(deserialize_with = "forms::trusted_root")]
    pub trusted_root: Option<String>,
    /// Base addresses of the trusted root's logs that count; none for all.
    #[serde(deserialize_with = "forms::logs")]
    pub logs: Option<Vec<String>>,
    /// Where builders sign.
    pub services: Services,
    /// How old a statement may be.
    pub freshness: Freshness,
    /// How results have to have been built.
    pub build: Build,
    /// What is different for single outputs: see [`Cfg::for_output`].
    #[serde(deserialize_with = "unique")]
    pub outputs: BTreeMap<String, OutputCfg>,
    /// For Levels 2 and 3.
    #[serde(deserialize_with = "present")]
    pub quorum: Option<Quorum>,
    /// For Level 3.
    #[serde(deserialize_with = "present")]
    pub contract: Option<Contract>,
}

/// A trust level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub enum Level {
    /// One builder and a transparency log.
    One,
    /// A quorum of independent builders and a log.
    Two,
    /// Such a quorum, anchored in a contract.
    Three,
}

/// A builder: a signature is its own if it is by one of the keys, or by a certificate of the issuer whose subject one of the
/// patterns matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Builder {
    /// The issuer of the certificates' tokens; there are subjects if it is there.
    #[serde(deserialize_with = "forms::url")]
    pub issuer: Option<String>,
    /// Patterns of certificates' whole subjects.
    #[serde(deserialize_with = "forms::list")]
    pub subjects: Vec<Pattern>,
    /// Public keys: PEM of SubjectPublicKeyInfo.
    #[serde(deserialize_with = "forms::keys")]
    pub keys: Vec<String>,
    /// The command that the builder itself signs with.
    #[serde(deserialize_with = "forms::signer")]
    pub signer: Option<Vec<String>>,
    /// Who owns it in the end.
    #[serde(deserialize_with = "forms::party")]
    pub parent: Option<String>,
    /// Whose law can compel it: ISO 3166-1, two letters each.
    #[serde(deserialize_with = "forms::countries")]
    pub jurisdictions: Vec<String>,
    /// Whose machines it runs on.
    #[serde(deserialize_with = "forms::party")]
    pub infrastructure: Option<String>,
}

/// Where builders sign; none for the public-good instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Services {
    /// Who gives certificates.
    #[serde(deserialize_with = "forms::url")]
    pub fulcio: Option<String>,
    /// The log that signatures are entered in.
    #[serde(deserialize_with = "forms::url")]
    pub rekor: Option<String>,
    /// The version of its API, 1 or 2; there if and only if `rekor` is.
    #[serde(deserialize_with = "forms::rekor_version")]
    pub rekor_version: Option<u64>,
    /// Who stamps the time (RFC 3161).
    #[serde(deserialize_with = "forms::url")]
    pub timestamp: Option<String>,
}

/// How old a statement may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Freshness {
    /// In seconds; none for any age.
    #[serde(deserialize_with = "forms::age")]
    pub max_age: Option<u64>,
}

/// How results have to have been built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Build {
    /// In Nix' sandbox.
    pub sandbox: bool,
    /// Binary caches that results may have come from.
    #[serde(deserialize_with = "forms::caches")]
    pub substituters: Vec<String>,
}

/// What is different for an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutputCfg {
    /// Its trust level.
    pub level: Level,
}

/// `n` of all `m` builders, more than half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quorum {
    /// How many have to agree.
    #[serde(deserialize_with = "forms::count")]
    pub n: u64,
    /// How many there are.
    #[serde(deserialize_with = "forms::count")]
    pub m: u64,
}

/// The contract that releases are anchored in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contract {
    /// The chain's number.
    #[serde(deserialize_with = "forms::chain_id")]
    pub chain_id: u64,
    /// `0x` and 40 digits.
    #[serde(deserialize_with = "forms::address")]
    pub address: String,
    /// Keccak-256 of its code: `0x` and 64 digits.
    #[serde(deserialize_with = "forms::code_hash")]
    pub code_hash: String,
    /// Who is asked about the chain.
    #[serde(deserialize_with = "forms::endpoints")]
    pub endpoints: Vec<String>,
}

impl TryFrom<u64> for Level {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            3 => Ok(Self::Three),
            _ => Err(format!("{number} is no trust level: 1, 2 or 3")),
        }
    }
}

impl From<Level> for u64 {
    fn from(level: Level) -> Self {
        match level {
            Level::One => 1,
            Level::Two => 2,
            Level::Three => 3,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", u64::from(*self))
    }
}

impl Builder {
    /// Whether a certificate of this issuer with this subject is the builder's own.
    pub fn is_identity(&self, issuer: &str, subject: &str) -> bool {
        self.issuer.as_deref() == Some(issuer) && self.subjects.iter().any(|pattern| pattern.matches(subject))
    }
}
