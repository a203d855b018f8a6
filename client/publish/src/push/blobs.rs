//! The blobs of an image, brought to a repository: found there, mounted from another one, or uploaded.

use std::cell::Cell;
use std::io::{Error as IoError, Read};

use nix_seed_image::Error as Image;
use nix_seed_registry::{Descriptor, Repository};
use nix_seed_source::Source;
use nix_seed_store::Sha256Hash;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::parallel::{Stop, each};
use crate::push::target::name;
use crate::{Error, Progress, Result};

/// How a blob came to be in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Present,
    Mounted,
    Uploaded,
}

/// How many blobs, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How many.
    pub blobs: usize,
    /// The sum of their lengths.
    pub bytes: u64,
}

impl Count {
    /// What came in one way.
    pub(crate) fn of(blobs: &[(How, u64)], how: How) -> Self {
        let found = blobs.iter().filter(|(found, _)| *found == how);
        found.fold(Self::default(), |sum, (_, size)| Self { blobs: sum.blobs + 1, bytes: sum.bytes + size })
    }
}

/// From where to where.
pub(crate) struct Way<'a> {
    pub(crate) source: &'a Source,
    pub(crate) repository: &'a Repository,
    /// Repositories of the same registry that may have the blobs.
    pub(crate) mount_from: &'a [String],
    pub(crate) jobs: usize,
    pub(crate) progress: &'a Progress,
}

impl Way<'_> {
    /// Brings all of `blobs`; gives how each came, and its length.
    pub(crate) fn bring(&self, blobs: &[&Descriptor]) -> Result<Vec<(How, u64)>> {
        each(self.jobs, blobs, |blob, stop| {
            let span = tracing::info_span!(
                "blob",
                seed.digest = %blob.digest(),
                seed.bytes = blob.size() as i64,
                seed.how = tracing::field::Empty
            );
            let how = span.in_scope(|| self.bring_one(blob, stop))?;
            span.record("seed.how", tracing::field::debug(how));
            if how != How::Uploaded {
                self.progress.moved(0, blob.size());
            }
            self.progress.add_blob();
            Ok((how, blob.size()))
        })
    }

    fn bring_one(&self, blob: &Descriptor, stop: &Stop) -> Result<How> {
        let (digest, size) = (blob.digest(), blob.size());
        if self.repository.has_blob(digest)? == Some(size) {
            return Ok(How::Present);
        }
        let how = if self.mount(blob)? {
            How::Mounted
        } else {
            self.upload(blob, stop)?;
            How::Uploaded
        };
        match self.repository.has_blob(digest)? {
            Some(found) if found == size => Ok(how),
            found => {
                let why = found.map_or("is not there".into(), |found| format!("has {found} bytes instead of {size}"));
                Err(Error::ReadBack { repository: name(self.repository), what: format!("blob {digest}"), why })
            }
        }
    }

    fn mount(&self, blob: &Descriptor) -> Result<bool> {
        for from in self.mount_from {
            if self.repository.mount(blob.digest(), from)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn upload(&self, blob: &Descriptor, stop: &Stop) -> Result<()> {
        tracing::info_span!("verify").in_scope(|| check(self.source, blob, stop))?;
        let open = |offset: u64| {
            let source = open(self.source, blob, offset).map_err(IoError::other)?;
            Ok(Box::new(Stoppable { source, stop: stop.clone() }) as Box<dyn Read>)
        };
        let reached = Cell::new(0);
        let progress = |at: u64| self.progress.moved(reached.replace(at), at);
        let _span = tracing::info_span!("upload").entered();
        let uploaded = self.repository.upload(blob.digest(), blob.size(), &open, &progress);
        if stop.is_set() && uploaded.is_err() {
            return Err(Error::Stopped);
        }
        uploaded?;
        // A registry may have had a part of it.
        progress(blob.size());
        Ok(())
    }
}

/// Refuses a blob whose content is not what its descriptor says, before any of it is sent.
fn check(source: &Source, blob: &Descriptor, stop: &Stop) -> Result<()> {
    let mut content = Stoppable { source: open(source, blob, 0)?, stop: stop.clone() };
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 256 << 10]);
    loop {
        match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) if stop.is_set() => return Err(Error::Stopped),
            Err(error) => return Err(Image::io("reading", format!("blob {}", blob.digest()))(error).into()),
        }
    }
    if format!("sha256:{}", Sha256Hash(hash.finalize().into()).hex()) != blob.digest().as_ref() {
        let why = "its content has another digest".into();
        return Err(Image::Mismatch { what: format!("blob {}", blob.digest()), why }.into());
    }
    Ok(())
}

fn open(source: &Source, blob: &Descriptor, offset: u64) -> Result<Box<dyn Read + Send>> {
    let range = offset..blob.size();
    Ok(source.ranges(blob, if range.is_empty() { vec![] } else { vec![range] })?)
}

/// Fails when another thread has failed, so that nobody waits for the rest of a layer.
struct Stoppable {
    source: Box<dyn Read + Send>,
    stop: Stop,
}

impl Read for Stoppable {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.stop.is_set() {
            return Err(IoError::other("stopped"));
        }
        self.source.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use nix_seed_registry::MediaType;

    use super::*;

    fn layout(content: &[u8], digest_of: &[u8]) -> (tempfile::TempDir, Descriptor) {
        let folder = tempfile::tempdir().unwrap();
        let hex = Sha256Hash(Sha256::digest(digest_of).into()).hex();
        let blobs = folder.path().join("blobs/sha256");
        std::fs::create_dir_all(&blobs).unwrap();
        std::fs::write(blobs.join(&hex), content).unwrap();
        let digest: nix_seed_registry::Digest = format!("sha256:{hex}").parse().unwrap();
        (folder, Descriptor::new(MediaType::ImageLayerZstd, digest_of.len() as u64, digest))
    }

    #[test]
    fn a_corrupt_blob_is_refused_before_it_is_sent() {
        for (content, is_fine) in [(&b"layer"[..], true), (b"lager", false), (b"lay", false), (b"", false)] {
            let (folder, blob) = layout(content, b"layer");
            let checked = check(&Source::Layout(folder.path().into()), &blob, &Stop::default());
            assert_eq!(checked.is_ok(), is_fine, "{checked:?}");
        }
    }

    #[test]
    fn blobs_are_counted_by_how_they_came() {
        let blobs = [(How::Uploaded, 3), (How::Present, 1), (How::Uploaded, 4)];
        assert_eq!(Count::of(&blobs, How::Uploaded), Count { blobs: 2, bytes: 7 });
        assert_eq!(Count::of(&blobs, How::Mounted), Count::default());
    }
}
