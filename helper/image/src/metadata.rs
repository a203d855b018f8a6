//! The last layer: the index, the Nix database, and what the image's root needs besides a store.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use nix_seed_store::{Closure, SCHEMA_VERSION, Sha256Hash, StorePath, database_bytes};
use oci_spec::image::Descriptor;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tar::EntryType;

use crate::frame::{Decoder, Encoder};
use crate::index::{INDEX_PATH, Index};
use crate::layout::{Layout, blob_path, digest, other_content};
use crate::output::write;
use crate::tar_stream::{END, Member, header, is_whiteout, padding};
use crate::{Error, FRAME_MAX, Result};

/// The most bytes that a metadata layer may have, compressed or not: some two million files.
const METADATA_MAX: u64 = 1 << 30;

/// The Nix database in the image, relative to its root.
pub const DATABASE_PATH: &str = "nix/var/nix/db/db.sqlite";
/// The folder in which nothing but the seed's own files lie.
const OWN: &str = "nix/var";
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
    let root = root.iter().map(|(path, file)| match Content::of(file) {
        Some(content) => Ok((path.clone(), content)),
        None => Err(Error::Root { path: path.clone(), why: "its mode is not four octal digits" }),
    });
    let closure = index.closure();
    let database = database_bytes(&closure)?;
    let members = members(index.encode_readable()?, database, &closure, gc_roots, root.collect::<Result<_>>()?)?;
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
    let digest = Sha256Hash(Sha256::digest(&blob).into());
    write(&blob_path(out, &digest), &blob)?;
    Ok(Blob { digest, size: blob.len() as u64, diff_id: Sha256Hash(Sha256::digest(&tar).into()) })
}

/// All that the metadata layer holds.
fn members(
    index: Vec<u8>,
    database: Vec<u8>,
    closure: &Closure,
    gc_roots: &[StorePath],
    root: BTreeMap<String, Content>,
) -> Result<BTreeMap<String, Content>> {
    for (path, content) in &root {
        check_root(path, content).map_err(|why| Error::Root { path: path.clone(), why })?;
    }
    let mut members = root;
    members.insert(INDEX_PATH.into(), Content::File(0o444, index));
    members.insert(DATABASE_PATH.into(), Content::File(0o644, database));
    members.insert(SCHEMA_PATH.into(), Content::File(0o644, SCHEMA_VERSION.to_string().into_bytes()));
    for path in gc_roots {
        if !closure.contains(path) {
            return Err(Error::GcRoot { path: path.clone() });
        }
        members.insert(format!("{GC_ROOTS}/{}", path.base_name()), Content::Symlink(path.to_string()));
    }
    add_parents(&mut members)?;
    Ok(members)
}

/// What a file of the root must not be: one that no client could unpack, or that gets in the way of the seed's own.
fn check_root(path: &str, content: &Content) -> Result<(), &'static str> {
    if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") || path.contains('\0') {
        return Err("it has to be relative to /, without empty parts, \".\" and \"..\"");
    }
    if path.split('/').any(|part| is_whiteout(part.as_bytes())) {
        return Err("OCI clients take a name that begins with \".wh.\" for a deletion; give it another name");
    }
    if path.len() > 4095 || path.split('/').any(|part| part.len() > 255) {
        return Err("it has more than 4095 bytes, or a name in it more than 255; shorten it");
    }
    if ["nix/store", OWN].iter().any(|folder| Path::new(path).starts_with(folder)) {
        return Err("what lies in /nix/store and /nix/var is the seed's own; add store paths by contents");
    }
    match content {
        Content::Symlink(target) if target.is_empty() || target.len() > 4095 || target.contains('\0') => {
            Err("the target of a link has 1 to 4095 bytes, none of them zero")
        }
        Content::File(mode, _) | Content::Directory(mode) if *mode > 0o7777 => Err("its mode is over 7777"),
        _ => Ok(()),
    }
}

/// The index first, so that a reader needs no more than the layer's beginning; what is beside it, then the rest. Each
/// folder and all that is in it come without anything in between, since some programs set a folder's time when they
/// leave it.
fn in_order(members: &BTreeMap<String, Content>) -> Vec<(&String, &Content)> {
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
fn add_parents(files: &mut BTreeMap<String, Content>) -> Result<()> {
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

enum Content {
    Directory(u32),
    File(u32, Vec<u8>),
    Symlink(String),
}

impl Content {
    fn of(file: &RootFile) -> Option<Self> {
        let octal = |mode: &Option<String>, default| match mode {
            Some(mode) if mode.len() == 4 && mode.bytes().all(|c| c.is_ascii_digit()) => {
                u32::from_str_radix(mode, 8).ok()
            }
            Some(_) => None,
            None => Some(default),
        };
        Some(match file {
            RootFile::File { text, mode } => Self::File(octal(mode, 0o644)?, text.clone().into_bytes()),
            RootFile::Symlink { target } => Self::Symlink(target.clone()),
            RootFile::Directory { mode } => Self::Directory(octal(mode, 0o755)?),
        })
    }

    /// What it is in a tar: headers, contents, padding.
    fn blocks(&self, path: &str) -> (Vec<u8>, &[u8], &[u8]) {
        let (member, bytes): (_, &[u8]) = match self {
            Self::Directory(mode) => (Member::Directory { mode: *mode }, b""),
            Self::Symlink(target) => (Member::Symlink { target: target.as_bytes() }, b""),
            Self::File(mode, bytes) => (Member::File { mode: *mode, size: bytes.len() as u64 }, bytes),
        };
        let mut headers = Vec::new();
        header(&mut headers, path.as_bytes(), member);
        (headers, bytes, padding(bytes.len() as u64))
    }
}

/// What a metadata layer holds that this program reads back.
pub(crate) struct Metadata {
    pub(crate) index: Index,
    pub(crate) database: Vec<u8>,
}

/// Reads the metadata layer of a layout: blob and tar are checked against manifest and configuration, and the tar has
/// to hold what this program would write into it, and nothing else, in whatever order.
pub(crate) fn read_metadata_layer(layout: &Layout) -> Result<Metadata> {
    let descriptor = layout.metadata_layer()?;
    let wrong =
        |why: &dyn ToString| Error::document(format!("the metadata layer {}", descriptor.digest()), why.to_string());
    let tar = read_tar(layout, descriptor)?;
    let (order, found) = read_members(&tar).map_err(|why| wrong(&why))?;
    let (mut own, root): (BTreeMap<_, _>, BTreeMap<_, _>) =
        found.into_iter().partition(|(path, _)| Path::new(path).starts_with(OWN));
    let mut file = |path: &str| match own.remove(path) {
        Some(Content::File(_, bytes)) => Ok(bytes),
        _ => Err(wrong(&format!("it holds no {path}"))),
    };
    let (index_bytes, database) = (file(INDEX_PATH)?, file(DATABASE_PATH)?);
    let index = Index::decode(&index_bytes)?;
    let gc_roots = own.keys().filter_map(|path| path.strip_prefix(GC_ROOTS)?.strip_prefix('/'));
    let gc_roots = gc_roots.map(StorePath::from_base_name).collect::<Result<Vec<_>, _>>().map_err(|why| wrong(&why))?;
    let mut members = members(index_bytes, database, &index.closure(), &gc_roots, root).map_err(|why| wrong(&why))?;
    check_tar(&tar, &order, &members).map_err(|why| wrong(&why))?;
    match members.remove(DATABASE_PATH) {
        Some(Content::File(_, database)) => Ok(Metadata { index, database }),
        _ => Err(wrong(&format!("it holds no {DATABASE_PATH}"))),
    }
}

fn read_tar(layout: &Layout, descriptor: &Descriptor) -> Result<Vec<u8>> {
    let (path, file) = layout.open_blob(descriptor)?;
    let mut blob = Vec::new();
    file.take(METADATA_MAX).read_to_end(&mut blob).map_err(Error::io("reading", &path))?;
    if Sha256::digest(&blob)[..] != digest(descriptor)?.0 {
        return Err(other_content(descriptor));
    }
    let tar = Decoder::new()?.decode_blob(&blob, METADATA_MAX).ok_or_else(|| {
        Error::document(
            format!("the metadata layer {}", descriptor.digest()),
            "it is not zstd frames of 4 MiB of tar each",
        )
    })?;
    let diff_id = format!("sha256:{}", Sha256Hash(Sha256::digest(&tar).into()).hex());
    if layout.config.rootfs().diff_ids().last() != Some(&diff_id) {
        return Err(Error::mismatch("the metadata layer", "its tar has not the diff_id of the config"));
    }
    Ok(tar)
}

/// The paths of a metadata layer's members in order, and what they are, as far as such a layer can hold them.
fn read_members(tar: &[u8]) -> Result<(Vec<String>, BTreeMap<String, Content>), String> {
    let (mut order, mut members) = (Vec::new(), BTreeMap::new());
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.into()).map_err(|_| "a name in it is not text");
        let path = text(&entry.path_bytes())?;
        let mode = entry.header().mode().map_err(|error| error.to_string())?;
        let content = match entry.header().entry_type() {
            EntryType::Directory => Content::Directory(mode),
            EntryType::Symlink => Content::Symlink(text(&entry.link_name_bytes().unwrap_or_default())?),
            EntryType::Regular => {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
                Content::File(mode, bytes)
            }
            _ => return Err(format!("{path:?} in it is neither a file nor a folder nor a link")),
        };
        let path = path.strip_suffix('/').unwrap_or(&path).to_owned();
        if members.contains_key(&path) {
            return Err(format!("it holds {path} twice"));
        }
        let folder = path.rsplit_once('/').map(|(folder, _)| members.get(folder));
        if folder.is_some_and(|folder| !matches!(folder, Some(Content::Directory(_)))) {
            return Err(format!("{path:?} in it lies in no folder"));
        }
        order.push(path.clone());
        members.insert(path, content);
    }
    Ok((order, members))
}

/// Whether `tar` holds `members` in the order of their paths `order`, each written as this program writes it.
fn check_tar(tar: &[u8], order: &[String], members: &BTreeMap<String, Content>) -> Result<(), String> {
    let mut rest = tar;
    for path in order {
        let content = members.get(path).ok_or_else(|| format!("it holds {path:?}, which is no part of a seed"))?;
        let (headers, bytes, padding) = content.blocks(path);
        let after = [&headers, bytes, padding].into_iter().try_fold(rest, |rest, blocks| rest.strip_prefix(blocks));
        rest = after.ok_or_else(|| format!("{path:?} is not written as specified"))?;
    }
    if rest != END {
        return Err("its end is not as specified: something follows it".into());
    }
    let found: BTreeSet<_> = order.iter().collect();
    match members.keys().find(|path| !found.contains(path)) {
        Some(path) => Err(format!("it holds no {path}")),
        None => Ok(()),
    }
}
