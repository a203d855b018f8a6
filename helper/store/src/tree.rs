use std::ffi::OsStr;
use std::fs::{DirEntry, File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::{Error, Result};

/// One step through a store path, in the order of NAR: depth first, names of a folder in byte order.
///
/// The root's name is empty. A `File` is followed by exactly `size` bytes of `Data`, then by `EndFile`; a `Directory` is
/// closed by `EndDirectory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A folder begins.
    Directory {
        /// Its name within the folder that holds it.
        name: &'a [u8],
    },
    /// The folder that began last ends.
    EndDirectory,
    /// A regular file begins.
    File {
        /// Its name within the folder that holds it.
        name: &'a [u8],
        /// Whether its owner may execute it: all that Nix keeps of a mode.
        executable: bool,
        /// Its length in bytes.
        size: u64,
    },
    /// The next bytes of the file that began last.
    Data(&'a [u8]),
    /// The file that began last ends.
    EndFile,
    /// A symbolic link.
    Symlink {
        /// Its name within the folder that holds it.
        name: &'a [u8],
        /// What it points to, as it stands.
        target: &'a [u8],
    },
}

const BUFFER: usize = 256 << 10;

/// Walks what lies at `root` and hands every step to `sink`.
///
/// Reads each file once, in pieces, so memory does not grow with the tree. What is shorter or longer than its metadata
/// said, or no longer what its folder listed, is [`Error::Changed`].
pub fn walk<E: From<Error>>(root: &Path, sink: &mut impl FnMut(Event<'_>) -> Result<(), E>) -> Result<(), E> {
    let metadata = root.symlink_metadata().map_err(Error::io("reading", root))?;
    let kind = Kind::of(root, &metadata.file_type())?;
    Walker { sink, buffer: vec![0; BUFFER] }.node(root, b"", kind)
}

#[derive(Clone, Copy)]
enum Kind {
    Directory,
    File,
    Symlink,
}

impl Kind {
    fn of(path: &Path, file_type: &std::fs::FileType) -> Result<Self> {
        let kind = match () {
            () if file_type.is_dir() => return Ok(Self::Directory),
            () if file_type.is_file() => return Ok(Self::File),
            () if file_type.is_symlink() => return Ok(Self::Symlink),
            () if file_type.is_fifo() => "a named pipe",
            () if file_type.is_socket() => "a socket",
            () => "a device",
        };
        Err(Error::FileType { path: path.into(), kind })
    }
}

struct Walker<'s, E> {
    sink: &'s mut dyn FnMut(Event<'_>) -> Result<(), E>,
    buffer: Vec<u8>,
}

impl<E: From<Error>> Walker<'_, E> {
    fn node(&mut self, path: &Path, name: &[u8], kind: Kind) -> Result<(), E> {
        match kind {
            Kind::Directory => self.directory(path, name),
            Kind::File => self.file(path, name),
            Kind::Symlink => {
                let target = std::fs::read_link(path).map_err(lost("reading", path))?.into_os_string().into_vec();
                (self.sink)(Event::Symlink { name, target: &target })
            }
        }
    }

    fn directory(&mut self, path: &Path, name: &[u8]) -> Result<(), E> {
        (self.sink)(Event::Directory { name })?;
        let mut children = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| entry.and_then(child)).collect::<std::io::Result<Vec<_>>>())
            .map_err(lost("listing", path))?;
        children.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (name, file_type) in children {
            let path = path.join(OsStr::from_bytes(&name));
            let kind = Kind::of(&path, &file_type)?;
            self.node(&path, &name, kind)?;
        }
        (self.sink)(Event::EndDirectory)
    }

    fn file(&mut self, path: &Path, name: &[u8]) -> Result<(), E> {
        let mut file = open(path)?;
        let metadata = file.metadata().map_err(Error::io("reading", path))?;
        if !metadata.is_file() {
            return Err(Error::Changed { path: path.into(), how: "was replaced" }.into());
        }
        let size = metadata.len();
        (self.sink)(Event::File { name, executable: executable(&metadata), size })?;
        let mut left = size;
        while left > 0 {
            let want = left.min(self.buffer.len() as u64) as usize;
            let have = file.read(&mut self.buffer[..want]).map_err(Error::io("reading", path))?;
            if have == 0 {
                return Err(Error::Changed { path: path.into(), how: "shrank" }.into());
            }
            (self.sink)(Event::Data(&self.buffer[..have]))?;
            left -= have as u64;
        }
        let after = file.metadata().map_err(Error::io("reading", path))?.len();
        if after != size {
            return Err(Error::Changed { path: path.into(), how: "grew" }.into());
        }
        (self.sink)(Event::EndFile)
    }
}

fn child(entry: DirEntry) -> std::io::Result<(Vec<u8>, std::fs::FileType)> {
    let file_type = entry.file_type()?;
    Ok((entry.file_name().into_vec(), file_type))
}

/// Opens what was a regular file when its folder was listed, and follows no link that has taken its place. Nor does it
/// wait for whoever writes to a pipe there; that a pipe can be opened is for the caller to notice.
fn open(path: &Path) -> Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(lost("opening", path))
}

/// As [`Error::io`], for what was there when its folder was listed: some answers mean that it has changed since.
fn lost(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |error| match error.raw_os_error() {
        Some(libc::ENOENT) => Error::Changed { path: path.into(), how: "vanished" },
        // Of a link, a socket, no folder, and no link, in this order.
        Some(libc::ELOOP | libc::ENXIO | libc::ENOTDIR | libc::EINVAL) => {
            Error::Changed { path: path.into(), how: "was replaced" }
        }
        _ => Error::io(doing, path)(error),
    }
}

fn executable(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(test)]
mod tests;
