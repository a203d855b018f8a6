//! A repository behind HTTP.

use std::io::Read;
use std::time::Duration;

use nix_seed_registry::{Options, agent, is_loopback};
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Error, Repository, Result};
use ureq::Agent;
use url::Url;

/// A repository behind HTTP. Each file is asked for once: whoever asks for a trusted root can ask again.
pub(crate) struct Http {
    base: Url,
    agent: Agent,
}

impl Http {
    pub(crate) fn new(base: &Url) -> nix_seed_registry::Result<Self> {
        let options = Options { stall: Duration::from_secs(30), ..Options::default() };
        let mut base = base.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { agent: agent(&options, is_loopback(&base))?, base })
    }

    /// A file of at most `max` bytes; none where there is none.
    fn get(&self, name: &str, max: u64) -> Result<Option<Vec<u8>>> {
        let url =
            self.base.join(name).map_err(|error| Error::transport_with_source(format!("{name} is no path"), error))?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Error::transport("it is neither https nor on this machine"));
        }
        let failed = |error| Error::transport_with_source(format!("asking for {name}"), error);
        let answer = self.agent.get(url.as_str()).call().map_err(failed)?;
        match answer.status().as_u16() {
            200 => {}
            // What buckets say of what is not there.
            403 | 404 => return Ok(None),
            status => return Err(Error::transport(format!("asking for {name}: it answers {status}"))),
        }
        let mut bytes = Vec::new();
        let read = answer.into_body().into_reader().take(max.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| Error::transport_with_source(format!("reading {name}"), error))?;
        if bytes.len() as u64 > max {
            return Err(Error::transport(format!("{name} has more than {max} bytes")));
        }
        Ok(Some(bytes))
    }
}

impl Repository for Http {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(async move { self.get(name, max_length) })
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(async move { self.get(&format!("targets/{path}"), max_length) })
    }
}
