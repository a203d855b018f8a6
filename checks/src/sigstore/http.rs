//! One request to a service on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, ensure};

/// Sends a request and gives the body of the answer; an answer that is no success is an error.
///
/// Of HTTP/1.0, so that the answer is as long as the connection.
pub(super) fn ask(to: SocketAddr, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
    let about = || format!("{method} http://{to}{path}");
    let mut stream = TcpStream::connect(to).with_context(about)?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {to}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).with_context(about)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(about)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").with_context(about)?;
    let body = answer.split_off(end + 4);
    let head = String::from_utf8_lossy(&answer);
    let success = head.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
    ensure!(success, "{} was answered with {}\n{}", about(), head.trim_end(), String::from_utf8_lossy(&body));
    Ok(body)
}
