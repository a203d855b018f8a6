use std::path::PathBuf;
use std::sync::Arc;

use nix_seed_store::Closure;

use crate::{Cache, Mounted, Result, Unpacked};

/// A seed that a command may be run over.
pub enum Ready {
    /// It is unpacked.
    Unpacked(Unpacked),
    /// It is mounted for each run.
    Mounted(Arc<Mounted>),
}

impl Ready {
    /// The seed's digest: `sha256:…`.
    pub fn digest(&self) -> String {
        match self {
            Self::Unpacked(seed) => seed.digest().into(),
            Self::Mounted(seed) => seed.seed.digest(),
        }
    }

    /// All that the seed holds.
    pub fn closure(&self, cache: &Cache) -> Result<Closure> {
        match self {
            Self::Unpacked(seed) => seed.closure(cache),
            Self::Mounted(seed) => Ok(seed.seed.index.closure()),
        }
    }

    /// Where the command finds a program of the seed's own; none where the seed has no such program.
    pub fn program(&self, cache: &Cache, name: &str) -> Option<PathBuf> {
        match self {
            Self::Unpacked(seed) => seed.program(cache, name),
            Self::Mounted(seed) => seed.program(name),
        }
    }
}
