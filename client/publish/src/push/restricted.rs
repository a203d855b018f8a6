//! What must not be given to everyone, and what an order lifts.

use std::fmt;

use nix_seed_image::index::{Index, RestrictionKind};
use nix_seed_store::StorePath;

use crate::{Error, Result};

/// A store path that must not be given to everyone, and that nobody has allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The path.
    pub path: StorePath,
    /// The sort of the reason.
    pub kind: RestrictionKind,
    /// The reason, for people: the license's name, where the source is from.
    pub reason: String,
    /// What allows it.
    pub allow: String,
}

impl Refused {
    /// The option that allows it, as a shell reads it.
    pub fn option(&self) -> String {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"+-._/:=@%".contains(&b);
        if self.allow.bytes().all(is_plain) {
            format!("--allow {}", self.allow)
        } else {
            format!("--allow '{}'", self.allow.replace('\'', r"'\''"))
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            RestrictionKind::License => "whose license forbids to redistribute it",
            RestrictionKind::PrivateSource => "whose source not everyone may read",
        };
        write!(f, "{} ({what}: {})", self.path, self.reason)
    }
}

/// Refuses a seed that holds what must not be given to everyone, unless `allow` names it: by its path, by its name where
/// no other path of the seed has this name, or, what came from a private source, by the reason.
///
/// A name such as "source" thus never lets through what it was not meant for.
pub(crate) fn check(index: &Index, allow: &[String]) -> Result<()> {
    let mut refused = Vec::new();
    for restriction in &index.restrictions {
        let Some(path) = index.paths.get(restriction.path as usize).map(|path| &path.info.path) else { continue };
        let is_only_one = index.paths.iter().filter(|other| other.info.path.name() == path.name()).count() == 1;
        let by_reason = restriction.kind == RestrictionKind::PrivateSource;
        let is_allowed = allow.iter().any(|allowed| {
            allowed == path.base_name()
                || *allowed == path.to_string()
                || (is_only_one && allowed == path.name())
                || (by_reason && *allowed == restriction.reason)
        });
        if !is_allowed {
            let allow = match (is_only_one, by_reason) {
                (true, _) => path.name().into(),
                // The path of a source changes with each of its revisions, where it is from does not.
                (false, true) => restriction.reason.clone(),
                (false, false) => path.to_string(),
            };
            let (kind, reason) = (restriction.kind, restriction.reason.clone());
            refused.push(Refused { path: path.clone(), kind, reason, allow });
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Error::Restricted { refused }) }
}

#[cfg(test)]
mod tests {
    use nix_seed_image::index::{Restriction, SeedPath};
    use nix_seed_store::{PathInfo, Sha256Hash};

    use super::*;

    fn index(names: &[&str], restrictions: &[(u32, RestrictionKind, &str)]) -> Index {
        let path = |(at, name): (usize, &&str)| {
            let path = StorePath::from_base_name(&format!("{at:0>32}-{name}")).unwrap();
            let info = PathInfo { path, nar_hash: Sha256Hash([0; 32]), nar_size: 0, references: vec![], ca: None };
            SeedPath { info, layer: 0, frames: 0..0, entries: vec![] }
        };
        let restriction =
            |(path, kind, reason): &(u32, _, &str)| Restriction { path: *path, kind: *kind, reason: (*reason).into() };
        Index {
            paths: names.iter().enumerate().map(path).collect(),
            restrictions: restrictions.iter().map(restriction).collect(),
            ..Index::default()
        }
    }

    fn refused(index: &Index, allow: &[&str]) -> Vec<String> {
        let allow: Vec<_> = allow.iter().map(ToString::to_string).collect();
        match check(index, &allow) {
            Ok(()) => vec![],
            Err(Error::Restricted { refused }) => refused.iter().map(Refused::option).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_restricted_path_is_refused_until_it_is_allowed_by_name() {
        let index = index(
            &["a-1", "firmware-1.0"],
            &[(1, RestrictionKind::License, "Unfree"), (1, RestrictionKind::License, "x")],
        );
        assert_eq!(refused(&index, &["a-1", "firmware", "Unfree"]), ["--allow firmware-1.0"; 2]);
        let error = check(&index, &[]).unwrap_err().to_string();
        assert!(error.contains("redistribute it: Unfree") && error.contains("--allow firmware-1.0"), "{error}");
        let path = "/nix/store/00000000000000000000000000000001-firmware-1.0";
        for allow in ["firmware-1.0", path, path.trim_start_matches("/nix/store/")] {
            assert_eq!(refused(&index, &[allow]), [""; 0], "{allow}");
        }
        assert_eq!(refused(&Index::default(), &[]), [""; 0]);
    }

    #[test]
    fn a_name_of_several_paths_allows_none_of_them() {
        let private = "flake input `x` over ssh: ssh://it's/x";
        let index = index(
            &["source", "source", "tool", "tool"],
            &[(0, RestrictionKind::PrivateSource, private), (2, RestrictionKind::License, "Unfree")],
        );
        let options = refused(&index, &["source", "tool", "Unfree"]);
        assert_eq!(
            options,
            [
                r"--allow 'flake input `x` over ssh: ssh://it'\''s/x'",
                "--allow /nix/store/00000000000000000000000000000002-tool"
            ]
        );
        assert_eq!(refused(&index, &[private]).len(), 1);
    }
}
