//! The last layer: the index, the Nix database, and what the image's root needs besides a store.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use nix_seed_store::{SCHEMA_VERSION, Sha256Hash, StorePath, database_bytes};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::frame::Encoder;
use crate::index::{INDEX_PATH, Index};
use crate::layout::{Layout, blob_path, digest};
use crate::output::write;
use crate::tar_stream::{END, Member, header, padding};
use crate::{Error, FRAME_MAX, Result};

/// The most bytes that a metadata layer may have, compressed or not: some two million files.
const METADATA_MAX: u64 = 1 << 30;

/// The Nix database in the image, relative to its root.
pub const DATABASE_PATH: &str = "nix/var/nix/db/db.sqlite";
const SCHEMA_PATH: &str = "nix/var/nix/db/schema";
const GC_ROOTS: &str = "nix/var/nix/gcroots/nix-seed";

/// A file of the image's root, as `mkSeed` asks for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum RootFile {
    /// A regular file with this text.
    File {
        /// What it holds.
        text: String,
        /// Its mode in octal digits, 0644 where not given.
        mode: Option<String>,
    },
    /// A symbolic link.
    Symlink {
        /// What it points to.
        target: String,
    },
    /// A folder. Folders above a file need not be named.
    Directory {
        /// Its mode in octal digits, 0755 where not given.
        mode: Option<String>,
    },
}

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
    let tar = metadata_tar(index, gc_roots, root)?;
    let mut encoder = Encoder::new()?;
    let mut blob = Vec::new();
    for piece in tar.chunks(FRAME_MAX) {
        blob.extend_from_slice(&encoder.encode(piece)?.0);
    }
    let digest = Sha256Hash(Sha256::digest(&blob).into());
    write(&blob_path(out, &digest), &blob)?;
    Ok(Blob { digest, size: blob.len() as u64, diff_id: Sha256Hash(Sha256::digest(&tar).into()) })
}

fn metadata_tar(index: &Index, gc_roots: &[StorePath], root: &BTreeMap<String, RootFile>) -> Result<Vec<u8>> {
    let closure = index.closure();
    let mut files: BTreeMap<String, Content> = BTreeMap::new();
    for (path, file) in root {
        let refuse = |why| Error::Root { path: path.clone(), why };
        if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") || path.contains('\0') {
            return Err(refuse("it has to be relative to /, without empty parts, \".\" and \"..\""));
        }
        if path.starts_with("nix/store") || path.starts_with("nix/var") {
            return Err(refuse("what lies in /nix/store and /nix/var is the seed's own; add store paths by contents"));
        }
        files.insert(path.clone(), Content::of(file).ok_or_else(|| refuse("its mode is not four octal digits"))?);
    }
    files.insert(DATABASE_PATH.into(), Content::File(0o644, database_bytes(&closure)?));
    files.insert(SCHEMA_PATH.into(), Content::File(0o644, SCHEMA_VERSION.to_string().into_bytes()));
    for path in gc_roots {
        if !closure.contains(path) {
            return Err(Error::GcRoot { path: path.clone() });
        }
        files.insert(format!("{GC_ROOTS}/{}", path.base_name()), Content::Symlink(path.to_string()));
    }
    add_parents(&mut files)?;

    // The index comes first, so that a reader needs no more than the layer's beginning.
    let mut tar = Vec::new();
    for folder in folders(INDEX_PATH) {
        if let Some(content) = files.remove(folder) {
            content.append(folder, &mut tar);
        }
    }
    Content::File(0o444, index.encode()).append(INDEX_PATH, &mut tar);
    for (path, content) in in_order(&files) {
        content.append(path, &mut tar);
    }
    tar.extend_from_slice(&END);
    Ok(tar)
}

/// What is beside the index first, then the rest; each folder and all that is in it without anything in between, since
/// some programs set a folder's time when they leave it.
fn in_order(files: &BTreeMap<String, Content>) -> Vec<(&String, &Content)> {
    let outside_of = |path: &str, folder| !Path::new(path).starts_with(folder);
    let mut files: Vec<_> = files.iter().collect();
    files.sort_by(|(one, _), (other, _)| {
        let place = |path: &str| (outside_of(path, "nix/var"), outside_of(path, "nix"));
        place(one).cmp(&place(other)).then_with(|| one.split('/').cmp(other.split('/')))
    });
    files
}

/// Adds the folders above every file. A file below something that is no folder is refused.
fn add_parents(files: &mut BTreeMap<String, Content>) -> Result<()> {
    let paths: Vec<String> = files.keys().cloned().chain([INDEX_PATH.into()]).collect();
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

enum Content {
    Directory(u32),
    File(u32, Vec<u8>),
    Symlink(String),
}

impl Content {
    fn of(file: &RootFile) -> Option<Self> {
        let octal = |mode: &Option<String>, default| match mode {
            Some(mode) => u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o7777),
            None => Some(default),
        };
        Some(match file {
            RootFile::File { text, mode } => Self::File(octal(mode, 0o644)?, text.clone().into_bytes()),
            RootFile::Symlink { target } => Self::Symlink(target.clone()),
            RootFile::Directory { mode } => Self::Directory(octal(mode, 0o755)?),
        })
    }

    fn append(&self, path: &str, tar: &mut Vec<u8>) {
        match self {
            Self::Directory(mode) => header(tar, path.as_bytes(), Member::Directory { mode: *mode }),
            Self::Symlink(target) => header(tar, path.as_bytes(), Member::Symlink { target: target.as_bytes() }),
            Self::File(mode, bytes) => {
                let size = bytes.len() as u64;
                header(tar, path.as_bytes(), Member::File { mode: *mode, size });
                tar.extend_from_slice(bytes);
                tar.extend_from_slice(padding(size));
            }
        }
    }
}

/// What a metadata layer holds that this program reads back.
pub(crate) struct Metadata {
    pub(crate) index: Index,
    pub(crate) database: Vec<u8>,
}

/// Reads the metadata layer of a layout, whose blob and tar are checked against manifest and configuration.
pub(crate) fn read_metadata_layer(layout: &Layout) -> Result<Metadata> {
    let descriptor = layout.metadata_layer()?;
    let what = descriptor.digest().to_string();
    let (path, mut file) = layout.open_blob(descriptor)?;
    let mut blob = Vec::new();
    (&mut file).take(METADATA_MAX).read_to_end(&mut blob).map_err(Error::io("reading", &path))?;
    if Sha256::digest(&blob)[..] != digest(descriptor)?.0 || blob.len() as u64 != descriptor.size() {
        return Err(Error::mismatch(
            format!("blob {what} (the metadata layer)"),
            "its content has another digest or length",
        ));
    }
    let mut tar = Vec::new();
    zstd::stream::read::Decoder::with_buffer(&blob[..])
        .and_then(|decoder| decoder.take(METADATA_MAX).read_to_end(&mut tar))
        .map_err(|error| Error::document(&what, error))?;
    let diff_id = format!("sha256:{}", Sha256Hash(Sha256::digest(&tar).into()).hex());
    if layout.config.rootfs().diff_ids().last() != Some(&diff_id) {
        return Err(Error::mismatch("the metadata layer", "its tar has not the diff_id of the config"));
    }
    let mut found: HashMap<&str, Vec<u8>> = HashMap::new();
    let mut archive = tar::Archive::new(&tar[..]);
    for entry in archive.entries().map_err(|error| Error::document(&what, error))? {
        let mut entry = entry.map_err(|error| Error::document(&what, error))?;
        let wanted = [INDEX_PATH, DATABASE_PATH].into_iter().find(|wanted| *entry.path_bytes() == *wanted.as_bytes());
        if let Some(wanted) = wanted {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(|error| Error::document(&what, error))?;
            if found.insert(wanted, bytes).is_some() {
                return Err(Error::document(&what, format!("it holds {wanted} twice")));
            }
        }
    }
    let mut take =
        |wanted: &str| found.remove(wanted).ok_or_else(|| Error::document(&what, format!("it holds no {wanted}")));
    Ok(Metadata { index: Index::decode(&take(INDEX_PATH)?)?, database: take(DATABASE_PATH)? })
}
