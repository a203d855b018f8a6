//! Whether a seed is complete: as a derivation, and by hand in a seed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_check::{Error as CheckError, Files, Nix, Report, Subject, survey};
use nix_seed_image::Error as ImageError;
use nix_seed_image::index::{INDEX_PATH, Index};
use nix_seed_store::{Closure, SCHEMA_VERSION, database_bytes};

use crate::args::PathsFormat;
use crate::error::Error;
use crate::input::read_graph;
use crate::print;

/// How Nix is set up where it evaluates inside of a builder.
const SETTINGS: &str = "experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = false\nsubstitute = false\nflake-registry =\n";

/// Where a machine's own store has its database; a sandbox has none.
const DATABASE: &str = "/nix/var/nix/db";

/// As the builder of a derivation: the store holds the seed's closure and the flake's source, and nobody else uses it.
pub(crate) fn in_derivation(subject: Subject, closure: &Closure, flake: &Closure, out: &Path) -> Result<(), Error> {
    if Path::new(DATABASE).exists() {
        return Err(CheckError::Unsandboxed.into());
    }
    let top = std::env::var_os("NIX_BUILD_TOP").map_or_else(std::env::temp_dir, PathBuf::from);
    let (state, settings) = (top.join("nix-seed/state"), top.join("nix-seed/conf"));
    write(&state.join("db/db.sqlite"), &database_bytes(&closure.iter().chain(flake.iter()).cloned().collect())?)?;
    write(&state.join("db/schema"), SCHEMA_VERSION.to_string().as_bytes())?;
    write(&settings.join("nix.conf"), SETTINGS.as_bytes())?;
    let program = subject.nix.clone();
    let command = move || {
        let mut command = Command::new(&program);
        command.env_clear().env("HOME", &top).env("TMPDIR", &top).env("NIX_USER_CONF_FILES", "");
        command.env("NIX_STATE_DIR", &state).env("NIX_LOG_DIR", state.join("log")).env("NIX_CONF_DIR", &settings);
        command
    };
    let scratch = scratch()?;
    let report = check(subject, closure, Path::new("/"), scratch.path(), command)?;
    if !report.complete {
        return Err(Error::Incomplete { report: report.text() });
    }
    print::text(&report.text())?;
    let json = serde_json::to_string_pretty(&report).map_err(|error| Error::request("the report", error))?;
    Ok(fs::write(out, json + "\n").map_err(ImageError::io("writing", out))?)
}

/// By hand: Nix is that of PATH, with its settings and its store.
pub(crate) fn by_hand(
    seed: &str,
    closure: Option<&Path>,
    root: &Path,
    override_input: &[String],
) -> Result<Report, Error> {
    let closure = closure.map_or_else(own_closure, read_graph)?;
    let mut command = Command::new("nix");
    command.args(["eval", "--offline", "--json", &format!("{seed}.subject")]);
    for pair in override_input.chunks(2) {
        command.arg("--override-input").args(pair);
    }
    let output = command.output().map_err(ImageError::io("running", "nix"))?;
    if !output.status.success() {
        return Err(CheckError::Evaluation { log: String::from_utf8_lossy(&output.stderr).into_owned() }.into());
    }
    let subject = serde_json::from_slice(&output.stdout).map_err(|error| Error::request(seed, error))?;
    let scratch = scratch()?;
    check(subject, &closure, root, scratch.path(), || Command::new("nix"))
}

/// What the seed at `/nix` holds.
fn own_closure() -> Result<Closure, Error> {
    let path = Path::new("/").join(INDEX_PATH);
    let index = fs::read(&path)
        .map_err(ImageError::io("reading, since no --closure is given and this may be a seed,", path))?;
    Ok(Index::decode(&index)?.closure())
}

/// Shows a report, and fails if it says that the seed is not complete.
pub(crate) fn print(report: &Report, json: bool, paths: Option<PathsFormat>) -> Result<(), Error> {
    match paths {
        Some(PathsFormat::Plain) => {
            report.paths.iter().try_for_each(|file| print::line(&print::plain(&file.shown())))?
        }
        Some(PathsFormat::Json) => {
            print::json(&report.paths.iter().map(|file| &*file.path).collect::<Vec<_>>().into())?;
        }
        Some(PathsFormat::Workflow) => print::text(&report.workflow())?,
        None if json => {
            print::json(&serde_json::to_value(report).map_err(|error| Error::request("the report", error))?)?;
        }
        None => print::text(&report.text())?,
    }
    if report.complete {
        return Ok(());
    }
    // What has been printed already is not said again.
    let report = if paths.is_some() || json { report.text() } else { String::new() };
    Err(Error::Incomplete { report })
}

fn check(
    subject: Subject,
    closure: &Closure,
    root: &Path,
    scratch: &Path,
    command: impl Fn() -> Command + 'static,
) -> Result<Report, Error> {
    subject.check()?;
    let folder = subject.nodes.first().map(|flake| PathBuf::from(&flake.folder)).unwrap_or_default();
    let outputs = subject.outputs.len();
    let (mut nix, before) = Nix::start(subject, closure, root, scratch, command)?;
    let mut report = Report { before, ..Report::default() };
    if report.before.is_empty() {
        let (files, folders) = (nix.workspace().files().to_vec(), nix.workspace().folders().to_vec());
        let code = nix.code().clone();
        let files = Files { files: &files, folders: &folders, code: &code, folder: &folder };
        report = survey(files, &mut nix, &mut |batch| print::progress(batch))?;
    }
    report.outputs = outputs;
    report.derivations = nix.derivations();
    report.evaluations = nix.evaluations();
    Ok(report)
}

fn scratch() -> Result<tempfile::TempDir, Error> {
    let folder = tempfile::Builder::new().prefix("nix-seed-check-").tempdir();
    Ok(folder.map_err(ImageError::io("creating a folder in", std::env::temp_dir()))?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes));
    Ok(written.map_err(ImageError::io("writing", path))?)
}
