//! Tags, manifests and lists from a registry that is not to be trusted.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::digest_of;
use crate::server::{End, Server, answer, options};
use nix_seed_registry::{DOCUMENT_MAX, Error, MediaType, Options, Registry};

const TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const BODY: &[u8] = br#"{"schemaVersion":2}"#;

#[test]
fn a_tag_is_resolved_by_head() {
    let server = Server::new(|_, _| {
        let head = answer(200).header("content-type", TYPE).body(BODY);
        head.header("docker-content-digest", digest_of(BODY))
    });
    let found = server.repository(options()).resolve("main").unwrap();
    assert_eq!((found.digest(), found.size(), found.media_type()), (&digest_of(BODY), 19, &MediaType::ImageManifest));
    assert_eq!(server.lines(), ["HEAD /v2/owner/name/manifests/main"]);
    assert!(server.asked()[0].header("accept").unwrap().contains("manifest.list.v2+json"));
}

#[test]
fn a_tag_without_a_digest_is_read_and_hashed() {
    for status in [200, 405] {
        let server = Server::new(move |asked, _| {
            let status = if asked.method == "HEAD" { status } else { 200 };
            answer(status).header("content-type", format!("{TYPE}; charset=utf-8")).body(BODY)
        });
        let found = server.repository(options()).resolve("main").unwrap();
        assert_eq!((found.digest(), found.media_type()), (&digest_of(BODY), &MediaType::ImageManifest));
    }
}

#[test]
fn a_tags_manifest_is_read_with_one_request_and_has_the_digest_of_its_bytes() {
    let server = Server::new(|_, _| {
        // What a registry says of the digest is not believed.
        let named = answer(200).header("docker-content-digest", digest_of(b"something else"));
        named.header("content-type", TYPE).body(BODY)
    });
    let (digest, manifest) = server.repository(options()).tagged("main").unwrap();
    assert_eq!((digest, &*manifest.bytes, manifest.media_type), (digest_of(BODY), BODY, MediaType::ImageManifest));
    assert_eq!(server.lines(), ["GET /v2/owner/name/manifests/main"]);
    assert!(server.repository(options()).tagged("../../x").is_err());
}

#[test]
fn a_time_to_come_back_at_is_one_of_the_registrys_clock() {
    // This machine's clock may be wrong by years, as it is here.
    const DATE: &str = "Fri, 01 Jan 2100 00:00:00 GMT";
    let server = Server::new(|_, number| match number {
        0 => answer(429).header("date", DATE).header("retry-after", DATE),
        _ => answer(200).header("content-type", TYPE).body(BODY),
    });
    let options = Options { retry_after_max: Duration::from_secs(3600), ..options() };
    let start = Instant::now();
    assert_eq!(server.repository(options).manifest(&digest_of(BODY)).unwrap().bytes, BODY);
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn the_fastest_answer_tells_how_far_a_registry_is_and_a_refused_connection_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
    let repository = Registry::new(options()).unwrap().repository(&format!("{closed}/owner/name").parse().unwrap());
    repository.manifest(&digest_of(BODY)).unwrap_err();
    assert_eq!(repository.latency(), None);

    let server = Server::new(|_, _| answer(200).header("content-type", TYPE).body(BODY));
    let repository = server.repository(options());
    let began = Instant::now();
    repository.manifest(&digest_of(BODY)).unwrap();
    let latency = repository.latency().unwrap();
    assert!(!latency.is_zero() && latency <= began.elapsed());
    repository.manifest(&digest_of(BODY)).unwrap();
    assert!(repository.latency().unwrap() <= latency);
}

#[test]
fn a_manifest_with_another_digest_is_refused() {
    let server = Server::new(|_, _| answer(200).header("content-type", TYPE).body(BODY));
    let repository = server.repository(options());
    assert_eq!(repository.manifest(&digest_of(BODY)).unwrap().bytes, BODY);
    let error = repository.manifest(&digest_of(b"other")).unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
}

#[test]
fn an_endless_manifest_is_refused() {
    let server = Server::new(|_, _| answer(200).header("content-type", TYPE).body([b' '; 4096]).end(End::Endless));
    let error = server.repository(options()).manifest(&digest_of(BODY)).unwrap_err();
    assert!(error.to_string().contains(&format!("longer than {DOCUMENT_MAX} bytes")), "{error}");
}

#[test]
fn a_truncated_manifest_is_asked_for_again() {
    let server = Server::new(|_, number| {
        let whole = answer(200).header("content-type", TYPE).body(BODY);
        if number == 0 { whole.end(End::Cut(5)) } else { whole }
    });
    assert_eq!(server.repository(options()).manifest(&digest_of(BODY)).unwrap().bytes, BODY);
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn an_endless_error_is_cut() {
    let server = Server::new(|_, _| answer(400).body("no\x1b[2J ".repeat(500)).end(End::Endless));
    let error = server.repository(options()).tags().unwrap_err().to_string();
    assert!(error.len() < 500 && !error.contains('\x1b'), "{error}");
}

#[test]
fn a_digest_of_another_kind_is_refused() {
    let server = Server::new(|_, _| answer(200));
    let digest = format!("sha512:{}", "ab".repeat(64)).parse().unwrap();
    let repository = server.repository(options());
    assert!(matches!(repository.manifest(&digest).unwrap_err(), Error::Algorithm { .. }));
    assert!(matches!(repository.has_blob(&digest).unwrap_err(), Error::Algorithm { .. }));
    assert!(repository.resolve("../../x").is_err());
    assert!(server.lines().is_empty());
}

#[test]
fn tags_are_read_page_by_page() {
    let server = Server::new(|asked, number| match number {
        0 => answer(200)
            .header("link", r#"</v2/owner/name/tags/list?last=b&n=2>; rel="next""#)
            .body(r#"{"name":"owner/name","tags":["a","b"]}"#),
        1 => answer(200)
            .header("link", format!(r#"<http://{}/v2/x?p=3>; rel="next""#, asked.header("host").unwrap()))
            .body(r#"{"tags":null}"#),
        _ => answer(200).body(r#"{"name":"owner/name","tags":["c"]}"#),
    });
    assert_eq!(server.repository(options()).tags().unwrap(), ["a", "b", "c"]);
    assert_eq!(server.lines()[1], "GET /v2/owner/name/tags/list?last=b&n=2");
}

#[test]
fn a_list_that_goes_on_elsewhere_or_for_ever_is_refused() {
    for link in [r#"<http://127.0.0.1:1/v2/x>; rel="next""#, r#"<https://evil.invalid/>; rel=next"#] {
        let server = Server::new(move |_, _| answer(200).header("link", link).body(r#"{"tags":[]}"#));
        let error = server.repository(options()).tags().unwrap_err();
        assert!(matches!(error, Error::Elsewhere { .. }), "{error}");
        assert_eq!(server.lines().len(), 1);
    }
    let server = Server::new(|asked, _| {
        answer(200).header("link", format!("<{}>; rel=next", asked.target)).body(r#"{"tags":[]}"#)
    });
    assert!(server.repository(options()).tags().unwrap_err().to_string().contains("no end"));
}

#[test]
fn tags_that_are_none_are_refused() {
    for body in [r#"{"tags":["../../etc"]}"#, r#"{"tags":"a"}"#, "nonsense"] {
        let server = Server::new(move |_, _| answer(200).body(body));
        let error = server.repository(options()).tags().unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error}");
    }
}

#[test]
fn a_blob_without_a_size_is_read_up_to_a_limit_and_verified() {
    let server = Server::new(|_, _| answer(200).body(BODY));
    let repository = server.repository(options());
    assert_eq!(repository.small_blob(&digest_of(BODY), 19).unwrap(), BODY);
    let error = repository.small_blob(&digest_of(BODY), 18).unwrap_err();
    assert!(error.to_string().contains("longer than 18 bytes"), "{error}");
    let error = repository.small_blob(&digest_of(b"other"), u64::MAX).unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    let endless = Server::new(|_, _| answer(200).body([b' '; 4096]).end(End::Endless));
    let error = endless.repository(options()).small_blob(&digest_of(BODY), 100_000).unwrap_err();
    assert!(error.to_string().contains("longer than 100000 bytes"), "{error}");
}

#[test]
fn a_manifest_is_there_or_not() {
    for (status, found) in [(200, Some(true)), (404, Some(false)), (403, None)] {
        let server = Server::new(move |_, _| answer(status));
        assert_eq!(server.repository(options()).has_manifest(&digest_of(BODY)).ok(), found);
        assert_eq!(server.lines(), [format!("HEAD /v2/owner/name/manifests/{}", digest_of(BODY))]);
    }
}

#[test]
fn a_blob_that_is_missing_is_no_error() {
    let server = Server::new(|_, number| if number == 0 { answer(200).body(BODY) } else { answer(404) });
    let repository = server.repository(Options { attempts: 1, ..options() });
    assert_eq!(repository.has_blob(&digest_of(BODY)).unwrap(), Some(19));
    assert_eq!(repository.has_blob(&digest_of(BODY)).unwrap(), None);
}
