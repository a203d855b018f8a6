//! Whatever a registry does, a read ends in time: with the right bytes, or with an error.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix_seed_frames::{Error, Options};

use crate::common::{LONG, cache, made, quick};
use crate::server::Act;

/// Misbehaves for so many requests.
fn first(count: usize, act: Act) -> impl Fn(&crate::server::Asked) -> Act {
    let asked = AtomicUsize::new(0);
    move |_| if asked.fetch_add(1, Ordering::Relaxed) < count { act } else { Act::Answer }
}

#[test]
fn what_is_damaged_once_is_fetched_again() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    for cache in [None, Some(cache(&dir))] {
        let frames = made.frames(&server, cache, &quick());
        server.does(first(1, Act::Corrupt));
        made.touch(&frames, 0, 1).unwrap();
    }
}

#[test]
fn what_is_always_damaged_is_an_error_and_never_bytes() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    server.does(|_| Act::Corrupt);
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    let mut buffer = [7; 5000];
    let error = frames.read(1, 2000, &mut buffer, Instant::now()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let (layer, frame) = (&made.index().layers[1], &made.index().layers[1].frames[1]);
    let named = format!("the frame at byte {} of layer sha256:{}", frame.offset, layer.digest.hex());
    assert!(error.to_string().starts_with(&named), "{error}");
    assert_eq!(buffer, [7; 5000]);
    assert!(crate::common::files(&dir).is_empty(), "it is not kept");
    server.does(|_| Act::Answer);
    made.touch(&frames, 1, 1).unwrap();
}

#[test]
fn a_registry_that_fails_is_named_and_asked_again_by_the_next_read() {
    let made = made();
    for act in [Act::Cut, Act::Status(404), Act::Status(500), Act::Status(401), Act::Refuse] {
        let server = made.server();
        let frames = made.frames(&server, None, &quick());
        server.does(move |_| act);
        for _ in 0..2 {
            let error = made.touch(&frames, 0, 1).unwrap_err();
            assert!(matches!(error, Error::Source(_)), "{act:?}: {error:?}");
            assert!(error.to_string().contains("127.0.0.1"), "{act:?}: {error}");
            if let Act::Status(status @ (404 | 500)) = act {
                assert!(error.to_string().contains(&status.to_string()), "{error}");
            }
        }
        server.does(|_| Act::Answer);
        made.touch(&frames, 0, 1).unwrap();
        assert_eq!(frames.touched().len(), 1);
    }
}

#[test]
fn nobody_there_is_an_error() {
    let made = made();
    let source = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let reference = format!("{}/owner/name", listener.local_addr().unwrap()).parse().unwrap();
        let options = nix_seed_registry::Options {
            environment: Default::default(),
            attempts: 1,
            ..nix_seed_registry::Options::default()
        };
        nix_seed_source::Source::Registry(nix_seed_registry::Registry::new(options).unwrap().repository(&reference))
    };
    let frames = nix_seed_frames::Frames::new(&made.seed, &source, None, &quick()).unwrap();
    let error = made.touch(&frames, 0, 1).unwrap_err();
    assert!(matches!(error, Error::Source(_)), "{error:?}");
}

#[test]
fn a_registry_that_never_answers_makes_no_reader_wait_longer_than_the_deadline() {
    let made = made();
    let server = made.server();
    let deadline = Duration::from_millis(300);
    let options = Options { deadline, ..quick() };
    let frames = made.patient(&server, None, &options, Duration::from_secs(1));
    server.does(|_| Act::Hang);
    let positions: Vec<_> = made.path_frames().into_keys().collect();
    // All at the same frame, then each at another: more than there are threads.
    for spread in [false, true] {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for reader in 0..20 {
                let (layer, frame) = positions[if spread { reader % positions.len() } else { 0 }];
                let frames = &frames;
                scope.spawn(move || {
                    let error = made.touch(frames, layer, frame).unwrap_err();
                    assert!(matches!(error, Error::Late { .. }), "{error:?}");
                    assert!(error.to_string().contains("300ms"), "{error}");
                });
            }
        });
        let took = began.elapsed();
        assert!(took >= deadline && took < deadline * 10, "{took:?}, not one after the other");
    }
    server.does(|_| Act::Answer);
    let later = Instant::now();
    while let Err(error) = made.touch(&frames, 0, 1) {
        // Threads are free once the connections that hang count as broken.
        assert!(matches!(error, Error::Late { .. }) && later.elapsed() < LONG, "{error}");
    }
    made.touch(&frames, 1, 1).unwrap();
}

#[test]
fn whoever_comes_later_waits_a_deadline_of_its_own() {
    let made = made();
    let server = made.server();
    let deadline = Duration::from_secs(2);
    let frames = made.frames(&server, None, &Options { deadline, ..quick() });
    server.does(|_| Act::Hang);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| made.touch(&frames, 0, 1));
        server.wait_for_hanging(1);
        let began = Instant::now();
        let later = scope.spawn(|| made.touch(&frames, 0, 1));
        // The first is late; the later one, which came some time after it, still waits when the answer comes.
        assert!(matches!(first.join().unwrap(), Err(Error::Late { .. })));
        server.does(|_| Act::Answer);
        let later = later.join().unwrap();
        assert!(later.is_ok() || began.elapsed() >= deadline, "{later:?}");
    });
}

#[test]
fn what_nobody_waits_for_any_more_is_not_fetched_before_what_somebody_does() {
    let made = made();
    let server = made.server();
    // Four threads: the fewest there are.
    let options = Options { deadline: Duration::from_millis(200), threads: 1, ..quick() };
    let frames = made.patient(&server, None, &options, LONG);
    server.does(|_| Act::Hang);
    for (layer, frame) in made.path_frames().into_keys().take(12) {
        assert!(made.touch(&frames, layer, frame).is_err());
    }
    assert_eq!(server.asked().len(), 4);
    server.does(|_| Act::Answer);
    let later = Instant::now();
    while made.touch(&frames, 2, 9).is_err() {
        assert!(later.elapsed() < LONG);
    }
    let (last, layer) = (server.asked().pop().unwrap(), &made.index().layers[2]);
    assert_eq!(last.blob, layer.digest.hex());
    assert_eq!((server.asked().len(), last.range.start), (5, layer.frames[9].offset));
}
