//! Where a job of GitHub's asks for its identity token, as GitHub's runners serve it
//! (docs.github.com, "Actions, security, OIDC in cloud providers": the variables `ACTIONS_ID_TOKEN_REQUEST_URL` and `…_TOKEN`).

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::{Value, json};

use super::authority;
use super::token::Kind;
use crate::registry::http::{Body, Framing, Head};
use crate::registry::server::{Server, Stream};
use crate::registry::token::decoded;

/// What GitHub gives to a job that asks for no audience.
const AUDIENCE: &str = "https://github.com/owner";

/// Gives a job tokens of the stack's issuer, as long as it is there.
pub struct JobTokens {
    server: Server,
    given: Arc<Mutex<Vec<Given>>>,
}

/// A token that a job was given.
#[derive(Debug, Clone)]
pub struct Given {
    pub audience: String,
    pub token: String,
}

impl JobTokens {
    pub(super) fn start(issuer: SocketAddr, kind: Kind, claims: Value) -> Result<Self> {
        let given = Arc::<Mutex<Vec<Given>>>::default();
        let server = {
            let given = Arc::clone(&given);
            Server::start(Ipv4Addr::LOCALHOST.into(), move |client| {
                let mut client = BufReader::new(client);
                while let Ok(true) = serve(&mut client, issuer, kind, &claims, &given) {}
            })?
        };
        Ok(Self { server, given })
    }

    /// Which variables a job has that may ask.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("GITHUB_ACTIONS", "true".into()),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("http://{}/idtoken?api-version=2.0", self.server.address())),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", Self::BEARER.into()),
        ]
    }

    /// What a job asks with.
    pub const BEARER: &str = "the-bearer-of-this-job-alone";

    /// All tokens so far.
    pub fn given(&self) -> Vec<Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers one request. False if it was the last.
fn serve(
    client: &mut BufReader<Stream>,
    issuer: SocketAddr,
    kind: Kind,
    claims: &Value,
    given: &Mutex<Vec<Given>>,
) -> io::Result<bool> {
    let Some(head) = Head::read(client)? else { return Ok(false) };
    io::copy(&mut Body::new(client, Framing::of_request(&head)), &mut io::sink())?;
    let (method, target) = head.request_line()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter = |name| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(found, _)| *found == name).map(|(_, value)| decoded(value))
    };
    let is_known = head.get("Authorization") == Some(&format!("Bearer {}", JobTokens::BEARER));
    let (status, answer) = if !is_known {
        (401, json!({ "message": "this is not the bearer of a job that runs" }))
    } else if (method, path, parameter("api-version").as_deref()) != ("GET", "/idtoken", Some("2.0")) {
        (404, json!({ "message": "tokens are not here" }))
    } else {
        let audience = parameter("audience").unwrap_or_else(|| AUDIENCE.into());
        let mut claims = claims.clone();
        claims["aud"] = audience.clone().into();
        let token = authority::mint(issuer, kind, &claims).map_err(io::Error::other)?;
        let answer = json!({ "count": token.len(), "value": token });
        given.lock().unwrap_or_else(PoisonError::into_inner).push(Given { audience, token });
        (200, answer)
    };
    let body = answer.to_string();
    let mut answer = Head::response(status);
    answer.set("Content-Type", "application/json; charset=utf-8; api-version=2.0");
    answer.set("Content-Length", body.len());
    client.get_mut().write_all(&[&answer.to_bytes(), body.as_bytes()].concat())?;
    Ok(!head.is_last())
}
