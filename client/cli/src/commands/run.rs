//! `nix-seed run`, and what it starts this program again for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use nix_seed_attest::Kept;
use nix_seed_frames::FrameCache;
use nix_seed_mount::share_heap;
use nix_seed_run::{
    Cache, Error as RunError, Finished, Given, Machine, Mounted, Options, Own, Ready, copy_out, results,
};
use nix_seed_source::{Error as SourceError, Found, Location};
use nix_seed_start::Progress;

use crate::args::Global;
use crate::error::Error;
use crate::flake::Flake;
use crate::verified::{Guard, SeedTrust, Wanted, locked};
use crate::{print, progress, telemetry};

/// Run one command over a seed, without touching this machine's /nix
#[derive(Args)]
#[command(
    after_help = "The command sees all of this machine but for /nix, which is the seed's; what it writes there goes when it ends.\n\
    The exit code is the command's, 128 and the signal's number where a signal ended it, 127 and 126 where it cannot be started.\n\n\
    Example:\n  nix-seed run --no-network --out out ghcr.io/owner/seed@sha256:… -- nix build"
)]
pub(crate) struct Run {
    /// An image, best by its digest (HOST/NAME@sha256:…), or a folder with an OCI image layout [default: what .seed.lock names for
    /// this system]
    location: Option<Location>,
    /// Give the command no network but its own loopback interface
    #[arg(long)]
    no_network: bool,
    /// Refuse where builds cannot be sandboxed, instead of saying so and going on
    #[arg(long)]
    require_sandbox: bool,
    /// Unpack the seed, also where it could be mounted; it stays unpacked for other runs
    #[arg(long, conflicts_with = "complete")]
    unpack: bool,
    /// Begin only when all of the seed is here and verified
    #[arg(long)]
    complete: bool,
    /// Copy what the command built, with all that it needs, to a store in this folder; and to this machine's store, where
    /// there is one that this user may add to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    trust: SeedTrust,
    /// The command, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(run: &Run, global: &Global) -> Result<u8, Error> {
    let cache = Cache::of_user()?;
    let options = Options {
        no_network: run.no_network,
        require_sandbox: run.require_sandbox,
        json: global.json,
        inherited: None,
        variables: variables(),
        command: run.command.clone(),
    };
    let wish = Wish { is_unpacked: run.unpack, is_complete: run.complete };
    let flake = Flake::here();
    let location = &locked::seed(run.location.as_ref(), &flake, "run", global)?;
    let (is_for_flake, kept) = (run.location.is_none(), Some(Kept::at(cache.statements())));
    let guard = &run.trust.guard(Wanted { location, flake: &flake, is_for_flake, may_be_own: true, kept }, global)?;
    let over = Over { guard, wish, global, cache: &cache };
    let finished = over.run(|seed| Ok(nix_seed_run::run(&cache, seed, &options)?))?;
    told(&finished, &run.command)?;
    keep(&finished, run.out.as_deref())?;
    Ok(finished.code)
}

/// What belongs to one trace with what the command does.
pub(crate) fn variables() -> Vec<(String, String)> {
    telemetry::traceparent().map(|parent| ("TRACEPARENT".to_owned(), parent)).into_iter().collect()
}

/// Notes the run of a command in the trace.
pub(crate) fn told(finished: &Finished, command: &[OsString]) -> Result<(), Error> {
    if finished.began.is_none() && finished.code != 0 {
        return Err(Error::NotBegun { code: finished.code });
    }
    if let Some(began) = finished.began {
        // The arguments may hold a secret.
        let program = command.first().map(PathBuf::from).unwrap_or_default();
        let program = program.file_name().unwrap_or_default().to_string_lossy();
        telemetry::build(&program, finished.spawned, began, finished.code);
    }
    Ok(())
}

/// How a seed is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wish {
    /// Unpacked, also where it could be mounted.
    pub(crate) is_unpacked: bool,
    /// All of it here and verified before anything is run.
    pub(crate) is_complete: bool,
}

/// A seed to do something over, when it is believed.
pub(crate) struct Over<'a> {
    pub(crate) guard: &'a Guard,
    pub(crate) wish: Wish,
    pub(crate) global: &'a Global,
    pub(crate) cache: &'a Cache,
}

impl Over<'_> {
    /// Does it: over the seed mounted, or unpacked, where the kernel refuses that, or it is so already.
    pub(crate) fn run<T>(&self, run: impl Fn(&Ready) -> Result<T, Error>) -> Result<T, Error> {
        let Self { guard, wish, global, cache } = *self;
        let location = guard.location();
        // What is here and has the digest that was asked for needs no registry. Whoever wants all of it verified does not believe that
        // nobody has changed it since.
        if !wish.is_complete
            && let Some(seed) = cache.named(location, &global.platform())?
        {
            guard.check(seed.digest())?;
            return run(&Ready::Unpacked(seed));
        }
        share_heap();
        let frames = cache.frames()?;
        let registry = global.registry()?;
        let find = |location: &Location| {
            Ok(Found::find_seed(location, &registry, &global.platform(), Some(Arc::new(frames.clone())))?)
        };
        let (found, _) = guard.find(find)?;
        if let Some(tag) = &found.tag {
            print::note(&format!("{location}: {tag} is {}", found.digest()));
        }
        cache.remember(location, &global.platform(), &found)?;
        if !wish.is_complete
            && let Some(seed) = cache.ready(&found.digest())?
        {
            return run(&Ready::Unpacked(seed));
        }
        let progress = Progress::default();
        let found = if wish.is_unpacked {
            found
        } else {
            let (digest, same) = (found.digest(), pinned(&found)?);
            match mounted(found, &frames, wish, &progress, &run)? {
                Attempt::Done(done) => return Ok(done),
                Attempt::Refused(why) => print::note(&format!("unpacking the seed instead of mounting it: {why}")),
                Attempt::NoSeed => {}
            }
            let again = find(&same)?;
            if again.digest() != digest {
                return Err(Error::Changed { location: location.to_string(), digest });
            }
            again
        };
        if wish.is_complete {
            cache.doubt(&found.digest())?;
        }
        run(&Ready::Unpacked(progress::show(&progress, || cache.unpack(&found, &progress))?))
    }
}

/// What was found, by its digest.
fn pinned(found: &Found) -> Result<Location, Error> {
    let text = found.digest();
    match &found.location {
        Location::Registry(reference) => {
            let digest = text.parse().map_err(|_| Error::Digest { text })?;
            Ok(Location::Registry(reference.with_digest(&digest)?))
        }
        layout => Ok(layout.clone()),
    }
}

/// What became of a seed that was to be mounted.
enum Attempt<T> {
    Done(T),
    Refused(String),
    /// It is another image, or damaged: who unpacks it says so.
    NoSeed,
}

fn mounted<T>(
    found: Found,
    frames: &FrameCache,
    wish: Wish,
    progress: &Progress,
    run: impl Fn(&Ready) -> Result<T, Error>,
) -> Result<Attempt<T>, Error> {
    // What the machine's own store has is believed, not verified.
    let own = if wish.is_complete { Own::Ignored } else { Own::Used };
    let mounted = match Mounted::new(found, frames.clone(), own) {
        Err(RunError::Source(SourceError::Image(_))) => return Ok(Attempt::NoSeed),
        mounted => mounted?,
    };
    if wish.is_complete {
        progress::show(progress, || mounted.complete(progress))?;
    }
    match run(&Ready::Mounted(Arc::new(mounted))) {
        Ok(done) => Ok(Attempt::Done(done)),
        Err(Error::Run(RunError::NotMounted { why })) => Ok(Attempt::Refused(why)),
        Err(error) => Err(error),
    }
}

/// Copies the results out, or says that they are gone.
fn keep(finished: &Finished, out: Option<&Path>) -> Result<(), Error> {
    let Some(out) = out else {
        // What the command did to its store is its own affair, and its exit code counts.
        let results = results(finished).inspect_err(|error| tracing::debug!("no results are known: {error}"));
        for result in results.iter().flatten() {
            print::note(&format!("{} leads nowhere now: keep results with --out DIR", result.at.display()));
        }
        return Ok(());
    };
    let results = results(finished)?;
    if results.is_empty() {
        if finished.code != 0 {
            return Ok(());
        }
        print::note("nothing to copy out: the command left no link to a result, as nix build does without --no-link");
        return Ok(());
    }
    let copied = copy_out(finished, &results, out)?;
    print::note(&format!("{}: {} store paths", out.display(), copied.paths));
    for (result, link) in results.iter().zip(&copied.links) {
        let also = if copied.machine == Machine::Valid { ", and in this machine's /nix" } else { "" };
        print::note(&format!("{}: {}{also}", result.at.display(), link.display()));
    }
    let links = || results.iter().map(|result| result.at.display().to_string()).collect::<Vec<_>>().join(", ");
    match copied.machine {
        Machine::Valid => {}
        Machine::Absent => {
            print::note(&format!("there is no /nix that this user may write to: {} leads nowhere", links()));
        }
        Machine::Refused => print::note(&format!("{} leads nowhere", links())),
    }
    Ok(())
}

/// Enters the namespaces and becomes the command
#[derive(Args)]
pub(crate) struct Inside {
    #[arg(long)]
    folder: PathBuf,
    /// Where it is unpacked
    #[arg(long)]
    seed: Option<PathBuf>,
    /// The number of the open file that it is mounted as; without either, the first process serves it
    #[arg(long)]
    mount: Option<i32>,
    #[arg(long)]
    served: bool,
    #[arg(long)]
    parent: i32,
    #[arg(long)]
    no_network: bool,
    #[arg(long)]
    require_sandbox: bool,
    #[arg(last = true)]
    command: Vec<OsString>,
}

pub(crate) fn inside(inside: &Inside) -> Result<u8, Error> {
    let seed = match (&inside.seed, inside.mount) {
        (Some(folder), _) => Given::Folder(folder.clone()),
        (None, Some(number)) => Given::Mount(number),
        (None, None) => Given::Served,
    };
    let inside = nix_seed_run::Inside {
        folder: inside.folder.clone(),
        seed,
        parent: inside.parent,
        no_network: inside.no_network,
        require_sandbox: inside.require_sandbox,
        command: inside.command.clone(),
    };
    match inside.enter() {
        Ok(never) => match never {},
        // The first process knows another way.
        Err(RunError::NotMounted { .. }) => Ok(1),
        Err(error) => Err(error.into()),
    }
}

/// Tries whether builds can be sandboxed
#[derive(Args)]
pub(crate) struct Probe {
    step: String,
}

pub(crate) fn probe(probe: &Probe) -> u8 {
    u8::from(!nix_seed_run::probe(&probe.step))
}
