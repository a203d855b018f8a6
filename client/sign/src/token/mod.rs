//! Identity tokens (OpenID Connect), which a CI gives to its jobs, and for which Fulcio gives certificates.

mod ci;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::services::Http;
use crate::{Error, Result};

/// Whom a token has to be for (Fulcio, "OIDC").
const AUDIENCE: &str = "sigstore";
/// The most bytes of a token.
const TOKEN_MAX: u64 = 64 << 10;

/// Where a token is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// The CI that this runs in: GitHub and what is made like it, GitLab, Buildkite.
    Ci,
    /// A file.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
    /// Standard input.
    Stdin,
}

/// A token. Nothing of it is shown but whom it is for.
pub struct Token {
    secret: SecretString,
    identity: String,
    workflow: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    job_workflow_ref: Option<String>,
}

impl Token {
    /// Gets a token.
    pub fn get(source: &TokenSource, http: &Http) -> Result<Self> {
        match source {
            TokenSource::Ci => ci::token(http, &|name| std::env::var(name).ok()),
            TokenSource::File(path) => {
                let read = File::open(path).and_then(text);
                Self::parse(read.map_err(Error::io("reading", path))?, " in this file")
            }
            TokenSource::Variable(name) => match std::env::var(name) {
                Ok(text) => Self::parse(text.into(), " in this variable"),
                Err(_) => Err(Error::Token { at: "", why: format!("the environment has no variable {name}") }),
            },
            TokenSource::Stdin => {
                let read = text(std::io::stdin());
                Self::parse(read.map_err(Error::io("reading", "standard input"))?, " on standard input")
            }
        }
    }

    /// Reads a token (RFC 7519). It is believed nothing: that is Fulcio's work.
    pub(crate) fn parse(text: SecretString, at: &'static str) -> Result<Self> {
        let wrong = |why: &str| Error::Token { at, why: why.into() };
        let token = text.expose_secret().trim();
        if token.len() as u64 > TOKEN_MAX {
            return Err(wrong("it is longer than 64 KiB"));
        }
        let mut parts = token.split('.');
        let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it is not three parts with a dot between, as a JSON Web Token is"));
        };
        let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).map_err(|_| wrong("its claims are no base 64"))?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| wrong("its claims name nobody (`sub`)"))?;
        let (identity, workflow) = (claims.email.unwrap_or(claims.sub), claims.job_workflow_ref);
        Ok(Self { identity, workflow, secret: token.to_owned().into() })
    }

    /// The workflow file that a job of GitHub's is written in: `OWNER/REPOSITORY/PATH@REFERENCE`. A reusable one is named here, and not the
    /// one that calls it; certificates are of this (Fulcio, docs/oidc.md, "GitHub").
    pub fn workflow(&self) -> Option<&str> {
        self.workflow.as_deref()
    }

    /// Whom it is for: what Fulcio wants signed as a proof that somebody has the key.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }
}

/// What a stream says, and so much of what is too long that it is seen to be.
fn text(stream: impl Read) -> io::Result<SecretString> {
    let mut text = String::new();
    stream.take(TOKEN_MAX + 2).read_to_string(&mut text)?;
    Ok(text.into())
}

#[cfg(test)]
mod tests;
