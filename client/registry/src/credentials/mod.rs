//! Where credentials come from: given ones, the environment, then podman's and docker's files and helper programs.

mod environment;
mod file;
mod helper;

pub use environment::Environment;
use secrecy::SecretString;

use crate::Result;

/// What proves to a registry who asks. `Debug` shows no secret, and memory is cleared when it is dropped.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// A user and a password (or a personal access token in its place).
    Basic {
        /// The user's name.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A token that the registry's token service exchanges for others (OAuth 2, "refresh token").
    Identity(SecretString),
    /// A token that the registry itself takes.
    Bearer(SecretString),
}

/// The credentials for a repository: given ones, else the environment's, else those in files.
pub(crate) fn find(
    given: Option<&Credentials>,
    environment: &Environment,
    registry: &str,
    repository: &str,
) -> Result<Option<Credentials>> {
    if let Some(given) = given {
        return Ok(Some(given.clone()));
    }
    if let Some(found) = environment.credentials(registry)? {
        return Ok(Some(found));
    }
    for path in environment.auth_files() {
        if let Some(found) = file::lookup(&path, environment, registry, repository)? {
            tracing::debug!(registry, file = %path.display(), "credentials found");
            return Ok(Some(found));
        }
    }
    Ok(None)
}
