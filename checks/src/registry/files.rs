//! A folder, served by HTTP on loopback: what a binary cache or an archive is fetched from.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use crate::registry::http::Head;
use crate::registry::server::{Server, Stream};

/// Answers GET and HEAD for whole files, until it is dropped.
pub struct FileServer {
    server: Server,
}

impl FileServer {
    pub fn start(folder: &Path) -> Result<Self> {
        let folder = folder.to_owned();
        let server = Server::start(Ipv4Addr::LOCALHOST.into(), move |stream| {
            let mut client = BufReader::new(stream);
            while let Ok(true) = answer(&folder, &mut client) {}
        })?;
        Ok(Self { server })
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

/// Answers one request. False if it was the connection's last.
fn answer(folder: &Path, client: &mut BufReader<Stream>) -> io::Result<bool> {
    let Some(request) = Head::read(client)? else { return Ok(false) };
    let (method, target) = request.request_line()?;
    let file = match method {
        "GET" | "HEAD" => find(folder, target),
        _ => return Ok(false),
    };
    let length = file.as_ref().map_or(0, |(_, length)| *length);
    let mut head = Head::response(if file.is_some() { 200 } else { 404 });
    head.set("Content-Length", length);
    let mut to = client.get_ref().clone();
    to.write_all(&head.to_bytes())?;
    if let Some((file, _)) = file.filter(|_| method == "GET") {
        io::copy(&mut BufReader::with_capacity(1 << 16, file.take(length)), &mut to)?;
    }
    Ok(!request.is_last())
}

/// The file that is asked for, and its length; nothing outside of the folder.
fn find(folder: &Path, target: &str) -> Option<(File, u64)> {
    let relative = PathBuf::from(target.split('?').next()?.strip_prefix('/')?);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let file = File::open(folder.join(relative)).ok()?;
    let metadata = file.metadata().ok()?;
    metadata.is_file().then_some((file, metadata.len()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn ask(server: &FileServer, target: &str) -> String {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(format!("GET {target} HTTP/1.1\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn serves_its_folder_and_nothing_beside_it() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("folder");
        std::fs::create_dir_all(folder.join("nar")).unwrap();
        std::fs::write(folder.join("nar/a"), "content").unwrap();
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        let server = FileServer::start(&folder).unwrap();
        assert!(ask(&server, "/nar/a").ends_with("Content-Length: 7\r\n\r\ncontent"));
        for target in ["/nar", "/b", "/../secret", "//etc/passwd", "nar/a"] {
            assert!(ask(&server, target).starts_with("HTTP/1.1 404 "), "{target}");
        }
    }
}
