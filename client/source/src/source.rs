use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use nix_seed_image::documents::digest;
use nix_seed_image::layout::{Layout, blob_path};
use nix_seed_registry::Repository;
use oci_spec::image::Descriptor;

use crate::Result;

/// The blobs of one image.
#[derive(Debug, Clone)]
pub enum Source {
    /// In a layout on disk, by its folder.
    Layout(PathBuf),
    /// In a repository of a registry.
    Registry(Repository),
}

impl Source {
    /// A whole blob, verified, of at most `max` bytes; for documents and the metadata layer, which are held in memory.
    pub fn blob(&self, descriptor: &Descriptor, max: u64) -> Result<Vec<u8>> {
        match self {
            Self::Layout(dir) => Ok(Layout::blob(dir, descriptor, max)?),
            Self::Registry(repository) => Ok(repository.blob(descriptor.digest(), descriptor.size(), max)?),
        }
    }

    /// How long a registry takes at least to answer, as far as that is known.
    pub fn latency(&self) -> Option<Duration> {
        match self {
            Self::Layout(_) => None,
            Self::Registry(repository) => repository.latency(),
        }
    }

    /// The bytes of some ranges of a blob, sorted and apart, as one stream. They are not verified: frames have hashes.
    pub fn ranges(&self, descriptor: &Descriptor, ranges: Vec<Range<u64>>) -> Result<Box<dyn Read + Send>> {
        match self {
            Self::Layout(dir) => {
                let path = blob_path(dir, &digest(descriptor)?);
                let file = File::open(&path).map_err(nix_seed_image::Error::io("opening", path))?;
                Ok(Box::new(Ranges { file, ranges: ranges.into_iter(), left: 0 }))
            }
            Self::Registry(repository) => {
                Ok(Box::new(repository.ranges(descriptor.digest(), descriptor.size(), ranges)?))
            }
        }
    }
}

/// Ranges of a file, one after the other.
struct Ranges {
    file: File,
    ranges: std::vec::IntoIter<Range<u64>>,
    /// What is left of the range that is being read.
    left: u64,
}

impl Read for Ranges {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.left == 0 {
            let Some(range) = self.ranges.next() else { return Ok(0) };
            self.file.seek(SeekFrom::Start(range.start))?;
            self.left = range.end.saturating_sub(range.start);
        }
        let length = (&mut self.file).take(self.left).read(buffer)?;
        if length == 0 && !buffer.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_one_after_the_other() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"0123456789").unwrap();
        let read = |ranges: &[Range<u64>]| {
            let file = file.try_clone().unwrap();
            let mut all = String::new();
            let ranges: Vec<_> = ranges.into();
            Ranges { file, ranges: ranges.into_iter(), left: 0 }.read_to_string(&mut all).map(|_| all)
        };
        assert_eq!(read(&[1..3, 3..4, 8..10]).unwrap(), "12389");
        assert_eq!(read(&[]).unwrap(), "");
        assert!(read(&[8..9, 9..11]).is_err(), "the file is cut off");
    }
}
