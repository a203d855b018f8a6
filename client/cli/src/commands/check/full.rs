//! The check itself: the seed's own helper, in the seed, without a network.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;
use nix_seed_attest::Kept;
use nix_seed_run::{Cache, Options, Ready};
use nix_seed_source::Location;
use tempfile::NamedTempFile;

use super::{Check, Flake};
use crate::args::Global;
use crate::commands::run::{Over, Wish, variables};
use crate::error::Error;
use crate::telemetry;
use crate::verified::Wanted;

/// The program that knows how.
const HELPER: &str = "nix-seed-helper";

/// The helper's exit code where it does not understand its command line.
const NOT_UNDERSTOOD: u8 = 2;

pub(super) fn run(location: &Location, flake: &Flake, check: &Check, global: &Global) -> Result<u8, Error> {
    let cache = Cache::of_user()?;
    // Its programs are run.
    let kept = Some(Kept::at(cache.statements()));
    let guard = &check.trust.guard(Wanted { location, flake, is_for_flake: true, may_be_own: true, kept }, global)?;
    let no_helper = |why| Error::NoHelper { seed: location.to_string(), why };
    let over = Over { guard, wish: Wish::default(), global, cache: &cache };
    let finished = over.run(|seed| {
        let Some(helper) = seed.program(&cache, HELPER) else {
            return Err(no_helper("it has no nix-seed-helper in its PATH, as seeds of older versions have none"));
        };
        let closure = closure(seed, &cache)?;
        let options = Options {
            no_network: true,
            // Nothing is built.
            require_sandbox: false,
            json: global.json,
            inherited: None,
            variables: variables(),
            command: command(&helper, closure.path(), flake, check, global),
        };
        Ok(nix_seed_run::run(&cache, seed, &options)?)
    })?;
    let Some(began) = finished.began else { return Err(Error::NotBegun { code: finished.code }) };
    telemetry::build(HELPER, finished.spawned, began, finished.code);
    if finished.code == NOT_UNDERSTOOD {
        return Err(no_helper("its nix-seed-helper is of another version, and does not understand what it was asked"));
    }
    Ok(finished.code)
}

/// What the seed holds, in a file that goes when it is dropped. The command sees all of this machine but for /nix.
fn closure(seed: &Ready, cache: &Cache) -> Result<NamedTempFile, Error> {
    let closure = seed.closure(cache)?;
    let folder = std::env::temp_dir();
    let failed = |source| Error::Io { doing: "writing a file in", path: folder.clone(), source };
    let mut file = tempfile::Builder::new().prefix("nix-seed-").suffix(".json").tempfile().map_err(failed)?;
    let mut writer = BufWriter::new(file.as_file_mut());
    let written = serde_json::to_writer(&mut writer, &closure).map_err(std::io::Error::from);
    written.and_then(|()| writer.flush()).map_err(failed)?;
    drop(writer);
    Ok(file)
}

fn command(helper: &Path, closure: &Path, flake: &Flake, check: &Check, global: &Global) -> Vec<OsString> {
    let mut command: Vec<OsString> = vec![helper.into(), "check".into(), "--closure".into(), closure.into()];
    if global.json {
        command.push("--json".into());
    }
    if let Some(format) = check.paths.and_then(|paths| paths.to_possible_value()) {
        command.push(format!("--paths={}", format.get_name()).into());
    }
    for pair in check.override_input.chunks(2) {
        command.push("--override-input".into());
        command.extend(pair.iter().map(OsString::from));
    }
    command.push(flake.to_string().into());
    command
}
