//! What there is no image of, and what is said about it.

use nix_seed_erofs::{Entry, Error, Flaw, Node, Options, write};

use crate::OPTIONS;

const ROOT: Entry<'_> = Entry { parent: 0, name: b"", node: FOLDER };
const FOLDER: Node<'_> = Node::Directory { mode: 0o755 };
const FILE: Node<'_> = Node::File { mode: 0o644, size: 1 };

fn refused(rest: &[(u32, &[u8], Node<'_>)]) -> Error {
    let rest = rest.iter().map(|(parent, name, node)| Entry { parent: *parent, name, node: *node });
    write(&std::iter::once(ROOT).chain(rest).collect::<Vec<_>>(), &OPTIONS, &[]).unwrap_err()
}

fn flaw(rest: &[(u32, &[u8], Node<'_>)]) -> Flaw {
    match refused(rest) {
        Error::Entry { index, flaw, .. } if index == rest.len() => flaw,
        other => panic!("{other}"),
    }
}

#[test]
fn no_root() {
    for first in [
        Entry { node: FILE, ..ROOT },
        Entry { node: Node::Symlink { target: b"x" }, ..ROOT },
        Entry { name: b"root", ..ROOT },
        Entry { parent: 1, ..ROOT },
    ] {
        assert_eq!(write(&[first], &OPTIONS, &[]), Err(Error::Root));
    }
    let error = write(&[], &OPTIONS, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the entries have no root: the first has to be a folder with an empty name whose parent is 0, itself"
    );
}

#[test]
fn a_second_root() {
    assert_eq!(flaw(&[(0, b"", FOLDER)]), Flaw::Name);
}

#[test]
fn parents_that_are_no_folders_or_come_later() {
    assert_eq!(flaw(&[(0, b"a", FILE), (1, b"b", FILE)]), Flaw::Parent { parent: 1 });
    assert_eq!(flaw(&[(1, b"a", FOLDER)]), Flaw::Parent { parent: 1 });
    assert_eq!(flaw(&[(u32::MAX, b"a", FOLDER)]), Flaw::Parent { parent: u32::MAX });
    assert_eq!(
        refused(&[(2, b"a\n\xff", FILE), (0, b"b", FOLDER)]).to_string(),
        "entry 1, \"a\\\\n\\\\xff\": its parent, entry 2, is no folder that comes before it: list each folder before what it holds"
    );
}

#[test]
fn names_that_no_file_can_have() {
    for name in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0", b"\0"] {
        assert_eq!(flaw(&[(0, name, FILE)]), Flaw::Name);
    }
    assert_eq!(flaw(&[(0, &[b'a'; 256], FILE)]), Flaw::NameLength { length: 256 });
    assert!(refused(&[(0, &[b'a'; 100_000], FILE)]).to_string().len() < 400);
}

#[test]
fn names_in_another_order() {
    assert_eq!(flaw(&[(0, b"b", FILE), (0, b"a", FILE)]), Flaw::Order);
    assert_eq!(flaw(&[(0, b"a", FILE), (0, b"a", FOLDER)]), Flaw::Order);
    assert_eq!(flaw(&[(0, b"aa", FOLDER), (1, b"z", FILE), (0, b"a", FILE)]), Flaw::Order);
    // By bytes, which have no sign.
    assert_eq!(flaw(&[(0, b"\x80", FILE), (0, b"\x7f", FILE)]), Flaw::Order);
}

#[test]
fn targets_that_no_link_can_have() {
    for target in [&b""[..], b"a\0", &[b'a'; 4096]] {
        assert_eq!(flaw(&[(0, b"a", Node::Symlink { target })]), Flaw::Target);
    }
}

#[test]
fn modes_of_more_than_permissions() {
    let mode = 0o10000;
    assert_eq!(flaw(&[(0, b"a", Node::File { mode, size: 0 })]), Flaw::Mode { mode });
    assert_eq!(flaw(&[(0, b"a", Node::Directory { mode })]), Flaw::Mode { mode });
    let error = write(&[Entry { node: Node::Directory { mode }, ..ROOT }], &OPTIONS, &[]).unwrap_err();
    assert_eq!(error.to_string(), "entry 0, \"\": its mode, 10000, is not only permissions: clear what is above 7777");
}

#[test]
fn times_that_would_be_before_1970() {
    let time = 1 << 63;
    assert_eq!(write(&[ROOT], &Options { time, ..OPTIONS }, &[]), Err(Error::Time { time }));
}
