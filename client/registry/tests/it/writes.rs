//! Uploads, mounts, manifests and deletions.

use std::cell::RefCell;
use std::io::{Error as IoError, Read};
use std::sync::Mutex;

use crate::server::{Answer, Asked, Server, answer, options};
use crate::{bytes, digest_of};
use nix_seed_registry::{Error, MediaType, Result};

/// Longer than what sockets hold, so that a cut connection is noticed while it is sent.
const SIZE: u32 = 16 << 20;

fn blob() -> Vec<u8> {
    bytes(SIZE)
}

fn upload(server: &Server, bytes: &[u8]) -> Result<Vec<u64>> {
    let progress = RefCell::new(Vec::new());
    let open = |offset: u64| Ok(Box::new(std::io::Cursor::new(bytes[offset as usize..].to_vec())) as Box<dyn Read>);
    let add = |at| progress.borrow_mut().push(at);
    server.repository(options()).upload(&digest_of(bytes), bytes.len() as u64, &open, &add)?;
    Ok(progress.into_inner())
}

/// What a registry keeps of an upload.
#[derive(Default)]
struct Store(Mutex<Vec<u8>>);

impl Store {
    fn answer(&self, asked: &Asked) -> Answer {
        let mut stored = self.0.lock().unwrap();
        match asked.method.as_str() {
            "POST" => {
                stored.clear();
                answer(202).header("location", "/v2/owner/name/blobs/uploads/u?state=a%2Fb")
            }
            "PATCH" => {
                stored.extend_from_slice(&asked.body);
                answer(202).header("location", "u?state=c").header("range", format!("0-{}", stored.len() - 1))
            }
            "GET" => answer(204).header("location", "u?state=c").header("range", format!("0-{}", stored.len() - 1)),
            "PUT" if digest_of(&stored) == digest_of(&blob()) => answer(201),
            "PUT" => answer(400).body(r#"{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}"#),
            _ => answer(404),
        }
    }
}

#[test]
fn a_blob_is_uploaded_with_one_patch() {
    let store = Store::default();
    let server = Server::new(move |asked, _| store.answer(asked));
    let progress = upload(&server, &blob()).unwrap();
    assert_eq!(progress.last(), Some(&(u64::from(SIZE))));
    let digest = digest_of(&blob()).to_string().replace(':', "%3A");
    assert_eq!(
        server.lines(),
        [
            "POST /v2/owner/name/blobs/uploads/",
            "PATCH /v2/owner/name/blobs/uploads/u?state=a%2Fb",
            &format!("PUT /v2/owner/name/blobs/uploads/u?state=c&digest={digest}"),
        ]
    );
    assert_eq!(server.asked()[1].header("content-range"), None);
}

#[test]
fn an_upload_that_is_cut_goes_on() {
    let store = Store::default();
    let cut = |asked: &Asked, number| (asked.method == "PATCH" && number < 8).then_some(3 << 20);
    let server = Server::hanging_up(cut, move |asked, _| store.answer(asked));
    upload(&server, &blob()).unwrap();
    let ranges: Vec<_> =
        server.asked().iter().filter_map(|asked| asked.header("content-range").map(String::from)).collect();
    assert_eq!(ranges[0], format!("{}-{}", 3 << 20, SIZE - 1));
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[test]
fn an_upload_that_is_forgotten_starts_anew() {
    let store = Store::default();
    let cut = |asked: &Asked, number| (asked.method == "PATCH" && number == 1).then_some(1000);
    let server = Server::hanging_up(cut, move |asked, number| match asked.method.as_str() {
        "GET" | "PATCH" if number < 4 => answer(404).body(r#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#),
        _ => store.answer(asked),
    });
    upload(&server, &blob()).unwrap();
    let methods: Vec<_> = server.asked().iter().map(|asked| asked.method.clone()).collect();
    assert_eq!(methods, ["POST", "PATCH", "GET", "POST", "PATCH", "PUT"]);
}

#[test]
fn parts_that_were_put_together_wrongly_are_sent_again_as_one() {
    let store = Store::default();
    let cut = |asked: &Asked, number| (asked.method == "PATCH" && number == 1).then_some(1 << 20);
    let server = Server::hanging_up(cut, move |asked, number| {
        // A byte too few is kept of what was cut.
        if number == 2 {
            store.0.lock().unwrap()[17] ^= 1;
        }
        store.answer(asked)
    });
    upload(&server, &blob()).unwrap();
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("POST")).count(), 2);
}

#[test]
fn an_answer_that_is_lost_after_all_was_taken_is_no_failure() {
    let store = Store::default();
    let lost = |asked: &Asked, _| (asked.method == "PUT").then_some(0);
    let server = Server::hanging_up(lost, move |asked, _| match asked.method.as_str() {
        "HEAD" => answer(200).header("content-length", SIZE),
        _ => store.answer(asked),
    });
    upload(&server, &blob()).unwrap();
    assert!(server.lines().last().unwrap().starts_with("HEAD"));
}

#[test]
fn a_source_that_fails_is_named_and_not_tried_again() {
    let store = Store::default();
    let server = Server::new(move |asked, _| store.answer(asked));
    let repository = server.repository(options());
    let digest = digest_of(&blob());
    let fails = |_| Err(IoError::other("disk gone"));
    let error = repository.upload(&digest, 10, &fails, &|_| {}).unwrap_err();
    assert!(matches!(&error, Error::Source { .. }) && error.to_string().contains("disk gone"), "{error}");
    let short = |_| Ok(Box::new(std::io::Cursor::new(vec![1u8; 5])) as Box<dyn Read>);
    let error = repository.upload(&digest, 10, &short, &|_| {}).unwrap_err();
    assert!(error.to_string().contains("shorter than announced"), "{error}");
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("POST")).count(), 2);
}

#[test]
fn bytes_with_another_digest_are_the_callers_fault() {
    let store = Store::default();
    let server = Server::new(move |asked, _| store.answer(asked));
    let error = upload(&server, b"other bytes").unwrap_err();
    assert!(error.to_string().contains("DIGEST_INVALID"), "{error}");
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn an_upload_that_goes_on_over_plain_http_elsewhere_is_refused() {
    let server = Server::new(|_, _| answer(202).header("location", "http://evil.invalid/upload"));
    let error = upload(&server, b"x").unwrap_err();
    assert!(matches!(error, Error::Elsewhere { .. }), "{error}");
    let server = Server::new(|_, _| answer(202));
    assert!(upload(&server, b"x").unwrap_err().to_string().contains("where the upload goes on"));
}

#[test]
fn an_empty_blob_needs_no_patch() {
    let server = Server::new(|asked, _| match asked.method.as_str() {
        "POST" => answer(202).header("location", "u"),
        _ => answer(201),
    });
    upload(&server, b"").unwrap();
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn a_blob_of_one_byte_is_uploaded_at_once() {
    let server = Server::new(|asked, _| match asked.method.as_str() {
        "POST" => answer(202).header("location", "u"),
        "PATCH" => answer(202).header("location", "u").header("range", "0-0"),
        _ => answer(201),
    });
    upload(&server, b"x").unwrap();
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn a_mount_is_made_or_not() {
    let server = Server::new(|asked, number| match (asked.method.as_str(), number) {
        ("POST", 0) => answer(201),
        ("POST", 1) => answer(202).header("location", "/v2/owner/name/blobs/uploads/u"),
        ("POST", _) => answer(403),
        _ => answer(204),
    });
    let repository = server.repository(options());
    let digest = digest_of(b"x");
    assert!(repository.mount(&digest, "other/name").unwrap());
    assert!(!repository.mount(&digest, "other/name").unwrap());
    assert!(!repository.mount(&digest, "other/name").unwrap());
    let lines = server.lines();
    assert!(lines[0].ends_with("&from=other%2Fname"), "{lines:?}");
    assert_eq!(lines[2], "DELETE /v2/owner/name/blobs/uploads/u");
}

#[test]
fn a_manifest_is_pushed_under_tag_and_digest() {
    let server = Server::new(|asked, _| answer(201).header("docker-content-digest", digest_of(&asked.body)));
    let repository = server.repository(options());
    let digest = repository.put_manifest("main", &MediaType::ImageManifest, b"{}").unwrap();
    assert_eq!(digest, digest_of(b"{}"));
    repository.put_manifest(digest.as_ref(), &MediaType::ImageManifest, b"{}").unwrap();
    assert!(repository.put_manifest(digest.as_ref(), &MediaType::ImageManifest, b"{ }").is_err());
    assert!(repository.put_manifest("a/b", &MediaType::ImageManifest, b"{}").is_err());
    assert!(repository.put_manifest("a", &MediaType::ImageManifest, &[b' '; (4 << 20) + 1]).is_err());
    assert_eq!(server.lines().len(), 2);
    assert_eq!(server.asked()[0].header("content-type"), Some("application/vnd.oci.image.manifest.v1+json"));
    let liar = Server::new(|_, _| answer(201).header("docker-content-digest", digest_of(b"other")));
    let error = liar.repository(options()).put_manifest("main", &MediaType::ImageManifest, b"{}").unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
}

#[test]
fn deletion_that_is_switched_off_is_named() {
    let off = Server::new(|_, _| answer(405).body(r#"{"errors":[{"code":"UNSUPPORTED","message":"unsupported"}]}"#));
    let error = off.repository(options()).delete_manifest(&digest_of(b"x")).unwrap_err();
    assert!(
        matches!(&error, Error::Unsupported { .. }) && error.to_string().contains("REGISTRY_STORAGE_DELETE_ENABLED")
    );
    let on = Server::new(|_, _| answer(202));
    on.repository(options()).delete_manifest(&digest_of(b"x")).unwrap();
    on.repository(options()).delete_tag("main").unwrap();
    assert_eq!(on.lines()[1], "DELETE /v2/owner/name/manifests/main");
}
