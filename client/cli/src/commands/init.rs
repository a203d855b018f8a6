//! `nix-seed init`: workflow files for a repository, and whether they still fit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};
use nix_seed_ci::workflow::{self, BASELINE, Ci, File, Program, Programs, Wish, files, listed};
use serde_json::json;

use crate::args::Global;
use crate::error::Error;
use crate::files::{read, write};
use crate::flake::Flake;
use crate::print;

/// The attribute that a seed usually is.
const SEED: &str = "seed";
/// The programs of the newest release when this was built.
const RELEASED: &str = include_str!("../../../../action/programs");
/// What runs templates that are no actions of GitHub's.
const RUNNER: &str = "Linux-X64";
/// A workflow, or a list of programs, has at most so many bytes.
const FILE_MAX: u64 = 1 << 20;

/// Which CI.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Github,
    Forgejo,
    Gitea,
    Gitlab,
}

/// Write the workflow files by which a CI makes the flake's seed and builds in it, or tell whether they have drifted
///
/// With --seed, the files whose edits may change dependencies are found, and a new seed is made when they change; without, flake.nix and
/// flake.lock are.
#[derive(Args)]
#[command(after_help = "Exit code 5: a file is there already (--force), or has drifted (--check).\n\n\
    Examples:\n  nix-seed init --ci github\n  \
    nix build .#seed && nix-seed init --ci github --seed ./result\n  \
    nix-seed init --ci github --seed ./result --check")]
pub(crate) struct Init {
    /// For which CI [default: the one whose folder or file is there, else GitHub's]
    #[arg(long, value_enum)]
    ci: Option<Kind>,
    /// The flake that is checked out, and the attribute of its seed
    #[arg(long, value_name = "FLAKE#ATTRIBUTE", default_value = ".#seed")]
    flake: String,
    /// A seed of the flake, to find out in it for which files a new one is wanted
    #[arg(long, value_name = "IMAGE|DIR")]
    seed: Option<String>,
    /// The main branch [default: that of the remote `origin`, else the one that is checked out]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// What is built; may be given many times [default: the outputs called default]
    #[arg(long, value_name = "OUTPUT")]
    output: Vec<String>,
    /// A runner; may be given many times, once for each system [default: GitHub's for all four; docker elsewhere]
    #[arg(long, value_name = "LABEL")]
    runner: Vec<String>,
    /// The action
    #[arg(long, value_name = "OWNER/NAME@REF", default_value = "0compute/nix-seed@v1")]
    action: String,
    /// The list of released programs, for a CI without actions [default: that of this version]
    #[arg(long, value_name = "FILE")]
    programs: Option<PathBuf>,
    /// Write a workflow as well that measures `nix develop` with nix-seed, with the public cache and with actions/cache
    #[arg(long)]
    benchmark: bool,
    /// Write nothing; tell whether the files that are there name other files than they should
    #[arg(long, conflicts_with = "force")]
    check: bool,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(init: &Init, global: &Global) -> Result<(), Error> {
    let flake = Flake::parse(&init.flake, SEED)?;
    let folder = flake.folder().ok_or_else(|| Error::NotCheckedOut { flake: flake.to_string() })?;
    // Workflows lie at the top of a repository, wherever the flake is.
    let top = ask(&folder, &["rev-parse", "--show-toplevel"]).map_or_else(|| folder.clone(), PathBuf::from);
    let ci = init.ci.map_or_else(|| found(&top), Kind::ci);
    let programs = match &init.programs {
        Some(path) => String::from_utf8_lossy(&read(path, FILE_MAX)?).into_owned(),
        None => RELEASED.to_owned(),
    };
    let wish = Wish {
        branch: init.branch.clone().unwrap_or_else(|| branch(&folder)),
        paths: paths(init, &flake, &folder, global)?,
        action: init.action.clone(),
        runners: init.runner.clone(),
        program: Programs::parse(&programs)?.of(RUNNER).cloned().or_else(|| init.check.then(Program::none)),
        benchmark: init.benchmark,
        folder: prefix(&folder).trim_end_matches('/').to_owned(),
        attribute: flake.parts().1.to_owned(),
        ..Wish::default()
    };
    let wish = if init.output.is_empty() { wish } else { Wish { outputs: init.output.clone(), ..wish } };
    let files = files(ci, &wish)?;
    if init.check {
        return check(&files, &top, global);
    }
    put(&files, &top, init.force, global)
}

impl Kind {
    fn ci(self) -> Ci {
        match self {
            Self::Github => Ci::GitHub,
            Self::Forgejo => Ci::Forgejo,
            Self::Gitea => Ci::Gitea,
            Self::Gitlab => Ci::GitLab,
        }
    }
}

/// The CI that a repository has.
fn found(folder: &Path) -> Ci {
    let known = [(".forgejo", Ci::Forgejo), (".gitea", Ci::Gitea), (".gitlab-ci.yml", Ci::GitLab)];
    known.into_iter().find(|(name, _)| folder.join(name).exists()).map_or(Ci::GitHub, |(_, ci)| ci)
}

fn branch(folder: &Path) -> String {
    let remote = ask(folder, &["symbolic-ref", "--short", "refs/remotes/origin/HEAD"]);
    let remote = remote.and_then(|name| Some(name.strip_prefix("origin/")?.to_owned()));
    remote.or_else(|| ask(folder, &["symbolic-ref", "--short", "HEAD"])).unwrap_or_else(|| Wish::default().branch)
}

/// A folder from the repository's top, with a slash at its end; nothing is the top.
fn prefix(folder: &Path) -> String {
    ask(folder, &["rev-parse", "--show-prefix"]).unwrap_or_default()
}

/// What git says; none where it fails, or says nothing.
fn ask(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).current_dir(folder).stdin(Stdio::null()).output().ok()?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

/// The patterns of files whose edits may change dependencies, as `nix-seed check` prints them.
fn paths(init: &Init, flake: &Flake, folder: &Path, global: &Global) -> Result<Vec<String>, Error> {
    // From the repository's top, as a workflow names files.
    let prefix = prefix(folder);
    let mut all: Vec<_> = BASELINE.iter().map(|name| format!("{prefix}{name}")).collect();
    let Some(seed) = &init.seed else { return Ok(all) };
    // What is named from here is named from there, too.
    let seed = if Path::new(seed).exists() {
        std::path::absolute(seed).map_err(|source| io("finding", Path::new(seed), source))?.display().to_string()
    } else {
        seed.clone()
    };
    let program = std::env::current_exe().map_err(|source| io("finding", Path::new("nix-seed"), source))?;
    let mut command = Command::new(&program);
    command.args(["check", "--paths=workflow", &seed, &flake.to_string()]);
    for host in &global.plain_http {
        command.args(["--plain-http", host]);
    }
    let output = command.current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|source| io("running", &program, source))?;
    // It lists the files also where something is missing in the seed.
    if !output.status.success() {
        return Err(Error::StepFailed {
            code: output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
        });
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let patterns = text.lines().filter_map(|line| line.trim().strip_prefix("- "));
    for pattern in patterns.filter_map(|text| serde_json::from_str::<String>(text).ok()) {
        let pattern = format!("{prefix}{pattern}");
        if !all.contains(&pattern) {
            all.push(pattern);
        }
    }
    Ok(all)
}

fn put(files: &[File], folder: &Path, is_forced: bool, global: &Global) -> Result<(), Error> {
    let at = |file: &File| folder.join(&file.path);
    let is_same = |file: &File| std::fs::read(at(file)).is_ok_and(|bytes| bytes == file.text.as_bytes());
    if let Some(other) = files.iter().find(|file| !is_forced && at(file).exists() && !is_same(file)) {
        return Err(Error::WorkflowThere { path: at(other) });
    }
    for file in files {
        let path = at(file);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(|source| io("creating", parent, source))?;
        write(&path, file.text.as_bytes())?;
        if !global.json {
            print::line(&file.path)?;
        }
    }
    if global.json {
        let paths: Vec<_> = files.iter().map(|file| &file.path).collect();
        return print::json(&json!({ "init": { "files": paths } }));
    }
    print::note(
        "read them, and commit them; nobody needs nix-seed init again before the list of files drifts: nix-seed init --check",
    );
    Ok(())
}

/// What is other than it should be.
fn check(files: &[File], folder: &Path, global: &Global) -> Result<(), Error> {
    let mut differences = Vec::new();
    for File { path, text } in files {
        let Some(expected) = listed(text) else { continue };
        let Ok(bytes) = read(&folder.join(path), FILE_MAX) else {
            differences.push(format!("{path} is not there"));
            continue;
        };
        let there = String::from_utf8_lossy(&bytes);
        let Some(found) = listed(&there) else {
            differences.push(format!("{path} has no list between \"# nix-seed: files\" and \"# nix-seed: end\""));
            continue;
        };
        let (expected, found): (BTreeSet<_>, BTreeSet<_>) = (expected.iter().collect(), found.iter().collect());
        differences.extend(expected.difference(&found).map(|name| format!("{path} lacks {name}")));
        differences.extend(
            found.difference(&expected).map(|name| format!("{path} names {name}, which changes no dependency")),
        );
        if *there != *text && expected == found {
            print::note(&format!(
                "{path}: the list is right; the rest is not as init writes it, which is nobody's concern but yours"
            ));
        }
    }
    if global.json {
        print::json(&json!({ "init": { "differences": differences } }))?;
    }
    if differences.is_empty() { Ok(()) } else { Err(Error::WorkflowDrifted { differences: differences.join("; ") }) }
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { doing, path: path.into(), source }
}

impl From<workflow::Error> for Error {
    fn from(error: workflow::Error) -> Self {
        Self::Workflow(error)
    }
}
