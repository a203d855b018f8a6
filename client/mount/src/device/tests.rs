use std::sync::OnceLock;

use proptest::prelude::*;

use nix_seed_frames::Number;

use super::*;
use crate::Local;
use crate::testing::Made;

/// A device, and all that it should hold.
fn made() -> &'static (Made, Device, Vec<u8>) {
    static MADE: OnceLock<(Made, Device, Vec<u8>)> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = Made::new();
        let device = Device::new(made.contents(Local::new()), (0, 0)).unwrap();
        let mut expected = device.metadata.clone();
        for file in &device.files {
            let bytes = made.bytes(file.path, file.entry);
            assert!(expected.len() as u64 <= file.start, "files lie apart, behind the metadata");
            expected.resize(file.start as usize, 0);
            expected.extend(bytes);
        }
        assert!(expected.len() as u64 <= device.size());
        expected.resize(device.size() as usize, 0);
        (made, device, expected)
    })
}

fn read(offset: u64, length: usize) -> Vec<u8> {
    let mut buffer = vec![9; length];
    made().1.read(offset, &mut buffer).unwrap();
    buffer
}

#[test]
fn a_device_is_its_metadata_and_each_file_in_its_place() {
    let (made, device, expected) = made();
    assert!(read(0, expected.len()) == *expected);
    // Small files are in the metadata's inodes or in blocks of their own; either way each is there.
    let placed = device.files.iter().map(|file| (file.path, file.entry)).collect::<Vec<_>>();
    for (path, seed_path) in (0..).zip(&made.seed.index.paths) {
        for (entry, found) in (0..).zip(&seed_path.entries) {
            let is_held = matches!(found.node, SeedNode::File { size, .. } if size > 0);
            assert_eq!(placed.contains(&(path, entry)), is_held, "{path} {entry}");
        }
    }
}

#[test]
fn likely_files_lie_first_and_in_their_order_and_all_others_as_in_their_layers() {
    let made = &made().0;
    let frames = made.contents(Local::new());
    let places = frames.frames().places();
    let index = &made.seed.index;
    let large = index.paths.iter().find(|path| path.frames.len() > 2).unwrap();
    let small = index.paths.iter().find(|path| path.layer != large.layer && path.entries.len() > 9).unwrap();
    // The last frame of the one, and then the first of the other.
    let likely: Vec<_> = [places.of_path(large).end - 1, places.of_path(small).start].map(Number).into();
    let contents = made.contents_with(Local::new(), likely.clone());
    let device = Device::new(contents, (0, 0)).unwrap();
    let mut orders = Vec::new();
    for file in &device.files {
        let path = &index.paths[file.path as usize];
        let SeedNode::File { size, offset, .. } = path.entries[file.entry as usize].node else { panic!("no file") };
        let rank = places.of_file(path, offset, size).filter_map(|number| likely.iter().position(|it| *it == number));
        orders.push((rank.min().unwrap_or(9), path.layer, places.start(path) + offset));
    }
    assert!(orders.is_sorted(), "{orders:?}");
    assert_eq!([orders[0].0, orders[orders.len() - 1].0], [0, 9]);
    assert!(orders.iter().any(|order| order.0 == 1));
}

#[test]
fn zeros_stand_behind_the_end() {
    let end = made().2.len() as u64;
    for offset in [end, end + 1, u64::MAX / 2, u64::MAX - 10] {
        assert_eq!(read(offset, 10), [0; 10]);
    }
    assert_eq!(read(end - 5, 10)[5..], [0; 5]);
    assert!(read(0, 0).is_empty());
}

#[test]
fn where_one_thing_ends_and_another_begins_nothing_is_lost() {
    let (_, device, expected) = made();
    let begins = device.files.iter().map(|file| file.start).chain([device.metadata.len() as u64, device.size()]);
    for begin in begins {
        for (before, length) in [(0, 1), (1, 1), (1, 2), (4096, 8192), (100, 50)] {
            let (start, end) = ((begin - before) as usize, (begin - before) as usize + length);
            let mut wanted = expected.get(start..end.min(expected.len())).unwrap_or_default().to_vec();
            wanted.resize(length, 0);
            assert!(read(start as u64, length) == wanted, "{length} from {start}");
        }
    }
}

proptest! {
    #[test]
    fn any_part_is_what_it_is_of_the_whole(start in any::<prop::sample::Index>(), length in prop_oneof![0..9000usize, 0..3_000_000usize]) {
        let expected = &made().2;
        let start = start.index(expected.len());
        let mut wanted = expected[start..expected.len().min(start + length)].to_vec();
        wanted.resize(length, 0);
        prop_assert!(read(start as u64, length) == wanted);
    }
}
