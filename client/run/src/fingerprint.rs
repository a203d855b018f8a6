//! Whether a tree is as it was: told by what the kernel notes of every file, in the time of a listing.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix_seed_store::Sha256Hash;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// A number that is another one as soon as anything below `root` has been written, renamed, deleted or given other rights:
/// the kernel sets a file's time of change at each of these, and nobody can set it back. Reading changes nothing.
pub(crate) fn fingerprint(root: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    add(root, &mut hash)?;
    Ok(Sha256Hash(hash.finalize().into()).hex())
}

fn add(folder: &Path, hash: &mut Sha256) -> Result<()> {
    let failed = || Error::io("reading", folder);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        entries.push((entry.file_name(), entry.metadata().map_err(failed())?));
    }
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    // What is added is told apart by its length: no name can pass for another and its facts.
    hash.update((entries.len() as u64).to_le_bytes());
    for (name, metadata) in &entries {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(metadata.mode().to_le_bytes());
        hash.update(metadata.len().to_le_bytes());
        hash.update(metadata.ctime().to_le_bytes());
        hash.update(metadata.ctime_nsec().to_le_bytes());
        if metadata.is_dir() {
            add(&folder.join(name), hash)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{FileTimes, OpenOptions, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    type Change = fn(&Path);

    /// Two changes within one tick of the kernel's clock bear the same time; later ones do not.
    fn after_a_tick(file: &Path, last: i64) {
        while file.symlink_metadata().unwrap().ctime_nsec() == last {
            std::fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
        }
    }

    #[test]
    fn every_change_is_seen_and_reading_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, file) = (dir.path().join("a"), dir.path().join("a/f"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&file, "content").unwrap();
        let changes: [(&str, Change); 5] = [
            ("the same length", |file| std::fs::write(file, "CONTENT").unwrap()),
            ("its time set back", |file| {
                let file = OpenOptions::new().write(true).open(file).unwrap();
                let time = file.metadata().unwrap().modified().unwrap();
                file.set_times(FileTimes::new().set_modified(time)).unwrap();
            }),
            ("rights", |file| std::fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap()),
            ("another file", |file| std::fs::write(file.with_file_name("g"), "").unwrap()),
            ("deleted", |file| std::fs::remove_file(file).unwrap()),
        ];
        for (what, change) in changes {
            let before = fingerprint(dir.path()).unwrap();
            std::fs::read(&file).unwrap();
            assert_eq!(fingerprint(dir.path()).unwrap(), before);
            after_a_tick(&file, file.metadata().unwrap().ctime_nsec());
            change(&file);
            assert_ne!(fingerprint(dir.path()).unwrap(), before, "{what}");
        }
    }
}
