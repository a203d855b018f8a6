//! A token from a token service (docker's "Token Authentication Specification" and "OAuth2 Token Authentication").

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use ureq::http::Method;
use ureq::http::header::CONTENT_TYPE;
use url::Url;
use url::form_urlencoded::Serializer;

use super::{basic, login_hint};
use crate::credentials::Credentials;
use crate::http::{Http, Request, host, protocol};
use crate::payload::Payload;
use crate::retry::{Attempts, Failure, passes};
use crate::text::{REPLY_MAX, Reply};
use crate::{Error, Options, Result, Subject};

/// The most bytes of a token service's answer.
const ANSWER_MAX: u64 = 128 << 10;

/// The most bytes of a token; longer ones fit into no header.
const TOKEN_MAX: usize = 32 << 10;

/// How long a token lives where the service does not say: the specification's least.
const DEFAULT_LIFE: u64 = 60;

/// A token, and until when it is used.
pub(super) struct Token {
    pub(super) header: SecretString,
    pub(super) until: Instant,
}

#[derive(Deserialize)]
struct Answer {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
    expires_in: Option<u64>,
}

/// Where tokens come from.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) realm: Url,
    pub(super) name: Option<String>,
}

impl Service {
    /// Asks for a token for `scopes`, with retries.
    pub(super) fn token(
        &self,
        http: &Http,
        options: &Options,
        at: &Arc<Subject>,
        credentials: Option<&Credentials>,
        scopes: &[String],
    ) -> Result<Token> {
        let mut attempts = Attempts::new(options);
        loop {
            match self.ask(http, at, credentials, scopes) {
                Ok(token) => return Ok(token),
                Err(failure) => attempts.pause(at, failure)?,
            }
        }
    }

    fn ask(
        &self,
        http: &Http,
        at: &Arc<Subject>,
        credentials: Option<&Credentials>,
        scopes: &[String],
    ) -> Result<Token, Failure> {
        let mut response = match credentials {
            Some(Credentials::Identity(token)) => {
                let form = SecretString::from(self.form(token, scopes));
                let mut request = Request::new(Method::POST, self.realm.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(Payload::Bytes(form.expose_secret().as_bytes()));
                request.confined = true;
                http.exchange(at, &request, None)?
            }
            Some(Credentials::Basic { username, password }) => {
                let request = Request::new(Method::GET, self.query(Some(username), scopes));
                http.exchange(at, &request, Some(&basic(username, password)))?
            }
            Some(Credentials::Bearer(_)) | None => {
                http.exchange(at, &Request::new(Method::GET, self.query(None, scopes)), None)?
            }
        };
        let host = host(&self.realm);
        let limit = if response.status == 200 { ANSWER_MAX } else { REPLY_MAX };
        let mut body = Vec::new();
        let read = response.body.by_ref().take(limit).read_to_end(&mut body);
        if response.status != 200 {
            return Err(self.refused(at, credentials, &response, Reply::new(response.status, &body)));
        }
        read.map_err(|error| http.broken(at, &host, error))?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| protocol(at, &host, "its token service does not answer with a token in JSON of 128 KiB"))?;
        let is_token = |token: &SecretString| (1..=TOKEN_MAX).contains(&token.expose_secret().len());
        let Some(token) = answer.token.into_iter().chain(answer.access_token).find(is_token) else {
            return Err(protocol(at, &host, "its token service gives no token, or one longer than 32 KiB").into());
        };
        // Counted from now, not from "issued_at": this machine's clock may be wrong. Renewed a little early.
        let life = Duration::from_secs(answer.expires_in.unwrap_or(DEFAULT_LIFE).clamp(DEFAULT_LIFE, 24 * 3600));
        let header = SecretString::from(format!("Bearer {}", token.expose_secret()));
        Ok(Token { header, until: Instant::now() + life - life / 6 })
    }

    /// The URL of a GET; registries differ in whether they read one `scope` or all, so there is one for each.
    fn query(&self, account: Option<&str>, scopes: &[String]) -> Url {
        let mut url = self.realm.clone();
        let mut pairs = url.query_pairs_mut();
        if let Some(account) = account {
            pairs.append_pair("account", account);
        }
        if let Some(service) = &self.name {
            pairs.append_pair("service", service);
        }
        for scope in scopes {
            pairs.append_pair("scope", scope);
        }
        drop(pairs);
        url
    }

    fn form(&self, token: &SecretString, scopes: &[String]) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "nix-seed")
            .append_pair("refresh_token", token.expose_secret())
            .append_pair("scope", &scopes.join(" "));
        if let Some(service) = &self.name {
            form.append_pair("service", service);
        }
        form.finish()
    }

    fn refused(
        &self,
        at: &Arc<Subject>,
        credentials: Option<&Credentials>,
        response: &crate::http::Response,
        reply: Reply,
    ) -> Failure {
        let at = at.clone();
        match reply.status {
            400 | 401 | 403 | 404 => {
                let mend = login_hint(&at.registry, credentials.is_some());
                Error::Unauthorized { at, reply, mend }.into()
            }
            status => Failure {
                error: Error::Status { at, reply, mend: "that is its token service; try again later" },
                again: passes(status),
                after: response.retry_after(),
            },
        }
    }
}
