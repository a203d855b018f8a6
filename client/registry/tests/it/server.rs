//! A fault injector: an HTTP server on loopback that says what a test's closure says, and cuts or stalls where told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix_seed_registry::{Environment, Options, Reference, Registry, Repository};

/// What was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// "GET /v2/…"
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The range that was asked for, its end excluded.
    pub(crate) fn range(&self) -> Option<std::ops::Range<usize>> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some(first.parse().unwrap()..last.parse::<usize>().unwrap() + 1)
    }
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Whole,
    /// The connection is cut after so many bytes of the body.
    Cut(usize),
    /// Nothing more comes after so many bytes of the body.
    Stall(usize),
    /// The body is repeated without end.
    Endless,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

pub(crate) fn answer(status: u16) -> Answer {
    Answer { status, headers: Vec::new(), body: Vec::new(), end: End::Whole }
}

/// The part of `blob` that was asked for, as an honest registry answers.
pub(crate) fn part(asked: &Asked, blob: &[u8]) -> Answer {
    match asked.range() {
        Some(range) => answer(206)
            .header("content-range", format!("bytes {}-{}/{}", range.start, range.end - 1, blob.len()))
            .body(&blob[range]),
        None => answer(200).body(blob),
    }
}

impl Answer {
    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub(crate) fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }
}

type Script = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// How many bytes of a request's body are read before the connection is cut.
type Hangup = dyn Fn(&Asked, usize) -> Option<u64> + Send + Sync;

/// A server, and what it was asked so far.
pub(crate) struct Server {
    pub(crate) host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// `script` is told the number of the request, from 0.
    pub(crate) fn new(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::hanging_up(|_, _| None, script)
    }

    /// Where `hangup` gives a number of bytes, no more of the request's body is read; then `script` is told what came,
    /// and its answer is not sent.
    pub(crate) fn hanging_up(
        hangup: impl Fn(&Asked, usize) -> Option<u64> + Send + Sync + 'static,
        script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, hangup): (Arc<Script>, Arc<Hangup>) = (Arc::new(script), Arc::new(hangup));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, hangup, log) = (Arc::clone(&script), Arc::clone(&hangup), Arc::clone(&log));
                std::thread::spawn(move || serve(stream.unwrap(), &*script, &*hangup, &log));
            }
        });
        Self { host, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    pub(crate) fn repository(&self, options: Options) -> Repository {
        let reference: Reference = format!("{}/owner/name", self.host).parse().unwrap();
        Registry::new(options).unwrap().repository(&reference)
    }
}

/// Options that wait for nothing.
pub(crate) fn options() -> Options {
    Options {
        environment: Environment::default(),
        attempts: 4,
        delay: Duration::from_micros(100),
        delay_max: Duration::from_millis(1),
        retry_after_max: Duration::from_millis(1),
        ..Options::default()
    }
}

fn serve(stream: TcpStream, script: &Script, hangup: &Hangup, log: &Mutex<Vec<Asked>>) {
    // A head and its body are written one after the other.
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(mut asked) = read(&mut reader) {
        let number = {
            let mut log = log.lock().unwrap();
            log.push(asked.clone());
            log.len() - 1
        };
        let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
        let limit = hangup(&asked, number);
        let read = reader.by_ref().take(limit.unwrap_or(length)).read_to_end(&mut asked.body);
        log.lock().unwrap()[number].body.clone_from(&asked.body);
        let answer = script(&asked, number);
        let open = limit.is_none() && read.is_ok() && write(&mut stream, &asked, &answer).unwrap_or(false);
        if !open {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// A request without its body.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut asked = Asked::default();
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    asked.method = words.next()?.into();
    asked.target = words.next()?.into();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        asked.headers.push((name.to_lowercase(), value.into()));
    }
    Some(asked)
}

/// Whether the connection stays open.
fn write(stream: &mut TcpStream, asked: &Asked, answer: &Answer) -> std::io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} x\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let has_length = answer.headers.iter().any(|(name, _)| name == "content-length");
    if answer.end != End::Endless && !has_length {
        head += &format!("content-length: {}\r\n", answer.body.len());
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if asked.method == "HEAD" {
        return Ok(true);
    }
    match answer.end {
        End::Whole => stream.write_all(&answer.body)?,
        End::Cut(bytes) => stream.write_all(&answer.body[..bytes])?,
        End::Stall(bytes) => {
            stream.write_all(&answer.body[..bytes])?;
            // Until the client gives up.
            let _ = stream.read(&mut [0]);
        }
        End::Endless => loop {
            stream.write_all(&answer.body)?;
        },
    }
    Ok(answer.end == End::Whole)
}
