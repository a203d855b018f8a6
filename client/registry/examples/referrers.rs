//! Publishes a document, attaches documents to an image or to another document, and lists what is attached.
//!
//! ```sh
//! cargo run --example referrers push HOST/NAME application/x-result result.json
//! cargo run --example referrers attach HOST/NAME@sha256:… application/spdx+json sbom.json
//! cargo run --example referrers list HOST/NAME@sha256:…
//! ```
//!
//! `push` and `attach` print digests; a line of a list has the digest, the artifact type, and media type and digest of the first blob.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use nix_seed_registry::{Artifact, Descriptor, List, Options, Reference, Registry};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = std::io::stdout().lock();
    let open = |image: &str| -> Result<_, Box<dyn Error>> {
        let reference: Reference = image.parse()?;
        Ok((Registry::new(Options::default())?.repository(&reference), reference))
    };
    let digest_of = |reference: &Reference| reference.digest().cloned().ok_or("name the image by its digest");
    match arguments[..] {
        ["push", name, media_type, file] => {
            let pushed = open(name)?.0.push_artifact(&document(media_type, file)?)?;
            writeln!(out, "{}", pushed.digest())?;
        }
        ["attach", image, media_type, ref files @ ..] if !files.is_empty() => {
            let (repository, reference) = open(image)?;
            let digest = digest_of(&reference)?;
            let manifest = repository.manifest(&digest)?;
            let subject = Descriptor::new(manifest.media_type, manifest.bytes.len() as u64, digest);
            let artifacts = files.iter().map(|file| document(media_type, file)).collect::<Result<Vec<_>, _>>()?;
            for attached in repository.attach_all(&subject, &artifacts)? {
                let list = if attached.list == List::Api { "api" } else { "tag" };
                writeln!(out, "{} {list}", attached.descriptor.digest())?;
            }
        }
        ["list", image, ref artifact_type @ ..] if artifact_type.len() <= 1 => {
            let (repository, reference) = open(image)?;
            let referrers = repository.referrer_manifests(&digest_of(&reference)?, artifact_type.first().copied())?;
            for referrer in &referrers.manifests {
                let artifact_type = referrer.artifact_type().unwrap_or("-");
                let blob = referrer.layers.first();
                let blob = blob.map_or("-".into(), |blob| format!("{} {}", blob.media_type(), blob.digest()));
                writeln!(out, "{} {artifact_type} {blob}", referrer.descriptor.digest())?;
            }
            for refused in &referrers.refused {
                writeln!(out, "{} refused: {}", refused.descriptor.digest(), refused.why)?;
            }
        }
        _ => {
            let usage = "write: push HOST/NAME TYPE FILE, attach IMAGE@DIGEST TYPE FILE…, or list IMAGE@DIGEST [TYPE]";
            return Err(usage.into());
        }
    }
    Ok(())
}

fn document(media_type: &str, file: &str) -> std::io::Result<Artifact> {
    let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
    Ok(Artifact::document(media_type, &name, std::fs::read(file)?))
}
