//! Reads a metadata layer back, and believes nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nix_seed_store::{Closure, Sha256Hash, StorePath, is_database_of};
use sha2::{Digest, Sha256};
use tar::EntryType;

use super::content::Content;
use super::{DATABASE_PATH, GC_ROOTS, METADATA_MAX, OWN, members, tar_max};
use crate::documents::{Documents, check_digest, digest};
use crate::frame::Decoder;
use crate::index::{INDEX_PATH, Index};
use crate::parallel::join;
use crate::tar_stream::END;
use crate::{Error, Result};

/// What a metadata layer holds.
pub(crate) struct Metadata {
    pub(crate) index: Index,
    pub(crate) closure: Closure,
    pub(crate) database: Vec<u8>,
    /// Whether the database says the same as the index.
    pub(crate) is_database: Result<bool, nix_seed_store::Error>,
    pub(crate) gc_roots: Vec<StorePath>,
    /// What lies outside of `/nix`, without the folders that only hold something.
    pub(crate) root: BTreeMap<String, Content<'static>>,
}

impl Metadata {
    /// Reads the metadata layer of an image: blob and tar are checked against manifest and configuration, and the tar
    /// has to hold what this program would write into it, and nothing else, in whatever order.
    pub(crate) fn read(documents: &Documents, blob: &[u8]) -> Result<Self> {
        let descriptor = documents.metadata_layer()?;
        let wrong = |why: &dyn ToString| {
            Error::document(format!("the metadata layer {}", descriptor.digest()), why.to_string())
        };
        check_digest(&digest(descriptor)?, blob)?;
        let max = tar_max(blob.len() as u64).min(METADATA_MAX);
        let tar = Decoder::new()?
            .decode_blob(blob, max)
            .ok_or_else(|| wrong(&"it is not zstd frames of 4 MiB of tar each, or holds more than such a layer may"))?;
        let diff_id = format!("sha256:{}", Sha256Hash(Sha256::digest(&tar).into()).hex());
        if documents.config.rootfs().diff_ids().last() != Some(&diff_id) {
            return Err(Error::mismatch("the metadata layer", "its tar has not the diff_id of the config"));
        }
        let (order, found) = read_members(&tar).map_err(|why| wrong(&why))?;
        let (mut own, root): (BTreeMap<_, _>, BTreeMap<_, _>) =
            found.into_iter().partition(|(path, _)| Path::new(path).starts_with(OWN));
        let mut file = |path: &str| match own.remove(path) {
            Some(Content::File(_, bytes)) => Ok(bytes),
            _ => Err(wrong(&format!("it holds no {path}"))),
        };
        let (index_bytes, database) = (file(INDEX_PATH)?, file(DATABASE_PATH)?);
        let index = Index::decode(&index_bytes)?;
        let closure = index.closure();
        // Each takes a good part of the time that a start has.
        let (checked, is_database) = join(|| index.check_bytes(&index_bytes), || is_database_of(&database, &closure));
        checked?;
        let gc_roots = own.keys().filter_map(|path| path.strip_prefix(GC_ROOTS)?.strip_prefix('/'));
        let gc_roots =
            gc_roots.map(StorePath::from_base_name).collect::<Result<Vec<_>, _>>().map_err(|why| wrong(&why))?;
        let mut members = members(index_bytes, database, &closure, &gc_roots, root).map_err(|why| wrong(&why))?;
        check_tar(&tar, &order, &members).map_err(|why| wrong(&why))?;
        let Some(Content::File(_, database)) = members.remove(DATABASE_PATH) else {
            return Err(wrong(&format!("it holds no {DATABASE_PATH}")));
        };
        let database = database.into_owned();
        let root = members.into_iter().filter(|(path, _)| !Path::new(path).starts_with("nix"));
        let root = root.map(|(path, content)| (path, content.into_owned())).collect();
        Ok(Self { index, closure, database, is_database, gc_roots, root })
    }
}

/// The paths of a metadata layer's members in order, and what they are, as far as such a layer can hold them.
fn read_members(tar: &[u8]) -> Result<(Vec<String>, BTreeMap<String, Content<'_>>), String> {
    let (mut order, mut members) = (Vec::new(), BTreeMap::new());
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.into()).map_err(|_| "a name in it is not text");
        let path = text(&entry.path_bytes())?;
        let mode = entry.header().mode().map_err(|error| error.to_string())?;
        let content = match entry.header().entry_type() {
            EntryType::Directory => Content::Directory(mode),
            EntryType::Symlink => Content::Symlink(text(&entry.link_name_bytes().unwrap_or_default())?),
            EntryType::Regular => {
                let (start, length) = (entry.raw_file_position() as usize, entry.size() as usize);
                let bytes = tar.get(start..).and_then(|rest| rest.get(..length)).ok_or("it is cut off")?;
                Content::File(mode, Cow::Borrowed(bytes))
            }
            _ => return Err(format!("{path:?} in it is neither a file nor a folder nor a link")),
        };
        let path = path.strip_suffix('/').unwrap_or(&path).to_owned();
        if members.contains_key(&path) {
            return Err(format!("it holds {path:?} twice"));
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
fn check_tar(tar: &[u8], order: &[String], members: &BTreeMap<String, Content<'_>>) -> Result<(), String> {
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
        Some(path) => Err(format!("it holds no {path:?}")),
        None => Ok(()),
    }
}
