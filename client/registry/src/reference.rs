use std::fmt;
use std::str::FromStr;

use oci_spec::image::{Digest, DigestAlgorithm};

use crate::{Error, Result};

/// Docker's name for its registry, which other hosts serve.
pub(crate) const DOCKER_HUB: &str = "docker.io";

/// The most characters that a repository's name may have, its registry included (docker's limit).
const NAME_MAX: usize = 255;

/// The name of an image: registry, repository, and a tag, a digest, both or none.
///
/// Names are read as docker does: the first part is a registry where it holds a dot or a colon or is `localhost`;
/// otherwise the registry is docker.io, and a name of one part is below `library/` there. No tag is added.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The registry: a host in lower case, with a port where one was given; "docker.io" for Docker Hub.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository in the registry: "owner/name".
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest: SHA-256.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same repository, with this digest and no tag.
    pub fn with_digest(&self, digest: &Digest) -> Result<Self> {
        sha256(digest)?;
        Ok(Self { tag: None, digest: Some(digest.clone()), ..self.clone() })
    }

    /// The same repository, with this tag and no digest.
    pub fn with_tag(&self, tag: &str) -> Result<Self> {
        if !is_tag(tag) {
            return Err(refuse(tag, TAG_RULE));
        }
        Ok(Self { tag: Some(tag.into()), digest: None, ..self.clone() })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some((scheme, rest)) = text.split_once("://") {
            return Err(refuse(text, format!("leave out \"{scheme}://\": {rest}")));
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(parse_digest(text, digest)?)),
            None => (text, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if is_host(first) => (parse_host(text, first)?, rest),
            _ => (DOCKER_HUB.into(), name),
        };
        let (path, tag) = match path.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (path, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(refuse(text, TAG_RULE));
        }
        check_repository(text, path)?;
        let repository =
            if registry == DOCKER_HUB && !path.contains('/') { format!("library/{path}") } else { path.into() };
        if registry.len() + 1 + repository.len() > NAME_MAX {
            return Err(refuse(text, format!("the name is longer than {NAME_MAX} characters")));
        }
        Ok(Self { registry, repository, tag: tag.map(Into::into), digest })
    }
}

const TAG_RULE: &str =
    "a tag is 1 to 128 letters, digits, \"_\", \".\" or \"-\" and begins with a letter, a digit or \"_\"";

fn refuse(text: &str, why: impl Into<String>) -> Error {
    Error::Reference { text: text.into(), why: why.into() }
}

/// Whether the first part of a name is a registry: docker's rule.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost"
}

/// A host name, an IPv4 address or an IPv6 address in brackets; a port.
fn parse_host(text: &str, host: &str) -> Result<String> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err() || !port.bytes().all(|b| b.is_ascii_digit())) {
        return Err(refuse(text, "the registry's port is no number up to 65535"));
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .is_some_and(|name| name.parse::<std::net::Ipv6Addr>().is_ok());
    if !is_address && !name.split('.').all(is_label) {
        return Err(refuse(text, format!("{name:?} is no host")));
    }
    let host = host.to_ascii_lowercase();
    Ok(if host == "index.docker.io" || host == "registry-1.docker.io" { DOCKER_HUB.into() } else { host })
}

/// OCI Distribution Specification 1.1, "Pulling manifests": parts of lower-case letters and digits, with separators.
fn check_repository(text: &str, path: &str) -> Result<()> {
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        let lower = path.to_ascii_lowercase();
        return Err(refuse(text, format!("a repository's name is lower-case: {lower}")));
    }
    let is_alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_part = |part: &str| {
        let separators = part.split(|c: char| c.is_ascii() && is_alphanumeric(c as u8)).filter(|run| !run.is_empty());
        part.bytes().next().is_some_and(is_alphanumeric)
            && part.bytes().next_back().is_some_and(is_alphanumeric)
            && separators.into_iter().all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|b| b == b'-'))
    };
    match path.split('/').find(|part| !is_part(part)) {
        Some("") => Err(refuse(text, "a part of the repository's name is empty")),
        Some(part) => Err(refuse(
            text,
            format!(
                "{part:?} may hold lower-case letters and digits, and between them one of \".\", \"_\", \"__\", \"-\""
            ),
        )),
        None => Ok(()),
    }
}

fn parse_digest(text: &str, digest: &str) -> Result<Digest> {
    match Digest::try_from(digest) {
        Ok(digest) if *digest.algorithm() == DigestAlgorithm::Sha256 => Ok(digest),
        _ => Err(refuse(text, "a digest is \"sha256:\" and 64 digits 0-9, a-f")),
    }
}

/// The 64 hexadecimal digits of a SHA-256 digest; other digests are refused.
pub(crate) fn sha256(digest: &Digest) -> Result<&str> {
    match digest.algorithm() {
        DigestAlgorithm::Sha256 => Ok(digest.digest()),
        _ => Err(Error::Algorithm { digest: digest.to_string() }),
    }
}

/// Whether `text` can be a tag (OCI Distribution Specification 1.1, "Pulling manifests").
pub(crate) fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Reference {
        text.parse().unwrap()
    }

    fn why(text: &str) -> String {
        text.parse::<Reference>().unwrap_err().to_string()
    }

    #[test]
    fn all_parts_are_read_and_shown() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let text = format!("registry.example:5000/a/b-c__d.e:v1.0_x@{digest}");
        let reference = parse(&text);
        assert_eq!(reference.registry(), "registry.example:5000");
        assert_eq!(reference.repository(), "a/b-c__d.e");
        assert_eq!(reference.tag(), Some("v1.0_x"));
        assert_eq!(reference.digest().unwrap().to_string(), digest);
        assert_eq!(reference.to_string(), text);
        let other = reference.with_tag("next").unwrap();
        assert_eq!(other.to_string(), "registry.example:5000/a/b-c__d.e:next");
        assert_eq!(other.with_digest(reference.digest().unwrap()).unwrap().tag(), None);
    }

    #[test]
    fn short_names_are_dockers() {
        for (text, full) in [
            ("ubuntu", "docker.io/library/ubuntu"),
            ("ubuntu:24.04", "docker.io/library/ubuntu:24.04"),
            ("owner/name", "docker.io/owner/name"),
            ("index.docker.io/owner/name", "docker.io/owner/name"),
            ("docker.io/ubuntu", "docker.io/library/ubuntu"),
            ("localhost/name", "localhost/name"),
            ("GHCR.io/owner/name", "ghcr.io/owner/name"),
            ("[::1]:5000/name", "[::1]:5000/name"),
            ("[::1]/name", "[::1]/name"),
            ("127.0.0.1:5000/name:t", "127.0.0.1:5000/name:t"),
        ] {
            assert_eq!(parse(text).to_string(), full, "{text}");
        }
    }

    #[test]
    fn a_refusal_says_how_to_mend_it() {
        assert!(why("ghcr.io/Owner/Name").contains("lower-case: owner/name"));
        assert!(why("Owner/name").contains("lower-case"));
        assert!(why("docker://ghcr.io/a/b").contains("leave out \"docker://\": ghcr.io/a/b"));
        assert!(why("ghcr.io/a@sha256:abc").contains("64 digits"));
        assert!(why("ghcr.io/a:-x").contains("a tag is"));
        assert!(why("ghcr.io:99999/a").contains("port"));
        for text in [
            "",
            "/",
            "ghcr.io/",
            "ghcr.io//a",
            "ghcr.io/a/../b",
            "a b",
            "ghcr.io/a_-b",
            "ghcr.io/a:b:c",
            "-.x/a",
            "ghcr.io/é",
        ] {
            why(text);
        }
        why(&format!("ghcr.io/a@sha512:{}", "ab".repeat(64)));
        why(&format!("ghcr.io/{}", "a".repeat(250)));
    }
}
