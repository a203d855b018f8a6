//! What is kept is used, and what is wrong with it is mended.

use std::os::unix::fs::symlink;
use std::path::Path;

use nix_seed_frames::{Frames, Options};

use crate::common::{cache, files, made, quick};
use crate::server::Act;

/// Nothing stays in memory, so that each read looks at what is kept.
fn forgetful() -> Options {
    Options { memory: 0, ..quick() }
}

fn spoil(path: &Path, way: usize) {
    let bytes = std::fs::read(path).unwrap();
    match way % 5 {
        0 => std::fs::write(path, vec![7; bytes.len()]).unwrap(),
        1 => std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap(),
        2 => std::fs::write(path, [&bytes[..], b"more"].concat()).unwrap(),
        3 => {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        }
        _ => {
            std::fs::remove_file(path).unwrap();
            symlink("/etc/passwd", path).unwrap();
        }
    }
}

#[test]
fn whatever_is_damaged_in_a_cache_is_fetched_again_and_healed_while_it_is_in_use() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &forgetful());
    made.touch_all(&frames);
    frames.wait();
    let good: Vec<_> = files(&dir).iter().map(|path| std::fs::read(path).unwrap()).collect();
    let requests = server.asked().len();
    made.touch_all(&frames);
    assert_eq!(server.asked().len(), requests, "all of it is kept");
    for (way, path) in files(&dir).iter().enumerate() {
        spoil(path, way);
    }
    made.touch_all(&frames);
    frames.wait();
    assert!(server.asked().len() > requests);
    assert_eq!(files(&dir).iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>(), good);
    server.does(|_| Act::Status(404));
    made.touch_all(&frames);
}

#[test]
fn a_cache_that_goes_away_is_made_anew() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &forgetful());
    made.touch_all(&frames);
    for path in std::fs::read_dir(dir.path().join("frames")).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        }
    }
    made.touch_all(&frames);
    frames.wait();
    assert_eq!(files(&dir).len(), made.path_frames().len());
}

#[test]
fn a_cache_that_nothing_can_be_written_to_changes_nothing_for_readers() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let unwritable = cache(&dir);
    // Nobody can write to what is no folder, not even root.
    std::fs::remove_dir(dir.path().join("frames")).unwrap();
    std::fs::write(dir.path().join("frames"), "").unwrap();
    let frames: Frames = made.frames(&server, Some(unwritable), &quick());
    frames.stream(made.all(&frames));
    frames.wait();
    let streamed = server.asked().len();
    assert!(streamed <= 6, "{streamed} requests for what cannot be kept");
    made.touch_all(&frames);
}
