use serde::{Deserialize, Serialize};

use super::Index;
use super::wire::{KIND_LICENSE, KIND_PRIVATE_SOURCE};
use crate::{Error, Result};

/// A reason why a store path must not be given to everyone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Restriction {
    /// The path, by position in the index.
    pub path: u32,
    /// What sort of reason it is.
    pub kind: RestrictionKind,
    /// The reason for people: the license's name, the address of the source without anything secret.
    pub reason: String,
}

/// The sorts of a [`Restriction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestrictionKind {
    /// The package's license forbids to redistribute it.
    License,
    /// It came from where not everyone may read: a flake input over ssh, or with a token.
    PrivateSource,
}

impl RestrictionKind {
    pub(super) fn number(self) -> u32 {
        match self {
            Self::License => KIND_LICENSE,
            Self::PrivateSource => KIND_PRIVATE_SOURCE,
        }
    }

    pub(super) fn from_number(number: u32) -> Result<Self> {
        match number {
            KIND_LICENSE => Ok(Self::License),
            KIND_PRIVATE_SOURCE => Ok(Self::PrivateSource),
            _ => Err(Error::index(format!("a restriction has kind {number}, which is unknown to this program"))),
        }
    }
}

impl Index {
    pub(super) fn check_restrictions(&self) -> Result<()> {
        if self.restrictions.iter().any(|restriction| restriction.path as usize >= self.paths.len()) {
            return Err(Error::index("a restriction is of a path that does not exist"));
        }
        if self.restrictions.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::index("the restrictions are not sorted, or one stands there twice"));
        }
        Ok(())
    }
}
