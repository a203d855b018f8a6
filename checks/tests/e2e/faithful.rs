//! Any file that Nix can store arrives unchanged. The NAR hashes before and after are Nix's own.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix_seed_checks::seed::layout::Layout;

use crate::journey::Journey;
use crate::store::Store;

/// The longest name that a file may have, and the longest target of a link.
pub(crate) const NAME_MAX: usize = 255;
pub(crate) const TARGET_MAX: usize = 4095;

/// The tar that fills a frame, and the header before a file's contents.
pub(crate) const FRAME: usize = 512 << 10;
pub(crate) const HEADER: usize = 512;

fn below(folder: &Path, name: &[u8]) -> PathBuf {
    folder.join(OsStr::from_bytes(name))
}

fn folder(path: PathBuf) -> PathBuf {
    fs::create_dir(&path).unwrap();
    path
}

fn executable(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

fn strange_names(path: &Path) {
    let names: [&[u8]; 23] = [
        b"\xff\xfe",
        b"latin1-\xe9",
        b"cut \xe2\x82",
        "composed é".as_bytes(),
        "decomposed e\u{301}".as_bytes(),
        b"\n",
        b"line\nbreak\r\n",
        b"tab\tbell\x07escape\x1b[2J",
        b"'single' \"double\" `back`",
        b"back\\slash\\",
        b"\\n\\377\\",
        b"$(touch x) %s {} * ? [a]",
        b"--checkpoint-action=exec=false",
        b" ",
        b" leading and trailing ",
        b"...",
        b".hidden",
        b".wh",
        b"wh.x",
        b"x.wh.x",
        b"C:",
        b"PaxHeaders.0",
        b"~",
    ];
    fs::create_dir(path).unwrap();
    for name in names {
        fs::write(below(path, name), name).unwrap();
        symlink(OsStr::from_bytes(name), below(path, &[name, b"-link"].concat())).unwrap();
        fs::create_dir_all(below(path, &[name, b"-folder"].concat()).join("in it")).unwrap();
    }
    for name in ["case", "Case", "cASE", "CASE"] {
        fs::write(path.join(name), name).unwrap();
    }
    for name in ["lib", "Lib"] {
        fs::write(folder(path.join(name)).join("x"), name).unwrap();
    }
}

/// Files, folders and links whose names in the archive have lengths at which something changes, and much longer ones.
fn long_names(path: &Path) {
    fs::create_dir(path).unwrap();
    let base = "nix/store/".len() + path.file_name().unwrap().len();
    for length in (97..=103).chain(153..=158).chain(253..=260) {
        // One more folder, with a name that makes up for what is missing.
        let short = format!("{length:03}");
        let folder = folder(path.join(&short));
        let rest = length - base - 1 - short.len() - 1;
        fs::write(folder.join("f".repeat(rest)), &short).unwrap();
        symlink(&short, folder.join("l".repeat(rest))).unwrap();
        fs::create_dir(folder.join("d".repeat(rest - 1))).unwrap();
    }
    for byte in [b'n', b'\xff', b'\n'] {
        fs::write(below(path, &vec![byte; NAME_MAX]), "long").unwrap();
    }
    let mut deep = path.to_owned();
    for level in 0..12 {
        deep = folder(below(&deep, &vec![b'a' + level; NAME_MAX]));
        fs::write(deep.join("file"), [level]).unwrap();
        symlink("file", deep.join("link")).unwrap();
    }
}

fn links(path: &Path) {
    fs::create_dir(path).unwrap();
    let targets: [&[u8]; 14] = [
        b"nowhere",
        b"/nowhere/at/all",
        b"../../../../../../../../../../../../etc/passwd",
        b"/etc/passwd",
        b"/",
        b".",
        b"..",
        b"itself",
        b"trailing/slash/",
        b"//two///slashes",
        b"\xff\xfe\xe9",
        b"line\nbreak",
        b"'\"\\ ",
        b"C:\\",
    ];
    for (number, target) in targets.iter().enumerate() {
        symlink(OsStr::from_bytes(target), path.join(number.to_string())).unwrap();
    }
    symlink("itself", path.join("itself")).unwrap();
    for length in [98, 99, 100, 101, 102, 155, 255, 256, 257, 1000, TARGET_MAX] {
        symlink("t".repeat(length), path.join(format!("long-{length}"))).unwrap();
    }
    symlink("../".repeat(TARGET_MAX / 3), path.join("long-outside")).unwrap();
}

fn kinds(path: &Path) {
    fs::create_dir(path).unwrap();
    folder(folder(folder(path.join("empty")).join("empty")).join("empty"));
    fs::write(path.join("nothing"), "").unwrap();
    executable(&path.join("nothing-to-run"), "");
    executable(&path.join("run"), "#!/bin/sh\n");
    for mode in [0o400, 0o644, 0o666, 0o700, 0o744, 0o777, 0o4755, 0o2755, 0o1644] {
        let file = path.join(format!("mode-{mode:o}"));
        fs::write(&file, "").unwrap();
        fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
    }
    for size in [1, 511, 512, 513, 1023, 1024, 1025, FRAME - HEADER - 1, FRAME - HEADER, FRAME - 1, FRAME, FRAME + 1] {
        fs::write(path.join(format!("size-{size}")), noise(size)).unwrap();
    }
    // A file that ends as tars end, and one that is a tar's header.
    fs::write(path.join("zeros"), vec![0; 10_240]).unwrap();
    fs::write(path.join("size-of-a-header"), [&b"nix/store/x"[..], &[0; 246], b"ustar  "].concat()).unwrap();
}

pub(crate) fn noise(size: usize) -> Vec<u8> {
    let mut state = size as u64 + 1;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(size)
    .collect()
}

/// The longest name that Nix gives a store path.
const PATH_NAME_MAX: usize = 211;

/// A store of all kinds of names and files, with a path whose name is that long.
pub(crate) fn awkward(journey: &Journey) -> Store {
    let mut store = journey.store();
    store.add("strange-names", &[], strange_names);
    store.add("long-names", &[], long_names);
    store.add("links", &[], links);
    store.add("kinds", &[], kinds);
    store.add("a-file", &[], |path| fs::write(path, "only this").unwrap());
    store.add("a-program", &[], |path| executable(path, "#!/bin/sh\n"));
    store.add("an-empty-file", &[], |path| fs::write(path, "").unwrap());
    store.add("an-empty-folder", &[], |path| fs::create_dir(path).unwrap());
    store.add("a-link-to-nowhere", &[], |path| symlink("/nix/store/nowhere", path).unwrap());
    store.add("a-long-link", &[], |path| symlink("t".repeat(TARGET_MAX), path).unwrap());
    store.add("+-._?=", &[], |path| fs::write(path, "").unwrap());
    store.add(&"n".repeat(PATH_NAME_MAX), &[], |path| fs::write(folder(path.to_owned()).join("file"), "").unwrap());
    store
}

#[test]
fn awkward_files_arrive_unchanged() {
    let journey = Journey::open();
    journey.survives(&awkward(&journey));
}

/// As where `nix store optimise` has been: equal files are one, within a path and between paths.
#[test]
fn hard_links_become_files() {
    let journey = Journey::open();
    let mut store = journey.store();
    let linked = store.add("one", &[], |path| {
        fs::create_dir(path).unwrap();
        executable(&path.join("a"), "the same");
        for name in ["b", "c"] {
            fs::hard_link(path.join("a"), path.join(name)).unwrap();
        }
    });
    let first = store.path(&linked).join("a");
    store.add("other", &[], |path| fs::hard_link(&first, path).unwrap());
    // That every file has one link, and that hashes are kept, is what surviving means.
    let said = journey.survives(&store);
    assert_eq!(said["verified"]["entries"], 5);
}

#[test]
fn five_thousand_paths_and_thirty_thousand_entries_arrive_unchanged() {
    let journey = Journey::open();
    let mut store = journey.store();
    let mut last = store.add("many", &[], |path| {
        fs::create_dir(path).unwrap();
        for number in 0..30_000 {
            if number % 1000 == 0 {
                fs::create_dir(path.join(format!("{}", number / 1000))).unwrap();
            }
            fs::write(path.join(format!("{}/{number}", number / 1000)), number.to_string()).unwrap();
        }
    });
    for number in 1..5000 {
        let previous = format!("/nix/store/{last}");
        last = store.add(&format!("path-{}", number % 700), &[&last], |path| match number % 3 {
            0 => fs::write(path, previous).unwrap(),
            1 => symlink(previous, path).unwrap(),
            _ => fs::write(folder(path.to_owned()).join("references"), previous).unwrap(),
        });
    }
    let said = journey.survives(&store);
    assert_eq!(said["verified"]["paths"], 5000);
    assert_eq!(said["verified"]["entries"], 1 + 30 + 30_000 + 4999 + 1666);
}

/// What lies in no octal field of a tar. Its contents are a hole but for their end.
#[test]
fn a_file_over_eight_gigabytes_arrives_unchanged() {
    const HOLE: u64 = 8 << 30;
    const END: &[u8] = b"end\n";
    // `truncate -s 8G big; echo end >> big; nix hash path big`; it takes a minute.
    const HASH: &str = "sha256-zjlM368bd4mC+Zyn6QGMnDXaYIeDBnNSeKoKz0bvBoQ=";
    let journey = Journey::open();
    // Holes are read many times faster in memory than on a disk.
    let mut store = Store::below(Path::new("/dev/shm"));
    let big = store.add(&"big".repeat(40), &[], |path| {
        let mut file = File::create(path).unwrap();
        file.seek(SeekFrom::Start(HOLE)).unwrap();
        file.write_all(END).unwrap();
    });
    let (layout, said) = journey.image(&store, &store.graph(&[(big.clone(), HASH.to_owned())].into()));
    let size = HOLE + END.len() as u64;
    assert_eq!(said["seed"]["paths"][0]["narHash"], HASH);
    assert!(said["verified"]["narSize"].as_u64().unwrap() > size);

    // Through skopeo and GNU tar, which knows nothing of frames. It is compared as it comes: podman would put eight gigabytes on the disk.
    let layer = Layout::open(&journey.copied(&layout)).unwrap().layers().unwrap().remove(0);
    let mut tar = Command::new("tar");
    tar.args(["--zstd", "--extract", "--to-stdout", "-vv", "--blocking-factor", "2048", "--file"]).arg(layer);
    let mut tar = tar.arg(format!("nix/store/{big}")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut compare = Command::new("cmp");
    compare.arg("-").arg(store.path(&big)).stdin(tar.stdout.take().unwrap());
    assert!(compare.status().unwrap().success());
    let tar = tar.wait_with_output().unwrap();
    let member = String::from_utf8(tar.stderr).unwrap();
    assert!(tar.status.success() && member.contains(&format!(" {size} ")), "{member}");
}
