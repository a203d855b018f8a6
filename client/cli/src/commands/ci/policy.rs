//! Whom a job believes, and where its seeds and statements go.

use std::path::{Path, PathBuf};

use nix_seed_cfg::Cfg;
use nix_seed_ci::{default_policy, default_registry};
use serde_json::Value;

use super::start::get_nix;
use super::step::Step;
use super::{Trust, address, set};
use crate::cfg::{HINT as CFG_HINT, Place, SEED_CFG};
use crate::error::Error;
use crate::files::{read, write};
use crate::flake::Flake;
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

/// What a policy says, before it is known where seeds go.
struct Believed {
    cfg: Cfg,
    place: Place,
    /// What somebody knows it by.
    shown: String,
}

impl Policy {
    /// The one that is named, or beside the flake, or in it, or of the CI's repository.
    pub(super) fn find(trust: &Trust, step: &Step<'_>, nix: Option<&Path>) -> Result<Self, Error> {
        let registry = set(trust.registry.as_deref()).map(ToOwned::to_owned);
        let mut is_default = false;
        let Believed { mut cfg, place, shown } = if let Some(named) = set(trust.policy.as_deref()) {
            match here(Place::parse(named)?)? {
                // Named from where somebody typed it.
                Place::Flake(flake) => of_flake(step, nix, &flake, std::env::current_dir().ok())?,
                file @ Place::File(_) => of_file(file)?,
            }
        } else if step.folder.join(POLICY_NAME).exists() {
            of_file(Place::File(step.folder.join(POLICY_NAME)))?
        } else if has_cfg(step, nix)? {
            of_flake(step, nix, &step.flake.with_attribute(SEED_CFG), None)?
        } else {
            is_default = true;
            let registry = registry.clone().or_else(|| default_registry(step.job.as_ref()));
            let registry = registry.ok_or(Error::NoRegistryForJob)?;
            let policy = default_policy(step.job.as_ref(), &registry)?;
            let place = kept(step, policy.to_string().as_bytes())?;
            print::note(&format!("the flake has no seedCfg: believed is this repository's main branch ({place})"));
            of_file(place)?
        };
        let level = u64::from(cfg.level);
        if level < u64::from(trust.posture) {
            return Err(Error::Posture { place: shown, level, wanted: trust.posture });
        }
        let registry = registry.or_else(|| cfg.registry.clone()).or_else(|| default_registry(step.job.as_ref()));
        let is_same = registry == cfg.registry;
        cfg.registry.clone_from(&registry);
        // All commands of the job are told where statements go, and each by the policy alone.
        let place = if is_same { place } else { kept(step, &normal(step, &cfg)?)? };
        Ok(Self { cfg, name: place.to_string(), registry, is_default })
    }

    /// Where a policy lies that asks a seed for nothing of the flake that is checked out: what it is used for is another commit's.
    pub(super) fn apart(&self, step: &Step<'_>) -> Result<String, Error> {
        Ok(kept(step, &normal(step, &self.cfg)?)?.to_string())
    }
}

/// A policy in the folder of the job.
fn kept(step: &Step<'_>, json: &[u8]) -> Result<Place, Error> {
    let path = step.state.at(FILE);
    write(&path, json)?;
    Ok(Place::File(path))
}

fn normal(step: &Step<'_>, cfg: &Cfg) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(cfg).map_err(std::io::Error::from);
    json.map_err(|source| Error::Io { doing: "writing", path: step.state.at(FILE), source })
}

/// What a flake says, evaluated by the Nix of the job, which later commands, and root, need not have.
fn of_flake(step: &Step<'_>, nix: Option<&Path>, flake: &Flake, folder: Option<PathBuf>) -> Result<Believed, Error> {
    if !step.has_nix() {
        get_nix(step, nix)?;
    }
    let attribute = flake.to_string();
    // Nothing is built for it: whom to trust has to be known before.
    let no_build = ["--option", "allow-import-from-derivation", "false"];
    let arguments = [&["eval", "--json", "--no-write-lock-file"], &no_build[..], &[&attribute]].concat();
    let mut command = step.nix(&arguments)?;
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    let ended = step.run(command)?;
    if ended.code != 0 {
        return Err(Error::Evaluation { attribute, hint: CFG_HINT });
    }
    let json = ended.out.as_bytes();
    let cfg = Cfg::from_json(json).map_err(|error| Error::Cfg { place: attribute.clone(), error })?;
    Ok(Believed { cfg, place: kept(step, json)?, shown: attribute })
}

fn of_file(place: Place) -> Result<Believed, Error> {
    Ok(Believed { cfg: place.load(&[])?, shown: place.to_string(), place })
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
