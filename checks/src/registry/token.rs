//! A server of docker's token authentication: says who may do what, for a while, in a token that a registry verifies by itself.
//!
//! `GET` with basic auth only: `POST`, for identity tokens, is answered with 405, whereupon clients take `GET`.

use std::io::{self, BufReader, Write};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::registry::http::{Body, Framing, Head};
use crate::registry::issuer::{Issuer, now};
use crate::registry::server::{Server, Stream};

/// The name of the registry, and who says so.
pub const SERVICE: &str = "registry.test";
pub const ISSUER: &str = "tokens.test";
/// docker-registry takes a token for so long after its end.
const LEEWAY: i64 = 60;

/// Somebody with a password, and what they may do.
#[derive(Debug, Clone)]
pub struct User {
    pub name: String,
    pub password: String,
    pub rights: Vec<Right>,
}

/// What may be done (`pull`, `push`, `delete`) to which repositories: one, or all whose names begin so, as in `team/*`.
#[derive(Debug, Clone)]
pub struct Right {
    pub repositories: String,
    pub actions: Vec<String>,
}

impl Right {
    pub fn new(repositories: &str, actions: &[&str]) -> Self {
        Self { repositories: repositories.to_owned(), actions: actions.iter().map(ToString::to_string).collect() }
    }

    fn covers(&self, repository: &str) -> bool {
        match self.repositories.strip_suffix('*') {
            Some(begin) => repository.starts_with(begin),
            None => repository == self.repositories,
        }
    }
}

/// Who is known, and how long a token is good for.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub users: Vec<User>,
    /// What those may do who give no name; without any right, they get no token.
    pub anonymous: Vec<Right>,
    /// Until a registry refuses the token; zero: it refuses it at once.
    pub lifetime: Duration,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { users: Vec::new(), anonymous: Vec::new(), lifetime: Duration::from_secs(300) }
    }
}

/// A request for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub user: Option<String>,
    /// As in `repository:NAME:pull,push`.
    pub scopes: Vec<String>,
    /// Whether there was a token; it may permit less than was asked.
    pub issued: bool,
}

pub struct TokenServer {
    server: Server,
    state: Arc<State>,
}

struct State {
    issuer: Issuer,
    accounts: Mutex<Accounts>,
    asked: Mutex<Vec<Asked>>,
}

impl TokenServer {
    pub fn start(accounts: Accounts) -> Result<Self> {
        let state = Arc::new(State { issuer: Issuer::new()?, accounts: Mutex::new(accounts), asked: Mutex::default() });
        let server = {
            let state = Arc::clone(&state);
            Server::start(Ipv4Addr::LOCALHOST.into(), move |client| {
                let mut client = BufReader::new(client);
                while let Ok(true) = state.serve(&mut client) {}
            })?
        };
        Ok(Self { server, state })
    }

    /// Where a registry sends its clients for a token.
    pub fn realm(&self) -> String {
        format!("http://{}/token", self.server.address())
    }

    /// The certificate (PEM) of whatever is signed here.
    pub fn certificate(&self) -> String {
        self.state.issuer.bundle()
    }

    /// For the tokens from now on.
    pub fn set_lifetime(&self, lifetime: Duration) {
        lock(&self.state.accounts).lifetime = lifetime;
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.state.asked).clone()
    }

    /// How many tokens there were.
    pub fn issued(&self) -> usize {
        lock(&self.state.asked).iter().filter(|asked| asked.issued).count()
    }
}

impl State {
    /// Answers one request. False if it was the last.
    fn serve(&self, client: &mut BufReader<Stream>) -> io::Result<bool> {
        let Some(head) = Head::read(client)? else { return Ok(false) };
        io::copy(&mut Body::new(client, Framing::of_request(&head)), &mut io::sink())?;
        let (method, target) = head.request_line()?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (status, body) = match (method, path) {
            ("GET", "/token") => self.token(query, head.get("Authorization")).map_err(io::Error::other)?,
            ("GET", _) => (404, refusal("the tokens are at /token")),
            _ => (405, refusal("only GET is served here")),
        };
        let body = body.to_string();
        let mut answer = Head::response(status);
        answer.set("Content-Type", "application/json");
        answer.set("Content-Length", body.len());
        if status == 401 {
            answer.set("WWW-Authenticate", format!("Basic realm=\"{ISSUER}\""));
        }
        client.get_mut().write_all(&[&answer.to_bytes(), body.as_bytes()].concat())?;
        Ok(!head.is_last())
    }

    fn token(&self, query: &str, authorization: Option<&str>) -> Result<(u16, Value)> {
        let given = |wanted| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(move |(name, _)| *name == wanted).map(|(_, value)| decoded(value))
        };
        // A parameter may have several scopes, and may be there several times.
        let scopes: Vec<_> = given("scope").flat_map(|value| words(&value)).collect();
        let Accounts { users, anonymous, lifetime } = lock(&self.accounts).clone();
        let name = authorization.and_then(basic).map(|(name, _)| name);
        let note = |issued| lock(&self.asked).push(Asked { user: name.clone(), scopes: scopes.clone(), issued });
        let rights = match authorization {
            None => Some(anonymous).filter(|rights| !rights.is_empty()),
            Some(authorization) => {
                let is = |user: &User| basic(authorization) == Some((user.name.clone(), user.password.clone()));
                users.into_iter().find(is).map(|user| user.rights)
            }
        };
        let Some(rights) = rights else {
            note(false);
            return Ok((401, refusal("neither a user with this password nor open to everybody")));
        };
        if given("service").next().as_deref() != Some(SERVICE) {
            note(false);
            return Ok((400, refusal("tokens are for another service")));
        }
        let access: Vec<_> = scopes.iter().filter_map(|scope| granted(scope, &rights)).collect();
        // The end is as much earlier as a registry is lenient, and a second for what clocks round.
        let (now, seconds) = (now(), i64::try_from(lifetime.as_secs())?);
        let token = self.issuer.sign(&json!({
            "iss": ISSUER,
            "sub": name.clone().unwrap_or_default(),
            "aud": SERVICE,
            "iat": now - 2 * LEEWAY,
            "nbf": now - 2 * LEEWAY,
            "exp": now + seconds - LEEWAY - 1,
            "jti": lock(&self.asked).len().to_string(),
            "access": access,
        }))?;
        note(true);
        Ok((200, json!({ "token": token, "access_token": token, "expires_in": seconds })))
    }
}

/// What of a scope, `repository:NAME:pull,push`, these rights permit.
fn granted(scope: &str, rights: &[Right]) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let may =
        |action: &&str| rights.iter().any(|right| right.covers(name) && right.actions.iter().any(|a| a == action));
    let actions: Vec<_> = actions.split(',').filter(may).collect();
    (kind == "repository" && !actions.is_empty()).then(|| json!({ "type": kind, "name": name, "actions": actions }))
}

/// The name and the password of `Basic …`.
fn basic(authorization: &str) -> Option<(String, String)> {
    let bytes = BASE64.decode(authorization.strip_prefix("Basic ")?.as_bytes()).ok()?;
    let (name, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A value of a query, without what hides other characters.
pub(crate) fn decoded(value: &str) -> String {
    let mut parts = value.split('%');
    let mut bytes = parts.next().unwrap_or_default().replace('+', " ").into_bytes();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(code, 16).ok());
        bytes.extend(rest.replace('+', " ").into_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn refusal(message: &str) -> Value {
    json!({ "errors": [{ "code": "UNAUTHORIZED", "message": message }] })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_permits_what_is_asked_and_allowed() {
        let rights = [Right::new("team/*", &["pull", "push"]), Right::new("open", &["pull"])];
        let actions = |scope| granted(scope, &rights).map(|access| access["actions"].to_string());
        assert_eq!(actions("repository:team/a:pull,push,delete").as_deref(), Some(r#"["pull","push"]"#));
        assert_eq!(actions("repository:open:push,pull").as_deref(), Some(r#"["pull"]"#));
        assert_eq!(actions("repository:opens:pull"), None);
        assert_eq!(actions("registry:catalog:*"), None);
    }

    #[test]
    fn values_of_a_query_are_decoded() {
        assert_eq!(decoded("repository%3Aa%2Fb%3Apull+x%zz"), "repository:a/b:pull x");
    }

    #[test]
    fn basic_auth_is_a_name_and_a_password() {
        let text = format!("Basic {}", BASE64.encode(b"me:a:b"));
        assert_eq!(basic(&text), Some(("me".into(), "a:b".into())));
        assert_eq!(basic("Bearer x"), None);
    }
}
