use std::io::Cursor;
use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest};

use crate::artifact::{Artifact, Packed};
use crate::write::{Condition, Stored};
use crate::{Error, Repository, Result};

impl Repository {
    /// Pushes an artifact that refers to nothing, under its digest, and reads it back. [`Artifact::pack`] tells that digest beforehand;
    /// a tag is [`Self::put_manifest`]'s to give.
    pub fn push_artifact(&self, artifact: &Artifact) -> Result<Descriptor> {
        let packed = artifact.pack(None)?;
        let _span = tracing::info_span!("artifact", seed.digest = %packed.descriptor.digest()).entered();
        self.put_artifact(&packed)?;
        self.read_back(&packed)?;
        Ok(packed.descriptor)
    }

    /// Pushes the blobs that are not there, then the manifest.
    pub(crate) fn put_artifact(&self, packed: &Packed) -> Result<Stored> {
        for (digest, bytes) in &packed.blobs {
            self.put_blob(digest, bytes)?;
        }
        let Packed { descriptor, bytes, .. } = packed;
        self.put(descriptor.digest().as_ref(), descriptor.media_type(), bytes, &Condition::None)
    }

    fn put_blob(&self, digest: &Digest, bytes: &Arc<[u8]>) -> Result<()> {
        let size = bytes.len() as u64;
        if self.has_blob(digest)? == Some(size) {
            return Ok(());
        }
        let open = |offset| {
            let mut content = Cursor::new(Arc::clone(bytes));
            content.set_position(offset);
            Ok(Box::new(content) as Box<dyn std::io::Read>)
        };
        self.upload(digest, size, &open, &|_| {})
    }

    /// Reads an artifact that was pushed. Everything has the digest that it was asked for by, so that what is there is right.
    pub(crate) fn read_back(&self, packed: &Packed) -> Result<()> {
        let digest = packed.descriptor.digest();
        let refuse =
            |what: &str, digest: &Digest, why: String| Error::ReadBack { at: self.at(format!("{what} {digest}")), why };
        let is_gone = |what, digest| {
            move |error| match error {
                Error::NotFound { .. } => refuse(what, digest, "it is not there".into()),
                error => error,
            }
        };
        let found = self.manifest(digest).map_err(is_gone("manifest", digest))?;
        if found.media_type != *packed.descriptor.media_type() {
            return Err(refuse(
                "manifest",
                digest,
                format!("the registry calls it {:?}", found.media_type.to_string()),
            ));
        }
        for (digest, bytes) in &packed.blobs {
            self.small_blob(digest, bytes.len() as u64).map_err(is_gone("blob", digest))?;
        }
        Ok(())
    }
}
