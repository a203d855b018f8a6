//! `nix-seed up`.

#[cfg(target_os = "linux")]
pub(crate) mod served;

use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::Args;
use nix_seed_source::{Found, Location};
#[cfg(target_os = "linux")]
use nix_seed_start::{Attempt, may_mount};
use nix_seed_start::{Environment, Options, Progress, Started};
use nix_seed_trust::Decision;

use super::Done;
use crate::args::Global;
use crate::error::Error;
use crate::files::append;
use crate::flake::Flake;
use crate::verified::{SeedTrust, Wanted, locked};
use crate::{print, progress, telemetry};

/// Bring a seed to this machine: its store paths to /nix, and its Nix to PATH
#[derive(Args)]
#[command(
    after_help = "Where there is no /nix yet, the seed is mounted, which root may do on Linux: it is up at once, and what is read is \
    fetched then, or before. Elsewhere what is missing is fetched and unpacked. Either way all of it becomes valid at once. \
    Prints what a shell has to evaluate:\n  \
    eval \"$(nix-seed up ghcr.io/owner/seed@sha256:…)\"\n  \
    nix build"
)]
pub(crate) struct Up {
    /// An image, best by its digest (HOST/NAME@sha256:…), or a folder with an OCI image layout [default: what .seed.lock names for
    /// this system]
    location: Option<Location>,
    /// The folder that holds /nix
    #[arg(long, default_value = "/", value_name = "DIR")]
    root: PathBuf,
    /// Mount the seed, or fail where that is not possible; else it is mounted at / alone
    #[arg(long, conflicts_with = "unpack")]
    mount: bool,
    /// Unpack the seed, also where it could be mounted
    #[arg(long)]
    unpack: bool,
    /// Wait until all of it is here and verified
    #[arg(long)]
    complete: bool,
    /// How many threads fetch and write, at most 16 [default: one per processor, but at least 6]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    threads: Option<u8>,
    /// Write to the files that GITHUB_PATH and GITHUB_ENV name, so that the job's later steps use the seed
    #[arg(long)]
    github: bool,
    #[command(flatten)]
    trust: SeedTrust,
}

impl Up {
    /// Whether a process is needed that outlives this one.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_to_be_served(&self) -> bool {
        self.mount || (!self.unpack && self.root == Path::new("/") && may_mount(&self.root).is_ok())
    }

    /// Why the seed is unpacked, where somebody may have expected that it is mounted.
    fn why_unpacked(&self) -> Option<String> {
        if self.unpack || self.root != Path::new("/") {
            return None;
        }
        #[cfg(target_os = "linux")]
        return may_mount(&self.root).err();
        #[cfg(not(target_os = "linux"))]
        None
    }
}

pub(crate) fn run(up: &Up, global: &Global) -> Result<Done, Error> {
    let files = up.github.then(github_files).transpose()?;
    let registry = global.registry()?;
    let flake = Flake::here();
    let location = &locked::seed(up.location.as_ref(), &flake, "up", global)?;
    let is_for_flake = up.location.is_none();
    let wanted = Wanted { location, flake: &flake, is_for_flake, may_be_own: true, kept: None };
    let guard = up.trust.guard(wanted, global)?;
    let find = |location: &Location| Ok(Found::find_seed(location, &registry, &global.platform(), None)?);
    let (found, decision) = guard.find(find)?;
    if let Some(tag) = &found.tag {
        print::note(&format!("{location}: {tag} is {}", found.digest()));
    }
    let progress = Progress::default();
    let options = Options {
        root: up.root.clone(),
        threads: up.threads.map(usize::from).and_then(NonZero::new),
        complete: up.complete,
    };
    let mut brought = progress::show(&progress, || bring(up, &found, &options, &progress))?;
    let started = &mut brought.started;
    let seconds = telemetry::ready(&started.digest);
    if let Some(parent) = telemetry::handed_on() {
        // What comes after this in the same shell or job belongs to one trace.
        started.environment.variables.push(("TRACEPARENT".into(), parent));
    }
    if let Some(files) = &files {
        github(files, &started.environment)?;
    }
    tell(started, decision.as_ref(), seconds, global.json)?;
    Ok(brought.done)
}

/// A seed that is up, and what is left to do for it.
struct Brought {
    started: Started,
    done: Done,
}

/// Mounts the seed, or unpacks it and says why.
fn bring(up: &Up, found: &Found, options: &Options, progress: &Progress) -> Result<Brought, Error> {
    #[cfg(target_os = "linux")]
    if served::is_this() {
        let seed = std::sync::Arc::new(found.seed()?);
        match nix_seed_start::mount(found, &seed, options, progress)? {
            Attempt::Mounted(started, served) => {
                return Ok(Brought { started, done: Done { code: 0, stays: Some(served) } });
            }
            Attempt::There => {
                let mut started = nix_seed_start::up_read(found, &seed, options, progress)?;
                started.mounted = true;
                return Ok(Brought { started, done: Done::default() });
            }
            Attempt::Not(why) if up.mount => return Err(Error::NotMounted { why }),
            Attempt::Not(why) => {
                print::note(&format!("unpacking the seed instead of mounting it: {why}"));
                let started = nix_seed_start::up_read(found, &seed, options, progress)?;
                return Ok(Brought { started, done: Done::default() });
            }
        }
    }
    if let Some(why) = up.why_unpacked() {
        print::note(&format!("unpacking the seed instead of mounting it: {why}"));
    }
    Ok(Brought { started: nix_seed_start::up(found, options, progress)?, done: Done::default() })
}

fn tell(started: &Started, decision: Option<&Decision>, seconds: f64, json: bool) -> Result<(), Error> {
    if json {
        let environment = &started.environment;
        let variables: serde_json::Map<_, _> =
            environment.variables.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let mut up = serde_json::json!(started);
        up["path"] = environment.path.clone().into();
        up["variables"] = variables.into();
        up["verified"] = decision.map_or(serde_json::Value::Null, verified);
        return print::json(&serde_json::json!({ "up": up }));
    }
    let how = if started.mounted { ", mounted: the rest is fetched when it is read, or before" } else { "" };
    print::note(&format!(
        "{} is up after {seconds:.2} s: {} store paths, {} of them new, {} fetched{how}",
        started.digest,
        started.paths,
        started.missing,
        print::bytes(started.fetched)
    ));
    if let Some(through) = &started.through {
        let (nix, record) = (&through.nix, through.record.display());
        print::note(&format!(
            "through the Nix daemon ({nix}), which owns the store; what was done is recorded in {record}"
        ));
    }
    print::whole(&started.environment.shell())
}

/// Who built the seed, and how much that is worth; null where nobody asked.
fn verified(decision: &Decision) -> serde_json::Value {
    let builders: Vec<_> = decision.findings.iter().map(|finding| &finding.builder).collect();
    let commit = &decision.release.release().source.commit;
    serde_json::json!({ "level": u64::from(decision.level), "builders": builders, "commit": commit })
}

/// GitHub's runner reads a path a line, and a variable a line.
fn github([path, env]: &[PathBuf; 2], environment: &Environment) -> Result<(), Error> {
    let variables: String = environment.variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    // What comes last in the file goes first in PATH.
    let paths: String = environment.path.iter().rev().map(|folder| format!("{folder}\n")).collect();
    append(path, &paths)?;
    append(env, &variables)
}

/// Where they go; asked before anything is fetched.
fn github_files() -> Result<[PathBuf; 2], Error> {
    let file = |variable| {
        let path = std::env::var_os(variable).map(PathBuf::from).ok_or(Error::NoRunner { variable })?;
        append(&path, "").map(|()| path)
    };
    Ok([file("GITHUB_PATH")?, file("GITHUB_ENV")?])
}
