//! What several commands need: a registry, a platform.

use std::io::Read;

use nix_seed_registry::{Credentials, Options, Registry, SecretString};
use nix_seed_source::Platform;

use crate::args::Global;
use crate::error::Error;

/// The most bytes of a password on standard input.
const PASSWORD_MAX: u64 = 64 << 10;

impl Global {
    /// The registries, as the options say.
    pub(crate) fn registry(&self) -> Result<Registry, Error> {
        let (plain_http, credentials) = (self.plain_http.clone(), self.credentials.clone());
        Ok(Registry::new(Options { plain_http, credentials, ..Options::default() })?)
    }

    /// Reads the password from standard input where one is there: also where none will be needed, since what this program
    /// leaves there goes to the command that it runs.
    pub(crate) fn read_password(&mut self) -> Result<(), Error> {
        self.credentials = self.username.as_ref().map(|username| credentials(username)).transpose()?;
        Ok(())
    }

    /// The platform whose image is meant.
    pub(crate) fn platform(&self) -> Platform {
        self.platform.clone().unwrap_or_else(Platform::of_machine)
    }
}

fn credentials(username: &str) -> Result<Credentials, Error> {
    let mut password = String::new();
    let read = std::io::stdin().take(PASSWORD_MAX).read_to_string(&mut password);
    read.map_err(|source| Error::Io { doing: "reading", path: "standard input".into(), source })?;
    let password = SecretString::from(password.trim_end_matches(['\r', '\n']));
    Ok(Credentials::Basic { username: username.into(), password })
}
