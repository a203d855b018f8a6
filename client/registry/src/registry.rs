use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use crate::auth::{Auth, Grant};
use crate::http::{Http, Request, Response, protocol};
use crate::reference::DOCKER_HUB;
use crate::retry::{Attempts, Failure, passes};
use crate::text::{REPLY_MAX, Reply};
use crate::{Error, Options, Reference, Result, Subject, Traffic};

/// The host that serves docker.io.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// Registries, and what is known of them: connections, tokens, credentials. Cheap to clone; to be shared by threads.
#[derive(Clone)]
pub struct Registry(Arc<Shared>);

struct Shared {
    options: Options,
    http: Http,
    traffic: Arc<Traffic>,
    hosts: Mutex<HashMap<String, Arc<Auth>>>,
}

impl Registry {
    /// Reads no credentials and connects to nothing yet; but to certificates that the environment names.
    pub fn new(options: Options) -> Result<Self> {
        let traffic = Arc::new(Traffic::default());
        let http = Http::new(&options, Arc::clone(&traffic))?;
        Ok(Self(Arc::new(Shared { options, http, traffic, hosts: Mutex::default() })))
    }

    /// The repository that a reference names; its tag and digest do not matter.
    pub fn repository(&self, reference: &Reference) -> Repository {
        let registry = reference.registry().to_string();
        let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let auth = Arc::clone(hosts.entry(registry.clone()).or_default());
        Repository { shared: Arc::clone(&self.0), auth, registry, name: reference.repository().into() }
    }

    /// What went over the wire so far.
    pub fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("options", &self.0.options).field("traffic", &self.0.traffic).finish()
    }
}

/// A repository in a registry. Cheap to clone; to be shared by threads.
#[derive(Clone)]
pub struct Repository {
    shared: Arc<Shared>,
    auth: Arc<Auth>,
    registry: String,
    name: String,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository({}/{})", self.registry, self.name)
    }
}

impl Repository {
    /// The registry, as its reference names it.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository's name in the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the way to a registry and back takes, as far as that is known: the time of the fastest answer, of whichever host.
    pub fn latency(&self) -> Option<Duration> {
        self.shared.traffic.fastest()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    pub(crate) fn http(&self) -> &Http {
        &self.shared.http
    }

    /// Something of this repository, for messages.
    pub(crate) fn at(&self, what: impl Into<String>) -> Arc<Subject> {
        Arc::new(Subject { registry: self.registry.clone(), repository: self.name.clone(), what: what.into() })
    }

    /// The scope of a token for this repository (docker's "Token Scope Documentation").
    pub(crate) fn scope(&self, actions: &str) -> Vec<String> {
        vec![format!("repository:{}:{actions}", self.name)]
    }

    /// The URL of something of this repository: "tags/list".
    pub(crate) fn url(&self, at: &Arc<Subject>, rest: &str) -> Result<Url> {
        let scheme = if self.http().is_plain(&self.registry) { "http" } else { "https" };
        let host = if self.registry == DOCKER_HUB { DOCKER_HUB_HOST } else { &self.registry };
        let url = Url::parse(&format!("{scheme}://{host}/v2/{}/{rest}", self.name));
        url.map_err(|error| protocol(at, host, &format!("no URL can be made: {error}")))
    }

    /// One attempt: authorises, renews a token once, and makes errors of answers that are no success.
    pub(crate) fn attempt(
        &self,
        at: &Arc<Subject>,
        request: &Request<'_>,
        scopes: &[String],
    ) -> Result<Response, Failure> {
        let mut first = true;
        loop {
            let grant = Grant { http: self.http(), options: self.options(), at, scopes };
            // Places that a registry sends us to, such as object storage, have their own ways.
            let own = self.url(at, "")?.origin() == request.url.origin();
            let authorization = if own { self.auth.authorization(&grant)? } else { None };
            let mut response = self.http().exchange(at, request, authorization.as_ref())?;
            if (200..300).contains(&response.status) {
                return Ok(response);
            }
            let mut body = Vec::new();
            // A body that breaks off says less, but the status is known.
            let _ = response.body.by_ref().take(REPLY_MAX).read_to_end(&mut body);
            let reply = Reply::new(response.status, &body);
            if reply.status == 401 && own && first && response.url.origin() == request.url.origin() {
                self.auth.challenged(&grant, &response, authorization.as_ref(), reply)?;
                first = false;
                continue;
            }
            let after = response.retry_after();
            let again = passes(reply.status);
            return Err(Failure { error: status_error(at, reply, authorization.is_some()), again, after });
        }
    }

    /// An answer's headers, with retries; its body is still to come.
    pub(crate) fn send(&self, at: &Arc<Subject>, request: &Request<'_>, scopes: &[String]) -> Result<Response> {
        let mut attempts = Attempts::new(self.options());
        loop {
            match self.attempt(at, request, scopes) {
                Ok(response) => return Ok(response),
                Err(failure) => attempts.pause(at, failure)?,
            }
        }
    }

    /// An answer with its body of at most `limit` bytes, with retries.
    pub(crate) fn document(
        &self,
        at: &Arc<Subject>,
        request: &Request<'_>,
        scopes: &[String],
        limit: u64,
    ) -> Result<(Response, Vec<u8>)> {
        let mut attempts = Attempts::new(self.options());
        loop {
            let read = self.attempt(at, request, scopes).and_then(|mut response| {
                let mut bytes = Vec::new();
                let host = crate::http::host(&response.url);
                let read = response.body.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes);
                read.map_err(|error| self.http().broken(at, &host, error))?;
                if bytes.len() as u64 > limit {
                    return Err(protocol(at, &host, &format!("its answer is longer than {limit} bytes")).into());
                }
                Ok((response, bytes))
            });
            match read {
                Ok(read) => return Ok(read),
                Err(failure) => attempts.pause(at, failure)?,
            }
        }
    }
}

/// What an answer means that is no success.
fn status_error(at: &Arc<Subject>, reply: Reply, authorized: bool) -> Error {
    let at = at.clone();
    let mend = match reply.status {
        401 => {
            let mend = crate::auth::login_hint(&at.registry, authorized);
            return Error::Unauthorized { at, reply, mend };
        }
        403 => return Error::Forbidden { at, reply },
        404 => return Error::NotFound { at, reply },
        405 | 501 => return Error::Unsupported { at, reply, mend: "use a registry that does" },
        413 => {
            "a proxy before the registry limits what may be sent at once: raise its limit (nginx: client_max_body_size)"
        }
        429 => "it gets too many requests from here: wait, or log in for a higher limit",
        400 if reply.message.contains("HTTPS server") => "it speaks https: leave out --plain-http",
        400..=499 => "the registry does not take it: see its message",
        300..=399 => "it redirects where this request cannot follow",
        _ => "the registry is at fault: try again later",
    };
    Error::Status { at, reply, mend }
}
