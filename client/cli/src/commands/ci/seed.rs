//! `nix-seed ci seed`: the seed of this machine's system is built, published and attested.

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use clap::Args;
use nix_seed_ci::{Kept, Seeded, Standing};
use nix_seed_image::layout::Layout;
use nix_seed_publish::lock::{Entry, LOCK_NAME, LockFile, head};
use nix_seed_store::Sha256Hash;
use serde_json::json;

use super::super::attest::rfc3339;
use super::policy::Policy;
use super::start::{OWN_SEED, get_nix, up};
use super::state::{ENV, PATH, RECORD, SEED};
use super::step::Step;
use super::{Common, Trust, has_key, no_builder, standing};
use crate::error::Error;
use crate::files::hash;
use crate::print;

/// Links to what is built.
const RELEASE: &str = "release";
const SBOM: &str = "sbom";
/// What a seed is made of, as far as it is known by name.
const FLAKE: &str = "flake.nix";
/// The lock file of the flake's inputs.
const FLAKE_LOCK: &str = "flake.lock";

/// Build the seed of this machine's system; where the job may, publish and attest it
///
/// Nix is the machine's; else that of the seed that .seed.lock names, which has most of the new one already; else --nix. A seed that the
/// lock file names already, and that is believed, is neither signed nor recorded again.
#[derive(Args)]
#[command(after_help = "What follows -- is given to `nix-seed attest`.\n\n\
    Example:\n  nix-seed ci seed --registry ghcr.io/owner/app-seed -- --key env://SIGNING_KEY")]
pub(crate) struct MakeSeed {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    trust: Trust,
    /// A lock file that names a seed with nothing but Nix, for machines that have none, and its policy beside it: FILE.policy.json [default:
    /// that of the release before this version]
    #[arg(long, value_name = "FILE")]
    nix: Option<PathBuf>,
    /// The tag [default: the branch]
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Publish what a license or a private source would keep back, as `nix-seed push --allow`; one a line, and may be given many times
    #[arg(long, value_name = "WHAT")]
    allow: Vec<String>,
    /// Build the seed, and publish nothing
    #[arg(long)]
    no_publish: bool,
    /// Options of `nix-seed attest`
    #[arg(last = true, value_name = "OPTION")]
    attest: Vec<String>,
}

pub(super) fn run(args: &MakeSeed, step: &Step<'_>) -> Result<(), Error> {
    let began = Instant::now();
    for stale in [SEED, RECORD, PATH, ENV] {
        step.state.forget(stale)?;
    }
    let standing = standing(step)?;
    let policy = Policy::find(&args.trust, step, args.nix.as_deref())?;
    let present = LockFile::new(step.folder.join(LOCK_NAME)).read()?.and_then(|lock| lock.get(&step.system()).cloned());
    nix_for_seed(args, step, &policy, present.as_ref())?;

    let building = SystemTime::now();
    let link = step.state.at(OWN_SEED);
    let installable = step.flake.to_string();
    step.done(step.nix_sandboxed(&[
        "build",
        "--print-build-logs",
        "--out-link",
        &link.display().to_string(),
        &installable,
    ])?)?;
    let hashed = |name: &str| {
        let file = step.folder.join(name);
        if file.exists() { hash(&file).map(|hash| Some(Sha256Hash(hash).hex())) } else { Ok(None) }
    };
    let mut seeded = Seeded {
        system: step.system(),
        digest: format!("sha256:{}", Layout::open(&link)?.documents.digest.hex()),
        image: None,
        commit: head(&step.folder)?,
        flake: hashed(FLAKE)?,
        lock: hashed(FLAKE_LOCK)?,
        kept: Kept::New,
        why: None,
        seconds: 0.0,
    };
    let may_not = match standing {
        _ if args.no_publish => Some("--no-publish".to_owned()),
        Standing::ReadOnly { why } => Some(why.to_owned()),
        Standing::Trusted if !has_key(&args.attest) => no_builder(step, &policy),
        _ => None,
    };
    match (may_not, present) {
        (Some(why), _) => {
            print::note(&format!("the seed is not published: {why}"));
            seeded.why = Some(why);
        }
        (None, Some(entry)) if is_same(step, &policy, &entry, &seeded)? => {
            seeded.kept = Kept::Same;
            seeded.commit = entry.commit;
            seeded.image = entry.image;
        }
        (None, _) => publish(args, step, &policy, building, &mut seeded)?,
    }
    seeded.seconds = began.elapsed().as_secs_f64();
    step.state.put(SEED, &seeded)?;
    step.output("digest", &seeded.digest)?;
    step.output("image", seeded.image.as_deref().unwrap_or_default())?;
    step.output("published", if seeded.image.is_some() { "true" } else { "false" })?;
    if step.global.json {
        return print::json(&json!({ "seed": seeded }));
    }
    print::line(&seeded.digest)
}

/// Sees that there is a Nix. The seed that is named has one, and most of what the new one needs: whoever signed it is asked for, but not
/// that it is of this `flake.lock`.
fn nix_for_seed(args: &MakeSeed, step: &Step<'_>, policy: &Policy, present: Option<&Entry>) -> Result<(), Error> {
    if step.has_nix() {
        return Ok(());
    }
    if let Some(Entry { digest, image: Some(image), .. }) = present {
        let code = up(step, &["up", "--github", "--policy", &policy.apart(step)?, &format!("{image}@{digest}")])?;
        if code == 0 {
            return Ok(());
        }
        print::note(&format!("{image}@{digest} is not used: Nix comes from elsewhere"));
    }
    get_nix(step, args.nix.as_deref())
}

/// Whether the lock file names just this seed, and whoever reads that believes it.
fn is_same(step: &Step<'_>, policy: &Policy, entry: &Entry, seeded: &Seeded) -> Result<bool, Error> {
    let Some(image) = entry.image.as_deref().filter(|_| entry.digest == seeded.digest) else { return Ok(false) };
    Ok(step.run(verify(step, policy, image, &entry.digest, &entry.commit)?)?.code == 0)
}

fn verify(
    step: &Step<'_>,
    policy: &Policy,
    image: &str,
    digest: &str,
    commit: &str,
) -> Result<std::process::Command, Error> {
    let (seed, system) = (format!("{image}@{digest}"), step.system());
    let mut arguments = vec!["verify", &seed, "--policy", &policy.name, "--commit", commit, "--system", &system];
    if step.folder.join(FLAKE_LOCK).exists() {
        arguments.extend(["--flake-lock", FLAKE_LOCK]);
    }
    step.command(&arguments)
}

fn publish(
    args: &MakeSeed,
    step: &Step<'_>,
    policy: &Policy,
    began: SystemTime,
    seeded: &mut Seeded,
) -> Result<(), Error> {
    let registry = policy.registry.as_deref().ok_or(Error::NoRegistryForJob)?;
    let (flake, attribute) = step.flake.parts();
    let link = |name: &str| step.state.at(name).display().to_string();
    // The repository is what the policy says; a flake that says another one is an error.
    let text = serde_json::Value::from(policy.cfg.source.to_string()).to_string().replace("${", "\\${");
    let from = format!("{flake}#{attribute}.releaseFrom");
    let function = format!("of: (of {text}).drvPath");
    let release = step.done(step.nix_sandboxed(&["eval", "--raw", &from, "--apply", &function])?)?;
    let build =
        |name: &str, what: &str| step.nix_sandboxed(&["build", "--print-build-logs", "--out-link", &link(name), what]);
    step.done(build(RELEASE, &format!("{}^*", release.trim()))?)?;
    step.done(build(SBOM, &format!("{flake}#{attribute}.sbom"))?)?;

    let branch = step.job.as_ref().and_then(|job| job.branch.clone());
    let tag = args.tag.clone().filter(|tag| !tag.is_empty()).or(branch).unwrap_or_else(|| "latest".into());
    let target = format!("{registry}:{}", tag_of(&tag));
    let seed = link(OWN_SEED);
    let mut push = vec!["push", "--index"];
    for what in args.allow.iter().flat_map(|lines| lines.lines()).map(str::trim).filter(|what| !what.is_empty()) {
        push.extend(["--allow", what]);
    }
    push.extend([&*seed, &*target]);
    push_seed(step, &push)?;

    let image = format!("{registry}@{}", seeded.digest);
    let (release, sbom) = (link(RELEASE), link(SBOM));
    let began = rfc3339(began);
    let mut attest =
        vec!["attest", &image, "--release", &release, "--sbom", &sbom, "--policy", &policy.name, "--began", &began];
    attest.extend(args.attest.iter().map(String::as_str));
    // It says how Nix was set when it built.
    step.done(step.command_of_sandboxed(&attest)?)?;
    // As whoever uses it will.
    step.done(verify(step, policy, registry, &seeded.digest, &seeded.commit)?)?;
    seeded.image = Some(registry.into());
    Ok(())
}

fn push_seed(step: &Step<'_>, push: &[&str]) -> Result<(), Error> {
    let code = step.run(step.command(push)?)?.code;
    if code == 0 {
        return Ok(());
    }
    if step.job.is_some() {
        print::note(
            "where the registry refused it: the job needs a token that may write packages (GitHub: permissions: packages: write, and a \
             package, if there is one already, that this repository may write to)",
        );
    }
    Err(Error::StepFailed { code })
}

/// A branch as a tag: at most 128 letters, digits, `_`, `.` and `-`, the first neither `.` nor `-` (OCI distribution specification 1.1, "Pulling
/// manifests").
fn tag_of(branch: &str) -> String {
    let is_tag = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let tag: String = branch.chars().take(128).map(|c| if is_tag(c) { c } else { '-' }).collect();
    match tag.strip_prefix(['.', '-']) {
        Some(rest) => format!("_{rest}"),
        None => tag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_a_tag() {
        for (branch, tag) in
            [("main", "main"), ("feature/a+b", "feature-a-b"), (".x", "_x"), ("-x", "_x"), ("größe", "gr--e")]
        {
            assert_eq!(tag_of(branch), tag);
        }
        assert_eq!(tag_of(&"x".repeat(200)).len(), 128);
    }
}
