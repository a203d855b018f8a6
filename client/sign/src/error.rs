use std::path::PathBuf;

use nix_seed_trust::Refusal;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something cannot be signed, or is not signed yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file-system operation failed.
    #[error("{doing} {path}: {source}", path = path.display())]
    Io {
        /// What was being done, as a verb: "reading".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A private key cannot be used. Nothing of it is repeated.
    #[error("the private key in {at}: {why}")]
    Key {
        /// Where it is: a file's name.
        at: String,
        /// What is wrong, and how to mend it.
        why: String,
    },
    /// A private key is encrypted, and no password is there.
    #[error(
        "the private key in {at} is encrypted: put its password into NIX_SEED_PASSWORD (or COSIGN_PASSWORD), or into a file: --password-file"
    )]
    Password {
        /// Where the key is.
        at: String,
    },
    /// A key's algorithm is not one that the log takes, or that others read.
    #[error("{algorithm} keys cannot be used with {service}: {why}")]
    Unsuitable {
        /// The algorithm.
        algorithm: &'static str,
        /// What does not take it.
        service: String,
        /// Why, and what can be done.
        why: &'static str,
    },
    /// The external signer failed.
    #[error("the signer {program}: {why}")]
    Command {
        /// The program.
        program: String,
        /// What happened.
        why: String,
    },
    /// There is no identity token.
    #[error("there is no identity token{at}: {why}")]
    Token {
        /// Where it was looked for: " from GitHub".
        at: &'static str,
        /// What is missing, and how to mend it.
        why: String,
    },
    /// A service could not be reached, or answered with a failure that may pass.
    #[error(
        "{service} at {url} does not answer: {why}; look after the network and proxies (HTTPS_PROXY, NO_PROXY), and try again"
    )]
    Unreachable {
        /// What it is: "the transparency log".
        service: &'static str,
        /// Where it is.
        url: String,
        /// What happened.
        why: String,
    },
    /// A service refused, or answered what makes no sense.
    #[error("{service} at {url} answered: {why}")]
    Service {
        /// What it is.
        service: &'static str,
        /// Where it is.
        url: String,
        /// What it said.
        why: String,
    },
    /// A service is missing in the configuration.
    #[error("{what} is not configured: {mend}")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// How to mend it.
        mend: &'static str,
    },
    /// What was made would not be believed.
    #[error("what was signed would not be believed: {0}")]
    Refused(#[from] Refusal),
    /// A document cannot be made or read.
    #[error("{0}")]
    Document(String),
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// Whether trying again later may help: then nothing is lost.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
