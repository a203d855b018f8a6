use std::ffi::OsStr;
use std::fs::{DirEntry, File, Metadata};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
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
/// Reads each file once, in pieces, so memory does not grow with the tree. A file that is shorter or longer than its
/// metadata said is [`Error::Changed`].
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
                let target = std::fs::read_link(path).map_err(Error::io("reading", path))?.into_os_string().into_vec();
                (self.sink)(Event::Symlink { name, target: &target })
            }
        }
    }

    fn directory(&mut self, path: &Path, name: &[u8]) -> Result<(), E> {
        (self.sink)(Event::Directory { name })?;
        let mut children = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| entry.and_then(child)).collect::<std::io::Result<Vec<_>>>())
            .map_err(Error::io("listing", path))?;
        children.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (name, file_type) in children {
            let path = path.join(OsStr::from_bytes(&name));
            let kind = Kind::of(&path, &file_type)?;
            self.node(&path, &name, kind)?;
        }
        (self.sink)(Event::EndDirectory)
    }

    fn file(&mut self, path: &Path, name: &[u8]) -> Result<(), E> {
        let mut file = File::open(path).map_err(Error::io("opening", path))?;
        let metadata = file.metadata().map_err(Error::io("reading", path))?;
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

fn executable(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_byte_order_and_folders_close() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("b")).unwrap();
        std::fs::write(dir.path().join("B"), "x").unwrap();
        std::fs::write(dir.path().join("a-"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("a")).unwrap();
        let mut seen = Vec::new();
        walk::<Error>(dir.path(), &mut |event| {
            seen.push(format!("{event:?}"));
            Ok(())
        })
        .unwrap();
        let text = |bytes: &[u8]| format!("{bytes:?}");
        let expected = [
            format!("Directory {{ name: {} }}", text(b"")),
            format!("File {{ name: {}, executable: false, size: 1 }}", text(b"B")),
            format!("Data({})", text(b"x")),
            "EndFile".into(),
            format!("Symlink {{ name: {}, target: {} }}", text(b"a"), text(b"nowhere")),
            format!("File {{ name: {}, executable: false, size: 0 }}", text(b"a-")),
            "EndFile".into(),
            format!("Directory {{ name: {} }}", text(b"b")),
            "EndDirectory".into(),
            "EndDirectory".into(),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_socket_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
        let error = walk::<Error>(dir.path(), &mut |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("a socket"), "{error}");
    }
}
