use std::process::ExitCode;

use nix_seed_check::Error as Check;
use nix_seed_frontier::Error as Frontier;
use nix_seed_image::Error as Image;
use nix_seed_sbom::Error as Sbom;
use nix_seed_store::Error as Store;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Image(#[from] Image),
    #[error(transparent)]
    Check(#[from] Check),
    /// The report is what a person reads; it is empty where he has read it.
    #[error("the seed is not complete\n{report}")]
    Incomplete { report: String },
    #[error(transparent)]
    Frontier(#[from] Frontier),
    #[error(transparent)]
    Sbom(#[from] Sbom),
    #[error("{seed} has no output {attribute}; it is for: {known}")]
    NotOutput { attribute: String, seed: String, known: String },
    /// What it said is told.
    #[error("{command} ended with exit code {code}; what it said is above")]
    Nix { command: String, code: i32 },
    #[error("{what}: {why}; doc/helper.md in nix-seed says what it has to hold")]
    Request { what: String, why: String },
}

impl From<Store> for Error {
    fn from(error: Store) -> Self {
        Self::Image(error.into())
    }
}

impl Error {
    pub(crate) fn request(what: impl ToString, why: impl ToString) -> Self {
        Self::Request { what: what.to_string(), why: why.to_string() }
    }

    /// The exit codes that `--help` lists.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let code = match self {
            Self::Image(
                Image::Io { .. }
                | Image::Store(Store::Io { .. })
                | Image::Exists { .. }
                | Image::NoGroup { .. }
                | Image::NoLayout { .. },
            )
            | Self::Frontier(Frontier::Io { .. })
            | Self::Check(Check::Io { .. }) => 1,
            Self::Image(Image::TooLarge { .. } | Image::TooManyLayers { .. } | Image::Limit { .. }) => 5,
            Self::Image(Image::Document { .. } | Image::Index { .. } | Image::Mismatch { .. }) => 4,
            Self::Incomplete { .. } => 6,
            Self::Nix { .. } => 7,
            Self::Image(_)
            | Self::Check(_)
            | Self::Frontier(_)
            | Self::Sbom(_)
            | Self::Request { .. }
            | Self::NotOutput { .. } => 3,
        };
        ExitCode::from(code)
    }
}
