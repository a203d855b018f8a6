use serde::Deserialize;

use crate::ContentHash;

/// The most addresses that are read of one fetch. nixpkgs' longest lists of mirrors have some ten.
const URLS_MAX: usize = 64;

/// What a fixed-output derivation says of what it fetches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FixedOutput {
    /// The hash of its content; none where the algorithm is not known.
    pub hash: Option<ContentHash>,
    /// The values of `url`, `urls` and `__json` as they are written. Few are ever asked for what they say.
    pub(super) attributes: Vec<(Attribute, Vec<u8>)>,
}

/// An attribute that can name addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    Url,
    Urls,
    /// All attributes, where they are structured.
    Json,
}

impl Attribute {
    /// The attribute of this name, if it is one.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"url" => Some(Self::Url),
            b"urls" => Some(Self::Urls),
            b"__json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl FixedOutput {
    /// Where it is fetched from: the attributes `url` and `urls`, each address once, in their order.
    ///
    /// That these are addresses is a convention of nixpkgs' fetchers, and of Nix's own. What is not UTF-8 is left out.
    pub fn urls(&self) -> Vec<String> {
        let mut urls: Vec<String> = Vec::new();
        for (attribute, value) in &self.attributes {
            match attribute {
                Attribute::Json => {
                    let structured: Structured = serde_json::from_slice(value).unwrap_or_default();
                    urls.extend(structured.url.into_iter().chain(structured.urls).flat_map(Strings::into_list));
                }
                // A list is written as its elements, with spaces between them.
                Attribute::Url | Attribute::Urls => {
                    urls.extend(std::str::from_utf8(value).unwrap_or_default().split_whitespace().map(Into::into));
                }
            }
        }
        let mut seen = std::collections::HashSet::new();
        urls.retain(|url| !url.is_empty() && seen.insert(url.clone()));
        urls.truncate(URLS_MAX);
        urls
    }
}

/// Of structured attributes, what can name addresses.
#[derive(Default, Deserialize)]
struct Structured {
    #[serde(default)]
    url: Option<Strings>,
    #[serde(default)]
    urls: Option<Strings>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Strings {
    One(String),
    Many(Vec<String>),
    Other(serde::de::IgnoredAny),
}

impl Strings {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
            Self::Other(_) => Vec::new(),
        }
    }
}
