//! The step `release`: the statement on a seed that builders sign.

use std::io::Read;
use std::path::{Path, PathBuf};

use nix_seed_image::Error as ImageError;
use nix_seed_image::layout::Layout;
use nix_seed_image::seed::Seed;
use nix_seed_statement::release::{Input, Kind, Output, Release, ReleaseStatement, Sbom, Source};
use nix_seed_statement::{Digest, closure_digest};
use nix_seed_store::Sha256Hash;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// The bills of materials in the folder that the step `sbom` writes, by media type.
const SBOMS: [(&str, &str); 2] =
    [("application/spdx+json", "bom.spdx.json"), ("application/vnd.cyclonedx+json", "bom.cdx.json")];

/// What a release says that is not in the image.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    image: PathBuf,
    /// None for a release that says nothing of bills of materials.
    sbom: Option<PathBuf>,
    source: RequestSource,
    system: String,
    outputs: Vec<Output>,
    inputs: Vec<Input>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RequestSource {
    pub(crate) uri: String,
    commit: String,
    nar_hash: String,
    /// The SHA-256 of `flake.lock` in hexadecimal digits.
    lock: Option<String>,
}

impl RequestSource {
    /// As a statement says it.
    pub(crate) fn source(self) -> Result<Source, Error> {
        let digest = |hex: String| Sha256Hash::from_hex(&hex).map(|sha256| Digest { sha256 });
        Ok(Source {
            uri: self.uri,
            commit: self.commit,
            nar_hash: Sha256Hash::parse(&self.nar_hash)?,
            lock: self.lock.map(digest).transpose()?,
        })
    }
}

/// Writes the statement, without a line's end: its bytes are what is signed.
pub(crate) fn release(request: Request, out: &Path) -> Result<(), Error> {
    let layout = Layout::open(&request.image)?;
    let seed = Seed::open(&layout)?;
    let image = seed.documents.digest;
    let sboms = request.sbom.as_deref().map(sboms).transpose()?.unwrap_or_default();
    let release = Release {
        kind: Kind::Seed,
        source: request.source.source()?,
        system: request.system,
        outputs: request.outputs,
        inputs: request.inputs,
        seed: None,
        sboms,
    };
    let wrong = |error| Error::request("the release statement", error);
    let statement = ReleaseStatement::of_seed(image, closure_digest(&seed.index.closure()), release).map_err(wrong)?;
    Ok(std::fs::write(out, statement.to_bytes().map_err(wrong)?).map_err(ImageError::io("writing", out))?)
}

/// The bills of materials in a folder.
pub(crate) fn sboms(folder: &Path) -> Result<Vec<Sbom>, Error> {
    let sbom = |(media_type, name): (&str, &str)| {
        let path = folder.join(name);
        let sha256 = hash(&path).map_err(ImageError::io("reading", &path))?;
        Ok(Sbom { media_type: media_type.into(), digest: Digest { sha256 } })
    };
    SBOMS.into_iter().map(sbom).collect()
}

fn hash(path: &Path) -> std::io::Result<Sha256Hash> {
    let (mut file, mut hash) = (std::fs::File::open(path)?, Sha256::new());
    let mut buffer = [0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Sha256Hash(hash.finalize().into())),
            read => hash.update(&buffer[..read]),
        }
    }
}
