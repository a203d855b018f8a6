use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix_seed_store::NarHasher;

use super::*;

#[test]
fn every_edit_changes_the_source_and_is_taken_back() {
    let scratch = tempfile::tempdir().unwrap();
    let original = scratch.path().join("original");
    fs::create_dir_all(original.join("src")).unwrap();
    fs::write(original.join("flake.nix"), "{ }").unwrap();
    fs::write(original.join("src/lock"), "zlib 1.2.3\n").unwrap();
    std::os::unix::fs::symlink("lock", original.join("src/link")).unwrap();
    fs::set_permissions(original.join("src/lock"), fs::Permissions::from_mode(0o555)).unwrap();
    let workspace = Workspace::create(&original, &scratch.path().join("copy")).unwrap();
    assert_eq!(workspace.files(), [Path::new("flake.nix"), Path::new("src/lock")]);
    assert_eq!(workspace.folders(), [Path::new(""), Path::new("src")]);

    let before = NarHasher::of(&original).unwrap();
    assert_eq!(NarHasher::of(workspace.path()).unwrap(), before);
    let of = |kind, path: &str| Edit { kind, path: path.into() };
    for edit in [
        of(Kind::Append, "src/lock"),
        of(Kind::Replace, "src/lock"),
        of(Kind::Add, "src"),
        of(Kind::Add, ""),
        of(Kind::Rename, "src/lock"),
        of(Kind::Delete, "flake.nix"),
        of(Kind::Relock, "src/lock"),
    ] {
        assert!(workspace.can(&edit));
        workspace.apply(std::slice::from_ref(&edit)).unwrap();
        assert_ne!(NarHasher::of(workspace.path()).unwrap(), before, "{edit:?}");
        workspace.restore(std::slice::from_ref(&edit)).unwrap();
        assert_eq!(NarHasher::of(workspace.path()).unwrap(), before, "{edit:?}");
    }
    assert!(!workspace.can(&of(Kind::Relock, "flake.nix")));
}

/// A source that `make` fills, and a copy of it.
fn workspace(make: impl FnOnce(&Path)) -> (tempfile::TempDir, Workspace) {
    let scratch = tempfile::tempdir().unwrap();
    let original = scratch.path().join("original");
    fs::create_dir(&original).unwrap();
    make(&original);
    let workspace = Workspace::create(&original, &scratch.path().join("copy")).unwrap();
    (scratch, workspace)
}

fn all_edits(workspace: &Workspace) -> Vec<Edit> {
    let of_files = [Kind::Append, Kind::Replace, Kind::Rename, Kind::Delete, Kind::Relock];
    let of_files = of_files.iter().flat_map(|kind| workspace.files().iter().map(move |file| (*kind, file)));
    let of_folders = workspace.folders().iter().map(|folder| (Kind::Add, folder));
    let edits = of_files.chain(of_folders).map(|(kind, path)| Edit { kind, path: path.clone() });
    edits.filter(|edit| workspace.can(edit)).collect()
}

/// Each edit changes something, all of a kind can be made at once, and afterwards all is as before. Gives what is in the copy's source
/// while all files are renamed and others added.
fn assert_restores(workspace: &Workspace) {
    let hash = || NarHasher::of(workspace.path()).unwrap();
    let (before, edits) = (hash(), all_edits(workspace));
    assert_eq!(NarHasher::of(&workspace.original).unwrap(), before);
    for edit in &edits {
        workspace.apply(std::slice::from_ref(edit)).unwrap();
        assert_ne!(hash(), before, "{edit:?}");
        workspace.restore(std::slice::from_ref(edit)).unwrap();
        assert_eq!(hash(), before, "{edit:?}");
    }
    for kind in [Kind::Append, Kind::Replace, Kind::Rename, Kind::Delete, Kind::Relock, Kind::Add] {
        let batch: Vec<_> = edits.iter().filter(|edit| edit.kind == kind).cloned().collect();
        workspace.apply(&batch).unwrap();
        workspace.restore(&batch).unwrap();
        assert_eq!(hash(), before, "{kind:?}");
    }
}

#[test]
fn files_of_any_name_are_edited() {
    let names: [&[u8]; 8] = [b"a\nb", b"'\"$`\\", b"\xff\xfe", b"-rf", b"--", b" ", b"*", "größe".as_bytes()];
    let (_scratch, workspace) = workspace(|original| {
        for name in names.map(OsStr::from_bytes) {
            fs::write(original.join(name), "1.2.3").unwrap();
            let folder = original.join("folders").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), "1.2.3").unwrap();
        }
    });
    assert_eq!(workspace.files().len(), 2 * names.len());
    assert_restores(&workspace);
}

#[test]
fn a_file_with_the_name_that_an_added_or_renamed_one_would_have_is_not_lost() {
    let (_scratch, workspace) = workspace(|original| {
        for name in ["a", "added-by-nix-seed", "renamed-by-nix-seed-a", "renamed-by-nix-seed--a", "-a"] {
            fs::write(original.join(name), name).unwrap();
        }
        fs::create_dir_all(original.join("b/added-by-nix-seed-")).unwrap();
        std::os::unix::fs::symlink("a", original.join("b/added-by-nix-seed--")).unwrap();
    });
    assert_restores(&workspace);
    let renamed = [Edit { kind: Kind::Rename, path: "a".into() }, Edit { kind: Kind::Add, path: PathBuf::new() }];
    let count = || fs::read_dir(workspace.path()).unwrap().count();
    let before = count();
    workspace.apply(&renamed).unwrap();
    assert_eq!(count(), before + 1);
}

#[test]
fn a_name_that_cannot_be_longer_is_not_made_longer() {
    let (_scratch, workspace) = workspace(|original| fs::write(original.join("a".repeat(NAME_MAX)), "").unwrap());
    assert!(all_edits(&workspace).iter().all(|edit| edit.kind != Kind::Rename));
    assert_restores(&workspace);
}

#[test]
fn a_source_that_nobody_may_write_to_is_copied_so_that_it_can_be_edited() {
    let (_scratch, workspace) = workspace(|original| {
        fs::create_dir(original.join("src")).unwrap();
        for (name, mode) in [("src/a", 0o444), ("src/b", 0o555)] {
            fs::write(original.join(name), "").unwrap();
            fs::set_permissions(original.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(original.join("src"), fs::Permissions::from_mode(0o555)).unwrap();
    });
    let mode = |path: &Path| fs::metadata(workspace.path().join(path)).unwrap().permissions().mode();
    for path in [Path::new("src"), Path::new("src/a"), Path::new("src/b")] {
        assert_eq!(mode(path) & 0o200, 0o200, "{path:?}");
    }
    assert_restores(&workspace);
    assert!(workspace.files().iter().all(|file| mode(file) & 0o200 == 0o200));
    fs::set_permissions(workspace.original.join("src"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn links_are_copied_and_never_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("a"), "outside").unwrap();
    let (_scratch, workspace) = workspace(|original| {
        fs::write(original.join("a"), "inside").unwrap();
        for (target, link) in [
            (outside.path().join("a"), "to-file"),
            (outside.path().to_owned(), "to-folder"),
            ("nowhere".into(), "to-nothing"),
            ("to-itself".into(), "to-itself"),
            ("..".into(), "up"),
            ("a".into(), "to-a"),
        ] {
            std::os::unix::fs::symlink(target, original.join(link)).unwrap();
        }
    });
    assert_eq!((workspace.files(), workspace.folders()), (&["a".into()][..], &[PathBuf::new()][..]));
    assert_restores(&workspace);
    let left: Vec<_> = fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a"]);
    assert_eq!(fs::read_to_string(outside.path().join("a")).unwrap(), "outside");
}

#[test]
fn empty_folders_and_a_source_without_files_stay() {
    let (_scratch, workspace) = workspace(|original| fs::create_dir_all(original.join("a/b")).unwrap());
    assert_eq!(workspace.folders(), [Path::new(""), Path::new("a"), Path::new("a/b")]);
    assert_restores(&workspace);
}

#[test]
fn a_large_file_is_appended_to_without_being_read() {
    const SIZE: u64 = 1 << 42;
    let (_scratch, workspace) = workspace(|original| fs::write(original.join("large"), "").unwrap());
    let large = workspace.path().join("large");
    // All of it is a hole.
    File::options().write(true).open(&large).unwrap().set_len(SIZE).unwrap();
    workspace.apply(&[Edit { kind: Kind::Append, path: "large".into() }]).unwrap();
    assert_eq!(fs::metadata(&large).unwrap().len(), SIZE + 1);
}

#[test]
fn of_edits_of_which_one_fails_none_is_left() {
    let (_scratch, workspace) = workspace(|original| {
        fs::write(original.join("a"), "1.2").unwrap();
        fs::write(original.join("b"), "1.2").unwrap();
    });
    let before = NarHasher::of(workspace.path()).unwrap();
    for kind in [Kind::Append, Kind::Replace, Kind::Rename, Kind::Delete, Kind::Relock] {
        let edits = ["a", "nothing/b", "b"].map(|path| Edit { kind, path: path.into() });
        let error = workspace.apply(&edits).unwrap_err().to_string();
        assert!(error.contains("nothing/b"), "{error}");
        assert_eq!(NarHasher::of(workspace.path()).unwrap(), before, "{kind:?}");
    }
}
