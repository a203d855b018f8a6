//! One question and its answer, with limits.

use std::io::Read;
use std::time::Duration;

use nix_seed_registry::{Options, agent, is_loopback};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use ureq::Agent;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use url::Url;

use crate::{Error, Result};

/// The most bytes of an answer: a log's entry holds a certificate, a proof and a signature.
const ANSWER_MAX: u64 = 4 << 20;
/// How often a question is asked where no answer comes.
const ATTEMPTS: u32 = 4;
/// The first delay between attempts; it doubles, and half of it is chance.
const DELAY: Duration = Duration::from_millis(400);
/// The most characters of an answer that an error shows.
const MESSAGE_MAX: usize = 400;

/// Connections to services.
pub struct Http {
    direct: Agent,
    outside: Agent,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The beginning of what was said, for an error.
    pub(crate) fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_MAX).collect();
        format!("{}, {}", self.status, text.trim())
    }
}

impl Http {
    /// With the proxies and certificates that registries are reached with.
    pub fn new() -> Result<Self> {
        // Rekor v2 answers when the entry is in the log, which takes seconds.
        let options = Options { stall: Duration::from_secs(60), ..Options::default() };
        let agent = |is_loopback| agent(&options, is_loopback).map_err(|error| Error::Document(error.to_string()));
        Ok(Self { direct: agent(true)?, outside: agent(false)? })
    }

    pub(crate) fn post(&self, service: &'static str, url: &Url, kind: &str, body: &[u8]) -> Result<Answer> {
        self.ask(service, url, Some((kind, body)), None)
    }

    pub(crate) fn get(&self, service: &'static str, url: &Url) -> Result<Answer> {
        self.ask(service, url, None, None)
    }

    /// Gets what nobody else may see; the answer is not shown, whatever it is. `mend` is what helps whoever is refused.
    pub(crate) fn get_secret(
        &self,
        service: &'static str,
        url: &Url,
        bearer: &SecretString,
        mend: &str,
    ) -> Result<SecretSlice<u8>> {
        let answer = self.ask(service, url, None, Some(bearer))?;
        if answer.status != 200 {
            let why = match answer.status {
                401 | 403 => format!("{}; {mend}", answer.status),
                status => status.to_string(),
            };
            return Err(Error::Service { service, url: shown(url), why });
        }
        Ok(answer.body.into())
    }

    fn ask(
        &self,
        service: &'static str,
        url: &Url,
        body: Option<(&str, &[u8])>,
        bearer: Option<&SecretString>,
    ) -> Result<Answer> {
        // A token, or what somebody signs, is not for everybody on the way.
        if url.scheme() != "https" && !is_loopback(url) {
            let why = "it is neither https nor on this machine".into();
            return Err(Error::Service { service, url: shown(url), why });
        }
        let (mut delay, mut attempt) = (DELAY, 1);
        loop {
            let answer = self.once(service, url, body, bearer);
            let passes = match &answer {
                Ok(answer) => matches!(answer.status, 408 | 429 | 500 | 502 | 503 | 504),
                Err(error) => error.passes(),
            };
            if !passes {
                return answer;
            }
            if attempt == ATTEMPTS {
                let said = |answer: Answer| match bearer {
                    Some(_) => answer.status.to_string(),
                    None => answer.said(),
                };
                let why = answer.map_or_else(|error| error.to_string(), said);
                return Err(Error::Unreachable { service, url: shown(url), why });
            }
            std::thread::sleep(delay / 2 + (delay / 2).mul_f64(fastrand::f64()));
            delay *= 2;
            attempt += 1;
        }
    }

    fn once(
        &self,
        service: &'static str,
        url: &Url,
        body: Option<(&str, &[u8])>,
        bearer: Option<&SecretString>,
    ) -> Result<Answer> {
        let span =
            tracing::info_span!("service", otel.kind = "client", seed.what = service, server.address = url.host_str());
        let _entered = span.enter();
        let unreachable = |why: String| Error::Unreachable { service, url: shown(url), why };
        let agent = if is_loopback(url) { &self.direct } else { &self.outside };
        let sent = match body {
            Some((kind, body)) => agent.post(url.as_str()).header(CONTENT_TYPE, kind).send(body),
            None => {
                let mut request = agent.get(url.as_str());
                if let Some(bearer) = bearer {
                    let value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose_secret()));
                    let mut value =
                        value.map_err(|_| Error::Token { at: "", why: "the CI's own token is no text".into() })?;
                    value.set_sensitive(true);
                    request = request.header(AUTHORIZATION, value);
                }
                request.call()
            }
        };
        let answer = sent.map_err(|error| unreachable(error.to_string()))?;
        let status = answer.status().as_u16();
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let mut body = Vec::new();
        let read = answer.into_body().into_reader().take(ANSWER_MAX + 1).read_to_end(&mut body);
        read.map_err(|error| unreachable(error.to_string()))?;
        if body.len() as u64 > ANSWER_MAX {
            return Err(Error::Service { service, url: shown(url), why: "it says more than 4 MiB".into() });
        }
        Ok(Answer { status, location, body })
    }
}

/// An address without what may be a secret in it.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}
