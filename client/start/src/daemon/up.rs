use std::collections::BTreeSet;
use std::num::NonZero;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix_seed_image::seed::Seed;
use nix_seed_source::Found;
use tracing::field::Empty;
use tracing::info_span;

use super::deliver::Delivery;
use super::socket::{Daemon, talk};
use super::spool::{SPOOL, Spool};
use crate::environment::{Environment, settings_beside_daemon};
use crate::fetch::Fetch;
use crate::journal::{Journal, short};
use crate::state::State;
use crate::up::{Options, Started, Through, threads};
use crate::{Error, Job, Progress, Result, plan};

/// Brings a seed to the store of a daemon.
pub(crate) fn up(
    found: &Found,
    seed: &Seed,
    options: &Options,
    progress: &Progress,
    mut daemon: Daemon,
) -> Result<Started> {
    let comparing = info_span!("compare", seed.paths = seed.index.paths.len() as i64, seed.missing = Empty).entered();
    let state = State::beside_daemon(&options.root)?;
    let _lock = state.lock()?;
    let (roots, settings) = (roots(&state, seed), settings_folder(&state, seed));
    for path in seed.gc_roots.iter().take(1) {
        daemon.root(&options.root, &roots.join(path.base_name()))?;
    }
    let half: BTreeSet<_> = Journal::all(&state)?.into_iter().flat_map(|earlier| earlier.lost).collect();
    let (missing, lost) = missing(&mut daemon, seed, &options.root, &half)?;
    comparing.record("seed.missing", missing.len() as i64);
    let infos = missing.iter().filter_map(|position| Some(&seed.index.paths.get(*position as usize)?.info));
    let files = vec![state.in_record(&roots), state.in_record(&settings)];
    let mut journal = Journal::extend(&state, found, infos, files)?;
    // The daemon replaces these where they lie, valid as they are: until all is there, nobody knows which are whole.
    let name = |position: &u32| Some(seed.index.paths.get(*position as usize)?.info.path.base_name().to_owned());
    journal.lost = lost.iter().filter_map(name).collect();
    journal.write(&state)?;

    let spool = Spool::new(state.make_folder(SPOOL)?);
    let mut delivery = Delivery::new(&seed.index, &missing, &spool, &daemon.socket);
    delivery.lost = lost;
    let mut wanted = Vec::new();
    for position in &missing {
        let Some(path) = seed.index.paths.get(*position as usize) else { continue };
        if spool.resume(&path.info)? {
            delivery.arrived(*position)?;
        } else {
            wanted.push(*position);
        }
    }
    let jobs = plan(&seed.index, &wanted);
    drop(comparing);
    let bytes = jobs.iter().map(Job::bytes).sum();
    progress.want(bytes, wanted.len() as u64);
    let threads = options.threads.map_or_else(threads, NonZero::get);
    let fetch = Fetch { seed, source: &found.source, target: &delivery, progress, threads };
    delivery.run(|| fetch.run(&jobs)).map_err(|error| full_disk(error, seed, &wanted, spool.folder()))?;
    spool.clear()?;

    let _ready = info_span!("ready").entered();
    keep(&mut daemon, &options.root, seed, &state, &roots)?;
    let environment = settle(&daemon, seed, &state, &settings)?;
    let whole = std::mem::take(&mut journal.lost);
    journal.complete = true;
    journal.write(&state)?;
    for mut other in Journal::all(&state)? {
        let before = other.lost.len();
        other.lost.retain(|name| !whole.contains(name));
        if other.lost.len() < before {
            other.write(&state)?;
        }
    }
    Ok(Started {
        digest: seed.digest(),
        paths: seed.index.paths.len(),
        missing: missing.len(),
        resumed: missing.len() - wanted.len(),
        fetched: bytes,
        mounted: false,
        through: Some(Through {
            nix: daemon.connection.nix_version().to_owned(),
            socket: daemon.socket,
            record: state.folder().to_owned(),
        }),
        environment,
    })
}

/// The positions of the seed's paths that the daemon has not, and those among them that it believes to have: its database
/// may speak of what is gone, or of what an interrupted run has replaced by half. From here on no garbage collector takes
/// any of the seed's paths.
fn missing(
    daemon: &mut Daemon,
    seed: &Seed,
    root: &Path,
    half: &BTreeSet<String>,
) -> Result<(Vec<u32>, BTreeSet<u32>)> {
    let paths: BTreeSet<_> = seed.index.paths.iter().map(|path| path.info.path.clone()).collect();
    let mut ask = || {
        paths.iter().try_for_each(|path| daemon.connection.add_temp_root(path))?;
        daemon.connection.valid_paths(&paths)
    };
    let valid = ask().map_err(talk(&daemon.socket))?;
    let (mut missing, mut lost) = (Vec::new(), BTreeSet::new());
    for (position, path) in (0..).zip(&seed.index.paths) {
        if !valid.contains(&path.info.path) {
            missing.push(position);
        } else if path.info.path.below(root).symlink_metadata().is_err() || half.contains(path.info.path.base_name()) {
            missing.push(position);
            lost.insert(position);
        }
    }
    Ok((missing, lost))
}

/// Roots for the garbage collector: links of this program's, which the daemon is told of. They go with their folder.
fn keep(daemon: &mut Daemon, root: &Path, seed: &Seed, state: &State, folder: &Path) -> Result<()> {
    state.make_folder(folder)?;
    for path in &seed.gc_roots {
        let link = folder.join(path.base_name());
        match symlink(path.to_string(), &link) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Error::io("writing", link)(error));
            }
            _ => daemon.root(root, &link)?,
        }
    }
    Ok(())
}

fn settle(daemon: &Daemon, seed: &Seed, state: &State, folder: &Path) -> Result<Environment> {
    let text = settings_beside_daemon(seed);
    if let Some(text) = &text {
        let file = state.make_folder(folder)?.join("nix.conf");
        std::fs::write(&file, text).map_err(Error::io("writing", file))?;
    }
    let mut environment = Environment::new(seed, text.map(|_| folder));
    // Root, too, builds as the daemon does.
    environment.variables.push(("NIX_REMOTE".into(), daemon.remote()));
    Ok(environment)
}

fn roots(state: &State, seed: &Seed) -> PathBuf {
    state.folder().join("roots").join(short(&seed.digest()))
}

fn settings_folder(state: &State, seed: &Seed) -> PathBuf {
    state.folder().join("etc").join(short(&seed.digest()))
}

fn full_disk(error: Error, seed: &Seed, wanted: &[u32], path: PathBuf) -> Error {
    if !error.is_full_disk() {
        return error;
    }
    let sizes = wanted.iter().filter_map(|position| Some(seed.index.paths.get(*position as usize)?.info.nar_size));
    Error::NoSpace { path, needed: sizes.sum() }
}
