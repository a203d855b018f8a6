//! When the command began: the second process says it in a file, since it is another program a moment later.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Writes the time.
pub(crate) fn write(file: &mut File) -> std::io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    file.write_all(now.as_nanos().to_string().as_bytes())
}

/// Takes it back.
pub(crate) fn clear(file: &mut File) -> std::io::Result<()> {
    file.rewind()?;
    file.set_len(0)
}

/// What is written there, if anything is.
pub(crate) fn read(path: &Path) -> Option<SystemTime> {
    let nanos: u128 = std::fs::read_to_string(path).ok()?.parse().ok()?;
    let second = Duration::from_secs(1).as_nanos();
    let since = Duration::new(u64::try_from(nanos / second).ok()?, u32::try_from(nanos % second).ok()?);
    UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_and_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("began");
        let mut file = File::create(&path).unwrap();
        assert_eq!(read(&path), None);
        let before = SystemTime::now();
        write(&mut file).unwrap();
        assert!(read(&path).is_some_and(|time| before <= time && time <= SystemTime::now()));
        clear(&mut file).unwrap();
        assert_eq!(read(&path), None);
    }
}
