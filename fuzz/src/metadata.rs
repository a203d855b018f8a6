//! The metadata layer: the input is its blob, where it begins as a zstd frame does, else its tar.
//!
//! In a tar, checksums that are all zeros are computed, and an empty index, database or schema gets the honest contents: inputs
//! stay small, and a changed member does not end at its checksum.

use std::collections::BTreeSet;

use nix_seed_image::index::INDEX_PATH;
use nix_seed_image::layout::Layout;
use nix_seed_image::metadata::DATABASE_PATH;
use nix_seed_image::summary::Summary;
use nix_seed_image::verify::verify;

use crate::forgery::Forgery;
use crate::seed::SEED;
use crate::stream::stream;
use crate::tar;

/// What a zstd frame begins with.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

const FOLDERS: [&[u8]; 6] = [
    b"nix/var/",
    b"nix/var/nix-seed/",
    b"nix/var/nix/",
    b"nix/var/nix/db/",
    b"nix/var/nix/gcroots/",
    b"nix/var/nix/gcroots/nix-seed/",
];
const FILES: [&str; 3] = [INDEX_PATH, DATABASE_PATH, "nix/var/nix/db/schema"];

/// The tar of a small seed's metadata layer.
pub fn honest() -> Vec<u8> {
    tar::strip(&SEED.metadata_tar, |name| FILES.iter().any(|file| file.as_bytes() == name))
}

/// A layer that is accepted puts nothing where the store and its database are, and nothing that clients read otherwise.
pub fn run(data: &[u8]) -> bool {
    let (blob, tar) = if data.starts_with(&ZSTD) {
        (data.to_vec(), stream(data))
    } else {
        let tar = with_index(data, None);
        (zstd::bulk::compress(&tar, 1).unwrap(), tar)
    };
    let written = Forgery { metadata: &blob, metadata_tar: &tar, ..Forgery::honest() }.write();
    let layout = Layout::open(written.dir.path()).unwrap();
    let Ok(summary) = Summary::read(&layout) else {
        assert!(verify(&layout).is_err());
        return false;
    };
    check(&tar);
    if verify(&layout).is_err() {
        return false;
    }
    assert_eq!(summary.paths.len(), SEED.index.paths.len());
    true
}

/// The tar that `data` means, with `index` in it or the honest one.
pub(crate) fn with_index(data: &[u8], index: Option<&[u8]>) -> Vec<u8> {
    let honest = tar::members(&SEED.metadata_tar).unwrap();
    tar::complete(data, |name| {
        let file = FILES.iter().find(|file| file.as_bytes() == name)?;
        match index {
            Some(index) if *file == INDEX_PATH => Some(index.to_vec()),
            _ => honest.iter().find(|member| member.name == name).map(|member| member.contents.to_vec()),
        }
    })
}

fn check(tar: &[u8]) {
    let members = tar::members(tar).unwrap();
    let mut seen = BTreeSet::new();
    for member in &members {
        let name = member.name.strip_suffix(b"/").unwrap_or(&member.name);
        assert!(seen.insert(name), "{member:?} stands there twice");
        let parts: Vec<&[u8]> = name.split(|c| *c == b'/').collect();
        let odd = |part: &&[u8]| part.is_empty() || matches!(*part, b"." | b"..") || part.starts_with(b".wh.");
        assert!(!parts.iter().any(odd), "{member:?} has a name that clients read otherwise");
        assert_eq!(member.header[108..124], *b"0000000\x000000000\0", "{member:?} has an owner");
        assert_eq!(member.header[136..148], *b"00000000001\0", "{member:?} has a time");
        assert!(matches!((member.kind, member.name.last()), (b'5', Some(b'/')) | (b'0' | b'2', _)), "{member:?}");
        match &parts[..] {
            [b"nix", b"store", ..] => panic!("{member:?} lies in the store"),
            [b"nix", b"var", ..] => check_own(member),
            _ => {}
        }
    }
    assert!(FILES.iter().all(|file| seen.contains(file.as_bytes())));
}

/// What a member of `nix/var` may be.
fn check_own(member: &tar::Member<'_>) {
    let name = &member.name[..];
    let known = match member.kind {
        b'5' => FOLDERS.contains(&name),
        b'0' => FILES.iter().any(|file| file.as_bytes() == name),
        _ => {
            let root = name.strip_prefix(b"nix/var/nix/gcroots/nix-seed/").unwrap();
            let kept = |path: &str| path.strip_prefix("/nix/store/").is_some_and(|base| base.as_bytes() == root);
            assert_eq!(member.target, [b"/nix/store/", root].concat());
            SEED.index.paths.iter().any(|path| kept(&path.info.path.to_string()))
        }
    };
    assert!(known, "{member:?} is no part of a seed");
}
