//! The build is in this machine's `/nix`, where the seed is up.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use nix_seed_image::seed::Seed;
use nix_seed_source::Found;
use nix_seed_start::{Options, Progress, Started};
use nix_seed_store::{LiveDatabase, NarHasher, database_folder};

use super::results::Results;
use super::{HELPER, INHERITED, Job, io, no_helper};
use crate::error::Error;
use crate::verified::Guard;
use crate::{print, progress, telemetry};

/// Where the store is.
const ROOT: &str = "/";

pub(super) fn run(job: &Job<'_>, guard: &Guard) -> Result<(String, Results), Error> {
    let registry = job.global.registry()?;
    let find = |location: &_| Ok(Found::find_seed(location, &registry, &job.global.platform(), None)?);
    let (found, _) = guard.find(find)?;
    let seed = found.seed()?;
    let digest = found.digest();
    let is_up = nix_seed_start::seed_here(Path::new(ROOT))?.and_then(|here| here.digest).is_some_and(|up| up == digest);
    if !is_up {
        return Err(Error::NotUpHere { digest });
    }
    // What lacks is fetched; nothing else changes.
    let progress = Progress::default();
    let options = Options { complete: true, ..Options::default() };
    let started = progress::show(&progress, || nix_seed_start::up_read(&found, &seed, &options, &progress))?;
    if !job.build.no_attest {
        if started.through.is_some() {
            return Err(Error::ThroughDaemon);
        }
        verify(&seed)?;
        alone(&seed, &started)?;
    }
    build(job, &digest, &started)?;
    Ok((digest, Results::Here))
}

/// That all of the seed is what it was made as: an earlier job may have written there, or an earlier step of this one.
fn verify(seed: &Seed) -> Result<(), Error> {
    print::note(&format!("verifying {} store paths", seed.index.paths.len()));
    for path in &seed.index.paths {
        let at = path.info.path.below(Path::new(ROOT));
        let (hash, _) = NarHasher::of(&at).map_err(nix_seed_image::Error::from)?;
        if hash != path.info.nar_hash {
            return Err(Error::ChangedHere { path: at });
        }
    }
    Ok(())
}

/// That the store holds nothing but the seed: what is valid there is not built again, whoever put it there. What nothing keeps goes.
fn alone(seed: &Seed, started: &Started) -> Result<(), Error> {
    let own: HashSet<_> = seed.index.paths.iter().map(|path| &path.info.path).collect();
    let other = || {
        let database = LiveDatabase::open(&database_folder(Path::new(ROOT))).map_err(nix_seed_image::Error::from)?;
        let valid = database.valid_paths().map_err(nix_seed_image::Error::from)?;
        Ok::<_, Error>(valid.into_iter().find(|path| !own.contains(path)))
    };
    if other()?.is_none() {
        return Ok(());
    }
    let nix =
        started.environment.path.iter().map(|folder| Path::new(folder).join("nix-store")).find(|file| file.is_file());
    let nix = nix.unwrap_or_else(|| "nix-store".into());
    let mut command = Command::new(&nix);
    command.args(["--gc", "--quiet"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.envs(started.environment.variables.iter().map(|(name, value)| (name, value)));
    command.status().map_err(|source| io("running", &nix, source))?;
    match other()? {
        None => Ok(()),
        Some(path) => Err(Error::OthersHere { path: path.to_string() }),
    }
}

fn build(job: &Job<'_>, digest: &str, started: &Started) -> Result<(), Error> {
    let environment = &started.environment;
    let helper = environment.path.iter().map(|folder| Path::new(folder).join(HELPER)).find(|file| file.is_file());
    let helper: PathBuf =
        helper.ok_or_else(|| no_helper(digest, "it has no nix-seed-helper in its PATH, as older seeds have none"))?;
    let words = job.command(&helper, digest);
    let mut command = Command::new(&helper);
    command.args(words.iter().skip(1)).stdin(Stdio::null()).env_clear();
    command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs(environment.variables.iter().map(|(name, value)| (name, value)));
    command.envs(job.variables()?).env("PATH", environment.path.join(":"));
    if let Some(parent) = telemetry::traceparent() {
        command.env("TRACEPARENT", parent);
    }
    let began = SystemTime::now();
    let status = command.status().map_err(|source| io("running", &helper, source))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    telemetry::build(HELPER, began, began, code);
    job.ended(digest, code)
}
