//! Blobs and ranges from a registry that misbehaves.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::server::{Answer, Asked, End, Server, answer, options, part};
use crate::{bytes, digest_of};
use nix_seed_registry::{Error, Options};

fn blob() -> Vec<u8> {
    bytes(100_000)
}

/// The ranges of the blob from a server that answers by `script`, or the error.
fn read(
    ranges: &[std::ops::Range<u64>],
    options: Options,
    script: impl Fn(&Asked, usize, &[u8]) -> Answer + Send + Sync + 'static,
) -> (Server, Result<Vec<u8>, String>) {
    let content = blob();
    let server = Server::new(move |asked, number| script(asked, number, &content));
    let mut reader = server.repository(options).ranges(&digest_of(&blob()), 100_000, ranges.to_vec()).unwrap();
    let mut found = Vec::new();
    let result = reader.read_to_end(&mut found).map(|_| found);
    let result = result.map_err(|error| Error::inside(&error).expect("an error of ours").to_string());
    (server, result)
}

fn expected(ranges: &[std::ops::Range<u64>]) -> Vec<u8> {
    ranges.iter().flat_map(|range| blob()[range.start as usize..range.end as usize].to_vec()).collect()
}

const RANGES: [std::ops::Range<u64>; 4] = [10..20, 500..40_000, 40_010..40_010, 90_000..100_000];

#[test]
fn ranges_near_each_other_are_one_request() {
    let (server, read) = read(&RANGES, Options { gap: 1000, ..options() }, |asked, _, blob| part(asked, blob));
    assert_eq!(read.unwrap(), expected(&RANGES));
    let asked: Vec<_> = server.asked().iter().map(|asked| asked.range().unwrap()).collect();
    assert_eq!(asked, [10..40_000, 90_000..100_000]);
}

#[test]
fn no_byte_is_asked_for_in_vain_unless_one_says_so() {
    let (server, read) = read(&RANGES, options(), |asked, _, blob| part(asked, blob));
    assert_eq!(read.unwrap(), expected(&RANGES));
    let asked: Vec<_> = server.asked().iter().map(|asked| asked.range().unwrap()).collect();
    assert_eq!(asked, [10..20, 500..40_000, 90_000..100_000]);
}

#[test]
fn a_cut_connection_goes_on_where_it_broke() {
    let options = Options { gap: 64 << 10, ..options() };
    let (server, read) = read(&RANGES, options, |asked, number, blob| {
        let answer = part(asked, blob);
        if number < 9 { answer.end(End::Cut(3000)) } else { answer }
    });
    assert_eq!(read.unwrap(), expected(&RANGES));
    let starts: Vec<_> = server.asked().iter().map(|asked| asked.range().unwrap().start).collect();
    assert_eq!(starts[..3], [10, 3010, 6010]);
}

#[test]
fn a_stalled_connection_goes_on_where_it_broke() {
    let options = Options { stall: Duration::from_millis(50), gap: 64 << 10, ..options() };
    let (server, read) = read(&RANGES, options, |asked, number, blob| {
        let answer = part(asked, blob);
        if number == 0 { answer.end(End::Stall(5000)) } else { answer }
    });
    assert_eq!(read.unwrap(), expected(&RANGES));
    assert_eq!(server.asked()[1].range().unwrap().start, 5010);
}

#[test]
fn a_connection_that_never_gets_on_is_given_up() {
    let (server, read) = read(&RANGES, options(), |asked, _, blob| part(asked, blob).end(End::Cut(0)));
    let message = read.unwrap_err();
    assert!(message.contains("127.0.0.1") && message.contains("try again"), "{message}");
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_registry_that_ignores_ranges_is_read_once_from_its_beginning() {
    let options = Options { gap: 0, ..options() };
    let (server, read) = read(&RANGES, options, |_, _, blob| answer(200).body(blob));
    assert_eq!(read.unwrap(), expected(&RANGES));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_registry_that_lies_about_its_range_is_refused() {
    for lie in
        ["bytes 11-20/100000", "bytes 10-18/100000", "bytes 10-19/100001", "bytes 0-9/100000", "", "bytes */100000"]
    {
        let options = Options { gap: 0, ..options() };
        let (server, read) = read(&RANGES, options, move |asked, _, blob| {
            let honest = part(asked, blob);
            answer(206).header("content-range", lie).body(honest.body)
        });
        let message = read.unwrap_err();
        assert!(message.contains("lies about its range: bytes 10-19 of 100000"), "{message}");
        assert_eq!(server.asked().len(), 1, "{lie}");
    }
}

#[test]
fn a_blob_of_another_length_is_refused() {
    let (_, read) = read(&RANGES, options(), |_, _, blob| answer(200).body(&blob[..99_999]));
    assert!(read.unwrap_err().contains("it sends 99999 bytes"));
}

#[test]
fn an_answer_without_content_is_refused() {
    let (_, read) = read(&RANGES, options(), |_, _, _| answer(204));
    assert!(read.unwrap_err().contains("it sends status 204"));
}

#[test]
fn more_bytes_than_promised_are_not_read() {
    let content = blob();
    let server = Server::new(move |_, _| answer(200).body(&content).end(End::Endless));
    let error = server.repository(options()).blob(&digest_of(&blob()), 100_000, 100_000).unwrap_err();
    assert!(error.to_string().contains("lies about its range"), "{error}");
}

#[test]
fn no_such_range_is_named() {
    let (_, read) = read(&RANGES, Options { gap: 0, ..options() }, |_, _, _| answer(416));
    assert!(read.unwrap_err().contains("no bytes 10-19"));
}

#[test]
fn a_missing_blob_is_named_at_once() {
    let envelope = r#"{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry"}]}"#;
    let (server, read) = read(&RANGES, options(), move |_, _, _| answer(404).body(envelope));
    let message = read.unwrap_err();
    assert!(
        message.contains("/owner/name: blob sha256:") && message.contains("404 BLOB_UNKNOWN: blob unknown"),
        "{message}"
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn ranges_outside_of_the_blob_are_refused() {
    let server = Server::new(|_, _| answer(500));
    let repository = server.repository(options());
    let backwards = std::ops::Range { start: 20, end: 10 };
    for ranges in [vec![10..20, 99_000..100_001], vec![10..20, 15..30], vec![50..60, 10..20], vec![backwards, 30..40]] {
        let error = repository.ranges(&digest_of(&blob()), 100_000, ranges).unwrap_err();
        assert!(matches!(error, Error::Argument { .. }), "{error}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn a_whole_blob_is_asked_for_without_a_range_and_goes_on_with_one() {
    let content = blob();
    let server = Server::new(move |asked, number| {
        let answer = part(asked, &content);
        if number == 0 { answer.end(End::Cut(60_000)) } else { answer }
    });
    assert_eq!(server.repository(options()).blob(&digest_of(&blob()), 100_000, 100_000).unwrap(), blob());
    let asked = server.asked();
    assert_eq!((asked[0].range(), asked[1].range()), (None, Some(60_000..100_000)));
}

#[test]
fn a_blob_with_other_bytes_is_refused() {
    let mut content = blob();
    content[77] ^= 1;
    let server = Server::new(move |asked, _| part(asked, &content));
    let error = server.repository(options()).blob(&digest_of(&blob()), 100_000, 100_000).unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
}

#[test]
fn what_comes_over_the_wire_is_counted() {
    let content = blob();
    let server = Server::new(move |asked, _| part(asked, &content));
    let reference = format!("{}/owner/name", server.host).parse().unwrap();
    let registry = nix_seed_registry::Registry::new(Options { gap: 0, ..options() }).unwrap();
    let mut reader = registry.repository(&reference).ranges(&digest_of(&blob()), 100_000, RANGES.to_vec()).unwrap();
    std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    assert_eq!(registry.traffic().received(), 10 + 39_500 + 10_000);
    assert_eq!((registry.traffic().requests(), registry.traffic().sent()), (3, 0));
}

#[test]
fn threads_share_a_repository() {
    let content = blob();
    let server = Server::new(move |asked, number| {
        let answer = part(asked, &content);
        if number % 5 == 4 { answer.end(End::Cut(answer_half(asked))) } else { answer }
    });
    let repository = server.repository(options());
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                assert_eq!(repository.blob(&digest_of(&blob()), 100_000, 100_000).unwrap(), blob());
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(done.into_inner(), 8);
}

fn answer_half(asked: &Asked) -> usize {
    asked.range().map_or(50_000, |range| range.len() / 2)
}
