//! Random copies of parts of random trees.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Files with some letters. Names are few, so that places are mistaken for each other if they can be.
fn files() -> impl Strategy<Value = Files> {
    // No folder is called as a file is.
    let path = ("([ab]/){0,2}", "[xy]").prop_map(|(folder, name)| PathBuf::from(folder + &name));
    prop::collection::btree_map(path, prop::collection::vec(b'a'..b'd', 1..4), 1..8)
}

fn write(files: &Files) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let at = dir.path().join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, content).unwrap();
    }
    dir
}

/// Some of the files below one of the folders, as a source of their own.
fn part(files: &Files, folder: Index, kept: u8) -> Files {
    let folders: BTreeSet<_> = files.keys().flat_map(|path| path.ancestors().skip(1)).collect();
    let folder = *folder.get(&Vec::from_iter(folders));
    let below = files.iter().filter_map(|(path, content)| Some((path.strip_prefix(folder).ok()?, content)));
    let is_kept = |at: usize| at == 0 || kept & (1 << at) != 0;
    below.enumerate().filter(|(at, _)| is_kept(*at)).map(|(_, (path, file))| (path.into(), file.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_part_of_any_folder_is_own_and_any_flipped_byte_makes_it_foreign(
        files in files(), folder: Index, kept: u8, file: Index, byte: Index,
    ) {
        let flake = write(&files);
        let tree = Tree::list(flake.path()).unwrap();
        let mut source = part(&files, folder, kept);
        prop_assert_eq!(tree.judge(write(&source).path()).unwrap(), Own);

        let at = file.index(source.len());
        let content = source.values_mut().nth(at).unwrap();
        let byte = byte.index(content.len());
        // No file of the flake has such a byte.
        content[byte] ^= 0x80;
        prop_assert_eq!(tree.judge(write(&source).path()).unwrap(), Foreign);
    }
}
