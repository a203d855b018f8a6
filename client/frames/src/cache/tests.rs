use std::fs::File;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::testing::frame;

/// A frame of 100 bytes, one for each number.
fn numbered(number: u8) -> Compared<Vec<u8>> {
    frame(vec![number; 100])
}

fn cache(folder: &TempDir, limit: u64) -> FrameCache {
    FrameCache::at(&folder.path().join("frames"), limit).unwrap()
}

fn path(cache: &FrameCache, frame: &Frame) -> PathBuf {
    cache.0.folder.join(name(&frame.sha256))
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[test]
fn what_is_put_is_there_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, frame) = (cache(&folder, 1000), numbered(1));
    assert!(!cache.has(frame.frame()) && cache.get(frame.frame()).is_none());
    assert!(cache.put(&frame));
    let other = FrameCache::at(&folder.path().join("frames"), 1000).unwrap();
    assert!(other.has(frame.frame()));
    assert_eq!(other.get(frame.frame()).unwrap().bytes(), frame.bytes());
    let mode = folder.path().join("frames").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "it is nobody else's");
}

#[test]
fn whatever_stands_where_a_frame_should_is_healed_or_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, frame) = (cache(&folder, 1 << 20), numbered(1));
    let path = path(&cache, frame.frame());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    std::fs::write(&elsewhere, frame.bytes()).unwrap();
    let spoil: [(&str, &dyn Fn()); 7] = [
        ("damaged", &|| std::fs::write(&path, [9; 100]).unwrap()),
        ("truncated", &|| std::fs::write(&path, [1; 99]).unwrap()),
        ("too long", &|| std::fs::write(&path, [1; 101]).unwrap()),
        ("empty", &|| std::fs::write(&path, []).unwrap()),
        ("a folder", &|| std::fs::create_dir(&path).unwrap()),
        ("a link", &|| symlink(&elsewhere, &path).unwrap()),
        ("a link that leads nowhere", &|| symlink("nowhere", &path).unwrap()),
    ];
    for (what, spoil) in spoil {
        spoil();
        assert!(cache.get(frame.frame()).is_none(), "{what}");
        assert!(cache.put(&frame), "{what}");
        assert_eq!(cache.get(frame.frame()).unwrap().bytes(), frame.bytes(), "{what}");
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(std::fs::read(&elsewhere).unwrap(), frame.bytes(), "nothing is written through links");
    // Nobody knows what a folder is for that holds something; but it is in the way of one frame only.
    std::fs::create_dir_all(path.join("something")).unwrap();
    assert!(cache.put(&frame) && cache.get(frame.frame()).is_none());
    assert!(cache.put(&numbered(2)) && cache.has(numbered(2).frame()));
}

#[test]
fn a_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, frame) = (cache(&folder, 1000), numbered(1));
    let path = path(&cache, frame.frame());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(cache.get(frame.frame()).is_none() && !cache.has(frame.frame()));
    assert!(cache.put(&frame) && cache.get(frame.frame()).is_some());
}

#[test]
fn what_cannot_be_kept_is_told_and_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let full = cache(&folder, 99);
    assert!(full.keeps() && !full.put(&numbered(1)) && !full.has(numbered(1).frame()));
    assert!(full.0.is_told.load(Ordering::Relaxed));
    assert!(!cache(&folder, 0).keeps());
    // Neither root nor anybody else can write below a file.
    let unwritable = FrameCache::at(&folder.path().join("other"), 1000).unwrap();
    std::fs::write(folder.path().join("other/lock"), "").unwrap();
    let path = path(&unwritable, numbered(1).frame());
    std::fs::write(path.parent().unwrap(), "").unwrap();
    assert!(!unwritable.put(&numbered(1)) && unwritable.get(numbered(1).frame()).is_none());
    assert!(unwritable.put(&numbered(2)));
}

#[test]
fn what_is_held_outlives_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let shared = cache(&folder, 350);
    for number in 0..3 {
        assert!(shared.put(&numbered(number)));
    }
    let held = shared.holding(&folder.path().join("hold")).unwrap();
    assert!(held.has(numbered(0).frame()), "it is there, if not held");
    assert!(held.check_held(numbered(0).frame()).is_err());
    assert!(held.get(numbered(0).frame()).is_some());
    held.check_held(numbered(0).frame()).unwrap();
    for number in 3..20 {
        assert!(shared.put(&numbered(number)));
    }
    assert!(!shared.has(numbered(0).frame()), "others took its place");
    assert_eq!(held.get(numbered(0).frame()).unwrap().bytes(), numbered(0).bytes());
    // Also where the cache has no room at all.
    let full = cache(&folder, 0).holding(&folder.path().join("hold")).unwrap();
    assert!(full.keeps() && full.put(&numbered(77)));
    full.check_held(numbered(77).frame()).unwrap();
}

#[test]
fn what_is_held_and_damaged_is_taken_from_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let shared = cache(&folder, 1000);
    let held = shared.holding(&folder.path().join("hold")).unwrap();
    let frame = numbered(1);
    let path = folder.path().join("hold").join(name(&frame.frame().sha256));
    for damage in [&[9; 100][..], &[1; 50]] {
        assert!(shared.put(&frame));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, damage).unwrap();
        assert_eq!(held.get(frame.frame()).unwrap().bytes(), frame.bytes());
        assert_eq!(std::fs::read(&path).unwrap(), frame.bytes(), "it is mended");
    }
    // Where both are links to one damaged file, it is fetched anew.
    std::fs::remove_file(&path).unwrap();
    assert!(held.get(frame.frame()).is_some());
    std::fs::write(&path, [9; 100]).unwrap();
    assert!(held.get(frame.frame()).is_none() && !held.has(frame.frame()));
}

#[test]
fn what_is_used_stays() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(&folder, 1000);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    for number in 0..9 {
        assert!(cache.put(&numbered(number)));
        let file = File::options().write(true).open(path(&cache, numbered(number).frame())).unwrap();
        file.set_modified(old).unwrap();
    }
    assert!(cache.get(numbered(4).frame()).is_some());
    for number in 9..15 {
        assert!(cache.put(&numbered(number)));
    }
    let kept: Vec<_> = (0..9).filter(|number| cache.has(numbered(*number).frame())).collect();
    assert!(kept.contains(&4) && kept.len() < 4, "{kept:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn writers_at_the_same_time_exceed_the_limit_by_what_is_documented(
        limit in 2_000..20_000u64, lengths in prop::collection::vec(1..1000usize, 40)
    ) {
        const THREADS: u64 = 4;
        let folder = tempfile::tempdir().unwrap();
        let caches = [cache(&folder, limit), cache(&folder, limit)];
        let most = limit + 2 * (limit / 8) + 2 * THREADS * 1000;
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                for (number, cache) in (0..).zip(&caches) {
                    let lengths = &lengths;
                    scope.spawn(move || {
                        for (position, length) in lengths.iter().enumerate() {
                            // Half of it is written by both caches.
                            let seed = if position % 2 == 0 { thread } else { thread * 2 + number + 100 };
                            let mut random = fastrand::Rng::with_seed(seed * 1000 + position as u64);
                            let frame = frame((0..*length).map(|_| random.u8(..)).collect());
                            assert!(cache.put(&frame));
                            let kept = cache.get(frame.frame());
                            assert!(kept.is_none_or(|kept| kept.bytes() == frame.bytes()));
                            let size = size(&cache.0.folder);
                            assert!(size <= most, "{size} of {limit}");
                        }
                    });
                }
            }
        });
        prop_assert!(size(&caches[0].0.folder) <= most);
        prop_assert!(caches.iter().all(|cache| !cache.0.is_told.load(Ordering::Relaxed)));
    }
}

#[test]
fn attack_a_folder_of_somebody_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    // Whoever is not root cannot give folders away, but finds root's.
    let theirs = match std::os::unix::fs::chown(&theirs, Some(65_534), None) {
        Ok(()) => theirs,
        Err(_) => "/usr".into(),
    };
    let link = folder.path().join("link");
    symlink(&theirs, &link).unwrap();
    for path in [&theirs, &link] {
        let error = FrameCache::at(path, 1000).unwrap_err();
        assert!(matches!(error, Error::Owner { .. }), "{error}");
        assert!(error.to_string().contains("NIX_SEED_CACHE"), "{error}");
    }
    let mine = cache(&folder, 1000);
    assert!(matches!(mine.holding(&theirs), Err(Error::Owner { .. })));
}

#[test]
fn attack_a_folder_that_others_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o720, 0o702, 0o777, 0o1777] {
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
        let error = FrameCache::at(folder.path(), 1000).unwrap_err();
        assert!(matches!(error, Error::Open { .. }), "{mode:o}: {error}");
    }
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    FrameCache::at(folder.path(), 1000).unwrap();
}

#[test]
fn attack_links_are_not_followed_by_what_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    std::fs::create_dir(&precious).unwrap();
    std::fs::write(precious.join("file"), [0; 5000]).unwrap();
    let cache = cache(&folder, 1000);
    symlink(&precious, folder.path().join("frames/aa")).unwrap();
    for number in 0..30 {
        // One frame's folder may be the link's.
        cache.put(&numbered(number));
    }
    assert!(precious.join("file").exists());
}
