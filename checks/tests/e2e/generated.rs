//! Generated trees arrive unchanged.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::faithful::{FRAME, HEADER, NAME_MAX, TARGET_MAX, noise};
use crate::journey::Journey;
use crate::store::Store;

/// What to make at a name.
#[derive(Debug, Clone)]
enum Node {
    File { size: usize, compresses: bool, executable: bool },
    Link(Vec<u8>),
    Folder(BTreeMap<Vec<u8>, Node>),
}

fn bytes(length: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(1..=u8::MAX, length)
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        // Few letters, so that many names differ in case alone, or one begins with another.
        4 => "[abAB.]{1,3}".prop_map(String::into_bytes),
        4 => bytes(1..=20),
        1 => bytes(1..=NAME_MAX),
        1 => bytes(NAME_MAX),
    ];
    let slashless = names.prop_map(|name| name.iter().map(|byte| if *byte == b'/' { b'\n' } else { *byte }).collect());
    slashless.prop_filter("no file, or one that no image can hold", |name: &Vec<u8>| {
        *name != b"." && *name != b".." && !name.starts_with(b".wh.")
    })
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[./a]{1,12}".prop_map(String::into_bytes),
        4 => bytes(1..=30),
        2 => bytes(95..=105),
        1 => bytes(1..=TARGET_MAX),
        1 => bytes(TARGET_MAX),
    ]
}

fn size() -> impl Strategy<Value = usize> {
    let around = |size: usize| size - 1..=size + 1;
    prop_oneof![
        8 => prop::sample::select(vec![0, 1, 511, 512, 513, 1024]),
        4 => 0..5000_usize,
        1 => prop_oneof![around(FRAME), around(FRAME - HEADER), around(FRAME - 2 * HEADER)],
    ]
}

fn tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        2 => (size(), any::<bool>(), any::<bool>())
            .prop_map(|(size, compresses, executable)| Node::File { size, compresses, executable }),
        1 => target().prop_map(Node::Link),
    ];
    let folders = leaf.prop_recursive(4, 64, 8, |inner| btree_map(name(), inner, 0..10).prop_map(Node::Folder));
    // Some lie so deep that whole names are longer than 255, 1000 or 2000 bytes.
    let above = prop_oneof![3 => vec(name(), 0..2), 1 => vec(name(), 2..=8), 1 => vec(bytes_of_a_name(), 4..=8)];
    (folders, above)
        .prop_map(|(tree, above)| above.into_iter().fold(tree, |tree, name| Node::Folder([(name, tree)].into())))
}

fn bytes_of_a_name() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![b'0'..=b'~', 0x80..=0xff_u8], 200..=NAME_MAX)
}

fn make(path: &Path, node: &Node) {
    match node {
        Node::File { size, compresses, executable } => {
            fs::write(path, if *compresses { vec![0; *size] } else { noise(*size) }).unwrap();
            let mode = if *executable { 0o755 } else { 0o644 };
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        Node::Link(target) => symlink(OsStr::from_bytes(target), path).unwrap(),
        Node::Folder(children) => {
            fs::create_dir(path).unwrap();
            for (name, child) in children {
                make(&path.join(OsStr::from_bytes(name)), child);
            }
        }
    }
}

/// How many trees a store has.
const TREES: std::ops::RangeInclusive<usize> = 20..=30;

fn fill(journey: &Journey, trees: &[Node]) -> Store {
    let mut store = journey.store();
    let mut last = None;
    for (number, tree) in trees.iter().enumerate() {
        let references: Vec<_> = last.as_deref().into_iter().collect();
        last = Some(store.add(&format!("generated-{number}"), &references, |path| make(path, tree)));
    }
    store
}

/// A store of generated trees, the same each time.
pub(crate) fn store(journey: &Journey) -> Store {
    let trees = vec(tree(), TREES).new_tree(&mut TestRunner::deterministic()).unwrap();
    fill(journey, &trees.current())
}

#[test]
fn generated_trees_arrive_unchanged() {
    let journey = Journey::open();
    // A case takes seconds. What fails is printed, and wants a test of its own in place of a file of seeds.
    let config = Config { cases: 6, max_shrink_iters: 60, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&vec(tree(), TREES), |trees| {
        journey.survives(&fill(&journey, &trees));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
