//! What has passed a proxy: for budgets of requests and bytes.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::registry::http::Head;

/// What a request is about, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `/v2/`: is there a registry, and whom does it let in?
    Version,
    Blob,
    /// `/v2/NAME/blobs/uploads/`, also that of a blob at once and a mount.
    Upload,
    Manifest,
    Tags,
    Referrers,
    /// A blob at the other origin, after a redirect.
    Storage,
    Other,
}

impl Kind {
    pub fn of(path: &str) -> Self {
        let path = path.split('?').next().unwrap_or(path);
        let Some(rest) = path.strip_prefix("/v2/") else { return Self::Other };
        let has = |part: &str| rest.contains(part);
        match () {
            () if rest.is_empty() => Self::Version,
            () if has("/blobs/uploads/") => Self::Upload,
            () if has("/blobs/") => Self::Blob,
            () if has("/manifests/") => Self::Manifest,
            () if rest.ends_with("/tags/list") => Self::Tags,
            () if has("/referrers/") => Self::Referrers,
            () => Self::Other,
        }
    }
}

/// A request that a proxy has seen.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub kind: Kind,
    /// With its query.
    pub path: String,
    pub range: Option<String>,
    /// Whether it carried an Authorization, whatever its worth.
    pub authorized: bool,
    /// None until there is an answer, or if there was none.
    pub status: Option<u16>,
    /// Whether a rule applied to it.
    pub faulty: bool,
    /// Bytes of its body, so far.
    pub up: u64,
    /// Bytes of the answer's body, so far.
    pub down: u64,
    /// Bytes of both heads, as they were between the client and the proxy.
    pub heads: u64,
}

impl Request {
    pub(super) fn new(head: &Head, stored: bool) -> io::Result<Self> {
        let (method, path) = head.request_line()?;
        Ok(Self {
            method: method.to_owned(),
            kind: if stored { Kind::Storage } else { Kind::of(path) },
            path: path.to_owned(),
            range: head.get("Range").map(str::to_owned),
            authorized: head.get("Authorization").is_some(),
            status: None,
            faulty: false,
            up: 0,
            down: 0,
            heads: head.to_bytes().len() as u64,
        })
    }
}

/// All requests, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    pub requests: Vec<Request>,
}

/// The sum over some requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    pub requests: u64,
    pub authorized: u64,
    pub faulty: u64,
    pub up: u64,
    pub down: u64,
    pub heads: u64,
}

impl Traffic {
    pub fn total(&self) -> Total {
        sum(self.requests.iter())
    }

    pub fn kind(&self, kind: Kind) -> Total {
        sum(self.requests.iter().filter(|request| request.kind == kind))
    }

    pub fn of(&self, method: &str, kind: Kind) -> Total {
        sum(self.requests.iter().filter(|request| request.kind == kind && request.method == method))
    }
}

fn sum<'a>(requests: impl Iterator<Item = &'a Request>) -> Total {
    requests.fold(Total::default(), |total, request| Total {
        requests: total.requests + 1,
        authorized: total.authorized + u64::from(request.authorized),
        faulty: total.faulty + u64::from(request.faulty),
        up: total.up + request.up,
        down: total.down + request.down,
        heads: total.heads + request.heads,
    })
}

/// What the threads of a proxy write down.
#[derive(Default)]
pub(super) struct Book {
    traffic: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    traffic: Traffic,
    /// How often the book was begun anew: a request of before is no more in it.
    edition: u64,
}

/// Where a request is in the book.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    edition: u64,
    number: usize,
}

impl Book {
    pub(super) fn add(&self, request: Request) -> Entry {
        let mut pages = self.lock();
        pages.traffic.requests.push(request);
        Entry { edition: pages.edition, number: pages.traffic.requests.len() - 1 }
    }

    pub(super) fn note(&self, entry: Entry, change: impl FnOnce(&mut Request)) {
        let mut pages = self.lock();
        if pages.edition == entry.edition
            && let Some(request) = pages.traffic.requests.get_mut(entry.number)
        {
            change(request);
        }
    }

    pub(super) fn read(&self) -> Traffic {
        self.lock().traffic.clone()
    }

    pub(super) fn clear(&self) {
        let mut pages = self.lock();
        *pages = Pages { traffic: Traffic::default(), edition: pages.edition + 1 };
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_a_request_is_about() {
        for (path, kind) in [
            ("/v2/", Kind::Version),
            ("/v2/a/b/blobs/sha256:0", Kind::Blob),
            ("/v2/a/blobs/uploads/?mount=sha256:0&from=b", Kind::Upload),
            ("/v2/a/blobs/uploads/123?_state=x", Kind::Upload),
            ("/v2/a/manifests/latest", Kind::Manifest),
            ("/v2/a/tags/list?n=1", Kind::Tags),
            ("/v2/a/referrers/sha256:0", Kind::Referrers),
            ("/metrics", Kind::Other),
        ] {
            assert_eq!(Kind::of(path), kind, "{path}");
        }
    }
}
