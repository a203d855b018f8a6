//! What is signed: logged and attached, or kept until a log takes it.

use std::path::Path;

use nix_seed_attest::{Attachment, Queue, attach};
use nix_seed_registry::Reference;
use nix_seed_sign::{Draft, Http};
use nix_seed_trust::sigstore::TrustRoot;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::args::Global;
use crate::error::Error;
use crate::print;

/// What is signed for images and not logged yet, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiting {
    /// Each by its digest.
    pub(crate) images: Vec<String>,
    pub(crate) draft: Draft,
}

/// Has all of an image logged. If a log does not answer, all of it waits: a release without its provenance is worth nothing.
pub(crate) fn log(
    mut all: Vec<Waiting>,
    root: &TrustRoot,
    http: &Http,
    queue: &Queue,
) -> Result<Vec<Attachment>, Error> {
    let outcomes: Vec<_> = all.iter_mut().map(|waiting| waiting.draft.log(http)).collect();
    let Some(failed) = outcomes.into_iter().find_map(Result::err) else {
        return all.iter().map(|waiting| finish(waiting, root)).collect();
    };
    for waiting in &all {
        queue.put(&to_json(waiting)?)?;
    }
    Err(Error::Pending { count: all.len(), folder: queue.folder().into(), why: failed.to_string() })
}

fn finish(waiting: &Waiting, root: &TrustRoot) -> Result<Attachment, Error> {
    let (bytes, statement) = (waiting.draft.finish(root)?, waiting.draft.statement().to_vec());
    Ok(Attachment::Bundle { bytes, statement })
}

/// Goes on with all that waits.
pub(super) fn resume(root: &TrustRoot, http: &Http, queue: &Queue, place: &Place<'_>) -> Result<(), Error> {
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
        place.publish(&waiting.images, &[finish(&waiting, root)?])?;
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
pub(crate) struct Place<'a> {
    pub(crate) global: &'a Global,
    pub(crate) out: Option<&'a Path>,
}

impl Place<'_> {
    pub(crate) fn publish(&self, images: &[String], bundles: &[Attachment]) -> Result<(), Error> {
        for bundle in bundles {
            self.write(bundle)?;
        }
        self.attach(images, bundles)
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
