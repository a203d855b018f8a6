//! Any read gives the tar's bytes, and asks for each frame once.

use std::time::Instant;

use nix_seed_frames::{Error, FrameCache, Options};
use proptest::prelude::*;

use crate::common::{cache, made, quick};

/// A layer, where a read begins in it, and how long it is; each in parts of the whole.
fn any_reads() -> impl Strategy<Value = Vec<(prop::sample::Index, prop::sample::Index, usize)>> {
    let length = prop_oneof![0..5000usize, 0..9_000_000usize];
    prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), length), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn any_read_of_any_range_is_the_tars(reads in any_reads(), memory in prop_oneof![Just(0u64), Just(1 << 20), Just(64 << 20)]) {
        let made = made();
        let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
        let options = Options { memory, ..quick() };
        let full = FrameCache::at(&dir.path().join("full"), 0).unwrap();
        let all = [
            made.layout_frames(&options),
            made.frames(&server, None, &options),
            made.frames(&server, Some(cache(&dir)), &options),
            made.frames(&server, Some(full), &options),
        ];
        for frames in &all {
            std::thread::scope(|scope| {
                for thread in 0..3 {
                    let reads = reads.iter().cycle().skip(thread).take(reads.len());
                    scope.spawn(move || {
                        for (layer, start, length) in reads {
                            let layer = layer.index(made.tars.len());
                            let tar = &made.tars[layer];
                            let start = start.index(tar.len());
                            let expected = &tar[start..tar.len().min(start + length)];
                            let mut buffer = vec![9; expected.len()];
                            frames.read(layer as u32, start as u64, &mut buffer, Instant::now()).unwrap();
                            assert!(buffer == expected, "layer {layer}, from {start}");
                        }
                    });
                }
            });
        }
    }
}

#[test]
fn what_lies_in_no_frame_is_refused() {
    let made = made();
    let frames = made.layout_frames(&quick());
    let end = made.tars[0].len() as u64;
    for (layer, offset) in [(0, end), (0, end - 1), (0, u64::MAX), (3, 0), (u32::MAX, 0)] {
        let error = frames.read(layer, offset, &mut [0; 2], Instant::now()).unwrap_err();
        assert!(matches!(error, Error::Outside { .. }), "{layer} {offset}: {error}");
    }
    frames.read(9, 9, &mut [], Instant::now()).unwrap();
}

#[test]
fn many_threads_that_read_the_same_fetch_it_once_and_a_later_process_nothing() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| made.touch_all(&frames));
        }
    });
    let fetched: u64 = server.asked().iter().map(|asked| asked.range.end - asked.range.start).sum();
    let index = made.index();
    let all: u64 = index.paths.iter().map(|path| index.compressed_size(path)).sum();
    assert_eq!((fetched, frames.received()), (all, all), "{:?}", server.asked());
    let requests = server.asked().len();
    // Whoever waits for a frame has it before it is kept.
    frames.wait();
    let later = made.frames(&server, Some(cache(&dir)), &quick());
    later.stream(made.all(&later));
    made.touch_all(&later);
    later.wait();
    assert_eq!((server.asked().len(), later.received()), (requests, 0));
}

#[test]
fn without_a_cache_memory_alone_keeps_what_was_fetched() {
    let made = made();
    let server = made.server();
    let frames = made.frames(&server, None, &quick());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| made.touch_all(&frames));
        }
    });
    assert_eq!(server.asked().len(), made.path_frames().len());
}

#[test]
fn frames_are_remembered_in_the_order_in_which_they_were_touched() {
    let made = made();
    let frames = made.layout_frames(&quick());
    let order = [(2, 3), (0, 1), (1, 4), (0, 1), (2, 3), (1, 0), (1, 2)];
    for (layer, frame) in order {
        made.touch(&frames, layer, frame).unwrap();
    }
    let expected: Vec<_> = [order[0], order[1], order[2], order[5], order[6]]
        .map(|(layer, frame)| frames.places().number(layer, frame).unwrap())
        .into();
    assert_eq!(frames.touched(), expected);
}

#[test]
fn a_damaged_layout_gives_errors_that_name_the_file_and_no_bytes() {
    let made = made();
    let dir = tempfile::tempdir().unwrap();
    let index = made.index();
    let blobs = dir.path().join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let source = nix_seed_source::Source::Layout(dir.path().into());
    let open = || nix_seed_frames::Frames::new(&made.seed, &source, None, &quick());
    for layer in &index.layers {
        // A layer that is missing is missed before anything is read.
        let hex = layer.digest.hex();
        let error = open().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("opening") && error.contains(&hex), "{error}");
        let mut blob = std::fs::read(made.layout.join("blobs/sha256").join(&hex)).unwrap();
        blob[layer.frames[1].offset as usize + 20] ^= 1;
        std::fs::write(blobs.join(hex), &blob[..blob.len() - 1]).unwrap();
    }
    let frames = open().unwrap();
    made.touch(&frames, 0, 2).unwrap();
    let last = index.layers[0].frames.len() as u32 - 1;
    for (layer, frame, why) in [(0, 1, "its SHA-256 is not"), (0, last, "reading")] {
        let error = made.touch(&frames, layer, frame).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains(&index.layers[layer as usize].digest.hex()), "{error}");
    }
}

/// The most memory that this process has had, in KiB; Linux alone says.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn memory_is_bounded_whatever_is_read() {
    const ALONE: &str = "NIX_SEED_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        // Other tests need memory as well: this one is a process of its own.
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        alone.args(["--exact", "reads::memory_is_bounded_whatever_is_read"]).env(ALONE, "1");
        let output = alone.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let made = made();
    let frames = made.layout_frames(&Options { memory: 1 << 20, ..quick() });
    let Some(before) = most_memory() else { return };
    let mut buffer = vec![0; 128 << 10];
    for _ in 0..10 {
        for (layer, tar) in (0..).zip(&made.tars) {
            for (part, expected) in (0..).zip(tar.chunks(buffer.len())) {
                let buffer = &mut buffer[..expected.len()];
                frames.read(layer, part * (128 << 10), buffer, Instant::now()).unwrap();
                assert!(buffer == expected);
            }
        }
    }
    let more = most_memory().unwrap() - before;
    assert!(more < 32 << 10, "{more} KiB for a seed that is read ten times, of 20 MiB each time");
}
