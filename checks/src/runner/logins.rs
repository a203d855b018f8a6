//! A git remote, or a registry, that lets nobody in, and remembers who asked.

use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use crate::registry::http::Head;
use crate::registry::server::Server;

pub struct Logins {
    server: Server,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Logins {
    pub fn start() -> Result<Self> {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&seen);
        let server = Server::start(Ipv4Addr::LOCALHOST.into(), move |stream| {
            let mut client = BufReader::new(stream);
            while let Ok(Some(request)) = Head::read(&mut client) {
                let login = request.get("Authorization").unwrap_or_default().to_owned();
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(login);
                let mut head = Head::response(401);
                head.set("WWW-Authenticate", "Basic realm=\"here\"");
                head.set("Content-Length", 0);
                if client.get_ref().clone().write_all(&head.to_bytes()).is_err() || request.is_last() {
                    break;
                }
            }
        })?;
        Ok(Self { server, seen })
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What `Authorization` said since it was asked last, once each.
    pub fn take(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        seen.dedup();
        seen
    }
}
