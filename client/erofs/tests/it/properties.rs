//! Whatever the tree, a reader gives it back.

use std::collections::HashSet;

use nix_seed_erofs::{Options, write};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::OPTIONS;
use crate::compare::assert_same;
use crate::tree::{Kind, Tree};

/// Names that sort around `.` and `..`, names that share a beginning, and names of any bytes and of any length.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let near = vec(select(b"\x01\n!+-.\x2f0a\x7f\x80\xff".as_slice()), 1..5);
    let alike = (0..300_u32, 1..255_usize).prop_map(|(number, length)| format!("{number:0>length$}").into_bytes());
    let any = prop_oneof![vec(1..=255_u8, 1..12), vec(1..=255_u8, 200..=255)];
    prop_oneof![3 => near, 2 => alike, 1 => any].prop_map(|mut name| {
        name.iter_mut().filter(|byte| **byte == b'/').for_each(|byte| *byte = b'_');
        if matches!(&*name, b"." | b"..") {
            name.push(b'-');
        }
        name
    })
}

fn size() -> impl Strategy<Value = u64> {
    let large = u64::from(u32::MAX);
    prop_oneof![select(vec![0, 1, 4095, 4096, 4097, large - 1, large, large + 1, 5 << 30]), 0..100_000_u64]
}

fn kind() -> impl Strategy<Value = Kind> {
    let target = prop_oneof![Just(1), 2..200_usize, 4000..=4095_usize].prop_flat_map(|length| vec(1..=255_u8, length));
    prop_oneof![
        3 => (0..=0o7777_u16).prop_map(Kind::Directory),
        5 => (0..=0o7777_u16, size()).prop_map(|(mode, size)| Kind::File(mode, size)),
        2 => target.prop_map(Kind::Symlink),
    ]
}

/// Each item comes into the last folder or into any, and brings up to 300 files like it.
fn tree() -> impl Strategy<Value = Tree> {
    let more = prop_oneof![9 => Just((0, 1)), 1 => (0..300_u32, 1..250_usize)];
    let item = (name(), kind(), any::<bool>(), any::<prop::sample::Index>(), more);
    vec(item, 0..60).prop_map(|items| {
        let mut tree = Tree::new();
        for (name, kind, is_last, chosen, (more, length)) in items {
            let folders = tree.folders();
            let folder = if is_last { folders[folders.len() - 1] } else { *chosen.get(&folders) };
            tree.add(folder, name, kind);
            for number in 0..more {
                tree.add(folder, format!("+{number:0>length$}"), Kind::File(0o444, number.into()));
            }
        }
        tree
    })
}

fn options() -> impl Strategy<Value = Options> {
    let id = || prop_oneof![0..=u32::from(u16::MAX), any::<u32>()];
    (id(), id(), 0..=i64::MAX as u64, any::<[u8; 16]>(), any::<[u8; 16]>())
        .prop_map(|(user, group, time, uuid, volume)| Options { owner: (user, group), time, uuid, volume })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_image_is_of_its_tree(tree in tree(), options in options(), first in vec(0..99_u32, 0..30)) {
        let entries = tree.entries();
        let image = write(&entries, &options, &first).unwrap();
        assert_same(&entries, &options, &image);
        prop_assert_eq!(write(&entries, &options, &first).unwrap(), image);
    }

    #[test]
    fn contents_come_in_the_order_that_is_asked_for(tree in tree(), first in vec(0..99_u32, 0..30)) {
        let image = write(&tree.entries(), &OPTIONS, &first).unwrap();
        let place = |index: u32| image.data.get(index as usize).copied().filter(|place| *place > 0);
        let mut seen = HashSet::new();
        let asked: Vec<_> = first.iter().filter(|index| seen.insert(**index)).filter_map(|index| place(*index)).collect();
        let others: Vec<_> = (0..image.data.len() as u32).filter(|index| !seen.contains(index)).filter_map(place).collect();
        prop_assert!([asked, others].concat().is_sorted());
    }

    /// A folder before what it holds is all that is asked for.
    #[test]
    fn the_tree_may_come_by_its_levels(tree in tree()) {
        let entries = tree.entries();
        let mut depths = vec![0; entries.len()];
        for (index, entry) in entries.iter().enumerate().skip(1) {
            depths[index] = depths[entry.parent as usize] + 1;
        }
        let mut order: Vec<_> = (0..entries.len()).collect();
        order.sort_by_key(|index| depths[*index]);
        let mut places = vec![0; order.len()];
        for (place, index) in (0..).zip(&order) {
            places[*index] = place;
        }
        let mut levels: Vec<_> = order.iter().map(|index| entries[*index]).collect();
        levels.iter_mut().for_each(|entry| entry.parent = places[entry.parent as usize]);
        assert_same(&levels, &OPTIONS, &write(&levels, &OPTIONS, &[]).unwrap());
    }
}
