//! A listener on loopback, a thread for each connection, and an end of all that is at once.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::net::sockopt;

/// A connection that may be ended from outside while a thread waits for it.
#[derive(Debug, Clone)]
pub(crate) struct Stream(Arc<TcpStream>);

impl Stream {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        // A head and its body are written one after the other.
        stream.set_nodelay(true)?;
        Ok(Self(Arc::new(stream)))
    }

    /// Lets the connection end with a reset, as one that breaks, when it is closed.
    pub(crate) fn break_off(&self) {
        let _ = sockopt::set_socket_linger(&*self.0, Some(Duration::ZERO));
    }

    /// Ends the connection in order: the peer reads what was sent, then its end.
    pub(crate) fn finish(&self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Whether the peer has neither closed the connection nor said anything unasked.
    pub(crate) fn is_quiet(&self) -> bool {
        let waits = |stream: &TcpStream| {
            stream.set_nonblocking(true)?;
            let peeked = stream.peek(&mut [0]);
            stream.set_nonblocking(false)?;
            peeked
        };
        waits(&self.0).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

/// Listens until it is closed or dropped.
pub(crate) struct Server {
    closer: Closer,
}

/// What ends a [`Server`], also from one of its own threads.
#[derive(Clone)]
pub(crate) struct Closer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    closed: bool,
    acceptor: Option<JoinHandle<()>>,
    /// Weak: a connection is closed when its thread lets go of it.
    open: Vec<Weak<TcpStream>>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Serves each connection to a free port by a call of `serve`.
    pub(crate) fn start(address: IpAddr, serve: impl Fn(Stream) + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind((address, 0)).with_context(|| format!("cannot listen on {address}"))?;
        let closer = Closer { address: listener.local_addr()?, shared: Arc::default() };
        let serve = Arc::new(serve);
        let acceptor = {
            let closer = closer.clone();
            thread::spawn(move || {
                loop {
                    let stream = match listener.accept() {
                        Ok((stream, _)) => stream,
                        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                        Err(_) => break,
                    };
                    let mut shared = closer.lock();
                    if shared.closed {
                        break;
                    }
                    let Ok(stream) = Stream::new(stream) else { continue };
                    shared.open.retain(|stream| stream.strong_count() > 0);
                    shared.open.push(Arc::downgrade(&stream.0));
                    shared.threads.retain(|thread| !thread.is_finished());
                    let serve = Arc::clone(&serve);
                    shared.threads.push(thread::spawn(move || serve(stream)));
                }
            })
        };
        closer.lock().acceptor = Some(acceptor);
        Ok(Self { closer })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.closer.address
    }

    pub(crate) fn closer(&self) -> Closer {
        self.closer.clone()
    }
}

impl Closer {
    /// Connections are refused when this returns.
    pub(crate) fn refuse(&self) {
        let acceptor = {
            let mut shared = self.lock();
            shared.closed = true;
            shared.acceptor.take()
        };
        if let Some(acceptor) = acceptor {
            // Wakes the thread; that it cannot be reached means that it has ended.
            let _ = TcpStream::connect(self.address);
            let _ = acceptor.join();
        }
    }

    /// Lets another connection end with those to the server.
    pub(crate) fn adopt(&self, stream: &Stream) {
        let mut shared = self.lock();
        shared.open.push(Arc::downgrade(&stream.0));
        if shared.closed {
            let _ = stream.0.shutdown(Shutdown::Both);
        }
    }

    /// Ends the connections that there are.
    pub(crate) fn end(&self) {
        for stream in self.lock().open.drain(..).filter_map(|stream| stream.upgrade()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closer.refuse();
        self.closer.end();
        let threads = std::mem::take(&mut self.closer.lock().threads);
        for thread in threads {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn after_the_end_connections_are_refused_and_those_that_were_are_over() {
        let server = Server::start(Ipv4Addr::LOCALHOST.into(), |mut stream| {
            let _ = stream.write_all(b"x");
            let _ = stream.read(&mut [0]);
        })
        .unwrap();
        let address = server.address();
        let mut client = TcpStream::connect(address).unwrap();
        client.read_exact(&mut [0]).unwrap();
        drop(server);
        assert_eq!(client.read(&mut [0]).unwrap_or(0), 0);
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}
