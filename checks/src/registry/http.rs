//! HTTP/1.1 messages: as much of it as registries and their clients speak, and no message is ever held as a whole.

use std::fmt::Display;
use std::io::{self, BufRead, Error, ErrorKind, Read, Write};

/// More than any client of a registry sends, tokens included.
const LONGEST_HEAD: u64 = 1 << 18;

/// The first line and the header fields of a request or a response.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    first: String,
    fields: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn response(status: u16) -> Self {
        Self { first: format!("HTTP/1.1 {status} {}", reason(status)), fields: Vec::new() }
    }

    /// None where the connection ends instead.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut lines = from.take(LONGEST_HEAD);
        let Some(first) = line(&mut lines)? else { return Ok(None) };
        let mut fields = Vec::new();
        loop {
            let line = line(&mut lines)?.ok_or(ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Some(Self { first, fields }));
            }
            let (name, value) = line.split_once(':').ok_or_else(|| Error::other(format!("no header: {line:?}")))?;
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// A request's method and target.
    pub(crate) fn request_line(&self) -> io::Result<(&str, &str)> {
        let mut words = self.first.split(' ');
        words.next().zip(words.next()).ok_or_else(|| Error::other(format!("no request: {:?}", self.first)))
    }

    pub(crate) fn status(&self) -> io::Result<u16> {
        let code = self.first.split(' ').nth(1).and_then(|code| code.parse().ok());
        code.ok_or_else(|| Error::other(format!("no response: {:?}", self.first)))
    }

    /// Gives a request another target.
    pub(crate) fn retarget(&mut self, target: &str) -> io::Result<()> {
        let (method, _) = self.request_line()?;
        self.first = format!("{method} {target} HTTP/1.1");
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the list in a field has this word, as `close` in `Connection: close`.
    pub(crate) fn says(&self, name: &str, word: &str) -> bool {
        self.get(name).is_some_and(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(word)))
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Display) {
        self.remove(name);
        self.fields.push((name.to_owned(), value.to_string()));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|(field, _)| !field.eq_ignore_ascii_case(name));
    }

    /// Whether the connection ends with this message.
    pub(crate) fn is_last(&self) -> bool {
        self.says("Connection", "close") || self.first.ends_with("HTTP/1.0") || self.first.starts_with("HTTP/1.0")
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let fields = self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let lines: Vec<_> = std::iter::once(format!("{}\r\n", self.first)).chain(fields).collect();
        format!("{}\r\n", lines.concat()).into_bytes()
    }
}

/// How one knows where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Framing {
    pub(crate) fn of_request(head: &Head) -> Self {
        Self::declared(head).unwrap_or(Self::Length(0))
    }

    pub(crate) fn of_response(head: &Head, method: &str) -> io::Result<Self> {
        let without = method == "HEAD" || matches!(head.status()?, 100..200 | 204 | 304);
        Ok(if without { Self::Length(0) } else { Self::declared(head).unwrap_or(Self::UntilClose) })
    }

    fn declared(head: &Head) -> Option<Self> {
        if head.says("Transfer-Encoding", "chunked") {
            return Some(Self::Chunked);
        }
        head.get("Content-Length")?.parse().ok().map(Self::Length)
    }

    /// Writes a piece of the body.
    pub(crate) fn write(self, to: &mut impl Write, piece: &[u8]) -> io::Result<()> {
        if self != Self::Chunked {
            return to.write_all(piece);
        }
        to.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
        to.write_all(piece)?;
        to.write_all(b"\r\n")
    }

    /// Writes what follows the last piece.
    pub(crate) fn end(self, to: &mut impl Write) -> io::Result<()> {
        if self == Self::Chunked { to.write_all(b"0\r\n\r\n") } else { Ok(()) }
    }
}

/// What a body carries, whatever its framing.
pub(crate) struct Body<'a, R> {
    from: &'a mut R,
    framing: Framing,
    /// Of the body, or of the chunk.
    left: u64,
    /// Whether a chunk has begun before.
    begun: bool,
    ended: bool,
}

impl<'a, R: BufRead> Body<'a, R> {
    pub(crate) fn new(from: &'a mut R, framing: Framing) -> Self {
        let left = if let Framing::Length(length) = framing { length } else { 0 };
        Self { from, framing, left, begun: false, ended: false }
    }

    /// The size of the next chunk; what follows the last is skipped.
    fn chunk(&mut self) -> io::Result<u64> {
        if std::mem::replace(&mut self.begun, true) {
            line(self.from)?;
        }
        let size = line(self.from)?.ok_or(ErrorKind::UnexpectedEof)?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| Error::other(format!("no chunk size: {size:?}")))?;
        if size == 0 {
            self.ended = true;
            while line(self.from)?.is_some_and(|line| !line.is_empty()) {}
        }
        Ok(size)
    }
}

impl<R: BufRead> Read for Body<'_, R> {
    /// Fails if the connection ends before the body does.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.framing == Framing::UntilClose {
            return self.from.read(buffer);
        }
        if self.framing == Framing::Chunked && self.left == 0 && !self.ended {
            self.left = self.chunk()?;
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let length = self.from.read(&mut buffer[..most])?;
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.left -= length as u64;
        Ok(length)
    }
}

/// A line without its end; none at the end of the stream.
fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    if !line.ends_with('\n') {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Some(line))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Unnamed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(framing: Framing, mut bytes: &[u8]) -> io::Result<(String, usize)> {
        let mut text = String::new();
        Body::new(&mut bytes, framing).read_to_string(&mut text)?;
        Ok((text, bytes.len()))
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        assert_eq!(body(Framing::Length(3), b"abcdef").unwrap(), ("abc".into(), 3));
        assert_eq!(body(Framing::UntilClose, b"abcdef").unwrap(), ("abcdef".into(), 0));
        let chunked = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\nGET";
        assert_eq!(body(Framing::Chunked, chunked).unwrap(), ("abcde".into(), 3));
    }

    #[test]
    fn a_body_that_is_cut_is_an_error() {
        assert!(body(Framing::Length(3), b"ab").is_err());
        assert!(body(Framing::Chunked, b"3\r\nab").is_err());
        assert!(body(Framing::Chunked, b"2\r\nab\r\n").is_err());
    }

    #[test]
    fn chunks_are_written_as_they_are_read() {
        let mut bytes = Vec::new();
        Framing::Chunked.write(&mut bytes, b"hello").unwrap();
        Framing::Chunked.end(&mut bytes).unwrap();
        assert_eq!(body(Framing::Chunked, &bytes).unwrap(), ("hello".into(), 0));
    }

    #[test]
    fn a_head_is_read_and_written() {
        let text = b"GET /v2/ HTTP/1.1\r\nHost: a\r\nconnection: keep-alive, Close\r\n\r\nrest";
        let mut rest = &text[..];
        let mut head = Head::read(&mut rest).unwrap().unwrap();
        assert_eq!((head.request_line().unwrap(), rest), (("GET", "/v2/"), &b"rest"[..]));
        assert!(head.is_last());
        head.set("host", "b");
        head.remove("Connection");
        assert_eq!(head.to_bytes(), b"GET /v2/ HTTP/1.1\r\nhost: b\r\n\r\n");
        assert!(Head::read(&mut &b""[..]).unwrap().is_none());
        assert!(Head::read(&mut &b"GET / HTTP/1.1\r\n"[..]).is_err());
    }
}
