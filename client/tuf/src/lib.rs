//! A Sigstore trusted root, fetched by The Update Framework (TUF specification 1.0) when somebody asks for it, and never else.
//!
//! What is fetched is believed because the keys of a TUF root say so, one root after the other from one that is here already, each signed by
//! enough keys of the one before. Time and version of each part are compared with what was fetched before it, so that an old one is refused; nothing is
//! kept between two calls, and so nothing older than the TUF root that is here is refused.
//!
//! `sigstore-tuf` decides; here is how it reaches a repository: bounded answers, over the connections that registries are reached with.

mod repository;

use futures_executor::block_on;
use jiff::Timestamp;
use nix_seed_trust::sigstore::TrustRoot;
use sigstore_tuf::Updater;
use url::Url;

use repository::Http;

/// Where the public-good instance has its repository.
pub const PUBLIC_GOOD: &str = "https://tuf-repo-cdn.sigstore.dev";

/// A TUF root of the public-good instance: version 16, of Sigstore's root signing, which every later one is signed by.
pub const PUBLIC_GOOD_ROOT: &[u8] = include_bytes!("root.json");

/// What a repository calls the trusted root.
const TARGET: &str = "trusted_root.json";

/// A trusted root that was fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its bytes: JSON, as `--trusted-root` takes it.
    pub json: Vec<u8>,
    /// The version of the TUF root whose keys say so.
    pub root_version: u64,
}

/// Why there is no trusted root.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository cannot be reached, or what it says is not signed, not in time or not new enough.
    #[error("the TUF repository {url}: {why}")]
    Repository {
        /// Its base URL.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// What was fetched is no trusted root.
    #[error("the TUF repository {url} has {TARGET}, but {source}")]
    Content {
        /// Its base URL.
        url: String,
        /// What is wrong with it.
        source: nix_seed_trust::sigstore::RootError,
    },
    /// There can be no connection.
    #[error(transparent)]
    Registry(#[from] nix_seed_registry::Error),
}

/// Fetches the trusted root of the repository at `url`, whose TUF root is `root` or a later one.
pub fn fetch(url: &Url, root: &[u8], now: Timestamp) -> Result<Fetched, Error> {
    let wrong = |error: sigstore_tuf::Error| Error::Repository { url: url.to_string(), why: chain(&error) };
    let mut updater = Updater::new(Http::new(url)?, root).map_err(wrong)?;
    let json = block_on(async {
        updater.refresh(now).await?;
        updater.get_target(TARGET, now).await
    });
    let json = json.map_err(wrong)?;
    TrustRoot::parse(&json, url.as_str()).map_err(|source| Error::Content { url: url.to_string(), source })?;
    Ok(Fetched { json, root_version: updater.trusted().root().version })
}

/// An error with what it is because of.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    text.chars().filter(|c| !c.is_control()).take(400).collect()
}
