use std::os::unix::fs::{MetadataExt, PermissionsExt};

use tar::{Builder, Header};

use super::*;

/// A layer of entries: kind, name, content or target.
fn tar(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, name, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(if *kind == EntryType::Directory { 0o555 } else { 0o6444 });
        header.set_mtime(1);
        // Not by the crate's own function, which refuses some.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        if is_link {
            header.as_old_mut().linkname[..content.len()].copy_from_slice(content.as_bytes());
        }
        let data = if is_link { "" } else { content };
        header.set_size(data.len() as u64);
        header.set_cksum();
        builder.append(&header, data.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

use EntryType::{Directory, Fifo, Link, Regular, Symlink};

/// Unpacks layers; gives the tree's root, and what went wrong.
fn unpacked(layers: &[&[(EntryType, &str, &str)]]) -> (tempfile::TempDir, Result<()>) {
    let dir = tempfile::tempdir().unwrap();
    let mut tree = Tree::create(&dir.path().join("root")).unwrap();
    let mut unpack = || {
        for (number, entries) in layers.iter().enumerate() {
            let mut blob = Blob::open(Box::new(std::io::Cursor::new(tar(entries))), format!("number {number}"))?;
            tree.begin_layer(&blob.name);
            layer(&mut blob, &mut tree, &mut Settings::default())?;
        }
        Ok(())
    };
    let result = unpack().and_then(|()| tree.finish());
    (dir, result)
}

/// The files of a tree, with what is in them.
fn files(dir: &tempfile::TempDir) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, files: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                walk(&path, root, files);
            } else if metadata.is_symlink() {
                files.push(format!("{name} -> {}", std::fs::read_link(&path).unwrap().display()));
            } else {
                files.push(format!("{name}={}", std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let (mut files, root) = (Vec::new(), dir.path().join("root"));
    walk(&root, &root, &mut files);
    files.sort();
    files
}

#[test]
fn layers_lie_one_upon_the_other() {
    let (dir, result) = unpacked(&[
        &[
            (Directory, "nix/store/a/", ""),
            (Regular, "nix/store/a/f", "1"),
            (Regular, "nix/store/a/g", "2"),
            (Link, "nix/store/a/h", "nix/store/a/f"),
            (Regular, "etc/passwd", "no"),
            (Regular, "nix/store/c", "3"),
            (Regular, "nix/store/d/e/f", "4"),
        ],
        &[
            (Regular, "./nix/store/a/.wh.g", ""),
            (Symlink, "nix/store/l", "/etc"),
            (Directory, "nix/store/c", ""),
            (Regular, "nix/store/c/x", "5"),
            (Regular, "nix/store/d/e/new", "6"),
            (Regular, "nix/store/d/.wh..wh..opq", ""),
        ],
    ]);
    result.unwrap();
    let expected =
        ["nix/store/a/f=1", "nix/store/a/h=1", "nix/store/c/x=5", "nix/store/d/e/new=6", "nix/store/l -> /etc"];
    assert_eq!(files(&dir), expected);
    let metadata = |path: &str| dir.path().join("root").join(path).symlink_metadata().unwrap();
    assert_eq!(metadata("nix/store/a/f").permissions().mode() & 0o7777, 0o444, "no rights of another user's");
    assert_eq!(metadata("nix/store/a").permissions().mode() & 0o7777, 0o555);
    assert_eq!((metadata("nix/store/a").mtime(), metadata("nix/store/a/f").nlink()), (1, 2));
}

/// Unpacks one layer.
fn unpacked_tar(tar: Vec<u8>) -> (tempfile::TempDir, Result<()>) {
    let dir = tempfile::tempdir().unwrap();
    let mut tree = Tree::create(&dir.path().join("root")).unwrap();
    let mut blob = Blob::open(Box::new(std::io::Cursor::new(tar)), "number 0".into()).unwrap();
    tree.begin_layer(&blob.name);
    let result = layer(&mut blob, &mut tree, &mut Settings::default()).and_then(|()| tree.finish());
    (dir, result)
}

#[test]
fn long_names_are_read_as_any_tool_writes_them() {
    let long = format!("nix/store/a/{}", "x".repeat(200));
    let mut builder = Builder::new(Vec::new());
    let header = |kind: EntryType, size: u64| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o444);
        header.set_mtime(1);
        header.set_size(size);
        header
    };
    // As GNU tar does.
    builder.append_data(&mut header(Regular, 1), &long, &b"1"[..]).unwrap();
    builder.append_link(&mut header(Symlink, 0), "nix/store/l", &long).unwrap();
    builder.append_link(&mut header(Link, 0), "nix/store/h", &long).unwrap();
    // As Go's and POSIX' do; the first says nothing that counts.
    builder.append_pax_extensions([("mtime", &b"1.5"[..])]).unwrap();
    let pax = long.clone() + "-pax";
    builder.append_pax_extensions([("path", pax.as_bytes())]).unwrap();
    builder.append_data(&mut header(Regular, 1), "short", &b"2"[..]).unwrap();
    builder.append_data(&mut header(Regular, 1), "nix/store/s", &b"3"[..]).unwrap();
    // Attributes are bytes; a length beyond what a header can say stands before its file.
    builder.append_pax_extensions([("SCHILY.xattr.security.ima", &b"\n1 2=\n"[..]), ("size", &b"2"[..])]).unwrap();
    let mut short = header(Regular, 0);
    short.as_old_mut().name[..11].copy_from_slice(b"nix/store/z");
    short.set_cksum();
    builder.get_mut().extend_from_slice(short.as_bytes());
    builder.get_mut().extend_from_slice(&[b'4'; 2]);
    builder.get_mut().extend_from_slice(&[0; 510]);
    builder.append_data(&mut header(Regular, 1), "nix/store/zz", &b"5"[..]).unwrap();
    let (dir, result) = unpacked_tar(builder.into_inner().unwrap());
    result.unwrap();
    let expected = [
        format!("{pax}=2"),
        format!("{long}=1"),
        "nix/store/h=1".into(),
        format!("nix/store/l -> {long}"),
        "nix/store/s=3".into(),
        "nix/store/z=44".into(),
        "nix/store/zz=5".into(),
    ];
    assert_eq!(files(&dir), expected);
}

#[test]
fn attack_a_name_without_end_is_refused_before_it_is_read() {
    for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(1 << 40);
        header.set_cksum();
        let (_dir, result) = unpacked_tar(header.as_bytes().to_vec());
        let error = result.unwrap_err().to_string();
        assert!(error.contains(" of 1099511627776 bytes; at most"), "{error}");
    }
}

#[test]
fn attack_a_member_that_ends_too_soon_or_lies_of_its_header_is_refused() {
    let whole = tar(&[(Regular, "nix/store/x", &"x".repeat(600))]);
    for end in [513, 1100, 1535] {
        let (_dir, result) = unpacked_tar(whole[..end].to_vec());
        assert!(result.unwrap_err().to_string().contains("ends in the middle"), "{end}");
    }
    let mut other = whole;
    other[5] ^= 1;
    assert!(unpacked_tar(other).1.unwrap_err().to_string().contains("checksum"));
}

#[test]
fn attack_names_that_lead_out_are_refused() {
    for entry in [
        (Regular, "/nix/store/x", "evil"),
        (Regular, "nix/../../x", "evil"),
        (Regular, "../x", "evil"),
        (Link, "nix/store/x", "/etc/passwd"),
        (Link, "nix/store/x", "etc/passwd"),
        (Link, "nix/store/x", "nix/../etc/passwd"),
        (Fifo, "nix/store/x", ""),
        (Regular, "nix/store/.wh...", ""),
    ] {
        let (dir, result) = unpacked(&[&[entry]]);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("number 0") && error.contains(entry.1), "{error}");
        assert!(files(&dir).is_empty(), "{entry:?}");
    }
}

#[test]
fn attack_nothing_is_written_or_deleted_through_a_link() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("precious"), "1").unwrap();
    let target = outside.path().to_str().unwrap();
    for (link, entry) in [
        ("nix/store/l", (Regular, "nix/store/l/x", "evil")),
        ("nix/store/l", (Directory, "nix/store/l/x", "")),
        ("nix/store/l", (Symlink, "nix/store/l/x", "/")),
        ("nix/store/l", (Link, "nix/store/x", "nix/store/l/precious")),
        ("nix", (Regular, "nix/x", "evil")),
    ] {
        let (_dir, result) = unpacked(&[&[(Symlink, link, target)], &[entry]]);
        assert!(result.is_err(), "{entry:?}");
    }
    for whiteout in ["nix/store/l/.wh.precious", "nix/store/l/.wh..wh..opq", "nix/store/.wh.l", ".wh.nix"] {
        let (_dir, result) = unpacked(&[&[(Symlink, "nix/store/l", target)], &[(Regular, whiteout, "")]]);
        result.unwrap();
    }
    // A file in the place of the link is no attack.
    let (dir, result) = unpacked(&[&[(Symlink, "nix/store/l", target)], &[(Regular, "nix/store/l", "mine")]]);
    result.unwrap();
    assert_eq!(files(&dir), ["nix/store/l=mine"]);
    let left: Vec<_> = std::fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["precious"]);
    assert_eq!(std::fs::read_to_string(outside.path().join("precious")).unwrap(), "1");
}
