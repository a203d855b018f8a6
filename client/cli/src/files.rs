//! Files, read within limits, and written whole.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;

/// A file of at most `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, Error> {
    let io = |source| Error::Io { doing: "reading", path: path.into(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut bytes)).map_err(io)?;
    if bytes.len() as u64 > max {
        return Err(io(std::io::Error::other(format!("it has more than {max} bytes"))));
    }
    Ok(bytes)
}

/// A file's SHA-256.
pub(crate) fn hash(path: &Path) -> Result<[u8; 32], Error> {
    let io = |source| Error::Io { doing: "reading", path: path.into(), source };
    let (mut file, mut hash) = (File::open(path).map_err(io)?, Sha256::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(io)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Writes a file aside, then in its place: whoever reads it finds all of it, or what was there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let aside: PathBuf = path.with_file_name(name);
    let written = std::fs::write(&aside, bytes).and_then(|()| std::fs::rename(&aside, path));
    written.map_err(|source| {
        // What is left of it says nothing.
        let _ = std::fs::remove_file(&aside);
        Error::Io { doing: "writing", path: path.into(), source }
    })
}

/// Adds text to a file, as a runner reads it.
pub(crate) fn append(path: &Path, text: &str) -> Result<(), Error> {
    let file = File::options().append(true).create(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| Error::Io { doing: "writing", path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_within_its_limit_and_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"old").unwrap();
        write(&path, b"four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert!(matches!(read(&path, 3), Err(Error::Io { .. })));
        std::fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write(&folder.path().join("taken"), b"").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-written is left");
    }
}
