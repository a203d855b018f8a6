//! A client that believes nothing: it sends a request, and shows what came back, however wrong.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What came back until the connection ended.
pub(crate) struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
    /// Whether the connection ended with a reset.
    pub reset: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends a request as the last of a connection.
pub(crate) fn send(to: SocketAddr, method: &str, path: &str, headers: &[&str], body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(to).unwrap();
    let (first, host, length) =
        (format!("{method} {path} HTTP/1.1"), format!("Host: {to}"), format!("Content-Length: {}", body.len()));
    let head = [&[first.as_str(), &host, &length, "Connection: close"], headers, &["", ""]].concat();
    stream.write_all(head.join("\r\n").as_bytes()).unwrap();
    // Who is answered early is not read to the end.
    let _ = stream.write_all(body);
    stream
}

/// Reads to the end of the connection.
pub(crate) fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let reset = stream.read_to_end(&mut bytes).is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |end| end + 4);
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    Answer { status, head, body: bytes.split_off(end), reset }
}

pub(crate) fn ask(to: SocketAddr, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
    answer(send(to, method, path, headers, body))
}
