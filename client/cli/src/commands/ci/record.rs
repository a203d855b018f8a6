//! `nix-seed ci record`: the lock file on the remote's branch says which seed there is.

use clap::{Args, ValueEnum};
use nix_seed_ci::{Forge, Kept, Recorded, Seeded};
use nix_seed_publish::lock::{Change, Entry, LOCK_NAME, Outcome, Remote};
use serde_json::json;

use super::forge;
use super::state::{RECORD, SEED};
use super::step::{Step, variable};
use super::{Common, set};
use crate::error::Error;
use crate::print;

/// How a lock file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// As a commit on the branch
    Commit,
    /// As a pull request, or a merge request, which all systems of one commit share
    PullRequest,
    /// Not at all
    Nothing,
}

/// Write the seed that `ci seed` has published into .seed.lock on the branch, beside what others write
///
/// The working tree stays as it is. Where the branch has another flake.nix or flake.lock by now, nothing is written: the job of that commit does. Jobs
/// of several systems may write at the same time. The token to push with is in NIX_SEED_GIT_TOKEN; else git's own counts, as actions/checkout leaves
/// it; else that in GITHUB_TOKEN or CI_JOB_TOKEN.
#[derive(Args)]
#[command(after_help = "Example:\n  nix-seed ci record --as pull-request --branch main")]
pub(crate) struct Record {
    #[command(flatten)]
    pub(super) common: Common,
    /// How
    #[arg(long = "as", value_enum, value_name = "HOW", default_value = "commit")]
    how: As,
    /// The branch [default: that of the job]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// The remote
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
}

pub(super) fn run(args: &Record, step: &Step<'_>) -> Result<(), Error> {
    step.state.forget(RECORD)?;
    let seeded: Seeded = step.state.get(SEED)?.ok_or(Error::NothingSeeded)?;
    let recorded = record(args, step, &seeded)?;
    if let Some(why) = &recorded.why {
        print::note(&format!("{LOCK_NAME} is not written: {why}"));
    }
    step.state.put(RECORD, &recorded)?;
    step.output("commit", recorded.commit.as_deref().unwrap_or_default())?;
    step.output("pull-request", recorded.url.as_deref().unwrap_or_default())?;
    if step.global.json {
        return print::json(&json!({ "record": recorded }));
    }
    match (&recorded.branch, &recorded.commit) {
        (Some(branch), Some(commit)) => print::line(&format!("{LOCK_NAME} on {branch}: {commit}")),
        _ => Ok(()),
    }
}

fn nothing(why: &str) -> Recorded {
    Recorded { branch: None, commit: None, url: None, why: Some(why.into()) }
}

fn record(args: &Record, step: &Step<'_>, seeded: &Seeded) -> Result<Recorded, Error> {
    if args.how == As::Nothing {
        return Ok(nothing("nobody wants it to be"));
    }
    let Some(image) = &seeded.image else { return Ok(nothing("nothing was published")) };
    if seeded.kept == Kept::Same {
        return Ok(nothing("it names this seed already"));
    }
    let own = step.job.as_ref().and_then(|job| job.branch.clone());
    let base = set(args.branch.as_deref()).map(ToOwned::to_owned).or(own).ok_or(Error::NoBranch)?;
    let change = Change {
        system: seeded.system.clone(),
        entry: Entry::new(&seeded.digest, &seeded.commit, Some(image))?,
        made_of: vec![("flake.nix".into(), seeded.flake.clone()), ("flake.lock".into(), seeded.lock.clone())],
        author: author(step),
    };
    let is_gitlab = step.job.as_ref().is_some_and(|job| job.forge == Forge::GitLab);
    let to = match args.how {
        As::PullRequest => request_branch(&base, seeded),
        _ => base.clone(),
    };
    let mut remote = Remote::new(&step.folder, &args.remote);
    if let Some(header) = forge::header(step.job.as_ref(), &variable)
        && (variable(forge::TOKEN).is_some() || !remote.has_header()?)
    {
        remote = remote.with_header(&header)?;
    }
    if args.how == As::PullRequest && is_gitlab {
        // docs.gitlab.com, "Push options".
        remote = remote.with_push_options([
            "merge_request.create".to_owned(),
            format!("merge_request.target={base}"),
            format!("merge_request.title={}", forge::TITLE),
        ]);
    }
    let commit = match remote.publish(&change, &base, &to)? {
        // Of an earlier run, whose request may have been refused: one that is open is found.
        Outcome::Unchanged { is_there: true } if args.how == As::PullRequest && !is_gitlab => None,
        Outcome::Unchanged { .. } => return Ok(nothing("the branch names this seed already")),
        Outcome::Outdated => {
            return Ok(nothing(
                "the branch has another flake.nix or flake.lock by now; the job of that commit makes its seed",
            ));
        }
        Outcome::Written { commit } => Some(commit),
    };
    let url = match (args.how, &step.job) {
        (As::PullRequest, Some(job)) if !is_gitlab => Some(forge::request(job, &base, &to)?),
        _ => None,
    };
    let why = commit.is_none().then(|| "the branch names this seed already".to_owned());
    Ok(Recorded { branch: Some(to), commit, url, why })
}

/// One for each commit, which all systems share: what is asked for is of it alone.
fn request_branch(base: &str, seeded: &Seeded) -> String {
    format!("nix-seed/{base}-{}", seeded.commit.get(..12).unwrap_or(&seeded.commit))
}

/// Who commits: GitHub's own robot there; elsewhere whom git knows, or nobody in particular.
fn author(step: &Step<'_>) -> Option<(String, String)> {
    let is_github = step.job.as_ref().is_some_and(|job| job.forge == Forge::GitHub);
    if is_github {
        let address = "41898282+github-actions[bot]@users.noreply.github.com";
        return Some(("github-actions[bot]".into(), address.into()));
    }
    let mut git = std::process::Command::new("git");
    let known = git.args(["config", "user.email"]).current_dir(&step.folder).output();
    let is_known = known.is_ok_and(|output| output.status.success());
    (!is_known).then(|| ("nix-seed".into(), "nix-seed@localhost".into()))
}
