//! Whom to trust, wherever that is said: by a flake, or by a file.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nix_seed_cfg::{Cfg, MAX_BYTES};

use crate::error::Error;
use crate::flake::Flake;
use crate::nix::Question;
use crate::verified::POLICY_NAME;

/// The attribute that a configuration usually is.
pub(crate) const SEED_CFG: &str = "seedCfg";

/// What may be wrong where it cannot be evaluated.
pub(crate) const HINT: &str = "The flake's output is made by: seedCfg = inputs.nix-seed.lib.seedCfg { … };";

/// Where a configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A JSON file of its normal form.
    File(PathBuf),
    /// A flake that has one.
    Flake(Flake),
}

impl Place {
    /// A file that is there or has JSON's name, else a flake.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let path = Path::new(text);
        let is_file = path.is_file() || path.extension().is_some_and(|extension| extension == "json");
        if is_file { Ok(Self::File(path.into())) } else { Flake::parse(text, SEED_CFG).map(Self::Flake) }
    }

    /// That of a flake.
    pub(crate) fn of_flake(flake: &Flake) -> Self {
        Self::Flake(flake.with_attribute(SEED_CFG))
    }

    /// The policy beside a flake, for machines without Nix, where there is one.
    pub(crate) fn beside(&self) -> Option<PathBuf> {
        let Self::Flake(flake) = self else { return None };
        Some(flake.folder()?.join(POLICY_NAME)).filter(|file| file.exists())
    }

    /// Reads or evaluates it, and checks it. Nothing is built for it: whom to trust has to be known before.
    pub(crate) fn load(&self, override_input: &[String]) -> Result<Cfg, Error> {
        let json = match self {
            Self::File(path) => read(path)?,
            Self::Flake(flake) => evaluate(flake, override_input)?,
        };
        Cfg::from_json(&json).map_err(|error| Error::Cfg { place: self.to_string(), error })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Flake(flake) => write!(f, "{flake}"),
        }
    }
}

/// One byte more than there may be, so that this is seen.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut json = Vec::new();
    let file = File::open(path).and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut json));
    file.map_err(|source| Error::Io { doing: "reading", path: path.into(), source })?;
    Ok(json)
}

fn evaluate(flake: &Flake, override_input: &[String]) -> Result<Vec<u8>, Error> {
    Question {
        attribute: &flake.to_string(),
        options: &["--option", "allow-import-from-derivation", "false"],
        override_input,
        without_nix: "name a file, made where there is one: nix-seed cfg show --json > .seed.cfg.json",
        hint: HINT,
    }
    .ask()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_or_has_jsons_name() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name).display().to_string();
        std::fs::write(at("policy"), "{}").unwrap();
        std::fs::create_dir(at("flake")).unwrap();
        for (text, expected) in [
            (at("policy"), at("policy")),
            (at("none.json"), at("none.json")),
            (at("flake"), format!("{}#seedCfg", at("flake"))),
            (at("none"), format!("{}#seedCfg", at("none"))),
            (".".into(), ".#seedCfg".into()),
            ("github:owner/app#other".into(), "github:owner/app#other".into()),
        ] {
            assert_eq!(Place::parse(&text).unwrap().to_string(), expected);
        }
        assert!(matches!(Place::parse("--impure"), Err(Error::Flake { .. })));
    }

    #[test]
    fn what_is_too_large_is_not_read_to_its_end() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("policy.json");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = Place::File(path).load(&[]).unwrap_err();
        assert!(matches!(error, Error::Cfg { error: nix_seed_cfg::Error::TooLarge { .. }, .. }), "{error}");
    }
}
