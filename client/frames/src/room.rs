//! How much is kept: the size of a cache's folder, and what goes when it is too much.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{Error, Result};

/// So much of the limit is free after something had to go: else something would have to go at each write.
const FREE: u64 = 8;

/// What a killed process was writing is removed after so long.
const ABANDONED: Duration = Duration::from_secs(3600);

struct Kept {
    path: PathBuf,
    size: u64,
    used: SystemTime,
    /// Whether it is being written.
    is_partial: bool,
}

/// Removes what was not used for longest, where `folder` would exceed `limit` with `bytes` more. Gives how many more may be
/// written before it is to be asked again: a part of what is free, since other processes write as well.
pub(crate) fn make(folder: &Path, limit: u64, bytes: u64) -> Result<u64> {
    let full = || {
        let why = format!("{limit} bytes are too few for it: NIX_SEED_CACHE_LIMIT");
        Error::io("writing to", folder)(std::io::Error::other(why))
    };
    // Nothing that is removed would make room.
    if bytes > limit {
        return Err(full());
    }
    let path = folder.join("lock");
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let lock: File = lock.map_err(Error::io("opening", &path))?;
    lock.lock().map_err(Error::io("locking", &path))?;
    let mut kept = list(folder)?;
    let mut size: u64 = kept.iter().map(|kept| kept.size).sum();
    if size.saturating_add(bytes) > limit {
        kept.sort_unstable_by_key(|kept| kept.used);
        for Kept { path, size: length, .. } in kept.into_iter().filter(|kept| !kept.is_partial) {
            if size.saturating_add(bytes) <= limit - limit / FREE {
                break;
            }
            // Whoever reads it has it open.
            if std::fs::remove_file(&path).is_ok() {
                size -= length;
            }
        }
    }
    if size.saturating_add(bytes) > limit {
        return Err(full());
    }
    Ok((limit - size - bytes) / FREE)
}

/// All frames of a folder; what was abandoned is removed. Links and folders where there should be none are left alone.
fn list(folder: &Path) -> Result<Vec<Kept>> {
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("reading", folder))? {
        let entry = entry.map_err(Error::io("reading", folder))?;
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        for entry in std::fs::read_dir(&path).map_err(Error::io("reading", &path))? {
            let entry = entry.map_err(Error::io("reading", &path))?;
            // Another process may have removed it.
            let Some(metadata) = entry.metadata().ok().filter(|metadata| metadata.is_file()) else { continue };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let is_partial = entry.path().extension().is_some();
            if is_partial && SystemTime::now().duration_since(used).is_ok_and(|age| age > ABANDONED) {
                let _ = std::fs::remove_file(entry.path());
            } else {
                kept.push(Kept { path: entry.path(), size: metadata.len(), used, is_partial });
            }
        }
    }
    Ok(kept)
}

/// Reads a number of bytes: `1000`, `20G`.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let units = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];
    for (unit, shift) in units {
        if let Some(number) = text.strip_suffix([unit, unit.to_ascii_lowercase()]) {
            return number.trim().parse::<u64>().ok()?.checked_mul(1 << shift);
        }
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let cases =
            [("0", Some(0)), ("12", Some(12)), ("3K", Some(3072)), (" 2 g ", Some(2 << 30)), ("1T", Some(1 << 40))];
        for (text, size) in cases {
            assert_eq!(super::size(text), size, "{text}");
        }
        for text in ["", "G", "-1", "1.5G", "1P", "99999999999T"] {
            assert_eq!(super::size(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_not_used_for_longest_goes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("aa")).unwrap();
        for number in 0..10u64 {
            let path = folder.path().join(format!("aa/{number}"));
            std::fs::write(&path, [0; 100]).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - number);
            File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        }
        assert_eq!(make(folder.path(), 2000, 100).unwrap(), 900 / FREE, "nothing is too much");
        make(folder.path(), 1000, 100).unwrap();
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path().join("aa")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["0", "1", "2", "3", "4", "5", "6"]);
        assert!(make(folder.path(), 50, 100).is_err(), "nothing can be kept");
    }
}
