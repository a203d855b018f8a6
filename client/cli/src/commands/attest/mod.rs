//! `nix-seed attest`.

mod provenance;
mod signing;

use std::path::{Path, PathBuf};

use clap::Args;
use nix_seed_attest::{Attachment, Queue, attach};
use nix_seed_registry::Reference;
use nix_seed_sign::{Draft, Http, sign};
use nix_seed_source::{Found, Location};
use nix_seed_statement::release::{IMAGE, ReleaseStatement};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::verify::{Trust, Trusted};
use super::verify_bundle::read;
use crate::args::Global;
use crate::error::Error;
use crate::print;
use signing::Signing;

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
    /// The seed, in its registry
    #[arg(required_unless_present = "resume", value_name = "IMAGE")]
    location: Option<Location>,
    /// The release statement: what `nix build .#seed.release` made
    #[arg(long, value_name = "FILE", required_unless_present = "resume")]
    release: Option<PathBuf>,
    /// The folder with the bills of materials: what `nix build .#seed.sbom` made
    #[arg(long, value_name = "DIR")]
    sbom: Option<PathBuf>,
    /// Go on with all that was signed and could not be logged
    #[arg(long, conflicts_with_all = ["location", "release", "sbom"])]
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
    let queue = Queue::of_user()?;
    let place = Place { global, out: args.out.as_deref() };
    match (&args.location, &args.release) {
        (Some(location), Some(release)) => {
            let release = Release::read(release, args.sbom.as_deref(), location, global)?;
            let provenance = provenance::of(&release.statement, &release.bytes)?;
            let services = args.signing.services(&trusted.cfg)?;
            let signer = args.signing.signer(&trusted.cfg, &http)?;
            let drafts = sign(&[&release.bytes, &provenance], &signer, &services, &http)?;
            let waiting = drafts.into_iter().map(|draft| Waiting { image: release.image.clone(), draft }).collect();
            // They are not signed, and need no log.
            place.attach(&release.image, &release.sboms)?;
            let signed = log(waiting, &trusted, &http, &queue)?;
            place.publish(&release.image, signed)
        }
        _ => resume(&trusted, &http, &queue, &place),
    }
}

/// A release statement, and the bills of materials that it names.
struct Release {
    /// By its digest.
    image: String,
    bytes: Vec<u8>,
    statement: ReleaseStatement,
    sboms: Vec<Attachment>,
}

impl Release {
    fn read(path: &Path, sbom: Option<&Path>, location: &Location, global: &Global) -> Result<Self, Error> {
        let bytes = read(path, DOCUMENT_MAX)?;
        let wrong = |why: String| Error::Statement { path: path.into(), why };
        let statement = ReleaseStatement::from_bytes(&bytes).map_err(|error| wrong(error.to_string()))?;
        let found = Found::find(location, &global.registry()?, &global.platform())?;
        // Signed for another image, it would be refused by whoever reads it.
        if statement.subject(IMAGE) != Some(found.documents.digest) {
            let named = statement.subject(IMAGE).map_or("no image".into(), |digest| format!("sha256:{}", digest.hex()));
            return Err(wrong(format!("it speaks of {named}, and {location} is {}", found.digest())));
        }
        let mut sboms = Vec::new();
        for named in &statement.release().sboms {
            let Some(folder) = sbom else { continue };
            let (name, attachment): (_, fn(Vec<u8>) -> Attachment) = match &*named.media_type {
                "application/vnd.cyclonedx+json" => ("bom.cdx.json", Attachment::CycloneDx),
                "application/spdx+json" => ("bom.spdx.json", Attachment::Spdx),
                other => {
                    return Err(wrong(format!(
                        "it names a bill of materials of the type {other:?}, which is not known"
                    )));
                }
            };
            let document = read(&folder.join(name), DOCUMENT_MAX)?;
            if Sha256::digest(&document)[..] != named.digest.sha256.0 {
                return Err(wrong(format!("it names another {name} than the one in {}", folder.display())));
            }
            sboms.push(attachment(document));
        }
        let image = match &found.location {
            Location::Registry(reference) => {
                let digest = found.digest().parse().map_err(|_| Error::Digest { text: found.digest() })?;
                reference.with_digest(&digest)?.to_string()
            }
            Location::Layout(_) => return Err(Error::NotInRegistry { location: location.to_string() }),
        };
        Ok(Self { image, bytes, statement, sboms })
    }
}

/// What is signed for an image and not logged yet, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiting {
    image: String,
    draft: Draft,
}

/// Has all of an image logged. If a log does not answer, all of it waits: a release without its provenance is worth nothing.
fn log(mut all: Vec<Waiting>, trusted: &Trusted, http: &Http, queue: &Queue) -> Result<Vec<Attachment>, Error> {
    let outcomes: Vec<_> = all.iter_mut().map(|waiting| waiting.draft.log(http)).collect();
    let Some(failed) = outcomes.into_iter().find_map(Result::err) else {
        return all.iter().map(|waiting| finish(waiting, trusted)).collect();
    };
    for waiting in &all {
        queue.put(&to_json(waiting)?)?;
    }
    Err(Error::Pending { count: all.len(), folder: queue.folder().into(), why: failed.to_string() })
}

fn finish(waiting: &Waiting, trusted: &Trusted) -> Result<Attachment, Error> {
    let (bytes, statement) = (waiting.draft.finish(&trusted.root)?, waiting.draft.statement().to_vec());
    Ok(Attachment::Bundle { bytes, statement })
}

fn resume(trusted: &Trusted, http: &Http, queue: &Queue, place: &Place<'_>) -> Result<(), Error> {
    let pending = queue.all()?;
    let (mut left, mut failed) = (0, None);
    for kept in &pending {
        let wrong = |error: serde_json::Error| Error::Statement { path: kept.path.clone(), why: error.to_string() };
        let mut waiting: Waiting = serde_json::from_slice(&kept.bytes).map_err(wrong)?;
        if let Err(error) = waiting.draft.log(http) {
            (left, failed) = (left + 1, Some(error));
            // What one log gave is kept, though another did not answer.
            if queue.put(&to_json(&waiting)?)? != kept.path {
                queue.remove(kept)?;
            }
            continue;
        }
        place.publish(&waiting.image, vec![finish(&waiting, trusted)?])?;
        queue.remove(kept)?;
    }
    print::note(&format!("{} of {} pending signatures are logged and attached", pending.len() - left, pending.len()));
    match failed {
        Some(error) => Err(Error::Pending { count: left, folder: queue.folder().into(), why: error.to_string() }),
        None => Ok(()),
    }
}

fn to_json(waiting: &Waiting) -> Result<Vec<u8>, Error> {
    let wrong = |error: serde_json::Error| Error::Statement { path: "what is signed".into(), why: error.to_string() };
    serde_json::to_vec_pretty(waiting).map_err(wrong)
}

/// Where documents go.
struct Place<'a> {
    global: &'a Global,
    out: Option<&'a Path>,
}

impl Place<'_> {
    fn publish(&self, image: &str, bundles: Vec<Attachment>) -> Result<(), Error> {
        for bundle in &bundles {
            self.write(bundle)?;
        }
        self.attach(image, &bundles)
    }

    fn attach(&self, image: &str, attachments: &[Attachment]) -> Result<(), Error> {
        if attachments.is_empty() {
            return Ok(());
        }
        let reference: Reference = image.parse()?;
        let digest = reference.digest().cloned().ok_or_else(|| Error::Digest { text: image.into() })?;
        let attached = attach(&self.global.registry()?.repository(&reference), &digest, attachments)?;
        for (attached, attachment) in attached.iter().zip(attachments) {
            let (digest, kind) = (attached.descriptor.digest(), attachment.kind());
            if self.global.json {
                print::json(&json!({ "attached": { "image": image, "digest": digest.to_string(), "kind": kind } }))?;
            } else {
                print::line(&format!("{kind}: {digest}"))?;
            }
        }
        Ok(())
    }

    /// Under a name that says what it is and of which content.
    fn write(&self, bundle: &Attachment) -> Result<(), Error> {
        let (Some(folder), Attachment::Bundle { bytes, .. }) = (self.out, bundle) else { return Ok(()) };
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { doing: "writing", path, source }
        };
        std::fs::create_dir_all(folder).map_err(io(folder))?;
        let path = folder.join(format!("{}.sigstore.json", bundle.kind()));
        let aside = path.with_extension("partial");
        std::fs::write(&aside, bytes).and_then(|()| std::fs::rename(&aside, &path)).map_err(io(&path))
    }
}
