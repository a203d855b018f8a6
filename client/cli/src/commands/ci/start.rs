//! `nix-seed ci start`: the seed that the lock file names comes up, or what is configured instead.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use clap::Args;
use nix_seed_ci::{How, Standing, Started};
use nix_seed_publish::lock::{LOCK_NAME, LockFile};
use nix_seed_trust::Reason;
use serde_json::json;

use super::policy::{Policy, evaluated};
use super::state::{BUILD, ENV, PATH, START};
use super::step::{Step, variable};
use super::{Common, Otherwise, Trust, standing};
use crate::error::Error;
use crate::files::{append, write};
use crate::print;

/// The exit codes of `check --quick`.
const DOES_NOT_SUIT: u8 = 6;
const COULD_BE_BETTER: u8 = 7;
/// What `lock check --registry` ends with where the registry lacks the seed, and where it does not answer.
const UNREACHABLE: [u8; 2] = [5, 1];
/// A login for a registry.
const LOGIN: [&str; 3] = ["NIX_SEED_REGISTRY_USERNAME", "NIX_SEED_REGISTRY_PASSWORD", "NIX_SEED_REGISTRY_TOKEN"];
/// The link to a seed that this job has built.
pub(super) const OWN_SEED: &str = "seed";

/// Bring up the seed that .seed.lock names, where it is there, is believed and suits the commit; else do what --without-seed says
///
/// Prints what a shell has to evaluate, or, in a job of GitHub Actions or its like, writes it to the files by which later steps have it.
#[derive(Args)]
#[command(after_help = "A seed that is not believed ends the job, whatever --without-seed says.\n\n\
    Example:\n  nix-seed ci start --without-seed build > environment && . ./environment")]
pub(crate) struct Start {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    trust: Trust,
    /// What to do where no seed is there for this system, or it does not suit
    #[arg(long, value_enum, value_name = "WHAT", default_value = "build")]
    without_seed: Otherwise,
    /// A lock file that names a seed with nothing but Nix, for machines that have none, and its policy beside it: FILE.policy.json [default:
    /// that of the release before this version]
    #[arg(long, value_name = "FILE")]
    nix: Option<PathBuf>,
}

pub(super) fn run(start: &Start, step: &Step<'_>) -> Result<(), Error> {
    let began = Instant::now();
    for stale in [START, BUILD, PATH, ENV] {
        step.state.forget(stale)?;
    }
    if let Standing::ReadOnly { why } = standing(step)? {
        print::note(&format!("nothing will be signed: {why}. Its own .seed.lock and policy are what counts here"));
    }
    let system = step.system();
    let policy = Policy::find(&start.trust, step, start.nix.as_deref())?;
    let mut started = Started {
        system: system.clone(),
        how: How::Seed,
        seed: None,
        why: None,
        policy: Some(policy.name.clone()),
        fresher: false,
        seconds: 0.0,
    };
    match suits(step, &policy, &mut started)? {
        None => {}
        Some(why) => {
            print::note(&why);
            otherwise(start, step, &why, &mut started)?;
            started.why = Some(why);
        }
    }
    started.seconds = began.elapsed().as_secs_f64();
    step.state.put(START, &started)?;
    hand_on(step)?;
    step.output("how", how(started.how))?;
    step.output("seed", started.seed.as_deref().unwrap_or_default())?;
    if step.global.json {
        print::json(&json!({ "start": started }))?;
    }
    Ok(())
}

fn how(how: How) -> &'static str {
    match how {
        How::Seed => "seed",
        How::Built => "built",
        How::Fallback => "fallback",
    }
}

/// Why there is no seed that suits; none where it is up.
fn suits(step: &Step<'_>, policy: &Policy, started: &mut Started) -> Result<Option<String>, Error> {
    let system = &started.system;
    let Some(entry) = LockFile::new(step.folder.join(LOCK_NAME)).read()?.and_then(|lock| lock.get(system).cloned())
    else {
        return Ok(Some(format!("{LOCK_NAME} names no seed for {system}")));
    };
    let Some(image) = &entry.image else {
        let lock = step.folder.join(LOCK_NAME).display().to_string();
        return Err(Error::NoImage { lock, system: system.clone(), digest: entry.digest, command: "ci start" });
    };
    let seed = format!("{image}@{}", entry.digest);
    let there = step.run(step.command(&["lock", "check", "--system", system, "--registry"])?)?;
    if UNREACHABLE.contains(&there.code) {
        return Ok(Some(format!("{seed} is not there, or its registry does not answer")));
    }
    let up = up(step, &["up", "--github", "--policy", &policy.name])?;
    if up == Reason::OtherLock.exit_code() {
        return Ok(Some(format!("{seed} was made for another flake.lock")));
    }
    if up != 0 {
        return Err(Error::StepFailed { code: up });
    }
    if policy.is_default && evaluated(step)? {
        return Err(Error::NoPolicyFile { folder: step.folder.clone() });
    }
    let (flake, attribute) = step.flake.parts();
    let quick = step.run(step.command(&["check", "--quick", &format!("{flake}#{attribute}")])?)?;
    for line in quick.out.lines() {
        print::note(line);
    }
    match quick.code {
        0 => {}
        COULD_BE_BETTER => started.fresher = true,
        DOES_NOT_SUIT => return Ok(Some(format!("{seed} lacks what this commit needs"))),
        code => return Err(Error::StepFailed { code }),
    }
    started.seed = Some(seed);
    Ok(None)
}

/// Brings a seed up, so that later steps have it. Gives the exit code.
pub(super) fn up(step: &Step<'_>, arguments: &[&str]) -> Result<u8, Error> {
    brought(step, step.command_as_root(arguments)?)
}

fn brought(step: &Step<'_>, mut command: Command) -> Result<u8, Error> {
    let (path, env) = (step.state.at(PATH), step.state.at(ENV));
    for file in [&path, &env] {
        write(file, b"")?;
    }
    command.env("GITHUB_PATH", path).env("GITHUB_ENV", env);
    Ok(step.run(command)?.code)
}

/// What is built with where no seed suits.
fn otherwise(start: &Start, step: &Step<'_>, why: &str, started: &mut Started) -> Result<(), Error> {
    if start.without_seed == Otherwise::Fail {
        return Err(Error::NoSuitableSeed { why: why.into() });
    }
    get_nix(step, start.nix.as_deref())?;
    if start.without_seed == Otherwise::Fallback {
        started.how = How::Fallback;
        return Ok(());
    }
    started.how = How::Built;
    let link = step.state.at(OWN_SEED);
    step.done(step.nix(&[
        "build",
        "--print-build-logs",
        "--out-link",
        &link.display().to_string(),
        &step.flake.to_string(),
    ])?)?;
    started.seed = Some(link.display().to_string());
    Ok(())
}

/// Sees that there is a Nix: what is up has one, or the machine, or a seed that has nothing else.
pub(super) fn get_nix(step: &Step<'_>, bootstrap: Option<&Path>) -> Result<(), Error> {
    if step.has_nix() {
        return Ok(());
    }
    let system = step.system();
    let none = || Error::NoNixForJob { system: system.clone() };
    let file = match bootstrap.filter(|file| *file != Path::new("")) {
        Some(file) => file.to_owned(),
        None => released(step)?,
    };
    let entry = LockFile::new(&file).read()?.and_then(|lock| lock.get(&system).cloned()).ok_or_else(none)?;
    let image = entry.image.as_deref().ok_or_else(none)?;
    let policy = format!("{}.policy.json", file.display());
    let mut command =
        step.command_as_root(&["up", "--github", "--policy", &policy, &format!("{image}@{}", entry.digest)])?;
    // It is everybody's: a login that does not say which registry it is for is meant for the repository's own.
    if variable("NIX_SEED_REGISTRY").is_none() {
        for name in LOGIN {
            command.env_remove(name);
        }
    }
    let code = brought(step, command)?;
    if code == 0 { Ok(()) } else { Err(Error::StepFailed { code }) }
}

/// The seed with nothing but Nix that the newest release had when this was built.
fn released(step: &Step<'_>) -> Result<PathBuf, Error> {
    let file = step.state.at("nix.lock");
    write(&file, include_bytes!("../../../../../action/nix.lock"))?;
    write(&step.state.at("nix.lock.policy.json"), include_bytes!("../../../../../action/nix.lock.policy.json"))?;
    Ok(file)
}

/// Later steps get what is up: by the runner's files, or by what a shell evaluates.
fn hand_on(step: &Step<'_>) -> Result<(), Error> {
    let (path, variables) = step.state.environment();
    if step.has_files() {
        for (name, file) in [("GITHUB_PATH", PATH), ("GITHUB_ENV", ENV)] {
            let text = std::fs::read_to_string(step.state.at(file)).unwrap_or_default();
            append(&PathBuf::from(variable(name).unwrap_or_default()), &text)?;
        }
        return Ok(());
    }
    if step.global.json || path.is_empty() && variables.is_empty() {
        return Ok(());
    }
    print::whole(&nix_seed_start::Environment { path, variables }.shell())
}
