//! `nix-seed attest`.

mod pending;
mod provenance;
mod release;
mod signing;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use nix_seed_attest::{Attachment, Queue};
use nix_seed_cfg::Cfg;
use nix_seed_registry::Reference;
use nix_seed_sign::{Http, sign};
use nix_seed_source::Location;
use nix_seed_statement::release::{CLOSURE, Kind};
use nix_seed_store::Sha256Hash;
use nix_seed_trust::{Bundle, Decision, Expected, Refused, decide};

use super::verify::{Trust, Trusted, strict};
use crate::args::Global;
use crate::error::Error;
use crate::files::read;
use crate::print;
pub(crate) use pending::Place;
use pending::{Services, Waiting, resume};
pub(crate) use provenance::{Built, rfc3339};
pub(crate) use release::Release;
pub(crate) use signing::Signing;

/// A statement or a bill of materials has at most so many bytes.
const DOCUMENT_MAX: u64 = 64 << 20;

/// Sign what was built and how, log the signatures, and attach them to the image
#[derive(Args)]
#[command(
    after_help = "Signs the release statement and a provenance, has both logged, verifies them as any reader will, and attaches them with the bills of \
    materials. Where a log does not answer, what is signed waits in a folder, the exit code is 21, and --resume goes on.\n\n\
    In a job of GitHub, GitLab, Buildkite, Forgejo or Gitea, the job's identity signs. Elsewhere a key does: --key, or the `signer` of a builder in seedCfg.\n\n\
    Examples:\n  \
    nix build .#seed && nix build --out-link release .#seed.release && nix build --out-link sbom .#seed.sbom\n  \
    nix-seed push ./result ghcr.io/me/app-seed:main\n  \
    nix-seed attest ghcr.io/me/app-seed:main --release release --sbom sbom\n  \
    nix-seed attest --resume"
)]
pub(crate) struct Attest {
    /// The seed, or a result that is an image, in its registry; of results, HOST/NAME is where they are published [default of results:
    /// `registry` in seedCfg]
    #[arg(value_name = "IMAGE")]
    location: Option<Location>,
    /// The release statement: what `nix build .#seed.release` made, or `nix-seed build`
    #[arg(long, value_name = "FILE", required_unless_present = "resume")]
    release: Option<PathBuf>,
    /// The folder with the bills of materials: what `nix build .#seed.sbom` made, or `nix-seed build`
    #[arg(long, value_name = "DIR")]
    sbom: Option<PathBuf>,
    /// How Nix was set when it built: what `nix-seed build` wrote [default: as this machine's Nix is set now]
    #[arg(long, value_name = "FILE")]
    nix_settings: Option<PathBuf>,
    /// When building began, as 2026-11-30T03:15:08Z [default: the provenance says only when it was over]
    #[arg(long, value_name = "TIME", value_parser = provenance::time)]
    began: Option<SystemTime>,
    /// Go on with all that was signed and could not be logged
    #[arg(long, conflicts_with_all = ["location", "release", "sbom", "nix_settings", "began"])]
    resume: bool,
    /// Write the bundles to this folder, too
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    signing: Signing,
}

pub(crate) fn run(args: &Attest, global: &Global) -> Result<(), Error> {
    let trusted = args.trust.read()?;
    let http = Http::new()?;
    let place = Place { global, out: args.out.as_deref() };
    let Some(path) = &args.release else {
        let queue = Queue::of_user()?;
        return resume(&Services { root: &trusted.root, http: &http, queue: &queue, place: &place });
    };
    let release = Release::read(path, args.sbom.as_deref())?;
    let built = match &args.nix_settings {
        Some(path) => Built::told(&read(path, DOCUMENT_MAX)?, path, args.began)?,
        None => Built::by_this_machine(args.began)?,
    };
    let target = match (&args.location, release.statement.release().kind) {
        (Some(Location::Registry(reference)), Kind::Results)
            if reference.tag().is_none() && reference.digest().is_none() =>
        {
            Target::Artifact(reference.clone())
        }
        (Some(location), _) => Target::Image(release.image(location, path, global)?),
        (None, Kind::Results) => Target::of_policy(&trusted.cfg)?,
        (None, Kind::Seed) => return Err(Error::NoSeedGiven),
    };
    // Whoever signs may be one of a policy that is written later.
    let warn = |refused: Refused| {
        print::warning(&format!("this policy does not believe it: {}", refused.first));
        Ok(())
    };
    Signed { release, built, target }.sign(&args.signing, &trusted, &http, &place, warn)
}

/// Where what is signed is attached.
pub(crate) enum Target {
    /// An image in a registry, by its digest.
    Image(String),
    /// The artifact that stands for results, in a repository.
    Artifact(Reference),
}

impl Target {
    /// Where the policy says that statements are.
    pub(crate) fn of_policy(cfg: &Cfg) -> Result<Self, Error> {
        let registry = cfg.registry.as_deref().ok_or(Error::NoRegistry)?;
        Ok(Self::Artifact(registry.parse()?))
    }
}

/// What is to be signed, and where it goes.
pub(crate) struct Signed {
    pub(crate) release: Release,
    pub(crate) built: Built,
    pub(crate) target: Target,
}

impl Signed {
    /// Signs release and provenance, has them logged, and attaches them, if the policy believes them, or else `doubtful` allows it.
    pub(crate) fn sign(
        self,
        signing: &Signing,
        trusted: &Trusted,
        http: &Http,
        place: &Place<'_>,
        doubtful: impl FnOnce(Refused) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Self { release, built, target } = self;
        let provenance = provenance::of(&release.statement, &release.bytes, built)?;
        let services = signing.services(&trusted.cfg)?;
        let signer = signing.signer(&trusted.cfg, http)?;
        let drafts = sign(&[&release.bytes, &provenance], &signer, &services, http)?;
        let images = match target {
            Target::Image(image) => vec![image],
            Target::Artifact(reference) => {
                release.publish(&reference, &place.global.registry()?.repository(&reference))?
            }
        };
        // They are not signed, and need no log.
        place.attach(&images, &release.sboms)?;
        let queue = Queue::of_user()?;
        let services = Services { root: &trusted.root, http, queue: &queue, place };
        Waiting { images, drafts }.complete(&services, |bundles| match believed(&release, trusted, bundles) {
            Ok(_) => Ok(()),
            Err(refused) => doubtful(refused),
        })
    }
}

/// Whether whoever reads the bundles will believe them under this policy.
fn believed(release: &Release, trusted: &Trusted, bundles: &[Attachment]) -> Result<Decision, Refused> {
    let said = release.statement.release();
    let subject = release.statement.subjects().iter().find(|subject| subject.name != CLOSURE);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let expected = Expected {
        digest: subject.map_or(Sha256Hash([0; 32]), |subject| subject.digest.sha256),
        name: subject.map(|subject| subject.name.clone()),
        commit: Some(said.source.commit.clone()),
        lock: said.source.lock.map(|lock| lock.sha256),
        system: Some(said.system.clone()),
        seed: said.seed.map(|seed| seed.sha256),
        now: i64::try_from(now).unwrap_or(i64::MAX),
    };
    let bundle = |attachment: &Attachment| match attachment {
        Attachment::Bundle { bytes, .. } => {
            Some(Bundle { at: format!("the new {}", attachment.kind()), bytes: bytes.clone() })
        }
        _ => None,
    };
    let bundles: Vec<_> = bundles.iter().filter_map(bundle).collect();
    decide(&trusted.policy, &trusted.root, &expected, &bundles).and_then(|decision| strict(&trusted.cfg, decision))
}
