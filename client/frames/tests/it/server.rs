//! A registry on loopback that has the blobs of one layout, and does with each request what a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nix_seed_registry::{Environment, Options, Reference, Registry};
use nix_seed_source::Source;

/// What is asked: bytes of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The blob's digest, in hexadecimal digits.
    pub(crate) blob: String,
    pub(crate) range: Range<u64>,
}

/// What is done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Answer,
    /// Answers with another first byte.
    Corrupt,
    /// Answers with half of the bytes, and closes the connection.
    Cut,
    /// Answers with this status.
    Status(u16),
    /// Answers nothing until the server is told otherwise, or the client gives up.
    Hang,
    /// Closes the connection.
    Refuse,
}

type Script = dyn Fn(&Asked) -> Act + Send;

struct State {
    folder: PathBuf,
    script: Mutex<Box<Script>>,
    /// What was asked, in order, and how many answers hang.
    log: Mutex<(Vec<Asked>, usize)>,
    changed: Condvar,
}

pub(crate) struct Server {
    host: String,
    state: Arc<State>,
}

impl Server {
    /// An honest registry of the layout in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State {
            folder: folder.into(),
            script: Mutex::new(Box::new(|_| Act::Answer)),
            log: Mutex::default(),
            changed: Condvar::new(),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = shared.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &state));
            }
        });
        Self { host, state }
    }

    /// From now on, this is done with requests.
    pub(crate) fn does(&self, script: impl Fn(&Asked) -> Act + Send + 'static) {
        *self.state.script.lock().unwrap() = Box::new(script);
        self.state.changed.notify_all();
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.log.lock().unwrap().0.clone()
    }

    /// Waits until so many answers hang.
    pub(crate) fn wait_for_hanging(&self, count: usize) {
        let log = self.state.log.lock().unwrap();
        let wait = Duration::from_secs(30);
        let (log, late) = self.state.changed.wait_timeout_while(log, wait, |log| log.1 < count).unwrap();
        assert!(!late.timed_out(), "{} hang, not {count}", log.1);
    }

    /// This registry; nothing is waited for when it misbehaves, and what hangs counts as broken after `stall`.
    pub(crate) fn source(&self, stall: Duration) -> Source {
        let options = Options {
            environment: Environment::default(),
            stall,
            attempts: 2,
            delay: Duration::from_micros(100),
            delay_max: Duration::from_millis(1),
            ..Options::default()
        };
        let reference: Reference = format!("{}/owner/name", self.host).parse().unwrap();
        Source::Registry(Registry::new(options).unwrap().repository(&reference))
    }
}

fn serve(stream: TcpStream, state: &State) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(asked) = read(&mut reader, &state.folder) {
        state.log.lock().unwrap().0.push(asked.clone());
        let act = loop {
            let act = (state.script.lock().unwrap())(&asked);
            if act != Act::Hang {
                break act;
            }
            let mut log = state.log.lock().unwrap();
            log.1 += 1;
            state.changed.notify_all();
            // A script that has changed meanwhile is looked at again soon.
            let wait = Duration::from_millis(20);
            let mut log = state.changed.wait_timeout(log, wait).unwrap().0;
            log.1 -= 1;
        };
        if !answer(&mut stream, state, &asked, act).unwrap_or(false) {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>, folder: &Path) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let blob = line.split_whitespace().nth(1)?.rsplit_once(":")?.1.to_owned();
    let mut range = 0..std::fs::metadata(folder.join("blobs/sha256").join(&blob)).unwrap().len();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("range") {
            let (first, last) = value.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            range = first.parse().unwrap()..last.parse::<u64>().unwrap() + 1;
        }
    }
    Some(Asked { blob, range })
}

/// Whether the connection stays open.
fn answer(stream: &mut TcpStream, state: &State, asked: &Asked, act: Act) -> std::io::Result<bool> {
    let status = match act {
        Act::Status(status) => {
            stream.write_all(format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n").as_bytes())?;
            return Ok(true);
        }
        Act::Refuse | Act::Hang => return Ok(false),
        Act::Answer | Act::Corrupt | Act::Cut => 206,
    };
    let blob = std::fs::read(state.folder.join("blobs/sha256").join(&asked.blob))?;
    let Range { start, end } = asked.range.clone();
    let mut bytes = blob[start as usize..end as usize].to_vec();
    if act == Act::Corrupt {
        bytes[0] ^= 1;
    }
    let (length, total, last) = (bytes.len(), blob.len(), end - 1);
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-range: bytes {start}-{last}/{total}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    if act == Act::Cut {
        bytes.truncate(length / 2);
    }
    stream.write_all(&bytes)?;
    Ok(act != Act::Cut)
}
