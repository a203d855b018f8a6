//! Whom a job believes, and where its seeds and statements go.

use std::path::Path;

use nix_seed_cfg::Cfg;
use nix_seed_ci::{default_policy, default_registry};
use serde_json::Value;

use super::start::get_nix;
use super::step::Step;
use super::{Trust, address, set};
use crate::cfg::Place;
use crate::error::Error;
use crate::files::{read, write};
use crate::print;
use crate::verified::POLICY_NAME;

/// The file, in the folder of the job.
const FILE: &str = "policy.json";
/// A flake's file has at most so many bytes.
const FLAKE_MAX: u64 = 16 << 20;

/// A policy, and where it is.
pub(super) struct Policy {
    pub(super) cfg: Cfg,
    /// What `--policy` names.
    pub(super) name: String,
    /// Where seeds and statements go.
    pub(super) registry: Option<String>,
    /// Whether the flake says nothing, and it is made of what the CI says.
    pub(super) is_default: bool,
}

impl Policy {
    /// The one that is named, or beside the flake, or in it, or of the CI's repository.
    pub(super) fn find(trust: &Trust, step: &Step<'_>, nix: Option<&Path>) -> Result<Self, Error> {
        let registry = set(trust.registry.as_deref()).map(ToOwned::to_owned);
        let mut is_default = false;
        let place = if let Some(named) = set(trust.policy.as_deref()) {
            here(Place::parse(named)?)?
        } else if step.folder.join(POLICY_NAME).exists() {
            Place::File(step.folder.join(POLICY_NAME))
        } else if has_cfg(step, nix)? {
            Place::of_flake(&step.flake)
        } else {
            is_default = true;
            let registry = registry.clone().or_else(|| default_registry(step.job.as_ref()));
            let registry = registry.ok_or(Error::NoRegistryForJob)?;
            let policy = default_policy(step.job.as_ref(), &registry)?;
            let path = step.state.at(FILE);
            write(&path, policy.to_string().as_bytes())?;
            print::note(&format!(
                "the flake has no seedCfg: believed is this repository's main branch ({})",
                path.display()
            ));
            Place::File(path)
        };
        let cfg = place.load(&[])?;
        let level = u64::from(cfg.level);
        if level < u64::from(trust.posture) {
            return Err(Error::Posture { place: place.to_string(), level, wanted: trust.posture });
        }
        let name = match &place {
            Place::File(path) => path.display().to_string(),
            Place::Flake(flake) => flake.to_string(),
        };
        let registry = registry.or_else(|| cfg.registry.clone()).or_else(|| default_registry(step.job.as_ref()));
        Ok(Self { cfg, name, registry, is_default })
    }

    /// Where a policy lies that asks a seed for nothing of the flake that is checked out: what it is used for is another commit's.
    pub(super) fn apart(&self, step: &Step<'_>) -> Result<String, Error> {
        let path = step.state.at(FILE);
        let json = serde_json::to_vec(&self.cfg).map_err(std::io::Error::from);
        let json = json.map_err(|source| Error::Io { doing: "writing", path: path.clone(), source })?;
        write(&path, &json)?;
        Ok(path.display().to_string())
    }
}

/// A file, whatever folder what reads it begins in.
fn here(place: Place) -> Result<Place, Error> {
    match place {
        Place::File(path) => {
            let absolute = std::path::absolute(&path).map_err(|source| Error::Io { doing: "finding", path, source })?;
            Ok(Place::File(absolute))
        }
        Place::Flake(flake) => Ok(Place::Flake(flake)),
    }
}

/// Whether a flake has a configuration. Where its text does not name one, it may still be there, by a module: that is asked when there is a Nix.
fn has_cfg(step: &Step<'_>, nix: Option<&Path>) -> Result<bool, Error> {
    let text = read(&step.folder.join("flake.nix"), FLAKE_MAX)?;
    if !String::from_utf8_lossy(&text).contains("seedCfg") {
        return Ok(false);
    }
    if !step.has_nix() {
        get_nix(step, nix).map_err(|_| Error::NoPolicyFile { folder: step.folder.clone() })?;
    }
    evaluated(step)
}

/// Whether the flake has a configuration, as Nix evaluates it: purely, so that no code of an input reads what the job signs or logs in with.
pub(super) fn evaluated(step: &Step<'_>) -> Result<bool, Error> {
    let at = Value::from(address::of(&step.folder)?).to_string().replace("${", "\\${");
    let asked = format!("(builtins.getFlake {at}) ? seedCfg");
    Ok(step.done(step.nix(&["eval", "--expr", &asked])?)?.trim() == "true")
}
