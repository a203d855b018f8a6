//! What CIs give to their jobs.

use std::process::{Command, Stdio};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{AUDIENCE, Token};
use crate::services::Http;
use crate::{Error, Result};

#[derive(Deserialize)]
struct Given {
    value: SecretString,
}

pub(super) fn token(http: &Http) -> Result<Token> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    // GitHub, and Forgejo and Gitea, which speak like it.
    if let Some(url) = variable("ACTIONS_ID_TOKEN_REQUEST_URL") {
        let Some(bearer) = variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN") else {
            let why = "ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set; give the job: permissions: id-token: write";
            return Err(Error::Token { at: " from GitHub", why: why.into() });
        };
        return github(http, &url, &bearer.into());
    }
    if variable("GITHUB_ACTIONS").is_some() {
        let why = "the job may not have one; give it: permissions: id-token: write";
        return Err(Error::Token { at: " from GitHub", why: why.into() });
    }
    // Where GitLab puts it is up to the job; this is the name that cosign and Sigstore's documentation use.
    if let Some(token) = variable("SIGSTORE_ID_TOKEN") {
        return Token::parse(token.into(), " in SIGSTORE_ID_TOKEN");
    }
    if variable("GITLAB_CI").is_some() {
        let why = "SIGSTORE_ID_TOKEN is not set; give the job: id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore";
        return Err(Error::Token { at: " from GitLab", why: why.into() });
    }
    if variable("BUILDKITE").is_some() {
        return buildkite();
    }
    let why = "this is no CI that is known (GitHub, GitLab, Buildkite, Forgejo, Gitea); give one with --identity-token-file, or sign with --key";
    Err(Error::Token { at: "", why: why.into() })
}

fn github(http: &Http, url: &str, bearer: &SecretString) -> Result<Token> {
    let at = " from GitHub";
    let wrong = |why: &str| Error::Token { at, why: why.into() };
    let mut url = Url::parse(url).map_err(|_| wrong("ACTIONS_ID_TOKEN_REQUEST_URL is no URL"))?;
    url.query_pairs_mut().append_pair("audience", AUDIENCE);
    let answer = http.get_secret("the CI's token service", &url, bearer)?;
    let given: Given =
        serde_json::from_slice(answer.expose_secret()).map_err(|_| wrong("its answer holds no token"))?;
    Token::parse(given.value, at)
}

fn buildkite() -> Result<Token> {
    let at = " from Buildkite";
    let mut command = Command::new("buildkite-agent");
    command.args(["oidc", "request-token", "--audience", AUDIENCE]).stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|error| Error::Token { at, why: format!("buildkite-agent cannot be run: {error}") })?;
    if !output.status.success() {
        let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(500).collect();
        return Err(Error::Token { at, why: format!("buildkite-agent failed: {said}") });
    }
    let text = String::from_utf8(output.stdout).map_err(|_| Error::Token { at, why: "it is no text".into() })?;
    Token::parse(text.into(), at)
}
