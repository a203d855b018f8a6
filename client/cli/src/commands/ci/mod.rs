//! `nix-seed ci`: the steps of a CI's jobs.
//!
//! Each step does by other commands what a person would do by these, and says which. What it has done it leaves in a folder for the steps
//! after it.

mod address;
mod build;
mod fallback;
mod forge;
mod policy;
mod record;
mod root;
mod seed;
mod start;
mod state;
mod step;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use nix_seed_ci::{Forge, Job, Standing};
use nix_seed_publish::lock::head;
use nix_seed_report::{Detail, Report};
use nix_seed_sign::{Http, Token, TokenSource};
use serde_json::json;

use crate::args::Global;
use crate::error::Error;
use crate::files::append;
use crate::flake::Flake;
use crate::print;
use state::State;
use step::Step;

/// The attribute that a seed usually is.
const SEED: &str = "seed";

/// The steps of a CI's jobs, as nix-seed's actions and templates take them; each can be taken by hand
#[derive(Args)]
#[command(
    after_help = "A job that builds: start, build, summary. A job that makes a seed: guard, seed, record, summary.\n\
    Variables that are read: those by which GitHub, GitLab, Forgejo and Gitea describe a job.\n\n\
    Example:\n  nix-seed ci start > environment && . ./environment && nix-seed ci build --outputs 'packages.default checks.unit'"
)]
pub(crate) struct Ci {
    #[command(subcommand)]
    command: CiCommand,
}

#[derive(Subcommand)]
enum CiCommand {
    Guard(Guard),
    Start(start::Start),
    Build(build::Build),
    Seed(seed::MakeSeed),
    Record(record::Record),
    Summary(Summary),
}

/// What all steps have to know.
#[derive(Args)]
pub(crate) struct Common {
    /// The flake that is checked out, and the attribute of its seed
    #[arg(long, value_name = "FLAKE#ATTRIBUTE", default_value = ".#seed")]
    flake: String,
    /// Where the steps of one job leave what they have done for those after them [default: nix-seed/job in RUNNER_TEMP, else a folder of
    /// this user's]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Whom to believe.
#[derive(Args)]
pub(crate) struct Trust {
    /// The flake whose seedCfg says whom to believe, or a file that `nix-seed cfg show --json` wrote [default: .seed.cfg.json beside the
    /// flake, else its seedCfg, else the workflows of this repository's main branch]
    #[arg(long, value_name = "FLAKE|FILE")]
    policy: Option<String>,
    /// The trust level that the policy has to have at least
    #[arg(long, value_name = "1|2|3", default_value = "1", value_parser = level)]
    posture: u8,
    /// The repository for seeds and statements [default: `registry` in seedCfg, else the forge's own]
    #[arg(long, value_name = "HOST/NAME")]
    registry: Option<String>,
}

/// A level; nothing at all, as an input of an action that nobody set, is the first.
fn level(text: &str) -> Result<u8, String> {
    match text {
        "" | "1" => Ok(1),
        "2" => Ok(2),
        "3" => Ok(3),
        _ => Err("write 1, 2 or 3".into()),
    }
}

/// What an input of an action says that somebody set.
fn set(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// What to build with where no seed suits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Otherwise {
    /// Build a seed, and in that; nobody signs what comes out
    Build,
    /// Build with this machine's Nix, and a network; nobody signs what comes out
    Fallback,
    /// Nothing: the job ends
    Fail,
}

/// Refuse to go on where a fork's code would get this repository's rights
#[derive(Args)]
#[command(after_help = "The exit code is 5 where it is refused.\n\nExample:\n  nix-seed ci guard")]
pub(crate) struct Guard {
    #[command(flatten)]
    common: Common,
}

/// Write what the steps of a job have done, as Markdown, to the file that GITHUB_STEP_SUMMARY names, else to standard output
#[derive(Args)]
#[command(after_help = "Example:\n  nix-seed ci summary")]
pub(crate) struct Summary {
    #[command(flatten)]
    common: Common,
}

impl Ci {
    /// What a person calls the step.
    pub(crate) fn name(&self) -> &'static str {
        match self.command {
            CiCommand::Guard(_) => "ci guard",
            CiCommand::Start(_) => "ci start",
            CiCommand::Build(_) => "ci build",
            CiCommand::Seed(_) => "ci seed",
            CiCommand::Record(_) => "ci record",
            CiCommand::Summary(_) => "ci summary",
        }
    }

    /// The file that all steps of a job add their traces to, where nobody names another.
    pub(crate) fn trace(&self) -> Option<PathBuf> {
        let common = match &self.command {
            CiCommand::Guard(guard) => &guard.common,
            CiCommand::Start(start) => &start.common,
            CiCommand::Build(build) => &build.common,
            CiCommand::Seed(seed) => &seed.common,
            CiCommand::Record(record) => &record.common,
            // It reads the file.
            CiCommand::Summary(_) => return None,
        };
        State::open(common.state.as_deref()).ok().map(|state| state.trace())
    }
}

pub(crate) fn run(ci: &Ci, global: &Global) -> Result<u8, Error> {
    // It may hold a key or a token, which nothing that it builds is to read.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).map_err(|error| {
        Error::Io { doing: "protecting the memory of", path: "nix-seed".into(), source: error.into() }
    })?;
    if global.username.is_some() {
        return Err(Error::StepLogin);
    }
    match &ci.command {
        CiCommand::Guard(args) => guard(&Step::open(&args.common, global)?),
        CiCommand::Start(args) => start::run(args, &Step::open(&args.common, global)?),
        CiCommand::Build(args) => build::run(args, &Step::open(&args.common, global)?),
        CiCommand::Seed(args) => seed::run(args, &Step::open(&args.common, global)?),
        CiCommand::Record(args) => record::run(args, &Step::open(&args.common, global)?),
        CiCommand::Summary(args) => summary(&Step::open(&args.common, global)?),
    }
    .map(|()| 0)
}

impl Common {
    fn flake(&self) -> Result<Flake, Error> {
        Flake::parse(&self.flake, SEED)
    }
}

/// What this job may do; one that may do nothing ends here.
fn standing(step: &Step<'_>) -> Result<Standing, Error> {
    let head = head(&step.folder).ok();
    let standing = Standing::of(step.job.as_ref(), head.as_deref());
    if let Standing::Refused { why } = standing {
        return Err(Error::Untrusted { why });
    }
    Ok(standing)
}

/// Whether options name what signs instead of the job's identity.
fn has_key(options: &[String]) -> bool {
    let is_key =
        |option: &String| ["--key", "--builder", "--identity-token"].iter().any(|name| option.starts_with(name));
    options.iter().any(is_key)
}

/// Why the policy would not believe what this job signs; none where it would, or that is not known beforehand.
fn no_builder(step: &Step<'_>, policy: &policy::Policy) -> Option<String> {
    let subject = &subject(step.job.as_ref()?)?;
    let mut patterns = policy.cfg.builders.values().flat_map(|builder| &builder.subjects);
    let is_meant = patterns.any(|pattern| pattern.matches(subject));
    (!is_meant).then(|| format!("this job would sign as {subject}, which is no builder of the policy"))
}

/// As whom a job would sign: what its token says; else, as its variables do, the workflow that was started, which may call another.
fn subject(job: &Job) -> Option<String> {
    let variables = job.subject.clone();
    if job.forge != Forge::GitHub || !job.has_identity || variables.is_none() {
        return variables;
    }
    let token = Http::new().and_then(|http| Token::get(&TokenSource::Ci, &http));
    // Whoever signs will be told why there is none.
    let workflow = token.ok().and_then(|token| token.workflow().map(|workflow| format!("{}/{workflow}", job.server)));
    workflow.or(variables)
}

fn guard(step: &Step<'_>) -> Result<(), Error> {
    let standing = standing(step)?;
    let (may, why) = match &standing {
        Standing::ReadOnly { why } => ("build, and publish nothing", *why),
        _ => ("build, sign and publish", "nobody else's code runs here"),
    };
    if step.global.json {
        return print::json(&json!({ "guard": { "publishes": standing == Standing::Trusted, "why": why } }));
    }
    print::line(&format!("this job may {may}: {why}"))
}

fn summary(step: &Step<'_>) -> Result<(), Error> {
    let records = step.state.records()?;
    let Some(mut text) = records.markdown() else {
        print::note("no step has done anything yet: there is nothing to sum up");
        return Ok(());
    };
    if let Some(times) = times(step) {
        text.push_str(&format!("\n<details><summary>Where the time went</summary>\n\n{times}\n</details>\n"));
    }
    match step::variable("GITHUB_STEP_SUMMARY") {
        Some(file) => append(&PathBuf::from(file), &format!("{text}\n")),
        None => print::whole(&text),
    }
}

/// Where the time of all steps went; none where that is not known, which is nobody's failure.
fn times(step: &Step<'_>) -> Option<String> {
    let file = std::fs::File::open(step.state.trace()).ok()?;
    let report = Report::read(std::io::BufReader::new(file));
    let report = report.inspect_err(|error| print::note(&format!("where the time went is not known: {error}"))).ok()?;
    Some(report.markdown(Detail::Phases))
}
