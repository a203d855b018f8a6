//! One exchange over HTTP: redirects, whom to trust with what, and what a failure means.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use tracing::field::Empty;
use ureq::http::header::{AUTHORIZATION, CONTENT_LENGTH, DATE, LOCATION, RANGE, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, AsSendBody, RequestExt, SendBody};
use url::{Host, Url};

use crate::failure::failure;
use crate::payload::{Payload, Sender};
use crate::retry::{Failure, retry_after};
use crate::{Error, Options, Result, Subject, Traffic};

/// The most redirects that are followed one after the other.
const REDIRECTS_MAX: u32 = 5;

/// The most characters of a URL that a registry sends.
const URL_MAX: usize = 8 << 10;

/// What is asked.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Payload<'a>,
    /// Whether the registry may think for long before it answers.
    pub(crate) patient: bool,
    /// Whether the body is for the host alone that it is sent to.
    pub(crate) confined: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: Vec::new(), body: Payload::None, patient: false, confined: false }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A header's value, of those that hold no secret.
    fn header_text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn body(mut self, body: Payload<'a>) -> Self {
        self.body = body;
        self
    }
}

/// What is answered; the body is yet to be read.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Where the answer came from, after redirects.
    pub(crate) url: Url,
}

impl Response {
    /// A header as text; one that is no text counts as none.
    pub(crate) fn header(&self, name: impl ureq::http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The length of the content in bytes, as the answer gives it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH)?.trim().parse().ok()
    }

    /// For how long the registry asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        // A date is meant by the registry's clock; that of this machine may be wrong.
        let now = self.header(DATE).and_then(|date| httpdate::parse_http_date(date).ok());
        retry_after(self.header(RETRY_AFTER)?, now.unwrap_or_else(SystemTime::now))
    }
}

/// A body, whose bytes are counted.
pub(crate) struct Body {
    reader: ureq::BodyReader<'static>,
    traffic: Arc<Traffic>,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.traffic.add_received(read);
        Ok(read)
    }
}

/// Connections to all hosts.
pub(crate) struct Http {
    /// For loopback hosts, which no proxy can reach.
    direct: Agent,
    /// For all others: with the environment's proxies.
    outside: Agent,
    plain_http: Vec<String>,
    stall: Duration,
    commit: Duration,
    traffic: Arc<Traffic>,
}

impl Http {
    pub(crate) fn new(options: &Options, traffic: Arc<Traffic>) -> Result<Self> {
        Ok(Self {
            direct: agent(options, true)?,
            outside: agent(options, false)?,
            plain_http: options.plain_http.iter().map(|host| host.to_ascii_lowercase()).collect(),
            stall: options.stall,
            commit: options.commit,
            traffic,
        })
    }

    /// Whether `host` (with a port where it has one) is spoken to in plain http.
    pub(crate) fn is_plain(&self, host: &str) -> bool {
        let url = Url::parse(&format!("http://{host}"));
        url.is_ok_and(|url| is_loopback(&url)) || self.plain_http.iter().any(|plain| plain == host)
    }

    /// Whether anything may be sent to `url`: https, or a host that is known to have plain http alone.
    pub(crate) fn is_allowed(&self, url: &Url) -> bool {
        url.scheme() == "https" || (url.scheme() == "http" && self.is_plain(&host(url)))
    }

    /// Where `location` leads from `base`; refused where nothing may be sent.
    pub(crate) fn follow(&self, at: &Arc<Subject>, part: &'static str, base: &Url, location: &str) -> Result<Url> {
        let elsewhere = |target: String, why| Error::Elsewhere { at: at.clone(), part, target, why };
        if location.len() > URL_MAX {
            return Err(elsewhere(host(base), "it is longer than 8 KiB"));
        }
        let mut url = base.join(location).map_err(|_| elsewhere(host(base), "it is no URL"))?;
        url.set_fragment(None);
        // A user and a password in it would be sent along.
        if url.set_username("").is_err() || url.set_password(None).is_err() || url.host().is_none() {
            return Err(elsewhere(host(base), "it names no host"));
        }
        if !self.is_allowed(&url) {
            return Err(elsewhere(format!("{}://{}", url.scheme(), host(&url)), "it is not https"));
        }
        Ok(url)
    }

    /// Sends a request and reads the answer's headers. `authorization` goes to the request's own host alone.
    pub(crate) fn exchange(
        &self,
        at: &Arc<Subject>,
        request: &Request<'_>,
        authorization: Option<&SecretString>,
    ) -> Result<Response, Failure> {
        let mut url = request.url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let authorization = authorization.filter(|_| url.origin() == request.url.origin());
            let response = self.once(at, request, &url, authorization)?;
            let keeps_method = matches!(request.method, Method::GET | Method::HEAD);
            let redirects = match response.status {
                307 | 308 => true,
                301..=303 => keeps_method,
                _ => false,
            };
            let Some(location) = response.header(LOCATION).filter(|_| redirects) else { return Ok(response) };
            url = self.follow(at, "redirect", &url, location)?;
            if request.confined && url.origin() != request.url.origin() {
                let why = "what is sent there holds credentials, which are for the host alone that asked for them";
                return Err(Error::Elsewhere { at: at.clone(), part: "redirect", target: host(&url), why }.into());
            }
            tracing::debug!(registry = at.registry, what = at.what, host = host(&url), "redirected");
        }
        let why = "it redirects in a circle";
        Err(Error::Elsewhere { at: at.clone(), part: "redirect", target: host(&url), why }.into())
    }

    /// What a failed read of a body means.
    pub(crate) fn broken(&self, at: &Arc<Subject>, host: &str, error: std::io::Error) -> Failure {
        failure(at, host, self.stall, error.into())
    }

    /// One request and the headers of its answer, as a span. Where it went is named by the host: what follows in a URL
    /// may be a signature.
    fn once(
        &self,
        at: &Arc<Subject>,
        request: &Request<'_>,
        url: &Url,
        authorization: Option<&SecretString>,
    ) -> Result<Response, Failure> {
        let span = tracing::info_span!(
            "request",
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = request.method.as_str(),
            server.address = url.host_str(),
            server.port = url.port_or_known_default().map(i64::from),
            seed.what = at.what,
            http.request.header.range = request.header_text(&RANGE),
            http.response.status_code = Empty,
            http.response.body.size = Empty,
            "error.type" = Empty,
        );
        let response = span.in_scope(|| self.send(at, request, url, authorization));
        match &response {
            Ok(response) => {
                span.record("http.response.status_code", i64::from(response.status));
                span.record("http.response.body.size", response.length().map(|length| length as i64));
            }
            Err(failure) => {
                span.record("otel.status_code", "ERROR");
                span.record("error.type", failure.error.to_string());
            }
        }
        response
    }

    fn send(
        &self,
        at: &Arc<Subject>,
        request: &Request<'_>,
        url: &Url,
        authorization: Option<&SecretString>,
    ) -> Result<Response, Failure> {
        let host = host(url);
        let mut sender = Sender::new(&request.body, &self.traffic).map_err(|source| source_error(at, source))?;
        let mut message = ureq::http::Request::builder().method(request.method.clone()).uri(url.as_str());
        for (name, value) in &request.headers {
            message = message.header(name, value);
        }
        if let Some(secret) = authorization {
            let mut value = HeaderValue::from_str(secret.expose_secret())
                .map_err(|_| protocol(at, &host, "the credentials hold characters that no header may"))?;
            value.set_sensitive(true);
            message = message.header(AUTHORIZATION, value);
        }
        if let Some(length) = sender.length() {
            message = message.header(CONTENT_LENGTH, length);
        }
        let agent = if is_loopback(url) { &self.direct } else { &self.outside };
        let limit = if request.patient { self.commit } else { self.stall };
        self.traffic.add_request();
        let began = Instant::now();
        let answer = match sender.length() {
            Some(_) => message.body(SendBody::from_reader(&mut sender)).map(|message| run(agent, limit, message)),
            None => message.body(()).map(|message| run(agent, limit, message)),
        };
        let answer = answer.map_err(|error| protocol(at, &host, &error.to_string()))?;
        if let Some(source) = sender.take_error() {
            return Err(source_error(at, source).into());
        }
        let (parts, body) = answer.map_err(|error| failure(at, &host, limit, error))?.into_parts();
        self.traffic.add_answer(began.elapsed());
        let body = Body { reader: body.into_reader(), traffic: Arc::clone(&self.traffic) };
        Ok(Response { status: parts.status.as_u16(), headers: parts.headers, body, url: url.clone() })
    }
}

/// Connections to loopback hosts, which no proxy can reach, or to all others, with the environment's proxies. No redirect
/// is followed.
pub fn agent(options: &Options, is_loopback: bool) -> Result<Agent> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(TlsConfig::builder().root_certs(certificates(options)?).build())
        .proxy(if is_loopback { None } else { ureq::Proxy::try_from_env() })
        .user_agent(concat!("nix-seed/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_connect(Some(options.connect))
        .timeout_per_read(Some(options.stall))
        .timeout_per_write(Some(options.stall))
        .max_idle_connections(32)
        .max_idle_connections_per_host(16);
    Ok(config.build().new_agent())
}

/// A registry may think for `limit` before it answers; the body then comes with the same limit.
fn run(
    agent: &Agent,
    limit: Duration,
    message: ureq::http::Request<impl AsSendBody>,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    message.with_agent(agent).configure().timeout_per_read(Some(limit)).build().run()
}

pub(crate) fn protocol(at: &Arc<Subject>, host: &str, why: &str) -> Error {
    Error::Protocol { at: at.clone(), host: host.into(), why: why.into() }
}

fn source_error(at: &Arc<Subject>, source: std::io::Error) -> Error {
    Error::Source { at: at.clone(), source }
}

/// The host with its port, where it has one.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.into(), |port| format!("{host}:{port}"))
}

/// Whether the host is this machine: 127.0.0.0/8, ::1 or localhost.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The certificate authorities that are trusted: those in SSL_CERT_FILE, else Mozilla's as built in, since a machine
/// that is to become a builder may have none.
fn certificates(options: &Options) -> Result<RootCerts> {
    let Some(path) = options.environment.certificates() else { return Ok(RootCerts::WebPki) };
    let refuse = |why: String| Error::Certificates { path: path.display().to_string(), why };
    let pem = std::fs::read(&path).map_err(|error| refuse(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| refuse(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(refuse("there is none in it".into()));
    }
    Ok(RootCerts::from(found))
}
