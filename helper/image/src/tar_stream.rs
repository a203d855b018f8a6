use nix_seed_store::STORE_DIR;
use tar::{EntryType, Header};

/// Every file of a seed has this time, as every file of a Nix store: one second after 1970.
const MTIME: u64 = 1;

/// tar's unit: headers and contents fill whole blocks.
const BLOCK: usize = 512;

/// The longest name that goes into a header itself; POSIX allows 100, but then no zero ends it.
const NAME_MAX: usize = 99;

/// What ends an archive: two blocks of zeros.
pub(crate) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// The members that hold store paths: `nix/` and `nix/store/`.
pub(crate) fn parents() -> Vec<u8> {
    let mut tar = Vec::new();
    header(&mut tar, b"nix", Member::Directory { mode: 0o755 });
    header(&mut tar, &STORE_DIR.as_bytes()[1..], Member::Directory { mode: 0o755 });
    tar
}

/// What a tar header describes, with the modes that Nix gives the files of a store or that an image's root asks for.
#[derive(Clone, Copy)]
pub(crate) enum Member<'a> {
    Directory { mode: u32 },
    File { mode: u32, size: u64 },
    Symlink { target: &'a [u8] },
}

/// Appends the header blocks of a member named `name` (no slash in front) to `tar`.
///
/// GNU's format throughout: names and targets may be any bytes of any length, sizes any 64-bit number, and every OCI
/// client reads it.
pub(crate) fn header(tar: &mut Vec<u8>, name: &[u8], member: Member<'_>) {
    let (kind, mode, size, target): (_, _, _, &[u8]) = match member {
        Member::Directory { mode } => (EntryType::Directory, mode, 0, b""),
        Member::File { mode, size } => (EntryType::Regular, mode, size, b""),
        Member::Symlink { target } => (EntryType::Symlink, 0o777, 0, target),
    };
    let with_slash;
    let name = if let EntryType::Directory = kind {
        with_slash = [name, b"/"].concat();
        &with_slash
    } else {
        name
    };
    long(tar, EntryType::GNULongName, name);
    long(tar, EntryType::GNULongLink, target);
    block(tar, kind, mode, size, name, target);
}

/// Whether OCI clients take a file of this name for a deletion (OCI Image Format Specification, "Whiteouts").
pub(crate) fn is_whiteout(name: &[u8]) -> bool {
    name.starts_with(b".wh.")
}

/// The zeros that fill `size` bytes of contents up to whole blocks.
pub(crate) fn padding(size: u64) -> &'static [u8] {
    &END[..(size.wrapping_neg() % BLOCK as u64) as usize]
}

/// A member that holds the name of the next one, where that does not fit into a header.
fn long(tar: &mut Vec<u8>, kind: EntryType, text: &[u8]) {
    if text.len() > NAME_MAX {
        let size = text.len() as u64 + 1;
        block(tar, kind, 0o644, size, b"././@LongLink", b"");
        tar.extend_from_slice(text);
        tar.push(0);
        tar.extend_from_slice(padding(size));
    }
}

fn block(tar: &mut Vec<u8>, kind: EntryType, mode: u32, size: u64, name: &[u8], target: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME);
    header.set_size(size);
    let old = header.as_old_mut();
    copy(&mut old.name, name);
    copy(&mut old.linkname, target);
    header.set_cksum();
    tar.extend_from_slice(header.as_bytes());
}

fn copy(field: &mut [u8; 100], text: &[u8]) {
    let len = text.len().min(NAME_MAX);
    field[..len].copy_from_slice(&text[..len]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_and_targets_and_sizes_survive() {
        let name = [&b"nix/store/"[..], &[0xff; 300]].concat();
        let target = vec![b'/'; 101];
        let mut tar = Vec::new();
        header(&mut tar, &name, Member::Symlink { target: &target });
        header(&mut tar, b"big", Member::File { mode: 0o444, size: 9 << 30 });
        let mut archive = tar::Archive::new(&tar[..]);
        let mut entries = archive.entries().unwrap();
        let link = entries.next().unwrap().unwrap();
        assert_eq!((&*link.path_bytes(), &*link.link_name_bytes().unwrap()), (&name[..], &target[..]));
        let big = entries.next().unwrap().unwrap();
        assert_eq!((big.size(), big.header().mtime().unwrap()), (9 << 30, MTIME));
    }
}
