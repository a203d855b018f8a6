//! A release statement, and where what is signed of it is attached.

use std::path::Path;

use nix_seed_attest::{Attachment, result, tag_of_path, tag_of_path_and_commit};
use nix_seed_registry::{Reference, Repository};
use nix_seed_source::{Found, Location};
use nix_seed_statement::release::{IMAGE, Kind, ReleaseStatement};
use sha2::{Digest as _, Sha256};

use super::DOCUMENT_MAX;
use crate::args::Global;
use crate::error::Error;
use crate::files::read;
use crate::print;

/// A release statement, and the bills of materials that it names.
pub(crate) struct Release {
    pub(crate) bytes: Vec<u8>,
    pub(crate) statement: ReleaseStatement,
    pub(crate) sboms: Vec<Attachment>,
}

impl Release {
    pub(crate) fn read(path: &Path, sbom: Option<&Path>) -> Result<Self, Error> {
        let bytes = read(path, DOCUMENT_MAX)?;
        let wrong = |why: String| Error::Statement { path: path.into(), why };
        let statement = ReleaseStatement::from_bytes(&bytes).map_err(|error| wrong(error.to_string()))?;
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
        Ok(Self { bytes, statement, sboms })
    }

    /// The image that was named, by its digest, where the statement speaks of it: signed for another one, it would be refused by whoever
    /// reads it.
    pub(crate) fn image(&self, location: &Location, path: &Path, global: &Global) -> Result<String, Error> {
        let found = Found::find(location, &global.registry()?, &global.platform())?;
        let digest = found.documents.digest;
        let is_of = match self.statement.release().kind {
            Kind::Seed => self.statement.subject(IMAGE) == Some(digest),
            Kind::Results => self.statement.subjects().iter().any(|subject| subject.digest.sha256 == digest),
        };
        if !is_of {
            let subjects = self.statement.subjects().iter().take(4);
            let named: Vec<_> =
                subjects.map(|subject| format!("sha256:{} ({})", subject.digest.sha256.hex(), subject.name)).collect();
            let why = format!("it speaks of {}, and not of {location}, which is {}", named.join(", "), found.digest());
            return Err(Error::Statement { path: path.into(), why });
        }
        match &found.location {
            Location::Registry(reference) => by_digest(reference, &found.digest()),
            Location::Layout(_) => Err(Error::NotInRegistry { location: location.to_string() }),
        }
    }

    /// Publishes the artifact that stands for results, without a tag yet. Gives what statements are attached to, by its digest: that, and
    /// those results that are images, where the repository has them.
    pub(crate) fn publish(&self, reference: &Reference, repository: &Repository) -> Result<Vec<String>, Error> {
        let descriptor = repository.push_artifact(&result(&self.bytes))?;
        print::note(&format!("published: {}/{}@{}", repository.registry(), repository.name(), descriptor.digest()));
        let mut all = vec![by_digest(reference, descriptor.digest().as_ref())?];
        for image in self.statement.release().outputs.iter().filter_map(|output| output.image) {
            let text = format!("sha256:{}", image.sha256.hex());
            let digest = text.parse().map_err(|_| Error::Digest { text: text.clone() })?;
            if repository.has_manifest(&digest)? {
                all.push(by_digest(reference, &text)?);
            }
        }
        Ok(all)
    }
}

/// Tags the artifact that stands for results, where it is one of `images`, by each of their store paths: one tag moves on with each commit,
/// the other says which commit it is of.
pub(super) fn tag(statement: &ReleaseStatement, images: &[String], global: &Global) -> Result<(), Error> {
    let wrong =
        |error: nix_seed_statement::Error| Error::Statement { path: "the statement".into(), why: error.to_string() };
    let packed = result(&statement.to_bytes().map_err(wrong)?).pack(None)?;
    let release = statement.release();
    for image in images {
        let reference: Reference = image.parse()?;
        if release.kind != Kind::Results || reference.digest() != Some(packed.descriptor.digest()) {
            continue;
        }
        let repository = global.registry()?.repository(&reference);
        for named in release.outputs.iter().flat_map(|output| &output.paths) {
            for tag in [tag_of_path_and_commit(&named.path, &release.source.commit), tag_of_path(&named.path)] {
                repository.put_manifest(&tag, packed.descriptor.media_type(), &packed.bytes)?;
            }
        }
    }
    Ok(())
}

fn by_digest(reference: &Reference, digest: &str) -> Result<String, Error> {
    let digest = digest.parse().map_err(|_| Error::Digest { text: digest.into() })?;
    Ok(reference.with_digest(&digest)?.to_string())
}
