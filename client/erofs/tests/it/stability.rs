//! The bytes of an image, which change only where somebody means to change them.

use nix_seed_erofs::{Entry, Node, Options, write};
use sha2::{Digest, Sha256};

use crate::OPTIONS;
use crate::compare::assert_same;

#[test]
fn the_bytes_are_the_same_as_ever() {
    let mut entries = vec![
        Entry { parent: 0, name: b"", node: Node::Directory { mode: 0o755 } },
        Entry { parent: 0, name: b"+", node: Node::File { mode: 0o444, size: 4097 } },
        Entry { parent: 0, name: b"bin", node: Node::Directory { mode: 0o555 } },
        Entry { parent: 2, name: b"hello", node: Node::File { mode: 0o555, size: 100_000 } },
        Entry { parent: 2, name: b"hi", node: Node::Symlink { target: b"hello" } },
        Entry { parent: 0, name: b"empty", node: Node::File { mode: 0o444, size: 0 } },
        Entry { parent: 0, name: b"far", node: Node::Symlink { target: &[b'f'; 4090] } },
        Entry { parent: 0, name: b"large", node: Node::File { mode: 0o444, size: 5 << 30 } },
        Entry { parent: 0, name: b"many", node: Node::Directory { mode: 0o555 } },
    ];
    let names: Vec<_> = (0..300).map(|number| format!("{number:0>20}")).collect();
    let node = Node::File { mode: 0o444, size: 1 };
    entries.extend(names.iter().map(|name| Entry { parent: 8, name: name.as_bytes(), node }));

    let digest = |options: &Options| {
        let image = write(&entries, options, &[]).unwrap();
        assert_same(&entries, options, &image);
        assert_eq!(image.data[3] - image.data[1], 2 * 4096);
        Sha256::digest(&image.metadata).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!(digest(&OPTIONS), "081e2bd0463a7349dcdd4d7293ae2d3155469f73a33bc2a3a503f64d3706f108");
    // With long inodes only.
    assert_eq!(
        digest(&Options { owner: (0, 1 << 16), ..OPTIONS }),
        "b989d0f8b737db01fe4acf8900fc862605da8cfbd698afbe8ce7fae6b489d164"
    );
}
