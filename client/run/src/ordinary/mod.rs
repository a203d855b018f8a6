//! Any image with a Nix store in it: all of its layers are unpacked, one after the other, as far as they lie in `/nix`.
//!
//! Nothing of it counts before every blob has the digest that the manifest gives, and every layer the one that the
//! configuration gives.

mod blob;
mod members;
mod name;
mod settings;
mod tree;

use std::io::Read;
use std::path::Path;

use nix_seed_image::documents::digest;
use nix_seed_source::Found;
use nix_seed_start::Progress;
use tar::EntryType;

use self::blob::Blob;
use self::members::{Member, members};
use self::name::{Place, place};
use self::settings::Settings;
use self::tree::Tree;
use crate::environment::Environment;
use crate::{Error, Result};

/// Unpacks an image's `nix` folder into `root`, which is made; `name` is that of the seed.
pub(crate) fn unpack(found: &Found, root: &Path, name: &str, progress: &Progress) -> Result<Environment> {
    let _span = tracing::info_span!("unpack", seed.location = %found.location).entered();
    let documents = &found.documents;
    progress.want(documents.manifest.layers().iter().map(|layer| layer.size()).sum(), 0);
    let mut tree = Tree::create(root)?;
    let mut settings = Settings::default();
    for (descriptor, diff_id) in documents.manifest.layers().iter().zip(documents.config.rootfs().diff_ids()) {
        let expected = digest(descriptor)?;
        let _span =
            tracing::info_span!("layer", seed.digest = %descriptor.digest(), seed.bytes = descriptor.size() as i64)
                .entered();
        let source = found.source.ranges(descriptor, std::iter::once(0..descriptor.size()).collect())?;
        let source = Counted { source, progress };
        let mut blob = Blob::open(Box::new(source), format!("sha256:{}", expected.hex()))?;
        tree.begin_layer(&blob.name);
        layer(&mut blob, &mut tree, &mut settings)?;
        blob.finish(expected, descriptor.size(), diff_id)?;
    }
    for missing in ["nix/store", "nix/var/nix/db/db.sqlite"] {
        if !tree.has(Path::new(missing)) {
            return Err(Error::NoStore { what: found.location.to_string(), missing });
        }
    }
    let environment = settings.write(&mut tree, documents, name)?;
    tree.finish()?;
    Ok(environment)
}

/// Bytes that are counted as they come.
struct Counted<'a, R> {
    source: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.progress.add_bytes(read as u64);
        Ok(read)
    }
}

fn layer(blob: &mut Blob<'_>, tree: &mut Tree, settings: &mut Settings) -> Result<()> {
    let layer = blob.name.clone();
    let wrong = |why: String| Error::Layer { layer: layer.clone(), why };
    members(blob, &wrong, &mut |member| {
        let name = String::from_utf8_lossy(&member.path).into_owned();
        let at = |why: &str| wrong(format!("{name:?}: {why}"));
        match place(&member.path).map_err(at)? {
            Place::In(path) => unpack_member(member, &path, tree).map_err(|why| match why {
                Refused::Why(why) => at(why),
                Refused::Error(error) => error,
            }),
            Place::Whiteout(path) => tree.remove(&path),
            Place::Opaque(path) => tree.clear(&path),
            Place::Elsewhere(path) => settings.take(&path, member).map_err(|error| at(&error.to_string())),
        }
    })
}

/// Why an entry is not unpacked.
enum Refused {
    Why(&'static str),
    Error(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn unpack_member(member: Member<'_>, path: &Path, tree: &mut Tree) -> Result<(), Refused> {
    let Member { header, link, content, .. } = member;
    let mode = header.mode().map_err(|_| Refused::Why("its mode is no number"))?;
    let time =
        header.mtime().ok().and_then(|time| i64::try_from(time).ok()).ok_or(Refused::Why("its time is no number"))?;
    match header.entry_type() {
        EntryType::Directory => tree.folder(path, mode, time)?,
        EntryType::GNUSparse => return Err(Refused::Why("it is a sparse file, which image tools do not write")),
        EntryType::Regular | EntryType::Continuous => tree.file(path, content, mode, time)?,
        EntryType::Symlink => {
            let target = link.ok_or(Refused::Why("it is a link to nothing"))?;
            tree.symlink(path, &target, time)?;
        }
        EntryType::Link => {
            let target = link.ok_or(Refused::Why("it is a link to nothing"))?;
            match place(&target) {
                Ok(Place::In(target)) if tree.has(&target) => tree.hard_link(path, &target)?,
                _ => return Err(Refused::Why("it is a hard link to something that is not in the image's /nix")),
            }
        }
        _ => return Err(Refused::Why("a Nix store holds no devices")),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
