//! What CIs give to their jobs.

use std::process::{Command, Stdio};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{AUDIENCE, Token};
use crate::services::Http;
use crate::{Error, Result};

/// The most characters of an agent's complaint that an error shows: the last, where it says why it fails.
const MESSAGE_MAX: usize = 500;

#[derive(Deserialize)]
struct Given {
    value: SecretString,
}

/// `environment` is what the job's variables are.
pub(super) fn token(http: &Http, environment: &dyn Fn(&str) -> Option<String>) -> Result<Token> {
    let variable = |name| environment(name).filter(|value| !value.is_empty());
    // GitHub, and Forgejo and Gitea, which speak like it.
    if let Some(url) = variable("ACTIONS_ID_TOKEN_REQUEST_URL") {
        let Some(bearer) = variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN") else {
            let why = "ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set; give the job: permissions: id-token: write";
            return Err(Error::Token { at: " from GitHub", why: why.into() });
        };
        return github(http, &url, &bearer.into());
    }
    // Where GitLab puts it is up to the job; this is the name that cosign and Sigstore's documentation use. It may be set anywhere.
    if let Some(token) = variable("SIGSTORE_ID_TOKEN") {
        return Token::parse(token.into(), " in SIGSTORE_ID_TOKEN");
    }
    if variable("GITHUB_ACTIONS").is_some() {
        let why = "the job may not have one; give it: permissions: id-token: write";
        return Err(Error::Token { at: " from GitHub", why: why.into() });
    }
    if variable("GITLAB_CI").is_some() {
        let why = "SIGSTORE_ID_TOKEN is not set; give the job: id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore";
        return Err(Error::Token { at: " from GitLab", why: why.into() });
    }
    if variable("BUILDKITE").is_some() {
        return buildkite(variable("BUILDKITE_AGENT_ACCESS_TOKEN"));
    }
    let why = "this is no CI that is known (GitHub, GitLab, Buildkite, Forgejo, Gitea); give one with --identity-token-file, or sign with --key";
    Err(Error::Token { at: "", why: why.into() })
}

fn github(http: &Http, url: &str, bearer: &SecretString) -> Result<Token> {
    let at = " from GitHub";
    let wrong = |why: &str| Error::Token { at, why: why.into() };
    let mut url = Url::parse(url).map_err(|_| wrong("ACTIONS_ID_TOKEN_REQUEST_URL is no URL"))?;
    url.query_pairs_mut().append_pair("audience", AUDIENCE);
    let mend = "a job may ask while it runs, and with: permissions: id-token: write";
    let answer = http.get_secret("the CI's token service", &url, bearer, mend)?;
    let given: Given =
        serde_json::from_slice(answer.expose_secret()).map_err(|_| wrong("its answer holds no token"))?;
    Token::parse(given.value, at)
}

/// `bearer` is what the agent is known by; where it is told to say what it sends, that is among it.
fn buildkite(bearer: Option<String>) -> Result<Token> {
    let at = " from Buildkite";
    let mut command = Command::new("buildkite-agent");
    command.args(["oidc", "request-token", "--audience", AUDIENCE]).stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|error| Error::Token { at, why: format!("buildkite-agent cannot be run: {error}") })?;
    if !output.status.success() {
        let said = said(&String::from_utf8_lossy(&output.stderr), bearer.as_deref());
        return Err(Error::Token { at, why: format!("buildkite-agent failed: {said}") });
    }
    let text = String::from_utf8(output.stdout).map_err(|_| Error::Token { at, why: "it is no text".into() })?;
    Token::parse(text.into(), at)
}

/// The end of what an agent said, without colours and without its secret.
fn said(text: &str, bearer: Option<&str>) -> String {
    let text = bearer.map_or_else(|| text.to_owned(), |bearer| text.replace(bearer, "[BUILDKITE_AGENT_ACCESS_TOKEN]"));
    let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.chars().skip(text.chars().count().saturating_sub(MESSAGE_MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_agent_the_end_is_shown_and_its_secret_is_not() {
        let text = format!("{}\n> Authorization: Token hunter2\nfatal: \x1b[31mno token\n", "debug\n".repeat(1000));
        let said = said(&text, Some("hunter2"));
        assert!(said.ends_with("fatal:  [31mno token"), "{said:?}");
        assert!(!said.contains("hunter2") && said.chars().count() <= MESSAGE_MAX, "{said:?}");
    }
}
