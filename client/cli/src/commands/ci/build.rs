//! `nix-seed ci build`: the outputs, with what `ci start` has found.

use std::time::Instant;

use clap::{Args, ValueEnum};
use nix_seed_ci::{Built, How, Output, Standing, Started, is_default, outputs};
use nix_seed_statement::release::{NamedPath, Output as Named, ReleaseStatement};
use serde_json::json;

use super::policy::Policy;
use super::start::OWN_SEED;
use super::state::{BUILD, START};
use super::step::Step;
use super::{Common, Trust, fallback, has_key, no_builder, standing};
use crate::error::Error;
use crate::files::read;
use crate::print;

/// The folder for results and statements.
const RESULTS: &str = "results";
/// What was built, as `nix-seed build` says.
const RELEASE: &str = "release.json";
/// It has at most so many bytes.
const DOCUMENT_MAX: u64 = 64 << 20;

/// When what was built is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Attest {
    /// Where the job may, and the seed is a verified one
    Auto,
    /// Always, or the step fails
    Always,
    /// Never
    Never,
}

/// Build outputs with what `ci start` has found, and attest them where the job may
#[derive(Args)]
#[command(after_help = "What follows -- is given to `nix-seed build`.\n\n\
    Example:\n  nix-seed ci build --outputs 'packages.default checks.unit' -- --key env://SIGNING_KEY")]
pub(crate) struct Build {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    trust: Trust,
    /// What to build, parted by white space [default: of apps.default, checks.default, devShells.default and packages.default those that
    /// there are]
    #[arg(long, value_name = "OUTPUTS", default_value = "", hide_default_value = true)]
    outputs: String,
    /// Whether what was built is signed
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    attest: Attest,
    /// Options of `nix-seed build`
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

pub(super) fn run(build: &Build, step: &Step<'_>) -> Result<(), Error> {
    let began = Instant::now();
    step.state.forget(BUILD)?;
    let started: Started = step.state.get(START)?.ok_or(Error::NotStarted)?;
    let why_not = why_not(build, step, &started)?;
    if let Some(why) = why_not.as_ref().filter(|_| build.attest == Attest::Always) {
        return Err(Error::NotAttested { why: why.clone() });
    }
    let wanted = outputs(&build.outputs);
    let folder = step.state.at(RESULTS);
    let outputs = if started.how == How::Fallback {
        fallback::build(step, &wanted, &folder)?
    } else {
        in_seed(build, step, &started, &wanted, why_not.is_none())?
    };
    let built = Built {
        outputs,
        folder: folder.display().to_string(),
        attested: why_not.is_none(),
        why: why_not,
        seconds: began.elapsed().as_secs_f64(),
    };
    if let Some(why) = &built.why {
        print::note(&format!("nobody signs what was built: {why}"));
    }
    step.state.put(BUILD, &built)?;
    tell(step, &built)
}

fn tell(step: &Step<'_>, built: &Built) -> Result<(), Error> {
    step.output("results", &built.folder)?;
    let paths: Vec<_> = built.outputs.iter().map(|output| output.path.clone()).collect();
    step.output("paths", &paths.join("\n"))?;
    step.output("attested", if built.attested { "true" } else { "false" })?;
    // Whoever may not sign may not write to a cache that others read, either.
    let publishes = matches!(standing(step)?, Standing::Trusted);
    step.output("publishes", if publishes { "true" } else { "false" })?;
    if step.global.json {
        return print::json(&json!({ "build": built }));
    }
    built.outputs.iter().try_for_each(|output| print::line(&format!("{}: {}", output.name, output.path)))
}

/// Why nobody signs what is built; none where somebody does.
fn why_not(build: &Build, step: &Step<'_>, started: &Started) -> Result<Option<String>, Error> {
    if let Standing::ReadOnly { why } = standing(step)? {
        return Ok(Some(why.into()));
    }
    let has_key = has_key(&build.options);
    let why = match (build.attest, started.how) {
        (Attest::Never, _) => "nobody wants it to be (--attest never)",
        (_, How::Built) => "the seed was built by this job, and nobody has signed it",
        (_, How::Fallback) => "it was not built in a seed",
        (_, How::Seed) if has_key => return Ok(None),
        (_, How::Seed) if step.job.as_ref().is_some_and(|job| job.has_identity) => {
            return Ok(no_builder(step, &Policy::find(&build.trust, step, None)?));
        }
        (_, How::Seed) => {
            "the job can neither show who it is (GitHub: permissions: id-token: write; GitLab: id_tokens: SIGSTORE_ID_TOKEN) nor has a key"
        }
    };
    Ok(Some(why.into()))
}

fn in_seed(
    build: &Build,
    step: &Step<'_>,
    started: &Started,
    wanted: &[String],
    is_attested: bool,
) -> Result<Vec<Output>, Error> {
    let policy = Policy::find(&build.trust, step, None)?;
    let folder = step.state.at(RESULTS).display().to_string();
    let (flake, attribute) = step.flake.parts();
    let flake = format!("{flake}#{attribute}");
    let source = policy.cfg.source.to_string();
    let mut arguments = vec!["build", "--flake", &flake, "--out", &folder, "--source", &source];
    if is_default(wanted) {
        arguments.push("--existing");
    }
    let own = step.state.at(OWN_SEED).display().to_string();
    if started.how == How::Built {
        arguments.extend(["--no-attest", "--seed", &own]);
    } else {
        arguments.extend(["--policy", &policy.name]);
        if !is_attested {
            arguments.push("--no-attest");
        }
    }
    arguments.extend(build.options.iter().map(String::as_str));
    arguments.push("--");
    arguments.extend(wanted.iter().map(String::as_str));
    step.done(step.command(&arguments)?)?;
    let path = step.state.at(RESULTS).join(RELEASE);
    let statement = ReleaseStatement::from_bytes(&read(&path, DOCUMENT_MAX)?);
    let statement = statement.map_err(|error| Error::Statement { path, why: error.to_string() })?;
    let outputs = statement.release().outputs.iter();
    Ok(outputs.flat_map(|output| output.paths.iter().map(|named| of(output, named, &statement))).collect())
}

fn of(output: &Named, named: &NamedPath, statement: &ReleaseStatement) -> Output {
    let name = if output.paths.len() > 1 && named.name != "out" {
        format!("{} ({})", output.attribute, named.name)
    } else {
        output.attribute.clone()
    };
    let path = named.path.to_string();
    let nar = statement.subject(&path).map(|hash| hash.hex());
    Output { name, path, nar }
}
