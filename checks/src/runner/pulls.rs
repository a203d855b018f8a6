//! Pull requests, as GitHub's REST API has them (docs.github.com, "REST API endpoints for pull requests"): one for each branch, and those of
//! strangers beside them. It stands for a forge, of which no registry has one.

use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::{Value, json};

use crate::registry::http::{Body, Framing, Head};
use crate::registry::server::{Server, Stream};

/// Serves them as long as it is there.
pub struct PullRequests {
    server: Server,
    open: Arc<Mutex<Vec<Value>>>,
}

impl PullRequests {
    /// For whoever has this token; to all others it is a repository that they may only read.
    pub fn start(token: &str) -> Result<Self> {
        let bearer = format!("token {token}");
        let open = Arc::<Mutex<Vec<Value>>>::default();
        let shared = Arc::clone(&open);
        let server = Server::start(Ipv4Addr::LOCALHOST.into(), move |client| {
            let mut client = BufReader::new(client);
            while let Ok(true) = serve(&mut client, &bearer, &shared) {}
        })?;
        Ok(Self { server, open })
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Opens one as another repository does, with a branch of any name.
    pub fn open_from(&self, repository: &str, branch: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let request = request(open.len() + 1, repository, branch, "main");
        open.push(request);
    }

    /// All that are open.
    pub fn all(&self) -> Vec<Value> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn request(number: usize, repository: &str, head: &str, base: &str) -> Value {
    json!({
        "number": number,
        "html_url": format!("https://github.com/owner/app/pull/{number}"),
        "head": { "ref": head, "repo": { "full_name": repository } },
        "base": { "ref": base },
    })
}

/// Answers one request. False if it was the last.
fn serve(client: &mut BufReader<Stream>, bearer: &str, open: &Mutex<Vec<Value>>) -> io::Result<bool> {
    let Some(head) = Head::read(client)? else { return Ok(false) };
    let mut body = Vec::new();
    Body::new(client, Framing::of_request(&head)).read_to_end(&mut body)?;
    let (method, target) = head.request_line()?;
    let path = target.split('?').next().unwrap_or_default();
    let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, answer) = match (method, path) {
        _ if head.get("Authorization") != Some(bearer) => {
            (403, json!({ "message": "Resource not accessible by integration" }))
        }
        ("GET", "/repos/owner/app/pulls") => (200, Value::Array(open.clone())),
        ("POST", "/repos/owner/app/pulls") => {
            let asked: Value = serde_json::from_slice(&body).map_err(io::Error::other)?;
            let (from, base) = (asked["head"].as_str().unwrap_or_default(), asked["base"].as_str().unwrap_or_default());
            let is_same = |one: &Value| one["head"]["ref"] == from && one["head"]["repo"]["full_name"] == "owner/app";
            if open.iter().any(is_same) {
                (422, json!({ "message": "Validation Failed" }))
            } else {
                let made = request(open.len() + 1, "owner/app", from, base);
                open.push(made.clone());
                (201, made)
            }
        }
        _ => (404, json!({ "message": "Not Found" })),
    };
    let body = answer.to_string();
    let mut answer = Head::response(status);
    answer.set("Content-Type", "application/json; charset=utf-8");
    answer.set("Content-Length", body.len());
    client.get_mut().write_all(&[&answer.to_bytes(), body.as_bytes()].concat())?;
    Ok(!head.is_last())
}
