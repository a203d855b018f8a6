//! `nix-seed verify`.

mod show;
mod subject;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use nix_seed_attest::{Collected, collect};
use nix_seed_cfg::Cfg;
use nix_seed_store::Sha256Hash;
use nix_seed_trust::sigstore::TrustRoot;
use nix_seed_trust::{Bundle, Decision, Expected, Policy, Refused, decide};

use crate::args::Global;
use crate::cfg::Place;
use crate::error::Error;
use crate::files::{hash, read};
use crate::print;
use subject::Subject;

/// A trusted root or a bundle has at most so many bytes.
const DOCUMENT_MAX: u64 = 16 << 20;

/// Decide whether a seed or a result is to be believed, and show why
#[derive(Args)]
#[command(
    after_help = "Nothing is asked but the registry, for what is attached there; with --bundle, not even that. Each reason to refuse has an exit code \
    of its own: doc/refusals.md.\n\n\
    Examples:\n  \
    nix-seed verify ghcr.io/me/app-seed@sha256:… --policy .\n  \
    nix-seed verify results/packages.x86_64-linux.default --commit \"$(git rev-parse HEAD)\"\n  \
    nix-seed verify oci:./seed --policy policy.json --bundle release.sigstore.json --bundle provenance.sigstore.json"
)]
pub(crate) struct Verify {
    /// An image (HOST/NAME@sha256:…), a store path or a link to one, a folder with an OCI image layout (oci:DIR), or a file
    #[arg(value_name = "WHAT")]
    what: String,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    wanted: Wanted,
}

/// Whom to believe.
#[derive(Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct Trust {
    /// The flake whose seedCfg says whom to believe, or a file that `nix-seed cfg show --json` wrote
    #[arg(long, value_name = "FLAKE|FILE", default_value = ".")]
    policy: String,
    /// The output whose rules are meant, where seedCfg has some of its own for it: packages.x86_64-linux.default
    #[arg(long, value_name = "ATTRIBUTE")]
    output: Option<String>,
    /// A trusted root instead of the policy's
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Take these bundles instead of those that are attached; may be given many times
    #[arg(long, value_name = "FILE")]
    bundle: Vec<PathBuf>,
}

/// What has to be said of it.
#[derive(Args, Default)]
#[command(next_help_heading = "What is expected")]
pub(crate) struct Wanted {
    /// The commit that it was built from
    #[arg(long)]
    commit: Option<String>,
    /// The flake.lock that it was built with
    #[arg(long, value_name = "FILE")]
    flake_lock: Option<PathBuf>,
    /// The system that it was built for, as Nix writes it
    #[arg(long)]
    system: Option<String>,
    /// The seed that a result was built in: sha256:…
    #[arg(long, value_name = "DIGEST")]
    seed: Option<String>,
}

/// A policy, and whom it believes.
#[derive(Clone)]
pub(crate) struct Trusted {
    pub(crate) cfg: Cfg,
    pub(crate) policy: Policy,
    pub(crate) root: TrustRoot,
}

pub(crate) fn run(args: &Verify, global: &Global) -> Result<(), Error> {
    let trusted = args.trust.read()?;
    let subject = Subject::find(&args.what, args.wanted.commit.as_deref(), &trusted.cfg, global)?;
    let expected = args.wanted.expected(&subject)?;
    let collected = args.trust.bundles(&subject)?;
    for why in &collected.refused {
        print::note(&format!("not read: {why}"));
    }
    let decided = decide(&trusted.policy, &trusted.root, &expected, &collected.bundles);
    let decided = decided.and_then(|decision| strict(&trusted.cfg, decision));
    show::tell(&args.what, &subject, &decided, global.json)?;
    decided.map(drop).map_err(|refused| Error::Refused(Box::new(refused.first)))
}

impl Trust {
    pub(crate) fn read(&self) -> Result<Trusted, Error> {
        Trusted::load(&Place::parse(&self.policy)?, self.output.as_deref(), self.trusted_root.as_deref())
    }

    fn bundles(&self, subject: &Subject) -> Result<Collected, Error> {
        if self.bundle.is_empty() {
            return match &subject.attached {
                Some((repository, digest)) => Ok(collect(repository, digest)?),
                None => Err(Error::NoBundles { what: subject.shown.clone() }),
            };
        }
        Ok(Collected { bundles: bundle_files(&self.bundle)?, refused: Vec::new() })
    }
}

/// Bundles on disk.
pub(crate) fn bundle_files(paths: &[PathBuf]) -> Result<Vec<Bundle>, Error> {
    let read = |path: &PathBuf| Ok(Bundle { at: path.display().to_string(), bytes: read(path, DOCUMENT_MAX)? });
    paths.iter().map(read).collect()
}

impl Trusted {
    /// The policy at a place; for one output, where that has rules of its own; with another trusted root, where one is named.
    pub(crate) fn load(place: &Place, output: Option<&str>, trusted_root: Option<&Path>) -> Result<Self, Error> {
        let cfg = place.load(&[])?;
        let refuse = |error| Error::Cfg { place: "--output".into(), error };
        let cfg = output.map_or(Ok(cfg.clone()), |output| cfg.for_output(output)).map_err(refuse)?;
        let policy = Policy::of(&cfg)?;
        let root = root(trusted_root, Some(&cfg))?;
        Ok(Self { cfg, policy, root })
    }
}

impl Wanted {
    fn expected(&self, subject: &Subject) -> Result<Expected, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let seed = self.seed.as_deref().map(|digest| {
            let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
            Sha256Hash::from_hex(hex).map_err(|_| Error::Digest { text: digest.into() })
        });
        Ok(Expected {
            digest: subject.digest,
            name: subject.name.clone(),
            commit: self.commit.clone(),
            lock: self.flake_lock.as_deref().map(|path| Ok::<_, Error>(Sha256Hash(hash(path)?))).transpose()?,
            system: self.system.clone(),
            seed: seed.transpose()?,
            now: i64::try_from(now).unwrap_or(i64::MAX),
        })
    }
}

/// Refuses what holds on a lower level than one of its outputs asks for.
pub(crate) fn strict(cfg: &Cfg, decision: Decision) -> Decided {
    for output in &decision.release.release().outputs {
        // What is no output by its name has no rules of its own.
        let Ok(own) = cfg.for_output(&output.attribute) else { continue };
        if own.level > decision.level {
            let why = format!("it asks for level {} of {}", own.level, output.attribute);
            return Err(Refused::unless_level(why));
        }
    }
    Ok(decision)
}

/// The trusted root: a file's, the policy's, or the one that is built in; with the policy's logs.
pub(crate) fn root(file: Option<&Path>, cfg: Option<&Cfg>) -> Result<TrustRoot, Error> {
    let of_policy = cfg.and_then(|cfg| cfg.trusted_root.as_deref());
    let root = match (file, of_policy) {
        (Some(path), _) => TrustRoot::parse(&read(path, DOCUMENT_MAX)?, &path.display().to_string())?,
        (None, Some(text)) => TrustRoot::parse(text.as_bytes(), "seedCfg")?,
        (None, None) => TrustRoot::public_good()?,
    };
    Ok(match cfg.and_then(|cfg| cfg.logs.as_deref()) {
        Some(logs) => root.with_logs(logs)?,
        None => root,
    })
}

/// What a decision is; for [`show`].
type Decided = Result<Decision, Refused>;
