//! A proxy in front of a registry, on loopback: it passes everything on as it comes, unless a rule says otherwise, and counts.
//!
//! A client takes it for the registry: answers that lead back to the registry lead to the proxy. Bodies are never held, only passed on.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::registry::fault::{Fault, Rule, due};
use crate::registry::http::Head;
use crate::registry::link::Link;
pub use crate::registry::link::Speed;
use crate::registry::relay::{Connection, Origin};
use crate::registry::server::{Closer, Server, Stream};
use crate::registry::traffic::{Book, Request, Traffic};

/// Another host than the registry's, for what is redirected.
const STORAGE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// How long a test waits for a stall: a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Proxy {
    registry: Server,
    storage: Server,
    state: Arc<State>,
}

pub(super) struct State {
    pub(super) upstream: SocketAddr,
    pub(super) link: Link,
    pub(super) book: Book,
    rules: Mutex<Vec<Rule>>,
    signed: Mutex<BTreeMap<String, Signed>>,
    closers: OnceLock<[(SocketAddr, Closer); 2]>,
}

/// The path that an address of the storage stands for, and the Authorization of whoever was sent there.
type Signed = (String, Option<String>);

impl Proxy {
    pub fn start(upstream: SocketAddr) -> Result<Self> {
        let state = Arc::new(State {
            upstream,
            link: Link::default(),
            book: Book::default(),
            rules: Mutex::default(),
            signed: Mutex::default(),
            closers: OnceLock::new(),
        });
        let serve = |address: Ipv4Addr, origin| {
            let state = Arc::clone(&state);
            Server::start(address.into(), move |client| {
                // It takes a way there and back to agree on a connection.
                state.link.wait_latency();
                let mut connection = Connection::new(&state, origin, client);
                while let Ok(true) = connection.exchange() {}
            })
        };
        let registry = serve(Ipv4Addr::LOCALHOST, Origin::Registry)?;
        let storage = serve(STORAGE, Origin::Storage)?;
        let closers = [&registry, &storage].map(|server| (server.address(), server.closer()));
        state.closers.set(closers).ok().context("the proxy's servers are known already")?;
        Ok(Self { registry, storage, state })
    }

    pub fn address(&self) -> SocketAddr {
        self.registry.address()
    }

    /// The origin that [`Fault::Redirect`] leads to.
    pub fn storage_address(&self) -> SocketAddr {
        self.storage.address()
    }

    /// Adds a rule, after those that there are. It counts the requests that come from now on.
    pub fn rule(&self, rule: Rule) {
        lock(&self.state.rules).push(rule);
    }

    /// From now on, everything is passed on as it comes.
    pub fn forget_rules(&self) {
        lock(&self.state.rules).clear();
    }

    pub fn set_speed(&self, speed: Speed) {
        self.state.link.set(speed);
    }

    /// What has passed so far.
    pub fn traffic(&self) -> Traffic {
        self.state.book.read()
    }

    /// Counts from zero; what is under way is not counted any more.
    pub fn forget_traffic(&self) {
        self.state.book.clear();
    }

    /// Waits until an answer stalls.
    pub fn until_stalled(&self) -> Result<()> {
        ensure!(self.state.link.until_stalled(PATIENCE), "nothing stalls within {PATIENCE:?}");
        Ok(())
    }

    /// Lets everything go on that stalls now.
    pub fn release(&self) {
        self.state.link.release();
    }

    /// As [`Fault::Disappear`], now.
    pub fn disappear(&self) {
        self.state.disappear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Connections end first: what stalls is not to go on. Then nobody waits, so that all threads end.
        self.state.disappear();
        self.state.link.stop();
    }
}

impl State {
    pub(super) fn due(&self, request: &Request) -> Option<Fault> {
        due(&mut lock(&self.rules), request)
    }

    /// A connection to the registry, which ends when the proxy does, also while somebody waits for an answer.
    pub(super) fn connect(&self) -> io::Result<Stream> {
        let stream = Stream::new(TcpStream::connect(self.upstream)?)?;
        let [(_, closer), _] = self.closers.wait();
        closer.adopt(&stream);
        Ok(stream)
    }

    pub(super) fn disappear(&self) {
        // First of all nobody gets in: whose connection has ended finds none.
        let closers = self.closers.wait();
        for (_, closer) in closers {
            closer.refuse();
        }
        for (_, closer) in closers {
            closer.end();
        }
    }

    /// An address of the storage that stands for this path and Authorization, as one that is signed for some minutes does.
    pub(super) fn sign(&self, path: &str, authorization: Option<&str>) -> String {
        let mut signed = lock(&self.signed);
        let target = format!("/storage/{}?signature=good", signed.len());
        signed.insert(target.clone(), (path.to_owned(), authorization.map(str::to_owned)));
        let [_, (storage, _)] = self.closers.wait();
        format!("http://{storage}{target}")
    }

    pub(super) fn signed(&self, target: &str) -> Option<Signed> {
        lock(&self.signed).get(target).cloned()
    }

    /// Makes an answer that leads to the registry lead here.
    pub(super) fn turn_around(&self, head: &mut Head) {
        let [(address, _), _] = self.closers.wait();
        let location = head.get("Location").and_then(|to| to.strip_prefix(&format!("http://{}", self.upstream)));
        if let Some(location) = location.map(|rest| format!("http://{address}{rest}")) {
            head.set("Location", location);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
