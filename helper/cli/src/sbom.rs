//! Bills of materials: what the store, the image and an evaluation know, as two documents.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nix_seed_frontier::{Graph, read_derivation};
use nix_seed_image::Error as ImageError;
use nix_seed_image::image::TITLE;
use nix_seed_image::layout::Layout;
use nix_seed_image::seed::Seed;
use nix_seed_sbom::{Bom, Origins, Packages, Subject, cyclonedx, spdx};
use nix_seed_store::{Closure, Derivation, StorePath};
use serde::Deserialize;

use crate::error::Error;
use crate::input::read;

/// When nobody says: as in every image.
const TIME: u64 = 1;

/// The names by which tools know the documents.
const CYCLONEDX: &str = "bom.cdx.json";
const SPDX: &str = "bom.spdx.json";

/// What a document is to be about, and what is known of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    /// A seed: an OCI image layout.
    #[serde(default)]
    pub image: Option<PathBuf>,
    /// A store path of the closure graph.
    #[serde(default)]
    pub result: Option<String>,
    /// The image's name; where it is not given, what its manifest says.
    #[serde(default)]
    pub name: Option<String>,
    /// The image's version.
    #[serde(default)]
    pub version: Option<String>,
    /// Seconds since 1970.
    #[serde(default)]
    pub time: Option<u64>,
    /// The file of what packages say of themselves.
    #[serde(default)]
    pub metadata: Option<PathBuf>,
    /// `.drv` files of what was built.
    #[serde(default)]
    pub derivations: Vec<String>,
}

/// Writes both documents into the folder `out`, of derivations in the store below `root`.
pub(crate) fn write(request: &Request, closure: Option<&Closure>, root: &Path, out: &Path) -> Result<(), Error> {
    let packages = match &request.metadata {
        Some(path) => Packages::parse(&read(path)?)?,
        None => Packages::default(),
    };
    let origins = origins(&request.derivations, root)?;
    let time = request.time.unwrap_or(TIME);
    let bom = match (&request.image, &request.result, closure) {
        (Some(image), None, None) => {
            let layout = Layout::open(image)?;
            let seed = Seed::open(&layout)?;
            Bom::new(subject(request, &seed)?, time, &seed.index.closure(), &packages, &origins)?
        }
        (None, Some(path), Some(closure)) => {
            Bom::new(Subject::Result { path: StorePath::parse(path)? }, time, closure, &packages, &origins)?
        }
        _ => {
            let why = "it is for an `image`, or for a `result` with its closure graph, and not for both";
            return Err(Error::request("the bill of materials", why));
        }
    };
    put(&bom, out)
}

/// Writes both documents on results into the folder `out`.
pub(crate) fn results(
    subject: Subject,
    time: u64,
    closure: &Closure,
    metadata: &[u8],
    derivations: &[String],
    out: &Path,
) -> Result<(), Error> {
    let (packages, origins) = (Packages::parse(metadata)?, origins(derivations, Path::new("/"))?);
    put(&Bom::new(subject, time, closure, &packages, &origins)?, out)
}

fn put(bom: &Bom, out: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(out).map_err(ImageError::io("creating", out))?;
    for (name, document) in [(CYCLONEDX, cyclonedx(bom)), (SPDX, spdx(bom))] {
        let path = out.join(name);
        std::fs::write(&path, document).map_err(ImageError::io("writing", path))?;
    }
    Ok(())
}

fn subject(request: &Request, seed: &Seed) -> Result<Subject, Error> {
    let titled = || seed.documents.manifest.annotations().as_ref()?.get(TITLE).cloned();
    let name = request.name.clone().or_else(titled);
    let name = name.ok_or_else(|| Error::request("the image", "its manifest gives it no name; give it one"))?;
    Ok(Subject::Image {
        name,
        version: request.version.clone(),
        manifest: seed.documents.digest,
        roots: BTreeSet::from_iter(seed.gc_roots.iter().cloned()),
    })
}

/// What the derivations, and all that they need, were made from.
fn origins(derivations: &[String], root: &Path) -> Result<Origins, Error> {
    let (mut graph, mut origins) = (Graph::default(), Origins::default());
    for derivation in derivations {
        graph.add(&StorePath::parse(derivation)?, &mut |path| {
            // Of what it is told, only where a download is from is asked for.
            Ok(Derivation { texts: Vec::new(), ..read_derivation(root, path)? })
        })?;
    }
    graph.nodes().iter().for_each(|node| origins.add(&node.path, &node.derivation));
    Ok(origins)
}
