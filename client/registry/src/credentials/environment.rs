use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Credentials;
use crate::{Error, Result};

const REGISTRY: &str = "NIX_SEED_REGISTRY";
const USERNAME: &str = "NIX_SEED_REGISTRY_USERNAME";
const PASSWORD: &str = "NIX_SEED_REGISTRY_PASSWORD";
const TOKEN: &str = "NIX_SEED_REGISTRY_TOKEN";

const STORE: &str = "/nix/store";

/// All that this crate reads of the environment; nothing else is kept.
const VARIABLES: [&str; 12] = [
    REGISTRY,
    USERNAME,
    PASSWORD,
    TOKEN,
    "DOCKER_CONFIG",
    "REGISTRY_AUTH_FILE",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "HOME",
    "PATH",
    "NIX_SSL_CERT_FILE",
    "SSL_CERT_FILE",
];

/// The environment's variables as far as credentials and certificates hang on them. `Debug` shows names alone.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<&'static str, OsString>);

impl Environment {
    /// This process's.
    pub fn of_process() -> Self {
        Self::from_fn(|name| std::env::var_os(name))
    }

    /// One made of whatever `value` says of a name; empty values count as none.
    pub fn from_fn(value: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| value(name).filter(|value| !value.is_empty()).map(|value| (name, value));
        Self(VARIABLES.into_iter().filter_map(set).collect())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(name).map(PathBuf::from)
    }

    /// The file of certificates that replaces the built-in ones. One in a Nix store that is gone counts as none: a seed
    /// that is taken down, or collected, leaves its variable in the shell.
    pub(crate) fn certificates(&self) -> Option<PathBuf> {
        let names = ["NIX_SSL_CERT_FILE", "SSL_CERT_FILE"].into_iter();
        names.filter_map(|name| self.path(name)).find(|path| !path.starts_with(STORE) || path.exists())
    }

    /// Where programs are looked for.
    pub(crate) fn search_path(&self) -> Option<&OsString> {
        self.0.get("PATH")
    }

    /// Files that may hold credentials, the first that does counts: podman's (containers-auth.json(5)), then docker's.
    pub(crate) fn auth_files(&self) -> Vec<PathBuf> {
        let home = self.path("HOME");
        let below_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        let config = self.path("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
        let auth = |dir: PathBuf| dir.join("containers/auth.json");
        let podman = match self.path("REGISTRY_AUTH_FILE") {
            Some(file) => vec![Some(file)],
            None => vec![self.path("XDG_RUNTIME_DIR").map(auth), config.map(auth)],
        };
        let docker = self.path("DOCKER_CONFIG").or_else(|| below_home(".docker"));
        podman
            .into_iter()
            .flatten()
            .chain(docker.map(|dir| dir.join("config.json")))
            .filter(|path| is_some(path))
            .collect()
    }

    /// Credentials in variables: for every registry, unless a variable names the one that they are for.
    pub(super) fn credentials(&self, registry: &str) -> Result<Option<Credentials>> {
        let text = |name: &str| {
            self.0
                .get(name)
                .map(|value| value.to_str().ok_or_else(|| refuse(name, registry, "it is not UTF-8")))
                .transpose()
        };
        if text(REGISTRY)?.is_some_and(|only| only != registry) {
            return Ok(None);
        }
        match (text(USERNAME)?, text(PASSWORD)?, text(TOKEN)?) {
            (Some(username), Some(password), _) => {
                Ok(Some(Credentials::Basic { username: username.into(), password: password.into() }))
            }
            (Some(_), None, None) => {
                Err(refuse(USERNAME, registry, "it is set, but NIX_SEED_REGISTRY_PASSWORD is not"))
            }
            (None, Some(_), None) => {
                Err(refuse(PASSWORD, registry, "it is set, but NIX_SEED_REGISTRY_USERNAME is not"))
            }
            (_, _, Some(token)) => Ok(Some(Credentials::Bearer(token.into()))),
            (None, None, None) => Ok(None),
        }
    }
}

fn is_some(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn refuse(name: &str, registry: &str, why: &str) -> Error {
    Error::Credentials { from: format!("the variable {name}"), registry: registry.into(), why: why.into() }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_a_seed_that_is_down_count_as_none() {
        let find = |nix: &'static str, ssl: &'static str| {
            let variables = |name: &str| match name {
                "NIX_SSL_CERT_FILE" => Some(nix.into()),
                "SSL_CERT_FILE" => Some(ssl.into()),
                _ => None,
            };
            Environment::from_fn(variables).certificates()
        };
        assert_eq!(find("/nix/store/gone/ca-bundle.crt", ""), None);
        assert_eq!(find("/nix/store/gone/ca-bundle.crt", "/b.crt"), Some("/b.crt".into()));
        assert_eq!(find("/missing.crt", "/b.crt"), Some("/missing.crt".into()), "a person's own is not passed over");
    }

    #[test]
    fn a_variable_says_whose_the_credentials_are() {
        let find = |only: &'static str, registry| {
            let variables = Environment::from_fn(|name| match name {
                REGISTRY => Some(only.into()),
                TOKEN => Some("secret".into()),
                _ => None,
            });
            variables.credentials(registry).unwrap().is_some()
        };
        assert!(find("", "a.example") && find("a.example", "a.example"));
        assert!(!find("a.example", "b.example") && !find("a.example", "a.example:5000"));
    }
}
