//! How requests prove who asks: with nothing, a password, or a token that is asked for once and kept.

mod challenge;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use challenge::Challenge;
use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use token::{Service, Token};
use url::Url;

use crate::credentials::{self, Credentials};
use crate::http::{Http, Response, protocol};
use crate::text::Reply;
use crate::{Error, Options, Result, Subject};

/// The most characters of a scope that a registry asks for.
const SCOPE_MAX: usize = 2 << 10;

/// The most tokens that are kept for a host.
const TOKENS_MAX: usize = 1000;

/// What a registry wants.
enum Scheme {
    Basic,
    Bearer(Service),
}

/// What is known of one registry. Whoever needs a token holds the lock until it is there, so that threads that start
/// together ask for one.
#[derive(Default)]
pub(crate) struct Auth(Mutex<State>);

#[derive(Default)]
struct State {
    scheme: Option<Scheme>,
    /// By repository and scopes.
    tokens: HashMap<(String, Vec<String>), Token>,
    /// What a registry wanted besides the scopes that were asked for.
    wider: HashMap<(String, Vec<String>), Vec<String>>,
    /// By repository, since files may have different ones.
    credentials: HashMap<String, Option<Credentials>>,
}

/// What a request is authorised for.
pub(crate) struct Grant<'a> {
    pub(crate) http: &'a Http,
    pub(crate) options: &'a Options,
    pub(crate) at: &'a Arc<Subject>,
    pub(crate) scopes: &'a [String],
}

impl Auth {
    /// The value of the header `Authorization`; `None` before the registry has asked for one.
    pub(crate) fn authorization(&self, grant: &Grant<'_>) -> Result<Option<SecretString>> {
        let mut state = self.lock();
        let credentials = state.credentials(grant)?;
        if let Some(Credentials::Bearer(token)) = &credentials {
            return Ok(Some(SecretString::from(format!("Bearer {}", token.expose_secret()))));
        }
        match (&state.scheme, credentials) {
            (None, _) => Ok(None),
            (Some(Scheme::Basic), Some(Credentials::Basic { username, password })) => {
                Ok(Some(basic(&username, &password)))
            }
            (Some(Scheme::Basic), _) => Ok(None),
            (Some(Scheme::Bearer(service)), credentials) => {
                let key = grant.key();
                if let Some(token) = state.tokens.get(&key).filter(|token| token.until > Instant::now()) {
                    return Ok(Some(token.header.clone()));
                }
                let scopes = state.wider.get(&key).unwrap_or(&key.1);
                let token = service.token(grant.http, grant.options, grant.at, credentials.as_ref(), scopes)?;
                let header = token.header.clone();
                if state.tokens.len() >= TOKENS_MAX {
                    state.tokens.clear();
                }
                state.tokens.insert(key, token);
                Ok(Some(header))
            }
        }
    }

    /// Takes in an answer 401 to a request that had the header `used`. After `Ok` another attempt may succeed.
    pub(crate) fn challenged(
        &self,
        grant: &Grant<'_>,
        response: &Response,
        used: Option<&SecretString>,
        reply: Reply,
    ) -> Result<()> {
        let mut state = self.lock();
        let credentials = state.credentials(grant)?;
        let refused = |known| {
            let mend = login_hint(&grant.at.registry, known);
            Error::Unauthorized { at: grant.at.clone(), reply, mend }
        };
        let is_fixed = matches!(credentials, Some(Credentials::Bearer(_)));
        match challenge::parse(&response.headers) {
            _ if is_fixed => Err(refused(true)),
            None => Err(refused(credentials.is_some())),
            Some(Challenge::Basic) => match credentials {
                Some(Credentials::Basic { .. }) if used.is_none() => {
                    state.scheme = Some(Scheme::Basic);
                    Ok(())
                }
                Some(_) => Err(refused(true)),
                None => Err(refused(false)),
            },
            Some(Challenge::Bearer { realm, service, scope }) => {
                let key = grant.key();
                // Another thread may have renewed it meanwhile.
                let stale =
                    |token: &Token| used.is_some_and(|used| used.expose_secret() == token.header.expose_secret());
                if state.tokens.get(&key).is_some_and(stale) {
                    state.tokens.remove(&key);
                }
                state.widen(key, scope);
                let realm = parse_realm(grant, &realm)?;
                state.scheme = Some(Scheme::Bearer(Service { realm, name: service }));
                Ok(())
            }
        }
    }

    /// A thread that panicked leaves nothing half done here.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant<'_> {
    fn key(&self) -> (String, Vec<String>) {
        (self.at.repository.clone(), self.scopes.to_vec())
    }
}

impl State {
    fn credentials(&mut self, grant: &Grant<'_>) -> Result<Option<Credentials>> {
        if let Some(known) = self.credentials.get(&grant.at.repository) {
            return Ok(known.clone());
        }
        let Options { credentials, environment, .. } = grant.options;
        let found = credentials::find(credentials.as_ref(), environment, &grant.at.registry, &grant.at.repository)?;
        self.credentials.insert(grant.at.repository.clone(), found.clone());
        Ok(found)
    }

    /// Registries know best which scope a request needs: theirs is asked for as well.
    fn widen(&mut self, key: (String, Vec<String>), scope: Option<String>) {
        let Some(scope) = scope.filter(|scope| scope.len() <= SCOPE_MAX) else { return };
        let mut scopes = key.1.clone();
        scopes.extend(
            scope.split(' ').filter(|scope| !scope.is_empty() && !key.1.iter().any(|own| own == scope)).map(Into::into),
        );
        if scopes.len() > key.1.len() {
            self.wider.insert(key, scopes);
        }
    }
}

/// A token service gets the password: it must be https, or on this machine.
fn parse_realm(grant: &Grant<'_>, realm: &str) -> Result<Url> {
    let url = Url::parse(realm).map_err(|_| protocol(grant.at, &grant.at.registry, "its realm is no URL"))?;
    grant.http.follow(grant.at, "realm", &url, "")
}

/// The value of `Authorization` for a user and a password (RFC 7617).
pub(super) fn basic(username: &str, password: &SecretString) -> SecretString {
    let pair = SecretString::from(format!("{username}:{}", password.expose_secret()));
    format!("Basic {}", BASE64.encode(pair.expose_secret().as_bytes())).into()
}

/// What to do about a 401.
pub(super) fn login_hint(registry: &str, has_credentials: bool) -> String {
    let login = format!(
        "log in with `podman login {registry}` or `docker login {registry}`, or set NIX_SEED_REGISTRY_USERNAME and NIX_SEED_REGISTRY_PASSWORD"
    );
    if has_credentials {
        format!("it does not accept the credentials, or they lack the right to this: {login}")
    } else {
        format!("there are no credentials for it: {login}")
    }
}
