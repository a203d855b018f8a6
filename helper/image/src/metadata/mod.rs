//! The last layer: the index, the Nix database, and what the image's root needs besides a store.

mod content;
mod read;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use nix_seed_store::{Closure, SCHEMA_VERSION, Sha256Hash, StorePath, database_bytes};
use sha2::{Digest, Sha256};

use self::content::check_root;
use crate::frame::Encoder;
use crate::index::{INDEX_PATH, Index};
use crate::layout::blob_path;
use crate::output::write;
use crate::tar_stream::END;
use crate::{Error, FRAME_MAX, Result};

pub use self::content::{Content, RootFile};
pub(crate) use self::read::Metadata;

/// The most bytes that a metadata layer may have, compressed or not: some two million files.
pub const METADATA_MAX: u64 = 1 << 30;

/// The longest tar that a metadata layer of `blob` bytes may hold: far above what any compresses to, far below what a
/// blob of zeros expands to.
fn tar_max(blob: u64) -> u64 {
    (16 << 20) + 128 * blob
}

/// The Nix database in the image, relative to its root.
pub const DATABASE_PATH: &str = "nix/var/nix/db/db.sqlite";
/// The folder in which nothing but the seed's own files lie.
const OWN: &str = "nix/var";
const SCHEMA_PATH: &str = "nix/var/nix/db/schema";
/// The folder with a link, named as its target is, for each store path that the garbage collector keeps, relative to the root.
pub const GC_ROOTS: &str = "nix/var/nix/gcroots/nix-seed";

/// A blob that has been written.
pub struct Blob {
    /// Its digest.
    pub digest: Sha256Hash,
    /// Its length in bytes.
    pub size: u64,
    /// The SHA-256 of the tar in it.
    pub diff_id: Sha256Hash,
}

/// Writes the metadata layer's blob into the layout `out`.
pub fn write_metadata_layer(
    index: &Index,
    gc_roots: &[StorePath],
    root: &BTreeMap<String, RootFile>,
    out: &Path,
) -> Result<Blob> {
    let root = root.iter().map(|(path, file)| match Content::of(file) {
        Some(content) => Ok((path.clone(), content)),
        None => Err(Error::Root { path: path.clone(), why: "its mode is not four octal digits" }),
    });
    let closure = index.closure();
    let database = database_bytes(&closure)?;
    let (index, database) = (index.encode_readable()?.into(), database.into());
    let members = members(index, database, &closure, gc_roots, root.collect::<Result<_>>()?)?;
    let mut tar = Vec::new();
    for (path, content) in in_order(&members) {
        let (headers, bytes, padding) = content.blocks(path);
        tar.extend([&headers, bytes, padding].concat());
    }
    tar.extend_from_slice(&END);
    let mut encoder = Encoder::new()?;
    let mut blob = Vec::new();
    for chunk in tar.chunks(FRAME_MAX) {
        blob.extend_from_slice(&encoder.encode(chunk)?.0);
    }
    if tar.len().max(blob.len()) as u64 > METADATA_MAX {
        return Err(Error::Limit { why: "its metadata layer is longer than 1 GiB: it has too many files".into() });
    }
    if tar.len() as u64 > tar_max(blob.len() as u64) {
        let why =
            "its metadata layer compresses to less than 1/128, as only endless repetition does: a file of the root?";
        return Err(Error::Limit { why: why.into() });
    }
    let digest = Sha256Hash(Sha256::digest(&blob).into());
    write(&blob_path(out, &digest), &blob)?;
    Ok(Blob { digest, size: blob.len() as u64, diff_id: Sha256Hash(Sha256::digest(&tar).into()) })
}

/// All that the metadata layer holds.
fn members<'a>(
    index: Cow<'a, [u8]>,
    database: Cow<'a, [u8]>,
    closure: &Closure,
    gc_roots: &[StorePath],
    root: BTreeMap<String, Content<'a>>,
) -> Result<BTreeMap<String, Content<'a>>> {
    for (path, content) in &root {
        check_root(path, content).map_err(|why| Error::Root { path: path.clone(), why })?;
    }
    let mut members = root;
    members.insert(INDEX_PATH.into(), Content::File(0o444, index));
    members.insert(DATABASE_PATH.into(), Content::File(0o644, database));
    members.insert(SCHEMA_PATH.into(), Content::File(0o644, SCHEMA_VERSION.to_string().into_bytes().into()));
    for path in gc_roots {
        if !closure.contains(path) {
            return Err(Error::GcRoot { path: path.clone() });
        }
        members.insert(format!("{GC_ROOTS}/{}", path.base_name()), Content::Symlink(path.to_string()));
    }
    add_parents(&mut members)?;
    Ok(members)
}

/// The index first, so that a reader needs no more than the layer's beginning; what is beside it, then the rest. Each
/// folder and all that is in it come without anything in between, since some programs set a folder's time when they
/// leave it.
fn in_order<'m>(members: &'m BTreeMap<String, Content<'_>>) -> Vec<(&'m String, &'m Content<'m>)> {
    let place = |path: &str| match Path::new(path) {
        path if Path::new(INDEX_PATH).starts_with(path) => 0,
        path if path.starts_with(OWN) => 1,
        path if path.starts_with("nix") => 2,
        _ => 3,
    };
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by(|(one, _), (other, _)| {
        place(one).cmp(&place(other)).then_with(|| one.split('/').cmp(other.split('/')))
    });
    members
}

/// Adds the folders above every file. A file below something that is no folder is refused.
fn add_parents(files: &mut BTreeMap<String, Content<'_>>) -> Result<()> {
    let paths: Vec<String> = files.keys().cloned().collect();
    for path in paths {
        for folder in folders(&path) {
            if !matches!(files.entry(folder.into()).or_insert(Content::Directory(0o755)), Content::Directory(_)) {
                return Err(Error::Root { path: folder.into(), why: "it is no folder, but something lies below it" });
            }
        }
    }
    Ok(())
}

/// The folders above a path, outermost first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}
