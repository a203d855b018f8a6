//! All of a seed, verified before it is used, and held.

use std::sync::atomic::{AtomicU64, Ordering};

use nix_seed_frames::{Error, FrameCache, Options};
use nix_seed_store::Sha256Hash;

use crate::common::{cache, files, made, quick};
use crate::server::Act;

fn positions() -> Vec<u32> {
    (0..).take(made().index().paths.len()).collect()
}

#[test]
fn all_paths_are_fetched_verified_and_told_of() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    let told = AtomicU64::new(0);
    let tell = |bytes| {
        told.fetch_add(bytes, Ordering::Relaxed);
    };
    frames.complete(made.index(), &positions(), 3, &tell).unwrap();
    let all: u64 = made.index().paths.iter().map(|path| made.index().compressed_size(path)).sum();
    assert_eq!((told.into_inner(), frames.received()), (all, all));
    assert!(frames.touched().is_empty(), "nobody has used it yet");
    let requests = server.asked().len();
    let later = made.frames(&server, Some(cache(&dir)), &quick());
    later.complete(made.index(), &positions(), 1, &|_| ()).unwrap();
    made.layout_frames(&quick()).complete(made.index(), &positions(), 2, &|_| ()).unwrap();
    assert_eq!(server.asked().len(), requests);
    // Without a cache, what is asked for is read all the same.
    made.frames(&server, None, &quick()).complete(made.index(), &[0, 3, 9999], 1, &|_| ()).unwrap();
}

#[test]
fn a_path_that_is_not_what_the_index_says_is_refused_by_name() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    let mut index = made.index().clone();
    index.paths[4].info.nar_hash = Sha256Hash([7; 32]);
    for threads in [1, 3] {
        let error = frames.complete(&index, &positions(), threads, &|_| ()).unwrap_err();
        assert!(matches!(error, Error::Image(_)), "{error:?}");
        let message = error.to_string();
        assert!(message.contains(&index.paths[4].info.path.to_string()) && message.contains("NAR hash"), "{message}");
    }
    frames.complete(&index, &[0, 1, 2], 2, &|_| ()).unwrap();
}

#[test]
fn why_a_frame_does_not_come_is_what_complete_says() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    server.does(|_| Act::Corrupt);
    let error = frames.complete(made.index(), &positions(), 2, &|_| ()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    server.does(|_| Act::Status(404));
    let error = frames.complete(made.index(), &positions(), 2, &|_| ()).unwrap_err();
    assert!(matches!(error, Error::Source(_)), "{error:?}");
}

#[test]
fn what_is_damaged_in_the_cache_is_healed() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let complete = || {
        let frames = made.frames(&server, Some(cache(&dir)), &quick());
        frames.complete(made.index(), &positions(), 2, &|_| ()).unwrap();
        frames.wait();
        files(&dir).iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    let good = complete();
    for path in files(&dir).iter().step_by(3) {
        let length = std::fs::metadata(path).unwrap().len();
        std::fs::write(path, vec![0; length as usize]).unwrap();
    }
    assert!(complete() == good);
}

#[test]
fn what_is_held_needs_neither_cache_nor_registry_any_more() {
    let made = made();
    for limit in [0, 1 << 20, 1 << 30] {
        let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
        let shared = dir.path().join("frames");
        let cache = FrameCache::at(&shared, limit).unwrap().holding(&dir.path().join("hold")).unwrap();
        let frames = made.frames(&server, Some(cache), &Options { memory: 0, ..quick() });
        frames.complete(made.index(), &positions(), 2, &|_| ()).unwrap();
        frames.wait();
        std::fs::remove_dir_all(&shared).unwrap();
        server.does(|_| Act::Refuse);
        let requests = server.asked().len();
        made.touch_all(&frames);
        assert_eq!(server.asked().len(), requests, "{limit}");
    }
}

#[test]
fn what_is_in_the_cache_is_held_without_being_fetched() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let frames = made.frames(&server, Some(cache(&dir)), &quick());
    frames.stream(made.all(&frames));
    frames.wait();
    server.does(|_| Act::Refuse);
    let requests = server.asked().len();
    let held = cache(&dir).holding(&dir.path().join("hold")).unwrap();
    let frames = made.frames(&server, Some(held), &quick());
    frames.complete(made.index(), &positions(), 2, &|_| ()).unwrap();
    frames.wait();
    assert_eq!(server.asked().len(), requests);
}

#[test]
fn what_cannot_be_held_is_no_success() {
    let made = made();
    let (server, dir) = (made.server(), tempfile::tempdir().unwrap());
    let hold = dir.path().join("hold");
    let held = cache(&dir).holding(&hold).unwrap();
    // Nobody can write to what is no folder, not even root.
    std::fs::remove_dir(&hold).unwrap();
    std::fs::write(&hold, "").unwrap();
    let frames = made.frames(&server, Some(held), &quick());
    let error = frames.complete(made.index(), &positions(), 2, &|_| ()).unwrap_err();
    assert!(matches!(error, Error::NotHeld { .. }), "{error:?}");
    assert!(error.to_string().contains(&*hold.to_string_lossy()), "{error}");
}
