//! The names in a layer.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What begins the name of a deletion (OCI Image Layer Specification 1.1, "Whiteouts").
const WHITEOUT: &[u8] = b".wh.";
/// What deletes all that lower layers have in a folder.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What an entry of a layer is about, by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Something in `nix`, or that itself.
    In(PathBuf),
    /// Lower layers' file of this name in `nix`, or that itself, is deleted.
    Whiteout(PathBuf),
    /// All that lower layers have in this folder is deleted.
    Opaque(PathBuf),
    /// Something outside.
    Elsewhere(PathBuf),
}

/// Reads an entry's name, which may be any bytes: no empty part, `.` or `..` is left in it.
pub(super) fn place(name: &[u8]) -> Result<Place, &'static str> {
    if name.starts_with(b"/") {
        return Err("its name begins with \"/\"");
    }
    if name.contains(&0) {
        return Err("its name has a zero byte in it");
    }
    let parts: Vec<_> = name.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    if parts.contains(&&b".."[..]) {
        return Err("its name has a \"..\" in it");
    }
    let is_in = |parts: &[&[u8]]| parts.first() == Some(&&b"nix"[..]);
    let path = |parts: &[&[u8]]| parts.iter().map(|part| OsStr::from_bytes(part)).collect::<PathBuf>();
    let Some((last, above)) = parts.split_last() else { return Ok(Place::Elsewhere(PathBuf::new())) };
    if *last == OPAQUE {
        // At the top it deletes `nix` with all else.
        return Ok(match above {
            [] => Place::Opaque("nix".into()),
            above if is_in(above) => Place::Opaque(path(above)),
            _ => Place::Elsewhere(path(&parts)),
        });
    }
    if let Some(deleted) = last.strip_prefix(WHITEOUT) {
        if matches!(deleted, b"" | b"." | b"..") {
            return Err("it deletes nothing that has a name");
        }
        let parts = [above, &[deleted]].concat();
        return Ok(if is_in(&parts) { Place::Whiteout(path(&parts)) } else { Place::Elsewhere(PathBuf::new()) });
    }
    Ok(if is_in(&parts) { Place::In(path(&parts)) } else { Place::Elsewhere(path(&parts)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        for (name, expected) in [
            ("nix", Place::In("nix".into())),
            ("./nix//store/./x/", Place::In("nix/store/x".into())),
            ("nix/store/.wh.x", Place::Whiteout("nix/store/x".into())),
            (".wh.nix", Place::Whiteout("nix".into())),
            ("nix/store/.wh..wh..opq", Place::Opaque("nix/store".into())),
            (".wh..wh..opq", Place::Opaque("nix".into())),
            ("etc/.wh.x", Place::Elsewhere(PathBuf::new())),
            ("etc/nix/nix.conf", Place::Elsewhere("etc/nix/nix.conf".into())),
            ("nixos/x", Place::Elsewhere("nixos/x".into())),
            ("./", Place::Elsewhere(PathBuf::new())),
        ] {
            assert_eq!(place(name.as_bytes()).unwrap(), expected, "{name}");
        }
        let any = PathBuf::from(OsStr::from_bytes(b"nix/\xff"));
        assert_eq!(place(b"nix/\xff").unwrap(), Place::In(any));
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in
            ["/nix/store/x", "nix/../etc/passwd", "../nix", "nix/store/..", "nix/.wh.", "nix/.wh...", "nix/.wh.."]
        {
            assert!(place(name.as_bytes()).is_err(), "{name}");
        }
        assert!(place(b"nix/a\0b").is_err());
    }
}
