use sigstore_trust_root::{SigstoreInstance, TransparencyLog, TrustedRoot};
use sigstore_verify::Verifier;
use url::Url;

/// The most bytes of a trusted root. That of the public-good instance has some 10,000.
const ROOT_MAX: usize = 1 << 20;

/// The versions that are read. Of others, nobody knows what their fields mean.
const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

/// The day of the public-good instance's trusted root that is built in: that of the release of `sigstore-trust-root` that brought it.
pub const PUBLIC_GOOD_DATE: &str = "2026-10-23";

/// A trusted root that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// It is no trusted root.
    #[error("the trusted root is malformed: {0}; give a file as `cosign trusted-root create` writes it")]
    Malformed(String),
    /// A log is wanted that it has not.
    #[error(
        "the trusted root has no log at {log}; it has: {known}; mend `logs` in seedCfg, or give another --trusted-root"
    )]
    NoLog {
        /// The log's base URL.
        log: String,
        /// Those that it has.
        known: String,
    },
}

/// Whom signatures, certificates, proofs and time stamps are believed from: Sigstore's trusted root.
#[derive(Debug, Clone)]
pub struct TrustRoot {
    pub(super) root: TrustedRoot,
    name: String,
}

impl TrustRoot {
    /// Reads a trusted root (JSON of Sigstore's protobuf specification, `TrustedRoot`). `name` says where it is from.
    pub fn parse(json: &[u8], name: &str) -> Result<Self, RootError> {
        let malformed =
            |error: &dyn std::fmt::Display| RootError::Malformed(error.to_string().chars().take(300).collect());
        let limits = nix_seed_statement::json::Limits { bytes: ROOT_MAX, depth: 16 };
        nix_seed_statement::json::check(json, limits).map_err(|error| malformed(&error))?;
        let text = std::str::from_utf8(json).map_err(|error| malformed(&error))?;
        let root = TrustedRoot::from_json(text).map_err(|error| malformed(&error))?;
        if !MEDIA_TYPES.contains(&root.media_type.as_str()) {
            return Err(malformed(&format!("its mediaType is {:?}, which is not known", root.media_type)));
        }
        // Its keys and certificates are looked at now, not when one of them is wanted.
        Verifier::new(&root).map_err(|error| malformed(&error))?;
        Ok(Self { root, name: name.into() })
    }

    /// That of the public-good instance, of [`PUBLIC_GOOD_DATE`].
    pub fn public_good() -> Result<Self, RootError> {
        let json = SigstoreInstance::PublicGood.embedded_trusted_root_json();
        Self::parse(json.as_bytes(), &format!("Sigstore's public-good instance, as of {PUBLIC_GOOD_DATE}"))
    }

    /// That of the staging instance, likewise. It is for tests of clients.
    pub fn staging() -> Result<Self, RootError> {
        let json = SigstoreInstance::Staging.embedded_trusted_root_json();
        Self::parse(json.as_bytes(), &format!("Sigstore's staging instance, as of {PUBLIC_GOOD_DATE}"))
    }

    /// The same, with no other transparency logs than these, each by its base URL.
    pub fn with_logs(mut self, logs: &[String]) -> Result<Self, RootError> {
        let is = |log: &TransparencyLog, url: &str| log.base_url.trim_end_matches('/') == url.trim_end_matches('/');
        if let Some(log) = logs.iter().find(|url| !self.root.tlogs.iter().any(|log| is(log, url))) {
            let known: Vec<_> = self.root.tlogs.iter().map(|log| log.base_url.as_str()).collect();
            return Err(RootError::NoLog { log: log.clone(), known: known.join(", ") });
        }
        self.root.tlogs.retain(|log| logs.iter().any(|url| is(log, url)));
        Ok(self)
    }

    /// Where it is from, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn log(&self, key_id: &[u8]) -> Option<&TransparencyLog> {
        self.root.tlogs.iter().find(|log| log.log_id.key_id.as_bytes() == key_id)
    }

    /// The same with one transparency log, so that nothing but this log can vouch for an entry of it.
    pub(super) fn with_one_log(&self, log: &TransparencyLog) -> TrustedRoot {
        let mut root = self.root.clone();
        root.tlogs = vec![log.clone()];
        root
    }
}

/// Whether a checkpoint's origin is one of a log: Rekor v2 writes its host name, Rekor v1 the same with ` - ` and a number.
pub(super) fn is_origin_of(log: &TransparencyLog, origin: &str) -> bool {
    let Ok(url) = Url::parse(&log.base_url) else { return false };
    let Some(host) = url.host_str() else { return false };
    let with_port = url.port().map(|port| format!("{host}:{port}"));
    let is = |name: &str| {
        origin == name
            || origin
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(" - "))
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
    };
    is(host) || with_port.is_some_and(|name| is(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    /// The roots themselves do not say of which day they are.
    #[test]
    fn the_day_is_that_of_the_roots_that_are_built_in() {
        for (instance, known) in [
            (SigstoreInstance::PublicGood, "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"),
            (SigstoreInstance::Staging, "44deb991d4bbf2150751ccee235d9810bce4434383c26d8898c1bcadbace6ed8"),
        ] {
            let found = Sha256::digest(instance.embedded_trusted_root_json());
            assert_eq!(
                data_encoding::HEXLOWER.encode(&found),
                known,
                "the trusted root of {instance:?} is another than that of {PUBLIC_GOOD_DATE}: look at what changed in it, set PUBLIC_GOOD_DATE \
                 to the day of the release of sigstore-trust-root that brought it (its CHANGELOG.md says it), and put its SHA-256 here"
            );
        }
    }
}
