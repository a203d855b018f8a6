use std::num::NonZero;
use std::path::{Path, PathBuf};

use nix_seed_image::seed::Seed;
use nix_seed_source::Found;
use nix_seed_store::PathInfo;
use serde::Serialize;
use tracing::field::Empty;
use tracing::info_span;

use crate::daemon::Daemon;
use crate::environment::{Environment, settings, settings_folder};
use crate::fetch::Fetch;
use crate::journal::{Journal, short};
use crate::state::State;
use crate::store::Store;
use crate::{Error, Job, Progress, Result, plan};

/// The threads that fetch, where nothing is said: some wait for the network while others write.
const THREADS: usize = 6;

/// How to bring a seed up.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds `/nix`: `/`.
    pub root: PathBuf,
    /// How many threads fetch and write.
    pub threads: Option<NonZero<usize>>,
    /// Whether all of a seed that is mounted has to be there, and verified, before it counts as up. One that is unpacked is
    /// in any case.
    pub complete: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { root: "/".into(), threads: None, complete: false }
    }
}

/// A seed that is up.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// Its digest.
    pub digest: String,
    /// How many store paths it has.
    pub paths: usize,
    /// How many of them were missing.
    pub missing: usize,
    /// How many of these an interrupted run had left whole.
    pub resumed: usize,
    /// The compressed bytes that were fetched, without the metadata layer; of a seed that is mounted, until it was up.
    pub fetched: u64,
    /// Whether it is mounted: the rest is fetched when it is needed, or before.
    pub mounted: bool,
    /// The daemon that owns the store, where there is one.
    pub through: Option<Through>,
    /// What makes a shell use it.
    #[serde(skip)]
    pub environment: Environment,
}

/// The Nix daemon through which a seed came up.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Through {
    /// Its version of Nix, as it says.
    pub nix: String,
    /// Where it listens.
    pub socket: PathBuf,
    /// The folder of the record of what was done.
    pub record: PathBuf,
}

/// Brings the seed that was found to the store below `options.root`, through its daemon where it has one.
///
/// Only what is missing is fetched. It becomes valid all at once, at the end; until then nothing that Nix knows of has
/// changed; only a daemon makes valid path by path. Running it again, after an interruption or not, completes what is missing and changes nothing else.
pub fn up(found: &Found, options: &Options, progress: &Progress) -> Result<Started> {
    up_read(found, &found.seed()?, options, progress)
}

/// [`up`], where the documents of the seed that was found have been read.
pub fn up_read(found: &Found, seed: &Seed, options: &Options, progress: &Progress) -> Result<Started> {
    if let Some(daemon) = Daemon::find(&options.root)? {
        return crate::daemon::up(found, seed, options, progress, daemon);
    }
    #[cfg(target_os = "macos")]
    if options.root == Path::new("/") {
        crate::macos::make()?;
    }
    let comparing = info_span!("compare", seed.paths = seed.index.paths.len() as i64, seed.missing = Empty).entered();
    let store = Store::open(&options.root)?;
    let state = State::in_store(&options.root);
    let missing = store.missing(seed)?;
    comparing.record("seed.missing", missing.len() as i64);
    store.check_file_limit(missing.len())?;
    let infos = missing.iter().filter_map(|position| Some(&seed.index.paths.get(*position as usize)?.info));
    let short = short(&found.digest()).to_owned();
    let files = vec![gc_roots(&short), settings_folder(&short)];
    let journal = Journal::extend(&state, found, infos.clone(), files)?;
    journal.write(&state)?;

    let staging = store.staging();
    let mut wanted = Vec::new();
    for position in &missing {
        if let Some(path) = seed.index.paths.get(*position as usize)
            && !staging.resume(&path.info)?
        {
            wanted.push(*position);
        }
    }
    let jobs = plan(&seed.index, &wanted);
    drop(comparing);
    let bytes = jobs.iter().map(Job::bytes).sum();
    progress.want(bytes, wanted.len() as u64);
    let threads = options.threads.map_or_else(threads, NonZero::get);
    let fetch = Fetch { seed, source: &found.source, target: &staging, progress, threads };
    fetch.run(&jobs).map_err(|error| full_disk(error, seed, &wanted, &store))?;

    let infos: Vec<_> = infos.collect();
    let environment = make_valid(seed, &options.root, store, &infos, journal)?;
    Ok(Started {
        digest: seed.digest(),
        paths: seed.index.paths.len(),
        missing: missing.len(),
        resumed: missing.len() - wanted.len(),
        fetched: bytes,
        mounted: false,
        through: None,
        environment,
    })
}

/// Makes a store below `root` in which all of a seed is valid, and nothing of it lies: what is mounted below that will be. One
/// that an earlier call has made is left as it is.
#[cfg(target_os = "linux")]
pub fn register(found: &Found, seed: &Seed, root: &Path) -> Result<Started> {
    let mut store = Store::open(root)?;
    let is_new = store.database().is_none();
    let infos: Vec<_> = if is_new { seed.index.paths.iter().map(|path| &path.info).collect() } else { Vec::new() };
    let short = short(&found.digest()).to_owned();
    let state = State::in_store(root);
    let files = vec![gc_roots(&short), settings_folder(&short)];
    let journal = Journal::extend(&state, found, infos.iter().copied(), files)?;
    journal.write(&state)?;
    let environment = make_valid(seed, root, store, &infos, journal)?;
    Ok(Started {
        digest: seed.digest(),
        paths: seed.index.paths.len(),
        missing: infos.len(),
        resumed: 0,
        fetched: 0,
        mounted: true,
        through: None,
        environment,
    })
}

/// What is in its place, or staged for it, becomes valid; and the seed is up.
fn make_valid(
    seed: &Seed,
    root: &Path,
    mut store: Store,
    infos: &[&PathInfo],
    mut journal: Journal,
) -> Result<Environment> {
    if !infos.is_empty() || store.database().is_none() {
        let path = store.folder();
        let full = |error: Error| if error.is_full_disk() { Error::Full { path } } else { error };
        store.commit(infos, &seed.database).map_err(full)?;
    }
    let _ready = info_span!("ready").entered();
    let environment = settle(seed, &store, root)?;
    journal.complete = true;
    journal.write(&State::in_store(root))?;
    Ok(environment)
}

/// Roots for the garbage collector, and the settings.
fn settle(seed: &Seed, store: &Store, root: &Path) -> Result<Environment> {
    let digest = seed.digest();
    let folder = gc_roots(short(&digest));
    store.make_folder(&folder)?;
    for path in &seed.gc_roots {
        let link = root.join(&folder).join(path.base_name());
        match std::os::unix::fs::symlink(path.to_string(), &link) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Error::io("writing", link)(error));
            }
            _ => store.give(&link)?,
        }
    }
    let Some(text) = settings(seed) else { return Ok(Environment::new(seed, None)) };
    let folder = settings_folder(short(&digest));
    store.make_folder(&folder)?;
    let file = root.join(&folder).join("nix.conf");
    std::fs::write(&file, text).map_err(Error::io("writing", &file))?;
    store.give(&file)?;
    // Not below the root: there it is only seen from outside.
    Ok(Environment::new(seed, Some(&Path::new("/").join(folder))))
}

/// The folder of a seed's roots for the garbage collector, relative to the root.
fn gc_roots(short: &str) -> PathBuf {
    Path::new("nix/var/nix/gcroots").join(format!("nix-seed-{short}"))
}

fn full_disk(error: Error, seed: &Seed, wanted: &[u32], store: &Store) -> Error {
    if !error.is_full_disk() {
        return error;
    }
    let sizes = wanted.iter().filter_map(|position| Some(seed.index.paths.get(*position as usize)?.info.nar_size));
    Error::NoSpace { path: store.folder(), needed: sizes.sum() }
}

pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).clamp(THREADS, 16)
}
