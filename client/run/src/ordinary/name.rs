//! The names in a layer.

/// What begins the name of a deletion (OCI Image Layer Specification 1.1, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// What deletes all that lower layers have in a folder.
const OPAQUE: &str = ".wh..wh..opq";

/// What an entry of a layer is about, by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Something in `nix`, or that itself.
    In(String),
    /// Lower layers' file of this name in `nix`, or that itself, is deleted.
    Whiteout(String),
    /// All that lower layers have in this folder is deleted.
    Opaque(String),
    /// Something outside.
    Elsewhere(String),
}

/// Reads an entry's name: no empty part, `.` or `..` is left in it.
pub(super) fn place(name: &[u8]) -> Result<Place, &'static str> {
    let name = std::str::from_utf8(name).map_err(|_| "its name is not UTF-8")?;
    if name.starts_with('/') {
        return Err("its name begins with \"/\"");
    }
    let parts: Vec<_> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err("its name has a \"..\" in it");
    }
    let is_in = |parts: &[&str]| parts.first() == Some(&"nix");
    let Some((last, above)) = parts.split_last() else { return Ok(Place::Elsewhere(String::new())) };
    if *last == OPAQUE {
        // At the top it deletes `nix` with all else.
        return Ok(match above {
            [] => Place::Opaque("nix".into()),
            above if is_in(above) => Place::Opaque(above.join("/")),
            _ => Place::Elsewhere(parts.join("/")),
        });
    }
    if let Some(deleted) = last.strip_prefix(WHITEOUT) {
        if matches!(deleted, "" | "." | "..") {
            return Err("it deletes nothing that has a name");
        }
        let parts = [above, &[deleted]].concat();
        return Ok(if is_in(&parts) { Place::Whiteout(parts.join("/")) } else { Place::Elsewhere(String::new()) });
    }
    Ok(if is_in(&parts) { Place::In(parts.join("/")) } else { Place::Elsewhere(parts.join("/")) })
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
            ("etc/.wh.x", Place::Elsewhere(String::new())),
            ("etc/nix/nix.conf", Place::Elsewhere("etc/nix/nix.conf".into())),
            ("nixos/x", Place::Elsewhere("nixos/x".into())),
            ("./", Place::Elsewhere(String::new())),
        ] {
            assert_eq!(place(name.as_bytes()).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in
            ["/nix/store/x", "nix/../etc/passwd", "../nix", "nix/store/..", "nix/.wh.", "nix/.wh...", "nix/.wh.."]
        {
            assert!(place(name.as_bytes()).is_err(), "{name}");
        }
        assert!(place(b"nix/\xff").is_err());
    }
}
