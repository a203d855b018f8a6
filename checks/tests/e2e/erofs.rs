//! Images that `nix-seed-erofs` wrote the metadata of: the kernel mounts them, `fsck.erofs` extracts them, and both find what was
//! meant. Only root may mount.

mod compare;
mod device;
mod edges;
mod tree;

use nix_seed_checks::property::random::Random;
use nix_seed_erofs::Options;

use compare::{Shown, assert_same};
use device::Device;
use tree::Tree;

/// What fails shows a change of ours, so the trees are the same each time.
const TREES: u64 = 60;

const OPTIONS: Options =
    Options { owner: (1000, 100), time: 1_700_000_000, uuid: [7; 16], volume: *b"seed\0\0\0\0\0\0\0\0\0\0\0\0" };

/// The kernel and `fsck.erofs` find the tree in its image. Whatever fails, nothing stays mounted.
fn assert_found(tree: &Tree, options: &Options) {
    let entries = tree.entries();
    let device = Device::new(&entries, options);
    let mounted = device.mount();
    assert_same(mounted.path(), &entries, options, Shown::Mounted);
    device.assert_counts(mounted.path());
    drop(mounted);
    let extracted = device.extract();
    assert_same(extracted.path(), &entries, options, Shown::Extracted);
}

#[test]
fn generated_trees_are_found_by_the_kernel_and_by_fsck() {
    let mut entries = 0;
    for seed in 1..=TREES {
        println!("tree {seed}");
        let mut random = Random::new(seed);
        let tree = Tree::generate(&mut random);
        let owner = *random.pick(&[(0, 0), (1000, 100), (65535, 65535), (65536, 0), (0, 70000)]).unwrap();
        let time = *random.pick(&[0, 1, 1_700_000_000, 4_000_000_000]).unwrap();
        assert_found(&tree, &Options { owner, time, ..OPTIONS });
        entries += tree.entries().len();
    }
    println!("{entries} entries");
}
