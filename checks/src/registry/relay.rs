//! One client's connection: its requests, passed on one after the other, and what a fault makes of them.

use std::io::{self, BufReader, Error, Read, Write};

use crate::registry::fault::{Fault, moved, moved_content_range, moved_range};
use crate::registry::http::{Body, Framing, Head};
use crate::registry::link::Direction;
use crate::registry::proxy::State;
use crate::registry::server::Stream;
use crate::registry::traffic::{Entry, Request};

const PIECE: usize = 1 << 15;

/// What a client has connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Registry,
    /// Where redirects of blobs lead.
    Storage,
}

pub(super) struct Connection<'a> {
    state: &'a State,
    origin: Origin,
    client: BufReader<Stream>,
    upstream: Option<BufReader<Stream>>,
}

/// What happens on the way of a body, at which of its bytes.
#[derive(Default)]
struct Events {
    end: Option<u64>,
    stall: Option<u64>,
    corrupt: Option<u64>,
}

impl Events {
    /// How many bytes may pass before one has to look again.
    fn until_next(&self, at: u64) -> usize {
        let next = [self.end, self.stall].into_iter().flatten().filter(|event| *event > at).min();
        next.map_or(PIECE, |next| usize::try_from(next - at).unwrap_or(PIECE).min(PIECE))
    }
}

impl<'a> Connection<'a> {
    pub(super) fn new(state: &'a State, origin: Origin, client: Stream) -> Self {
        Self { state, origin, client: BufReader::new(client), upstream: None }
    }

    /// Passes on a request and its answer. False if that was the last.
    pub(super) fn exchange(&mut self) -> io::Result<bool> {
        let Some(mut head) = Head::read(&mut self.client)? else { return Ok(false) };
        let mut request = Request::new(&head, self.origin == Origin::Storage)?;
        let fault = self.state.due(&request);
        request.faulty = fault.is_some();
        let entry = self.state.book.add(request.clone());
        self.state.link.wait_latency();
        if head.says("Expect", "100-continue") {
            self.client.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        match fault {
            Some(Fault::Disappear) => {
                self.client.get_ref().break_off();
                self.state.disappear();
                return Ok(false);
            }
            Some(Fault::Status { status, retry_after }) => {
                let mut answer = Head::response(status);
                if let Some(seconds) = retry_after {
                    answer.set("Retry-After", seconds);
                }
                return self.answer(entry, &head, answer, "a fault, as asked");
            }
            Some(Fault::Redirect) => {
                let mut answer = Head::response(307);
                answer.set("Location", self.state.sign(&request.path, head.get("Authorization")));
                return self.answer(entry, &head, answer, "the blob is elsewhere");
            }
            Some(Fault::Unauthorized) => head.remove("Authorization"),
            Some(Fault::IgnoreRange) => head.remove("Range"),
            Some(Fault::OtherRange { sent, .. }) => {
                if let Some(range) = head.get("Range").and_then(|range| moved_range(range, sent)) {
                    head.set("Range", range);
                }
            }
            _ => {}
        }
        if self.origin == Origin::Storage {
            if request.authorized {
                return self.answer(entry, &head, Head::response(400), "two ways of authorization at once");
            }
            let Some((path, authorization)) = self.state.signed(&request.path) else {
                return self.answer(entry, &head, Head::response(404), "nobody was sent here for this");
            };
            head.retarget(&path)?;
            if let Some(authorization) = authorization {
                head.set("Authorization", authorization);
            }
        }
        let upstream = match self.connect() {
            Ok(upstream) => upstream,
            Err(error) => return self.answer(entry, &head, Head::response(502), &format!("no registry: {error}")),
        };
        if !self.send(entry, &head, upstream, fault)? {
            return Ok(false);
        }
        self.receive(entry, &head, &request.method, fault)
    }

    /// Answers in the place of the registry, once the request has been read.
    fn answer(&mut self, entry: Entry, request: &Head, mut answer: Head, message: &str) -> io::Result<bool> {
        self.skip(entry, request)?;
        let status = answer.status()?;
        let code = if status == 429 { "TOOMANYREQUESTS" } else { "UNKNOWN" };
        let text = serde_json::json!({ "errors": [{ "code": code, "message": message }] }).to_string();
        answer.set("Content-Type", "application/json");
        answer.set("Content-Length", text.len());
        if request.is_last() {
            answer.set("Connection", "close");
        }
        let body = if request.request_line()?.0 == "HEAD" { "" } else { text.as_str() };
        let head = answer.to_bytes();
        self.state.book.note(entry, |seen| {
            seen.status = Some(status);
            seen.down += body.len() as u64;
            seen.heads += head.len() as u64;
        });
        let client = self.client.get_mut();
        client.write_all(&head)?;
        client.write_all(body.as_bytes())?;
        Ok(!request.is_last())
    }

    /// Reads a request's body to its end, for nobody.
    fn skip(&mut self, entry: Entry, request: &Head) -> io::Result<()> {
        let mut body = Body::new(&mut self.client, Framing::of_request(request));
        let length = io::copy(&mut body, &mut io::sink())?;
        self.state.book.note(entry, |seen| seen.up += length);
        Ok(())
    }

    /// Sends the request to the registry. False if the connection has to end.
    fn send(&mut self, entry: Entry, request: &Head, mut upstream: Stream, fault: Option<Fault>) -> io::Result<bool> {
        let mut head = request.clone();
        for own in ["Connection", "Proxy-Connection", "Keep-Alive", "Expect"] {
            head.remove(own);
        }
        head.set("Host", self.state.upstream);
        upstream.write_all(&head.to_bytes())?;
        let end = if let Some(Fault::CutUpload(length)) = fault { Some(length) } else { None };
        let framing = Framing::of_request(request);
        let mut body = Body::new(&mut self.client, framing);
        let events = Events { end, ..Events::default() };
        match carry(self.state, entry, Direction::Up, &mut body, framing, &mut upstream, &events) {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.client.get_ref().break_off();
                Ok(false)
            }
            // A registry may answer before it has read everything, and read no more.
            Err(Carry::To(_)) => io::copy(&mut body, &mut io::sink()).map(|_| true),
            Err(Carry::From(error)) => Err(error),
        }
    }

    /// The connection to the registry: that of the request before, if it is still good.
    fn connect(&mut self) -> io::Result<Stream> {
        if !self.upstream.as_ref().is_some_and(|kept| kept.buffer().is_empty() && kept.get_ref().is_quiet()) {
            self.upstream = Some(BufReader::with_capacity(PIECE, self.state.connect()?));
        }
        let kept = self.upstream.as_ref().map(|kept| kept.get_ref().clone());
        kept.ok_or_else(|| Error::other("no connection"))
    }

    /// Hands the registry's answer to the client. False if the connection has to end.
    fn receive(&mut self, entry: Entry, request: &Head, method: &str, fault: Option<Fault>) -> io::Result<bool> {
        let Some(mut upstream) = self.upstream.take() else { return Ok(false) };
        let mut head = answer_of(&mut upstream)?;
        let framing = Framing::of_response(&head, method)?;
        let upstream_ends = head.is_last() || framing == Framing::UntilClose;
        let mut ends = request.is_last() || framing == Framing::UntilClose;
        let mut events = Events::default();
        match fault {
            Some(Fault::Cut(at) | Fault::Truncate(at)) => events.end = Some(at),
            Some(Fault::Corrupt(at)) => events.corrupt = Some(at),
            Some(Fault::Stall(at)) => events.stall = Some(at),
            Some(Fault::OtherRange { sent, said }) => {
                let by = said.saturating_sub(sent);
                alter(&mut head, "Content-Range", |range| moved_content_range(range, by, 0));
            }
            Some(Fault::OtherTotal(by)) => {
                alter(&mut head, "Content-Range", |range| moved_content_range(range, 0, by));
            }
            Some(Fault::OtherLength(by)) => {
                alter(&mut head, "Content-Length", |length| moved(length, by));
                ends = true;
            }
            _ => {}
        }
        self.state.turn_around(&mut head);
        head.remove("Keep-Alive");
        head.remove("Connection");
        // Whoever breaks off says nothing of it before.
        if ends && !matches!(fault, Some(Fault::OtherLength(_))) {
            head.set("Connection", "close");
        }
        let (status, bytes) = (head.status()?, head.to_bytes());
        self.state.book.note(entry, |seen| {
            seen.status = Some(status);
            seen.heads += bytes.len() as u64;
        });
        let mut client = self.client.get_ref().clone();
        client.write_all(&bytes)?;
        let mut body = Body::new(&mut upstream, framing);
        let carried = carry(self.state, entry, Direction::Down, &mut body, framing, &mut client, &events);
        let complete = match carried {
            Ok(complete) => complete,
            Err(Carry::From(error) | Carry::To(error)) => return Err(error),
        };
        if !complete {
            match fault {
                Some(Fault::Cut(_)) => client.break_off(),
                _ => client.finish(),
            }
            return Ok(false);
        }
        if !upstream_ends {
            self.upstream = Some(upstream);
        }
        Ok(!ends)
    }
}

/// The registry's answer, without what it says in between.
fn answer_of(upstream: &mut BufReader<Stream>) -> io::Result<Head> {
    loop {
        let head = Head::read(upstream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if !matches!(head.status()?, 100..200) {
            return Ok(head);
        }
    }
}

fn alter(head: &mut Head, name: &str, change: impl FnOnce(&str) -> Option<String>) {
    if let Some(value) = head.get(name).and_then(change) {
        head.set(name, value);
    }
}

/// At which side a body could not be carried.
enum Carry {
    From(Error),
    To(Error),
}

/// Carries a body in pieces over the link. False if it is to end before its end.
fn carry(
    state: &State,
    entry: Entry,
    direction: Direction,
    body: &mut impl Read,
    framing: Framing,
    to: &mut Stream,
    events: &Events,
) -> Result<bool, Carry> {
    let mut buffer = vec![0; PIECE];
    let mut at = 0;
    loop {
        if events.stall == Some(at) {
            state.link.stall();
        }
        if events.end == Some(at) {
            return Ok(false);
        }
        let length = body.read(&mut buffer[..events.until_next(at)]).map_err(Carry::From)?;
        if length == 0 {
            return framing.end(to).map(|()| true).map_err(Carry::To);
        }
        let piece = &mut buffer[..length];
        if let Some(wrong) = events.corrupt.and_then(|corrupt| usize::try_from(corrupt.checked_sub(at)?).ok())
            && let Some(byte) = piece.get_mut(wrong)
        {
            *byte ^= 1;
        }
        state.link.pass(direction, length);
        // Before it is sent: whoever has the bytes finds them counted.
        state.book.note(entry, |seen| match direction {
            Direction::Up => seen.up += length as u64,
            Direction::Down => seen.down += length as u64,
        });
        framing.write(to, piece).map_err(Carry::To)?;
        at += length as u64;
    }
}
