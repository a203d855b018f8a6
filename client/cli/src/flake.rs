//! `FLAKE#ATTRIBUTE`, as a person writes it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A flake, and one of its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flake {
    flake: String,
    attribute: String,
}

impl fmt::Display for Flake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.flake, self.attribute)
    }
}

impl Flake {
    /// Reads it; `usual` is the attribute that is meant where none is named.
    pub(crate) fn parse(text: &str, usual: &'static str) -> Result<Self, Error> {
        let (flake, attribute) = text.split_once('#').unwrap_or((text, usual));
        let refuse = |why| Err(Error::Flake { text: text.into(), why, usual });
        if flake.starts_with('-') {
            return refuse("it looks like an option");
        }
        // Nix would take it for a choice of outputs.
        if attribute.contains(['#', '^']) {
            return refuse("its attribute has a \"#\" or a \"^\" in it");
        }
        let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
        Ok(Self { flake: or(flake, "."), attribute: or(attribute, usual) })
    }

    /// The same flake, and another of its attributes.
    pub(crate) fn with_attribute(&self, attribute: &str) -> Self {
        Self { flake: self.flake.clone(), attribute: attribute.into() }
    }

    /// The flake, and the attribute.
    pub(crate) fn parts(&self) -> (&str, &str) {
        (&self.flake, &self.attribute)
    }

    /// The one around this folder.
    pub(crate) fn here() -> Self {
        Self { flake: ".".into(), attribute: String::new() }
    }

    /// The folder that holds its `flake.nix`; none where that is not on this machine, or where only Nix can say.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let (flake, query) = self.flake.split_once('?').unwrap_or((&self.flake, ""));
        let folder = query.split('&').find_map(|pair| pair.strip_prefix("dir=")).unwrap_or_default();
        let is_path = flake.starts_with(['.', '/']);
        let path = ["path:", "git+file://", "git+file:"].iter().find_map(|scheme| flake.strip_prefix(scheme));
        // A character that is written by its number is for Nix to read.
        let path =
            path.or(is_path.then_some(flake)).filter(|path| ![path, folder].iter().any(|text| text.contains('%')))?;
        let start = Path::new(path).join(folder);
        let has_flake = |folder: &&Path| folder.join("flake.nix").is_file();
        if !is_path || !folder.is_empty() {
            return Some(start).filter(|start| has_flake(&&**start));
        }
        // As Nix looks for it: from there on outwards.
        let start = start.canonicalize().ok()?;
        start.ancestors().find(has_flake).map(Path::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_the_usual() {
        for (text, expected) in [
            (".", ".#seed"),
            ("#seed", ".#seed"),
            (".#", ".#seed"),
            ("path:/x#packages.x86_64-linux.other", "path:/x#packages.x86_64-linux.other"),
            ("github:o/r?dir=a", "github:o/r?dir=a#seed"),
        ] {
            assert_eq!(Flake::parse(text, "seed").unwrap().to_string(), expected);
        }
        for bad in ["-x#seed", "--impure", ".#a#b", ".#seed^*"] {
            assert!(matches!(Flake::parse(bad, "seed"), Err(Error::Flake { .. })), "{bad}");
        }
    }

    #[test]
    fn a_flake_here_has_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().canonicalize().unwrap().join(name);
        std::fs::create_dir_all(at("flake/part/deep")).unwrap();
        std::fs::create_dir_all(at("none")).unwrap();
        std::fs::create_dir_all(at("a%20b")).unwrap();
        for folder in ["flake", "flake/part", "a%20b"] {
            std::fs::write(at(folder).join("flake.nix"), "{ }").unwrap();
        }
        let root = at("").display().to_string();
        let root = root.trim_end_matches('/');
        for (text, expected) in [
            (format!("{root}/flake"), Some("flake")),
            (format!("{root}/flake/part/deep#x"), Some("flake/part")),
            (format!("path:{root}/flake/part/deep"), None),
            (format!("path:{root}/flake"), Some("flake")),
            (format!("git+file://{root}/flake?ref=x&dir=part"), Some("flake/part")),
            (format!("{root}/flake?dir=part"), Some("flake/part")),
            (format!("{root}/none"), None),
            (format!("path:{root}/a%20b"), None),
            ("github:o/r".into(), None),
            ("nixpkgs".into(), None),
        ] {
            assert_eq!(Flake::parse(&text, "seed").unwrap().folder(), expected.map(at), "{text}");
        }
    }
}
