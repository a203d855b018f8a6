//! The cases of `lib/tests/own-source.nix`, by the same names: mode `direct` has the same rule, in Nix.

use super::*;

fn trees() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lib/tests/trees")
}

fn judge(source: &Path) -> Verdict {
    Tree::list(&trees().join("flake")).unwrap().judge(source).unwrap()
}

/// A copy of one of the trees, of what `keep` keeps of it.
fn copy(path: &str, keep: impl Fn(&Path) -> bool) -> TempDir {
    let (dir, root) = (tempfile::tempdir().unwrap(), trees().join(path));
    for (file, _) in list(&root).unwrap() {
        if keep(&file) {
            let to = dir.path().join(&file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(root.join(file), to).unwrap();
        }
    }
    dir
}

/// A store path that is one file.
fn file(name: &str, content: &str) -> Verdict {
    let dir = folder(&[(name, content)]);
    judge(&dir.path().join(name))
}

fn content(path: &str) -> String {
    fs::read_to_string(trees().join(path)).unwrap()
}

#[test]
fn the_files_of_a_folder() {
    let tree = Tree::list(&trees().join("flake")).unwrap();
    let expected =
        ["empty", "flake.nix", "lib/src/main.c", "src/link.c", "src/main.c", "src/util/util.c", "xlib/only.c"];
    assert_eq!(tree.regular_files(), expected.map(Path::new));
}

#[test]
fn own() {
    assert_eq!(judge(&trees().join("flake")), Own, "the flake itself");
    assert_eq!(judge(copy("flake", |file| !file.ends_with("flake.nix")).path()), Own, "a filtered copy");
    assert_eq!(judge(&trees().join("flake/src")), Own, "a folder");
    assert_eq!(judge(copy("flake/src", |_| true).path()), Own, "a folder under another name");
    assert_eq!(judge(&trees().join("flake/src/util")), Own, "a folder in a folder");
    assert_eq!(judge(&trees().join("flake/lib")), Own, "a folder whose first file is in two places");
    assert_eq!(judge(&trees().join("flake/src/main.c")), Own, "a file");
    assert_eq!(file("renamed.c", &content("flake/src/main.c")), Own, "a file under another name");
    assert_eq!(file("x.c", &content("flake/src/main.c")), Own, "a file read and written again");
}

#[test]
fn foreign() {
    assert_eq!(file("main.c", "int main() { return 1; }\n"), Foreign, "another file");
    assert_eq!(judge(&trees().join("other")), Foreign, "a folder with one other file");
    let end = judge(&trees().join("end-of-name"));
    assert_eq!(end, Foreign, "a folder whose name is only the end of one of the flake's");
    assert_eq!(judge(&trees().join("moved")), Foreign, "the flake's files in other places");
}

/// In Nix both are foreign: there a source is own or not.
#[test]
fn what_the_other_one_cannot_tell() {
    assert_eq!(file("empty", ""), Undecided, "an empty file");
    // Names tell where there is nothing else.
    let empty = copy("flake", |file| file.ends_with("empty"));
    assert_eq!(judge(empty.path()), Own, "a folder of empty files");
}
