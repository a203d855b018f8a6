use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use nix_seed_image::layout::blob_path;
use nix_seed_image::seed::Seed;
use nix_seed_image::{Compared, Error as ImageError};
use nix_seed_source::Source;

use crate::fetcher::Fetcher;
use crate::places::Place;
use crate::{Error, FrameCache, Options, Places, Result};

/// Where compressed frames come from.
pub(crate) enum Origin {
    /// Files of this machine, the blobs of the layers, by position: open, since where they lie may be covered by a mount.
    Files(Vec<(PathBuf, File)>),
    /// A registry, and what is kept of it.
    Registry { fetcher: Fetcher, cache: Option<FrameCache> },
}

impl Origin {
    pub(crate) fn open(
        seed: &Seed,
        source: &Source,
        places: Arc<Places>,
        cache: Option<FrameCache>,
        options: &Options,
    ) -> Result<Self> {
        match source {
            Source::Layout(dir) => {
                let open = |path: PathBuf| {
                    let file = File::open(&path).map_err(Error::io("opening", &path))?;
                    Ok((path, file))
                };
                let blobs = seed.index.layers.iter().map(|layer| open(blob_path(dir, &layer.digest)));
                Ok(Self::Files(blobs.collect::<Result<_>>()?))
            }
            Source::Registry(_) => {
                let descriptors = seed.documents.manifest.layers().to_vec();
                let fetcher = Fetcher::start(places, source.clone(), descriptors, cache.clone(), options)?;
                Ok(Self::Registry { fetcher, cache })
            }
        }
    }

    /// Whoever fetches, where that is done.
    pub(crate) fn fetcher(&self) -> Option<&Fetcher> {
        match self {
            Self::Files(_) => None,
            Self::Registry { fetcher, .. } => Some(fetcher),
        }
    }

    /// What is kept of a registry.
    pub(crate) fn cache(&self) -> Option<&FrameCache> {
        match self {
            Self::Files(_) => None,
            Self::Registry { cache, .. } => cache.as_ref(),
        }
    }

    /// A frame that is on this machine; none where it has to be fetched.
    pub(crate) fn held(&self, place: &Place<'_>) -> Option<Result<Compared<Vec<u8>>>> {
        match self {
            Self::Files(files) => {
                let (path, file) = files.get(place.layer)?;
                let read = || {
                    let mut bytes = vec![0; place.frame.length as usize];
                    let read = reopen(file).and_then(|file| file.read_exact_at(&mut bytes, place.frame.offset));
                    read.map_err(Error::io("reading", path))?;
                    Compared::new(*place.frame, bytes).map_err(|error| name(error, &path.display().to_string()))
                };
                Some(read())
            }
            Self::Registry { cache, .. } => cache.as_ref()?.get(place.frame).map(Ok),
        }
    }
}

/// Says where the frame is that an error speaks of.
pub(crate) fn name(error: ImageError, place: &str) -> Error {
    match error {
        ImageError::Mismatch { what, why } => ImageError::Mismatch { what: format!("{what} of {place}"), why }.into(),
        error => error.into(),
    }
}

/// Opens an open file again: a thread may have a table of open files of its own, which `/proc/self`, the table of the process'
/// first thread, is not.
fn reopen(file: &File) -> std::io::Result<File> {
    File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))
}
