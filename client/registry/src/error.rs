use std::sync::Arc;
use std::time::Duration;

use crate::text::Reply;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was asked, and of whom; the beginning of every message: `ghcr.io/owner/name: blob sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The registry, as the reference names it: a host, with a port where it has one.
    pub registry: String,
    /// The repository in the registry.
    pub repository: String,
    /// What of the repository: "blob sha256:…", "tags".
    pub what: String,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}: {}", self.registry, self.repository, self.what)
    }
}

/// Why a registry did not give, take or delete something. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What should name an image does not.
    #[error("{text:?} names no image: {why}; write HOST[:PORT]/NAME[:TAG][@sha256:…], as in ghcr.io/owner/seed:main")]
    Reference {
        /// What was given.
        text: String,
        /// Which part is wrong, and what it should be.
        why: String,
    },
    /// A digest of another kind than this program computes.
    #[error("{digest}: only sha256 digests are read; ask for the image by its sha256 digest")]
    Algorithm {
        /// The digest.
        digest: String,
    },
    /// What the caller asks makes no sense.
    #[error("{at}: {why}")]
    Argument {
        /// What was asked.
        at: Arc<Subject>,
        /// What is wrong with it.
        why: String,
    },
    /// The registry wants to know who asks, or does not believe it.
    #[error("{at}: the registry refuses ({reply}); {mend}")]
    Unauthorized {
        /// What was asked.
        at: Arc<Subject>,
        /// The registry's answer.
        reply: Reply,
        /// What to do.
        mend: String,
    },
    /// The registry knows who asks, and that one may not.
    #[error(
        "{at}: the registry forbids it ({reply}); give the account or token the right to it (ghcr.io: read:packages, \
         write:packages, delete:packages), or log in as another: podman login {registry}",
        registry = at.registry
    )]
    Forbidden {
        /// What was asked.
        at: Arc<Subject>,
        /// The registry's answer.
        reply: Reply,
    },
    /// The registry does not have it, or hides it from this account.
    #[error("{at}: it is not there, or this account may not see it ({reply}); check the name, or log in: podman login {registry}", registry = at.registry)]
    NotFound {
        /// What was asked.
        at: Arc<Subject>,
        /// The registry's answer.
        reply: Reply,
    },
    /// The registry has no such operation, or it is switched off.
    #[error("{at}: the registry does not do this ({reply}); {mend}")]
    Unsupported {
        /// What was asked.
        at: Arc<Subject>,
        /// The registry's answer.
        reply: Reply,
        /// What to do.
        mend: &'static str,
    },
    /// The registry has no such bytes (416).
    #[error(
        "{at}: the registry has no bytes {first}-{last} ({reply}); its blob is shorter than the manifest says: push it again"
    )]
    NoSuchRange {
        /// What was asked.
        at: Arc<Subject>,
        /// The first byte asked for, counted from 0.
        first: u64,
        /// The last byte asked for.
        last: u64,
        /// The registry's answer.
        reply: Reply,
    },
    /// Any other answer than success.
    #[error("{at}: the registry answers {reply}; {mend}")]
    Status {
        /// What was asked.
        at: Arc<Subject>,
        /// The registry's answer.
        reply: Reply,
        /// What to do.
        mend: &'static str,
    },
    /// No connection, or one that broke, after all attempts.
    #[error("{at}: {host}: {why}; {mend}")]
    Connection {
        /// What was asked.
        at: Arc<Subject>,
        /// The host that was talked to.
        host: String,
        /// What happened.
        why: String,
        /// What to do.
        mend: &'static str,
    },
    /// Silence, after all attempts.
    #[error(
        "{at}: {host} was silent for {limit:?}; try again, or look after the network and proxies (HTTPS_PROXY, NO_PROXY)"
    )]
    Silence {
        /// What was asked.
        at: Arc<Subject>,
        /// The host that was talked to.
        host: String,
        /// For how long it was waited.
        limit: Duration,
    },
    /// The host cannot prove who it is.
    #[error(
        "{at}: {host}: no TLS connection: {why}; for a certificate of your own set SSL_CERT_FILE to a file with its CA"
    )]
    Tls {
        /// What was asked.
        at: Arc<Subject>,
        /// The host that was talked to.
        host: String,
        /// What TLS says.
        why: String,
    },
    /// The host does not speak TLS.
    #[error(
        "{at}: {host} is plain http: anybody on the way could read and change it; allow it by name: --plain-http {host}"
    )]
    PlainHttp {
        /// What was asked.
        at: Arc<Subject>,
        /// The host that was talked to.
        host: String,
    },
    /// The registry sends us on to a place where nothing is to be sent.
    #[error(
        "{at}: the registry's {part} leads to {target}: {why}; the registry, or the proxy before it, is set up wrongly"
    )]
    Elsewhere {
        /// What was asked.
        at: Arc<Subject>,
        /// What names the place: "Location", "realm".
        part: &'static str,
        /// The place: scheme and host alone, since the rest may hold secrets.
        target: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The content is not the one that was asked for.
    #[error(
        "{at}: {why}; the registry, or something before it, is damaged or hostile: use none of it, and push it again"
    )]
    Mismatch {
        /// What was asked.
        at: Arc<Subject>,
        /// What differs.
        why: String,
    },
    /// The registry claims to send other bytes of a blob than were asked for.
    #[error("{at}: the registry lies about its range: bytes {first}-{last} of {size} were asked for, it sends {found}")]
    LyingRange {
        /// What was asked.
        at: Arc<Subject>,
        /// The first byte asked for, counted from 0.
        first: u64,
        /// The last byte asked for.
        last: u64,
        /// The blob's length in bytes.
        size: u64,
        /// What the answer says of itself.
        found: String,
    },
    /// The answer is none that the OCI distribution specification knows.
    #[error("{at}: {host}: {why}; is this an OCI registry?")]
    Protocol {
        /// What was asked.
        at: Arc<Subject>,
        /// The host that was talked to.
        host: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// What should list referrers is no such list, or has too many.
    #[error("{at}: {why}; what refers to it is unknown until that is mended")]
    Listing {
        /// Whose referrers were asked for.
        at: Arc<Subject>,
        /// What is wrong with the list.
        why: String,
    },
    /// Nothing tells whether anything refers to a manifest.
    #[error(
        "{at}: unknown: there is no list at the tag {tag}, and where others have the referrers API, the registry answers \
         {answer}; without one it should answer 404 (OCI Distribution Specification 1.1, \"Unavailable Referrers API\")"
    )]
    Unlisted {
        /// Whose referrers were asked for.
        at: Arc<Subject>,
        /// What the registry answers.
        answer: String,
        /// The tag under which a list could be.
        tag: String,
    },
    /// What is to be an artifact cannot be one.
    #[error("{part} {text:?}: {why}")]
    Artifact {
        /// Which part of it.
        part: &'static str,
        /// What was given.
        text: String,
        /// What is wrong with it, and how to mend it.
        why: String,
    },
    /// What a registry has after a push is not what was pushed.
    #[error("{at}: {why}, though it was pushed; push again, and if it stays so, the registry is at fault")]
    ReadBack {
        /// What was pushed.
        at: Arc<Subject>,
        /// What it is instead.
        why: String,
    },
    /// Credentials that were to be used cannot be read.
    #[error("credentials from {from}: {why}; mend it, or remove the entry and log in again: podman login {registry}")]
    Credentials {
        /// The file, variable or program.
        from: String,
        /// The registry they are for.
        registry: String,
        /// What is wrong.
        why: String,
    },
    /// The certificates that SSL_CERT_FILE names cannot be read.
    #[error("{path}: no certificates: {why}; NIX_SSL_CERT_FILE and SSL_CERT_FILE name a file of PEM certificates")]
    Certificates {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// What is to be uploaded cannot be read.
    #[error("{at}: reading what is to be uploaded: {source}")]
    Source {
        /// What was asked.
        at: Arc<Subject>,
        /// The reader's error.
        source: std::io::Error,
    },
}

impl Error {
    /// The error of this crate inside of an I/O error: what the readers of this crate fail with.
    pub fn inside(error: &std::io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}
