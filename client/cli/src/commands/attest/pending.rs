//! What is signed: logged and attached, or kept until a log and the registry take it.

use std::path::Path;

use nix_seed_attest::{Attachment, Pending, Queue, attach};
use nix_seed_registry::Reference;
use nix_seed_sign::{Draft, Http};
use nix_seed_statement::release::ReleaseStatement;
use nix_seed_trust::sigstore::TrustRoot;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::release::tag;
use crate::args::Global;
use crate::error::Error;
use crate::files::write;
use crate::print;

/// What is signed of a release and not attached yet, as it is kept: all of it in one file, since a release without its provenance is
/// worth nothing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiting {
    /// What it is attached to, each by its digest.
    pub(crate) images: Vec<String>,
    pub(crate) drafts: Vec<Draft>,
}

/// What it takes to go on with it.
pub(crate) struct Services<'a> {
    pub(crate) root: &'a TrustRoot,
    pub(crate) http: &'a Http,
    pub(crate) queue: &'a Queue,
    pub(crate) place: &'a Place<'a>,
}

impl Waiting {
    fn read(kept: &Pending) -> Result<Self, Error> {
        let wrong = |why: String| Error::Statement { path: kept.path.clone(), why };
        let waiting: Self = serde_json::from_slice(&kept.bytes).map_err(|error| wrong(error.to_string()))?;
        // Each says its own version.
        for draft in &waiting.drafts {
            Draft::from_json(&draft.to_json()?)?;
        }
        Ok(waiting)
    }

    fn to_json(&self) -> Result<Vec<u8>, Error> {
        let wrong =
            |error: serde_json::Error| Error::Statement { path: "what is signed".into(), why: error.to_string() };
        serde_json::to_vec_pretty(self).map_err(wrong)
    }

    /// Keeps it first, so that nothing is lost whatever fails from here on; then has it logged, and attached where `may` allows it.
    pub(crate) fn complete(
        self,
        services: &Services<'_>,
        may: impl FnOnce(&[Attachment]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let path = services.queue.put(&self.to_json()?)?;
        let bytes = self.to_json()?;
        self.go_on(Pending { path, bytes }, services, may)
    }

    fn go_on(
        mut self,
        mut kept: Pending,
        services: &Services<'_>,
        may: impl FnOnce(&[Attachment]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Services { root, http, queue, place } = services;
        // All are asked, also where one has failed.
        let outcomes: Vec<_> = self.drafts.iter_mut().map(|draft| draft.log(http)).collect();
        let path = queue.put(&self.to_json()?)?;
        if path != kept.path {
            queue.remove(&kept)?;
            kept.path = path;
        }
        match outcomes.into_iter().find_map(Result::err) {
            None => {}
            Some(error) if error.passes() => {
                let (count, folder) = (self.drafts.len(), queue.folder().into());
                return Err(Error::Pending { count, folder, why: error.to_string() });
            }
            Some(error) => {
                // It would say the same the next time.
                queue.remove(&kept)?;
                return Err(error.into());
            }
        }
        let finish = |draft: &Draft| {
            Ok(Attachment::Bundle { bytes: draft.finish(root)?, statement: draft.statement().to_vec() })
        };
        let finished = self.drafts.iter().map(finish).collect::<Result<Vec<_>, Error>>();
        let allowed = finished.and_then(|bundles| may(&bundles).map(|()| bundles));
        // Nor does what is refused get better.
        let bundles = allowed.inspect_err(|_| drop(queue.remove(&kept)))?;
        place.publish(&self.images, &bundles).inspect_err(|_| {
            print::note(&format!(
                "what is signed and logged waits in {}; go on with: nix-seed attest --resume",
                queue.folder().display()
            ));
        })?;
        Ok(queue.remove(&kept)?)
    }
}

/// Goes on with all that waits. What fails does not hold up what comes after it.
pub(super) fn resume(services: &Services<'_>) -> Result<(), Error> {
    let pending = services.queue.all()?;
    let all = pending.len();
    let mut failed = Vec::new();
    for kept in pending {
        let path = kept.path.clone();
        let done = Waiting::read(&kept).and_then(|waiting| waiting.go_on(kept, services, |_| Ok(())));
        if let Err(error) = done {
            print::note(&format!("{}: {error}", path.display()));
            failed.push(error);
        }
    }
    print::note(&format!("{} of {all} pending releases are logged and attached", all - failed.len()));
    // What has to be mended before the one that only has to be waited for.
    let first = failed.iter().position(|error| !matches!(error, Error::Pending { .. })).unwrap_or(0);
    if failed.is_empty() { Ok(()) } else { Err(failed.swap_remove(first)) }
}

/// Where documents go.
pub(crate) struct Place<'a> {
    pub(crate) global: &'a Global,
    pub(crate) out: Option<&'a Path>,
}

impl Place<'_> {
    fn publish(&self, images: &[String], bundles: &[Attachment]) -> Result<(), Error> {
        for bundle in bundles {
            self.write(bundle)?;
        }
        self.attach(images, bundles)?;
        // Last: what a tag leads to is there.
        let release = bundles.iter().find_map(|bundle| match bundle {
            Attachment::Bundle { statement, .. } => ReleaseStatement::from_bytes(statement).ok(),
            _ => None,
        });
        release.map_or(Ok(()), |release| tag(&release, images, self.global))
    }

    pub(crate) fn attach(&self, images: &[String], attachments: &[Attachment]) -> Result<(), Error> {
        if attachments.is_empty() {
            return Ok(());
        }
        images.iter().try_for_each(|image| self.attach_to(image, attachments))
    }

    fn attach_to(&self, image: &str, attachments: &[Attachment]) -> Result<(), Error> {
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
        let io = |source| Error::Io { doing: "creating", path: folder.into(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        write(&folder.join(format!("{}.sigstore.json", bundle.kind())), bytes)
    }
}
