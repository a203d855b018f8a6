//! A daemon that is asked for one thing after the other.

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use nix_seed_store::{PathInfo, StorePath};

use crate::message::finish;
use crate::wire::{Reader, Request};
use crate::{Error, Result};

const HELLO: u64 = 0x6e69_7863;
const HELLO_BACK: u64 = 0x6478_696f;
/// The second part of the versions that are spoken; the first is 1.
const OLDEST: u64 = 34;
const NEWEST: u64 = 37;
/// The first that says whether the user is trusted.
const TELLS_TRUST: u64 = 35;

const ADD_TEMP_ROOT: u64 = 11;
const ADD_INDIRECT_ROOT: u64 = 12;
const COLLECT_GARBAGE: u64 = 20;
const QUERY_REFERRERS: u64 = 6;
const QUERY_VALID_PATHS: u64 = 31;
const ADD_TO_STORE_NAR: u64 = 39;

const RETURN_DEAD: u64 = 1;
const DELETE_SPECIFIC: u64 = 3;

/// The longest path of a store that Nix knows, and then some.
const LONGEST_PATH: usize = 1024;
/// How long a daemon may take to say who it is; systemd may have to start it. Later it may have to wait for others.
const GREETING: Duration = Duration::from_secs(60);
/// What is sent at once.
const FRAME: usize = 256 << 10;

/// Whether the daemon takes what a user says for granted, above all that unsigned store paths are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It does.
    Trusted,
    /// It does not.
    NotTrusted,
    /// It is too old to say.
    Unknown,
}

/// A connection to a Nix daemon. After an error other than [`Error::Refused`] and [`Error::Signature`] it is of no use.
///
/// Store paths that it adds, and those that [`add_temp_root`](Self::add_temp_root) names, are no garbage as long as it is
/// open.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    reader: Reader<BufReader<UnixStream>>,
    nix_version: String,
    trust: Trust,
}

impl Connection {
    /// Connects to the daemon that listens on `socket`.
    pub fn open(socket: &Path) -> Result<Self> {
        Self::greet(UnixStream::connect(socket)?)
    }

    /// Exchanges greetings over a connected socket.
    pub fn greet(stream: UnixStream) -> Result<Self> {
        stream.set_read_timeout(Some(GREETING))?;
        let reader = Reader(BufReader::new(stream.try_clone()?));
        let mut connection = Self { stream, reader, nix_version: String::new(), trust: Trust::Unknown };
        connection.send(&Request::new(HELLO))?;
        if connection.reader.number()? != HELLO_BACK {
            return Err(Error::Protocol("another greeting"));
        }
        let version = connection.reader.number()?;
        let (major, minor) = (version >> 8, version & 0xff);
        if major != 1 || minor < OLDEST {
            return Err(Error::Version { major, minor });
        }
        // After the version: neither a processor to run on, nor space to reserve, both of which have no meaning any more.
        connection.send(&Request::default().number(1 << 8 | NEWEST).number(0).number(0))?;
        connection.nix_version = connection.reader.text(64)?;
        if minor >= TELLS_TRUST {
            connection.trust = match connection.reader.number()? {
                0 => Trust::Unknown,
                1 => Trust::Trusted,
                2 => Trust::NotTrusted,
                _ => return Err(Error::Protocol("an unknown kind of trust")),
            };
        }
        finish(&mut connection.reader)?;
        connection.stream.set_read_timeout(None)?;
        Ok(connection)
    }

    /// The daemon's version of Nix, as it says.
    pub fn nix_version(&self) -> &str {
        &self.nix_version
    }

    /// Whether it trusts this user.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// Keeps a store path, valid or not, from the garbage collector for as long as this connection is open.
    pub fn add_temp_root(&mut self, path: &StorePath) -> Result<()> {
        self.ask(&Request::new(ADD_TEMP_ROOT).text(path))?;
        self.reader.number().map(drop)
    }

    /// Keeps the store path that the link at `link` leads to from the garbage collector for as long as the link is there.
    pub fn add_indirect_root(&mut self, link: &Path) -> Result<()> {
        self.ask(&Request::new(ADD_INDIRECT_ROOT).string(link.as_os_str().as_bytes()))?;
        self.reader.number().map(drop)
    }

    /// Which of `paths` are valid.
    pub fn valid_paths(&mut self, paths: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
        // Last: whether to look for what is missing elsewhere.
        self.ask(&Request::new(QUERY_VALID_PATHS).list(paths.iter()).flag(false))?;
        self.paths_of(paths)
    }

    /// Which of `paths` refer to `path`.
    pub fn referrers(&mut self, path: &StorePath) -> Result<Vec<StorePath>> {
        /// One path that all others refer to, in the largest of stores.
        const MOST: u64 = 10_000_000;
        self.ask(&Request::new(QUERY_REFERRERS).text(path))?;
        let count = self.reader.number()?;
        if count > MOST {
            return Err(Error::Protocol("too many referrers"));
        }
        (0..count).map(|_| self.path()).collect()
    }

    /// Which of `paths` are valid, and needed by nothing that is kept: neither by a root nor by a running build.
    pub fn dead(&mut self, paths: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
        self.collect_garbage(RETURN_DEAD, &BTreeSet::new(), paths)
    }

    /// Deletes valid `paths`, which nothing else may refer to. If one of them is kept, all may be.
    pub fn delete(&mut self, paths: &BTreeSet<StorePath>) -> Result<()> {
        self.collect_garbage(DELETE_SPECIFIC, paths, paths).map(drop)
    }

    /// Those of `wanted` that the garbage collector names.
    fn collect_garbage(
        &mut self,
        action: u64,
        paths: &BTreeSet<StorePath>,
        wanted: &BTreeSet<StorePath>,
    ) -> Result<BTreeSet<StorePath>> {
        let request = Request::new(COLLECT_GARBAGE).number(action).list(paths.iter());
        // Not what is alive, as much as there is, and three settings that have no meaning any more.
        self.ask(&request.flag(false).number(u64::MAX).number(0).number(0).number(0))?;
        let named = self.paths_of(wanted)?;
        let (_freed, _obsolete) = (self.reader.number()?, self.reader.number()?);
        Ok(named)
    }

    /// Adds a store path, whose NAR is `nar`; what it refers to has to be valid. One that is valid stays as it is, unless
    /// `repair` says to replace it.
    pub fn add(&mut self, info: &PathInfo, nar: &mut dyn Read, repair: bool) -> Result<()> {
        let request = Request::new(ADD_TO_STORE_NAR).text(&info.path).text(&"").text(&info.nar_hash.hex());
        // Registered now, not built here, without signatures.
        let request = request.list(info.references.iter()).number(0).number(info.nar_size).flag(false).number(0);
        let request = request.text(&info.ca.as_deref().unwrap_or_default()).flag(repair);
        // Last: not to ask for signatures, which only a trusted user may say.
        self.send(&request.flag(true))?;
        match self.send_frames(nar) {
            Err(Error::Refused(message)) if info.ca.is_none() && message.contains("signature") => {
                tracing::debug!("Nix daemon: {message}");
                Err(Error::Signature { path: info.path.clone() })
            }
            result => result,
        }
    }

    /// Sends `source` in frames, and at the same time reads what the daemon says: it may stop listening until it is heard.
    fn send_frames(&mut self, source: &mut dyn Read) -> Result<()> {
        let (stream, reader) = (&mut self.stream, &mut self.reader);
        std::thread::scope(|scope| {
            let answer = std::thread::Builder::new().spawn_scoped(scope, || finish(reader))?;
            let sent = frames(stream, source);
            if sent.is_err() {
                // Nobody would ever end the wait for an answer.
                let _ = stream.shutdown(Shutdown::Both);
            }
            let answer = answer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            match (sent, answer) {
                (Err(error @ Error::Source(_)), _) => Err(error),
                // Its reason says more than that it stopped listening.
                (_, Err(error @ Error::Refused(_))) | (Err(error), _) => Err(error),
                (Ok(()), answer) => answer,
            }
        })
    }

    fn send(&mut self, request: &Request) -> Result<()> {
        self.stream.write_all(request.bytes()).map_err(closed)
    }

    fn ask(&mut self, request: &Request) -> Result<()> {
        self.send(request)?;
        finish(&mut self.reader)
    }

    fn path(&mut self) -> Result<StorePath> {
        let bytes = self.reader.string(LONGEST_PATH)?;
        let path = std::str::from_utf8(&bytes).ok().and_then(|path| StorePath::parse(path).ok());
        path.ok_or(Error::Protocol("what is no store path where one belongs"))
    }

    /// A list of paths, of which only those in `wanted` are kept.
    fn paths_of(&mut self, wanted: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
        let mut found = BTreeSet::new();
        for _ in 0..self.reader.number()? {
            // The garbage collector also names files that are no store paths.
            let bytes = self.reader.string(LONGEST_PATH)?;
            let path = std::str::from_utf8(&bytes).ok().and_then(|path| StorePath::parse(path).ok());
            found.extend(path.filter(|path| wanted.contains(path)));
        }
        Ok(found)
    }
}

fn frames(stream: &mut UnixStream, source: &mut dyn Read) -> Result<()> {
    let mut frame = vec![0; FRAME];
    loop {
        let length = match source.read(&mut frame) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read.map_err(Error::Source)?,
        };
        stream.write_all(&(length as u64).to_le_bytes()).map_err(closed)?;
        // The empty frame is the last one.
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&frame[..length]).map_err(closed)?;
    }
}

fn closed(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset => Error::Closed,
        _ => Error::Io(error),
    }
}

#[cfg(test)]
mod tests;
