//! The name of a repository.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::forms::{is_loopback, shown, split_port};

/// Those that serve a repository under one path, by https as well as by ssh; true: whose paths are an owner and a name.
const FORGES: [(&str, bool); 5] =
    [("github.com", true), ("gitlab.com", false), ("codeberg.org", true), ("bitbucket.org", true), ("git.sr.ht", true)];
/// The most bytes of a source.
const MAX_BYTES: usize = 500;

/// The name of the repository that is built, in its one form: `git+https://HOST/PATH`, with `?dir=FOLDER` for a flake that is
/// not at the top; `git+ssh://`, `git+file://` where there is no https. It is compared as a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Source(String);

impl Source {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scheme without `git+`, host and port, and the path from its slash on.
    pub(crate) fn parts(&self) -> (&str, &str, &str) {
        split(&self.0).unwrap_or_default()
    }
}

/// `git+SCHEME://AUTHORITY/PATH`; parameters are left out.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = text.strip_prefix("git+")?.split_once("://")?;
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    let (authority, path) = rest.split_at(rest.find('/')?);
    Some((scheme, authority, path))
}

fn is_normal(text: &str) -> bool {
    let Some((scheme, authority, path)) = split(text) else { return false };
    let is_place = match split_port(authority) {
        _ if scheme == "file" => authority.is_empty(),
        None => false,
        Some((host, port)) => {
            let is_standard =
                matches!((scheme, port), ("https", Some("443")) | ("ssh", Some("22")) | ("http", Some("80")));
            let forge = FORGES.iter().find(|(forge, _)| *forge == host && port.is_none());
            let is_of_forge = |(_, is_flat): &(&str, bool)| {
                let segments = path.split('/').count() - 1;
                scheme == "https" && if *is_flat { segments == 2 } else { segments >= 2 }
            };
            let is_scheme = matches!(scheme, "https" | "ssh") || scheme == "http" && is_loopback(host);
            is_scheme && !is_standard && forge.is_none_or(is_of_forge)
        }
    };
    let folder = text.split_once('?').map(|(_, query)| query.strip_prefix("dir=").unwrap_or_default());
    let is_folder = |folder: &str| folder.split('/').all(is_segment);
    is_place && path[1..].split('/').all(is_segment) && !path.ends_with(".git") && folder.is_none_or(is_folder)
}

fn is_segment(text: &str) -> bool {
    let is_right = |c: u8| c.is_ascii_alphanumeric() || b"._~+-".contains(&c);
    !text.is_empty() && text.bytes().all(is_right) && !["-", ".", ".."].contains(&text)
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.contains('@') {
            return Err("it has a user or a password in it, which is not repeated here".into());
        }
        if text.len() <= MAX_BYTES && is_normal(&text) {
            Ok(Self(text))
        } else {
            Err(format!(
                "it is {}, not a repository in its one form, as git+https://github.com/owner/app",
                shown(&text)
            ))
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
