//! What nobody asks for comes behind what somebody does.

use std::time::{Duration, Instant};

use nix_seed_frames::{FrameCache, Number, Options};

use crate::common::{LONG, cache, files, made, quick};
use crate::server::{Act, Asked};

/// The first frame of a path that nobody streams in these tests.
const WANTED: (u32, u32) = (2, 9);

fn is_wanted(asked: &Asked) -> bool {
    let layer = &made().index().layers[WANTED.0 as usize];
    asked.blob == layer.digest.hex() && asked.range.start == layer.frames[WANTED.1 as usize].offset
}

#[test]
fn everything_arrives_without_being_asked_for() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    frames.stream(made.all(&frames));
    frames.wait();
    assert_eq!(files(&dir).len(), made.path_frames().len());
    server.does(|_| Act::Status(404));
    made.touch_all(&frames);
}

#[test]
fn what_is_streamed_comes_in_the_order_that_was_given() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    // One thread streams.
    let frames = made.frames(&server, Some(cache(&dir)), &Options { threads: 1, ..quick() });
    let number = |(layer, frame)| frames.places().number(layer, frame).unwrap();
    let order = [(2, 5), (2, 6), (2, 7), (0, 1), (1, 3), (1, 2), (2, 1)];
    frames.stream(order.map(number).into());
    frames.stream(made.all(&frames));
    frames.wait();
    let starts = [(2, 5), (0, 1), (1, 3), (1, 2), (2, 1)].map(|(layer, frame)| {
        let layer = &made.index().layers[layer];
        (layer.digest.hex(), layer.frames[frame].offset)
    });
    let asked: Vec<_> = server.asked().into_iter().map(|asked| (asked.blob, asked.range.start)).collect();
    assert_eq!(asked[..5], starts);
    assert_eq!(server.asked()[0].range.end, made.index().layers[2].frames[7].end(), "neighbours come together");
}

#[test]
fn what_lies_behind_a_read_and_is_to_be_read_with_it_comes_with_one_request() {
    let made = made();
    let (layer, start) = (&made.index().layers[1], made.start(1, 1));
    let all = layer.frames[1].offset..layer.frames[3].end();
    // One read of three frames, and one of the first, behind which lies more of the same path.
    for (length, end) in [(made.start(1, 4) - start, all.end), (1, layer.frames[2].end())] {
        let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
        let frames = made.frames(&server, Some(cache(&dir)), &quick());
        if length > 1 {
            frames.expect((1..4).map(|frame| frames.places().number(1, frame).unwrap()).collect());
        }
        let mut buffer = vec![0; length as usize];
        frames.read(1, start, &mut buffer, Instant::now()).unwrap();
        assert!(buffer == made.tars[1][start as usize..][..buffer.len()]);
        let asked = server.asked();
        assert!(asked.iter().any(|asked| asked.range.start == all.start && asked.range.end >= end), "{asked:?}");
    }
}

#[test]
fn whoever_waits_is_served_while_a_stream_hangs() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    server.does(|asked| if is_wanted(asked) { Act::Answer } else { Act::Hang });
    let streamed = |number: &Number| Some(*number) != frames.places().number(WANTED.0, WANTED.1);
    frames.stream(made.all(&frames).into_iter().filter(streamed).collect());
    // All that may stream do.
    server.wait_for_hanging(6);
    made.touch(&frames, WANTED.0, WANTED.1).unwrap();
    assert_eq!(frames.received(), u64::from(made.index().layers[2].frames[9].length), "nothing else has arrived");
    server.does(|_| Act::Answer);
    frames.wait();
    assert_eq!(files(&dir).len(), made.path_frames().len());
}

#[test]
fn what_is_on_its_way_already_is_waited_for_not_fetched_again() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    server.does(|_| Act::Hang);
    frames.stream(vec![frames.places().number(0, 1).unwrap()]);
    server.wait_for_hanging(1);
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| made.touch(&frames, 0, 1).unwrap());
        }
        server.does(|_| Act::Answer);
    });
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_cannot_be_kept_is_not_streamed() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let nothing = FrameCache::at(&dir.path().join("frames"), 0).unwrap();
    for cache in [None, Some(nothing)] {
        let frames = made.frames(&server, cache, &quick());
        frames.stream(made.all(&frames));
        frames.wait();
        made.touch(&frames, 1, 1).unwrap();
        frames.wait();
    }
    assert_eq!(server.asked().len(), 2, "one for each read");
}

#[test]
fn a_cache_that_is_full_ends_a_stream() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let small = FrameCache::at(&dir.path().join("frames"), 256 << 10).unwrap();
    let frames = made.frames(&server, Some(small), &Options { threads: 1, ..quick() });
    let frame = |frame| frames.places().number(1, frame).unwrap();
    frames.stream(vec![frame(1), frame(3), frame(4), frame(5)]);
    frames.wait();
    assert_eq!(server.asked().len(), 1, "512 KiB have no room in 256 KiB");
    let received = frames.received();
    made.touch(&frames, 1, 3).unwrap();
    let length = u64::from(made.index().layers[1].frames[3].length);
    assert_eq!(frames.received() - received, length, "what follows would be fetched in vain");
}

#[test]
fn a_registry_that_is_down_is_left_in_peace_but_asked_for_what_somebody_wants() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    // The first pause is longer than this test.
    let frames = made.frames(&server, Some(cache(&dir)), &Options { pause: LONG * 60, threads: 1, ..quick() });
    server.does(|_| Act::Status(404));
    frames.stream(vec![frames.places().number(1, 1).unwrap(), frames.places().number(1, 3).unwrap()]);
    while server.asked().is_empty() {
        std::thread::yield_now();
    }
    for _ in 0..3 {
        assert!(made.touch(&frames, WANTED.0, WANTED.1).is_err());
    }
    let streamed = server.asked().into_iter().filter(|asked| !is_wanted(asked)).count();
    assert_eq!((streamed, server.asked().len()), (1, 4), "{:?}", server.asked());
    // What arrives says that it is over.
    server.does(|_| Act::Answer);
    made.touch(&frames, WANTED.0, WANTED.1).unwrap();
    frames.wait();
    assert!(made.touch(&frames, 1, 1).is_ok() && files(&dir).len() > 2);
}

#[test]
fn whoever_waits_for_all_is_let_go_though_nothing_ever_arrives() {
    let made = made();
    for act in [Act::Status(404), Act::Refuse, Act::Corrupt] {
        let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
        let frames = made.frames(&server, Some(cache(&dir)), &quick());
        server.does(move |_| act);
        frames.stream(made.all(&frames));
        frames.wait();
        let most = made.path_frames().len() * 3 * 4;
        assert!(server.asked().len() <= most, "{act:?}: {} requests", server.asked().len());
        server.does(|_| Act::Answer);
        made.touch_all(&frames);
    }
}

#[test]
fn whoever_drops_what_streams_does_not_wait_for_it() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.patient(&server, Some(cache(&dir)), &quick(), Duration::from_millis(500));
    server.does(|_| Act::Hang);
    frames.stream(made.all(&frames));
    server.wait_for_hanging(6);
    drop(frames);
    let asked = server.asked().len();
    server.does(|_| Act::Answer);
    // Another process is served, and nothing is asked for by those that ended.
    let later = made.frames(&server, None, &quick());
    made.touch(&later, 0, 1).unwrap();
    assert!(server.asked().len() <= asked + 1 + 6, "{} and {asked}", server.asked().len());
}
