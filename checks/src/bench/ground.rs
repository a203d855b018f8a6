//! A fresh file system for what a command unpacks.
//!
//! ext4 does not use an inode again for minutes after it was freed, and searches for others meanwhile: whoever unpacks
//! thirty thousand files where as many have just been removed needs several times the processor time, and would be compared by that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::machine::{files, process};

/// Sparse: as much as the largest of what is unpacked may take, twice.
const SIZE: u64 = 16 << 30;

/// How long something may be in use that is to be unmounted, and how often that is tried.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// A folder that is empty after each [`Self::renew`].
pub struct Ground {
    folder: PathBuf,
    image: PathBuf,
}

impl Ground {
    /// Of this folder, which is made where it is missing.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self { image: folder.with_extension("ext4"), folder }
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Empties it: a file system of its own where that is permitted, else the folder.
    pub fn renew(&self) -> Result<()> {
        self.remove()?;
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot create {}", self.folder.display()))?;
        if is_permitted() {
            let image = fs::File::create(&self.image)?;
            image.set_len(SIZE)?;
            // Nothing is left to be done in the background, while commands are measured.
            let options = ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", "-i", "65536"];
            process::output(Command::new("/sbin/mkfs.ext4").args(options).arg(&self.image))?;
            // What is flushed is flushed to memory: below the device, a flush would write out all that was written before.
            process::output(Command::new("mount").args(["-o", "loop,barrier=0"]).args([&self.image, &self.folder]))?;
            files::remove(&self.folder.join("lost+found"))?;
        }
        Ok(())
    }

    /// Removes it with all that is in it.
    pub fn remove(&self) -> Result<()> {
        unmount(&self.folder)?;
        files::remove(&self.folder)?;
        files::remove(&self.image)
    }
}

/// Whether commands get a file system of their own: it takes root, and a kernel that lets it.
pub fn is_permitted() -> bool {
    rustix::process::geteuid().is_root() && Path::new("/dev/loop-control").exists()
}

/// Unmounts what is mounted at a folder and below it, the innermost first.
pub fn unmount(folder: &Path) -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let below: Vec<_> = places.filter(|place| Path::new(place).starts_with(folder)).collect();
    for place in below.iter().rev() {
        // Whoever served a mount above it needs a moment to see that it is gone.
        let start = Instant::now();
        while let Err(error) = process::output(Command::new("umount").arg(place)) {
            if start.elapsed() > PATIENCE {
                return Err(error);
            }
            std::thread::sleep(PAUSE);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_empty_again_and_leaves_nothing() {
        let outside = tempfile::tempdir().unwrap();
        let ground = Ground::new(outside.path().join("ground"));
        for _ in 0..2 {
            ground.renew().unwrap();
            assert_eq!(fs::read_dir(ground.path()).unwrap().count(), 0);
            fs::write(ground.path().join("file"), "x").unwrap();
        }
        ground.remove().unwrap();
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
