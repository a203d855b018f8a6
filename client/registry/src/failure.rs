//! What it means when there is no answer, or half of one.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use crate::http::protocol;
use crate::retry::Failure;
use crate::text::clean;
use crate::{Error, Subject};

const NETWORK: &str = "look after the network and proxies (HTTPS_PROXY, NO_PROXY), and try again";

/// What a failed exchange means; `limit` is for how long silence was borne.
pub(crate) fn failure(at: &Arc<Subject>, host: &str, limit: Duration, error: ureq::Error) -> Failure {
    let (at, host) = (at.clone(), host.to_string());
    let connection = |at, host, why: String, mend| Failure::passing(Error::Connection { at, host, why, mend });
    match error {
        ureq::Error::Timeout(_) => Failure::passing(Error::Silence { at, host, limit }),
        ureq::Error::Io(error) if error.kind() == ErrorKind::InvalidData => tls(at, host, &error).into(),
        ureq::Error::Rustls(error) => tls(at, host, &error).into(),
        ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => {
            Failure::passing(Error::Silence { at, host, limit })
        }
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            connection(at, host, error.to_string(), "nothing listens there: check host and port")
        }
        ureq::Error::Io(error) => connection(at, host, error.to_string(), NETWORK),
        ureq::Error::HostNotFound => {
            connection(at, host, "there is no such host".into(), "check its name, and the network")
        }
        ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) => {
            connection(at, host, error.to_string(), NETWORK)
        }
        other => protocol(&at, &host, &clean(&other.to_string())).into(),
    }
}

/// A TLS failure; a host that does not speak TLS at all is named so.
fn tls(at: Arc<Subject>, host: String, error: &dyn std::fmt::Display) -> Error {
    let why = clean(&error.to_string());
    // What rustls says to an answer that begins with "HTTP/".
    if why.contains("InvalidContentType") { Error::PlainHttp { at, host } } else { Error::Tls { at, host, why } }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// What comes of https to a host that answers with `answer`.
    fn spoken_to(answer: &'static [u8]) -> Error {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/v2/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(answer).unwrap();
        });
        let error = ureq::get(url).call().unwrap_err();
        server.join().unwrap();
        let at = Arc::new(Subject { registry: "r".into(), repository: "n".into(), what: "tags".into() });
        failure(&at, "r", Duration::ZERO, error).error
    }

    #[test]
    fn a_host_without_tls_is_named_so() {
        let error = spoken_to(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent nonsense");
        assert!(matches!(&error, Error::PlainHttp { .. }) && error.to_string().contains("--plain-http r"), "{error:?}");
    }

    #[test]
    fn a_tls_alert_is_named_so() {
        // A fatal alert: handshake failure.
        let error = spoken_to(&[21, 3, 3, 0, 2, 2, 40]);
        assert!(matches!(&error, Error::Tls { .. }) && error.to_string().contains("SSL_CERT_FILE"), "{error:?}");
    }
}
