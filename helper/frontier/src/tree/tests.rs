use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

mod copies;
mod fixtures;

use Verdict::{Foreign, Own, Undecided};

/// A folder of its own: `("src/main.c", "text")` is a file, `("src/link", "-> main.c")` a link, `("src/", "")` a folder.
fn folder(entries: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in entries {
        let at = dir.path().join(path);
        fs::create_dir_all(if path.ends_with('/') { &at } else { at.parent().unwrap() }).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => symlink(target, at).unwrap(),
            None if path.ends_with('/') => {}
            None => fs::write(at, content).unwrap(),
        }
    }
    dir
}

/// Whose a source is to a flake.
fn judge(flake: &[(&str, &str)], source: &[(&str, &str)]) -> Verdict {
    let (flake, source) = (folder(flake), folder(source));
    Tree::list(flake.path()).unwrap().judge(source.path()).unwrap()
}

const FLAKE: [(&str, &str); 7] = [
    ("flake.nix", "{ }"),
    ("src/main.c", "int main;"),
    ("src/empty", ""),
    ("src/link", "-> main.c"),
    ("src/util/util.c", "int util;"),
    ("lib/main.c", "int library;"),
    ("none/", ""),
];

#[test]
fn a_copy_without_some_files_is_own() {
    assert_eq!(judge(&FLAKE, &FLAKE), Own);
    assert_eq!(judge(&FLAKE, &FLAKE[1..]), Own);
    assert_eq!(judge(&FLAKE, &[("src/util/util.c", "int util;")]), Own);
}

#[test]
fn a_folder_is_own_where_all_its_files_come_from_one_place() {
    assert_eq!(judge(&FLAKE, &[("main.c", "int main;"), ("util/util.c", "int util;")]), Own);
    assert_eq!(judge(&FLAKE, &[("main.c", "int library;")]), Own);
    assert_eq!(judge(&FLAKE, &[("main.c", "int library;"), ("util/util.c", "int util;")]), Foreign);
    assert_eq!(judge(&FLAKE, &[("src/util.c", "int util;")]), Foreign);
    // The name of the first is the end of one of the flake's.
    assert_eq!(judge(&[("xlib/a.c", "int a;")], &[("lib/a.c", "int a;")]), Foreign);
}

#[test]
fn one_file_that_is_not_the_flakes_makes_a_folder_foreign() {
    assert_eq!(judge(&FLAKE, &[("main.c", "int main;"), ("zzz.c", "int zzz;")]), Foreign);
    assert_eq!(judge(&FLAKE, &[("aaa.c", "int aaa;"), ("main.c", "int main;")]), Foreign);
    assert_eq!(judge(&FLAKE, &[("main.c", "int Main;")]), Foreign, "of the same size");
    assert_eq!(judge(&FLAKE, &[("main.c", "-> util"), ("util/util.c", "int Util;")]), Foreign);
}

#[test]
fn beside_a_file_links_and_empty_files_do_not_count() {
    let source = [("main.c", "int main;"), ("empty-too", ""), ("link", "-> elsewhere"), ("folder/", "")];
    assert_eq!(judge(&FLAKE, &source), Own);
}

#[test]
fn links_and_empty_files_alone_are_own_where_the_flake_has_them() {
    assert_eq!(judge(&FLAKE, &[("link", "-> main.c")]), Own);
    assert_eq!(judge(&FLAKE, &[("src/link", "-> main.c"), ("src/empty", "")]), Own);
    assert_eq!(judge(&FLAKE, &[("empty", "")]), Own);
}

#[test]
fn links_and_empty_files_that_the_flake_has_not_tell_nothing() {
    assert_eq!(judge(&FLAKE, &[("link", "-> other.c")]), Undecided);
    assert_eq!(judge(&FLAKE, &[("src/link", "-> main.c"), ("empty", "")]), Undecided);
    assert_eq!(judge(&FLAKE, &[("main.c", "")]), Undecided);
    assert_eq!(judge(&FLAKE, &[("empty", "-> link")]), Undecided);
}

#[test]
fn folders_alone_tell_nothing() {
    assert_eq!(judge(&FLAKE, &[]), Undecided);
    assert_eq!(judge(&FLAKE, &[("none/", "")]), Undecided);
}

/// Whose a source is that is one file of this name.
fn judge_file(flake: &[(&str, &str)], name: &str, content: &str) -> Verdict {
    let (flake, source) = (folder(flake), folder(&[(name, content)]));
    Tree::list(flake.path()).unwrap().judge(&source.path().join(name)).unwrap()
}

#[test]
fn one_file_is_own_by_its_content_whatever_its_name() {
    assert_eq!(judge_file(&FLAKE, "main.c", "int main;"), Own);
    assert_eq!(judge_file(&FLAKE, "renamed.c", "int util;"), Own);
    assert_eq!(judge_file(&FLAKE, "main.c", "int Main;"), Foreign);
    assert_eq!(judge_file(&FLAKE, "main.c", "int main; "), Foreign);
    assert_eq!(judge_file(&[("a", "same size, one"), ("b", "same size, two")], "c", "same size, two"), Own);
}

#[test]
fn one_empty_file_or_link_tells_nothing() {
    assert_eq!(judge_file(&FLAKE, "empty", ""), Undecided);
    assert_eq!(judge_file(&FLAKE, "link", "-> main.c"), Undecided);
}

#[test]
fn the_flake_itself_is_own_though_it_is_empty() {
    let flake = folder(&[]);
    assert_eq!(Tree::list(flake.path()).unwrap().judge(flake.path()).unwrap(), Own);
    assert_eq!(judge(&[], &[("a", "text")]), Foreign);
}

#[test]
fn links_are_not_followed() {
    let (flake, source) = (folder(&[("src/a.c", "int a;")]), folder(&[("a.c", "int a;")]));
    symlink("/", flake.path().join("src/root")).unwrap();
    symlink(source.path(), source.path().join("loop")).unwrap();
    let tree = Tree::list(flake.path()).unwrap();
    assert_eq!(tree.judge(source.path()).unwrap(), Own);
    symlink(flake.path().join("src"), source.path().join("link")).unwrap();
    assert_eq!(tree.judge(&source.path().join("link")).unwrap(), Undecided);
}

#[test]
fn files_longer_than_a_buffer_are_compared_to_their_end() {
    let length = 3 * (1 << 14) + 7;
    for at in [0, (1 << 14) - 1, 1 << 14, length - 1] {
        let (flake, source) = (folder(&[]), folder(&[]));
        let mut content = vec![b'a'; length];
        fs::write(flake.path().join("a"), &content).unwrap();
        let tree = Tree::list(flake.path()).unwrap();
        fs::write(source.path().join("a"), &content).unwrap();
        assert_eq!(tree.judge(source.path()).unwrap(), Own);
        content[at] = b'b';
        fs::write(source.path().join("a"), &content).unwrap();
        assert_eq!(tree.judge(source.path()).unwrap(), Foreign, "byte {at}");
    }
    let whole = "a".repeat(1 << 14);
    assert_eq!(judge(&[("a", &whole)], &[("a", &whole)]), Own, "exactly one buffer");
}

#[test]
fn names_need_not_be_utf8() {
    let latin1 = OsStr::from_bytes(b"caf\xe9");
    let (flake, source, other) = (folder(&[("src/", "")]), folder(&[]), folder(&[]));
    fs::write(flake.path().join("src").join(latin1), "int a;").unwrap();
    fs::write(source.path().join(latin1), "int a;").unwrap();
    fs::write(other.path().join(OsStr::from_bytes(b"caf\xea")), "int a;").unwrap();
    let tree = Tree::list(flake.path()).unwrap();
    assert_eq!(tree.judge(source.path()).unwrap(), Own);
    assert_eq!(tree.judge(&source.path().join(latin1)).unwrap(), Own);
    assert_eq!(tree.judge(other.path()).unwrap(), Foreign);
}

#[test]
fn what_is_not_there_is_an_error_that_names_it() {
    let flake = folder(&FLAKE);
    let tree = Tree::list(flake.path()).unwrap();
    let message = tree.judge(&flake.path().join("gone")).unwrap_err().to_string();
    assert!(message.starts_with("reading ") && message.contains("/gone: "), "{message}");
    let message = Tree::list(&flake.path().join("gone")).unwrap_err().to_string();
    assert!(message.starts_with("listing ") && message.contains("/gone"), "{message}");
}

#[test]
fn regular_files_are_listed_sorted_without_links() {
    let flake = folder(&FLAKE);
    let names: Vec<_> = FLAKE[..6].iter().filter(|(name, _)| *name != "src/link").map(|(name, _)| *name).collect();
    let tree = Tree::list(flake.path()).unwrap();
    let listed: Vec<_> = tree.regular_files().iter().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(listed.len(), names.len());
    assert!(listed.is_sorted() && names.iter().all(|name| listed.contains(name)));
}
