//! A link to far away, and whether it is what it says.
//!
//! The proxy in front of an origin makes it: each connection and each request waits for a way there and back, each by itself, and all
//! connections share one rate. What it does not have is TCP's slow start, nor loss.

use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::origins::Origins;
use crate::registry::proxy::Speed;

/// There and back.
const LATENCY: Duration = Duration::from_millis(50);
/// In each direction.
const RATE: u64 = 100_000_000;

pub const SPEED: Speed = Speed { latency: LATENCY, bytes_per_second: RATE };

/// The folder of the file server that the link is tried with.
const FOLDER: &str = "far";
/// What is fetched at one time, by one connection or by several.
const BYTES: u64 = 48 << 20;
const CONNECTIONS: u64 = 4;

/// What the link does with a moment's rest: so much is faster than it says.
const BURST: f64 = 1.1;
/// So much a machine may be late before what is measured is of the machine, and not of the link.
const LATE: f64 = 1.2;

/// What was found of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Seconds for the first request of a connection, and for another.
    first: f64,
    request: f64,
    /// Bytes a second, by one connection, and by several together.
    one: f64,
    several: f64,
}

/// Fetches through the link, once a little and once much.
pub fn try_out(origins: &Origins) -> Result<Found> {
    let folder = origins.folder.join(FOLDER);
    fs::create_dir_all(&folder)?;
    for (name, bytes) in [("little", 1), ("one", BYTES), ("part", BYTES / CONNECTIONS)] {
        fs::File::create(folder.join(name))?.set_len(bytes)?;
    }
    origins.archives.set_speed(SPEED);
    let found = found(origins.archives.address());
    origins.archives.set_speed(Speed::default());
    crate::machine::files::remove(&folder)?;
    found.context("cannot try out the link")
}

fn found(address: SocketAddr) -> Result<Found> {
    let start = Instant::now();
    let mut connection = connect(address)?;
    fetch(&mut connection, "little", 1)?;
    let first = start.elapsed().as_secs_f64();
    let mut timed = |name, bytes| -> Result<f64> {
        let start = Instant::now();
        fetch(&mut connection, name, bytes)?;
        Ok(start.elapsed().as_secs_f64())
    };
    let request = timed("little", 1)?;
    let one = BYTES as f64 / (timed("one", BYTES)? - request);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let fetch_part = || fetch(&mut connect(address)?, "part", BYTES / CONNECTIONS);
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(fetch_part)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let several = BYTES as f64 / (start.elapsed().as_secs_f64() - first);
    Ok(Found { first, request, one, several })
}

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(1 << 16, stream))
}

fn fetch(connection: &mut BufReader<TcpStream>, name: &str, bytes: u64) -> Result<()> {
    let request = format!("GET /{FOLDER}/{name} HTTP/1.1\r\nHost: far\r\n\r\n");
    connection.get_mut().write_all(request.as_bytes())?;
    let mut line = String::new();
    connection.read_line(&mut line)?;
    ensure!(line.starts_with("HTTP/1.1 200 "), "{name}: {line}");
    while line != "\r\n" {
        line.clear();
        ensure!(connection.read_line(&mut line)? > 0, "{name}: the answer ends within its head");
    }
    let read = io::copy(&mut connection.take(bytes), &mut io::sink())?;
    ensure!(read == bytes, "{name}: {read} of {bytes} bytes");
    Ok(())
}

impl Found {
    /// That it is not faster than it says; unless the machine is a `busy` one, that it is not slower either.
    pub fn ensure(self, busy: bool) -> Result<()> {
        let (way, rate) = (LATENCY.as_secs_f64(), RATE as f64);
        let is_far = self.request >= way && self.first >= way * 2.0 && self.one.max(self.several) <= rate * BURST;
        ensure!(is_far, "the link is faster than it says: {self}");
        let is_late =
            self.request > way * LATE || self.first > way * 2.0 * LATE || self.one.min(self.several) < rate / LATE;
        ensure!(busy || !is_late, "this machine is too busy for such a link: {self}");
        Ok(())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, request, one, several } = self;
        write!(
            f,
            "{:.1} ms for a request, {:.1} ms for the first of a connection, {:.0} MB/s by one connection, {:.0} MB/s by {CONNECTIONS}",
            request * 1e3,
            first * 1e3,
            one / 1e6,
            several / 1e6
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HONEST: Found = Found { first: 0.101, request: 0.051, one: 98e6, several: 101e6 };

    #[test]
    fn a_link_is_what_it_says_or_refused() {
        HONEST.ensure(false).unwrap();
        let faster = [
            Found { request: 0.049, ..HONEST },
            Found { first: 0.06, ..HONEST },
            Found { one: 200e6, ..HONEST },
            // Each connection has a rate of its own.
            Found { several: 390e6, ..HONEST },
        ];
        for found in faster {
            assert!(found.ensure(true).unwrap_err().to_string().contains("faster"), "{found}");
        }
        for found in [Found { request: 0.08, ..HONEST }, Found { one: 50e6, ..HONEST }] {
            assert!(found.ensure(false).unwrap_err().to_string().contains("busy"), "{found}");
            found.ensure(true).unwrap();
        }
    }
}
