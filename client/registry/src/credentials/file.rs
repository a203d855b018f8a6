//! The files that `podman login` and `docker login` write: containers-auth.json(5), docker's config.json.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use data_encoding::{BASE64, BASE64_NOPAD};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Credentials, Environment, helper};
use crate::reference::DOCKER_HUB;
use crate::{Error, Result};

/// The most bytes such a file may have.
const FILE_MAX: u64 = 1 << 20;

/// The key that docker keeps Docker Hub's credentials under.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
struct Entry {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    identitytoken: Option<SecretString>,
    registrytoken: Option<SecretString>,
}

/// What the file at `path` holds for a repository. The most specific entry counts: that of the repository, of the
/// namespaces around it, then of the registry. A helper for just this registry goes before an entry, docker's general
/// store after it.
pub(super) fn lookup(
    path: &Path,
    environment: &Environment,
    registry: &str,
    repository: &str,
) -> Result<Option<Credentials>> {
    let refuse = |why: String| Error::Credentials { from: path.display().to_string(), registry: registry.into(), why };
    let file: AuthFile = serde_json::from_slice(&read(path).map_err(|error| refuse(error.to_string()))?)
        // Not the parser's own words, which may quote the file.
        .map_err(|error| refuse(format!("it is not the JSON that `podman login` writes, line {}", error.line())))?;
    for key in keys(registry, repository) {
        if let Some(name) = file.cred_helpers.get(&key).filter(|name| !name.is_empty())
            && let Some(found) = helper::get(name, &key, environment, registry)?
        {
            return Ok(Some(found));
        }
        let entry = file.auths.iter().find(|(listed, _)| same_key(listed, &key)).map(|(_, entry)| entry);
        if let Some(found) = entry.map(|entry| entry.credentials().map_err(refuse)).transpose()?.flatten() {
            return Ok(Some(found));
        }
    }
    let server = if registry == DOCKER_HUB { DOCKER_HUB_KEY } else { registry };
    match file.creds_store.filter(|name| !name.is_empty()) {
        Some(name) => helper::get(&name, server, environment, registry),
        None => Ok(None),
    }
}

/// A regular file's content; anything else might be waited for, or have no end.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(std::io::Error::other("it is longer than 1 MiB"));
    }
    Ok(bytes)
}

/// "ghcr.io/a/b", "ghcr.io/a", "ghcr.io"; and docker's own key for Docker Hub.
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let mut key = format!("{registry}/{repository}");
    let mut keys = vec![key.clone()];
    while let Some((shorter, _)) = key.rsplit_once('/') {
        key = shorter.into();
        keys.push(key.clone());
    }
    if registry == DOCKER_HUB {
        keys.push(DOCKER_HUB_KEY.into());
    }
    keys
}

/// Old files have keys such as "https://ghcr.io/v1/": the host of a key with a scheme counts.
fn same_key(listed: &str, key: &str) -> bool {
    let host = listed.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    listed == key || host == Some(key)
}

impl Entry {
    fn credentials(&self) -> Result<Option<Credentials>, String> {
        let set = |secret: &Option<SecretString>| secret.clone().filter(|secret| !secret.expose_secret().is_empty());
        if let Some(token) = set(&self.registrytoken) {
            return Ok(Some(Credentials::Bearer(token)));
        }
        if let Some(token) = set(&self.identitytoken) {
            return Ok(Some(Credentials::Identity(token)));
        }
        if let Some(auth) = set(&self.auth) {
            return decode(&auth).map(Some).ok_or_else(|| "an \"auth\" is not the base64 of USER:PASSWORD".into());
        }
        match (&self.username, set(&self.password)) {
            (Some(username), Some(password)) => Ok(Some(Credentials::Basic { username: username.clone(), password })),
            _ => Ok(None),
        }
    }
}

fn decode(auth: &SecretString) -> Option<Credentials> {
    let text = auth.expose_secret().trim().as_bytes();
    let bytes = BASE64.decode(text).or_else(|_| BASE64_NOPAD.decode(text)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    // Some versions of docker end it with zero bytes.
    Some(Credentials::Basic { username: username.into(), password: password.trim_end_matches('\0').into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, registry: &str, repository: &str) -> Result<Option<String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.json");
        std::fs::write(&path, json).unwrap();
        let found = lookup(&path, &Environment::default(), registry, repository)?;
        Ok(found.map(|found| match found {
            Credentials::Basic { username, password } => format!("{username}:{}", password.expose_secret()),
            Credentials::Identity(token) => format!("identity {}", token.expose_secret()),
            Credentials::Bearer(token) => format!("bearer {}", token.expose_secret()),
        }))
    }

    #[test]
    fn the_most_specific_entry_counts() {
        let json = r#"{"auths": {
            "ghcr.io": {"auth": "aDpwdw=="},
            "ghcr.io/owner": {"auth": "bzpwdw"},
            "ghcr.io/owner/name": {"username": "n", "password": "pw"},
            "https://quay.io/v2/": {"identitytoken": "id", "auth": "eDo="},
            "https://index.docker.io/v1/": {"auth": "ZDpwdw=="},
            "empty.example": {}
        }}"#;
        for (registry, repository, expected) in [
            ("ghcr.io", "other/name", Some("h:pw")),
            ("ghcr.io", "owner/other", Some("o:pw")),
            ("ghcr.io", "owner/name", Some("n:pw")),
            ("quay.io", "a/b", Some("identity id")),
            ("docker.io", "library/ubuntu", Some("d:pw")),
            ("empty.example", "a", None),
            ("other.example", "a", None),
        ] {
            assert_eq!(found(json, registry, repository).unwrap().as_deref(), expected, "{registry}/{repository}");
        }
    }

    #[test]
    fn an_error_does_not_quote_the_file() {
        let error =
            found(r#"{"auths": {"ghcr.io": {"auth": 17, "password": "hunter2"}}}"#, "ghcr.io", "a").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2") && error.to_string().contains("line 1"));
        let error = found(r#"{"auths": {"ghcr.io": {"auth": "aHVudGVyMg=="}}}"#, "ghcr.io", "a").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2") && error.to_string().contains("base64"));
    }
}
