use nix_seed_image::layout::blob_path;

use super::*;
use crate::testing::index;

/// A fetcher of a folder in which one layer lies that is not what its index says, with so many threads.
fn fetcher(folder: &std::path::Path, threads: usize) -> Fetcher {
    let index = index(&[vec![vec![(10, 10)]]]);
    let blob = blob_path(folder, &index.layers[0].digest);
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    std::fs::write(blob, [0; 120]).unwrap();
    let places = Arc::new(Places::new(&index));
    let descriptor = Descriptor::new(
        oci_spec::image::MediaType::ImageLayerZstd,
        120,
        format!("sha256:{}", index.layers[0].digest.hex()).parse::<oci_spec::image::Digest>().unwrap(),
    );
    let cache = FrameCache::at(&folder.join("cache"), 1 << 20).unwrap();
    let options = Options { threads, pause: Duration::from_millis(1), ..Options::default() };
    Fetcher::start(places, Source::Layout(folder.into()), vec![descriptor], Some(cache), &options).unwrap()
}

#[test]
fn threads_end_with_whoever_may_ask() {
    let folder = tempfile::tempdir().unwrap();
    let fetcher = fetcher(folder.path(), 9);
    fetcher.stream(vec![Number(1), Number(0), Number(2)]);
    let shared = Arc::downgrade(&fetcher.0);
    drop(fetcher);
    // The last thread drops what they share.
    let end = Instant::now() + Duration::from_secs(20);
    while shared.strong_count() > 0 {
        assert!(Instant::now() < end, "{} are left", shared.strong_count());
        std::thread::yield_now();
    }
}

#[test]
fn what_is_damaged_is_named_alone() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = fetcher(folder.path(), 9).fetch(Number(1), std::iter::empty(), Duration::from_secs(20)).unwrap();
    let Err(Error::Damaged { what }) = outcome else { panic!("{outcome:?}") };
    assert!(what.starts_with("the frame at byte 90 of layer sha256:"), "{what}");
}

#[test]
fn whoever_waits_for_streams_is_let_go_though_none_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let fetcher = fetcher(folder.path(), 9);
    fetcher.stream(vec![Number(0), Number(1), Number(2), Number(77)]);
    fetcher.wait();
    assert_eq!(fetcher.received(), 120 * 3 * 2, "each was tried three times, and twice each time");
}

#[test]
fn a_frame_that_no_layer_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = fetcher(folder.path(), 1).fetch(Number(77), std::iter::empty(), Duration::from_secs(20)).unwrap();
    assert!(matches!(outcome, Err(Error::Outside { .. })), "{outcome:?}");
}

#[test]
fn some_threads_are_kept_for_what_somebody_waits_for() {
    assert_eq!([1, 2, 3, 4, 9].map(most_behind), [1, 1, 1, 1, 6]);
}
