//! A file that stands for a device: metadata, and contents where the metadata wants them.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_erofs::{Entry, Image, Node, Options};
use tempfile::{NamedTempFile, TempDir};

/// The image of a tree.
pub(super) struct Device {
    file: NamedTempFile,
    image: Image,
}

impl Device {
    /// With the contents of all files.
    pub(super) fn new(entries: &[Entry<'_>], options: &Options) -> Self {
        Self::with_pieces(entries, options, |_, size| vec![(0, size)])
    }

    /// With these pieces of a file's contents, by their beginnings and lengths; all else is a hole.
    pub(super) fn with_pieces(
        entries: &[Entry<'_>],
        options: &Options,
        pieces: impl Fn(usize, u64) -> Vec<(u64, u64)>,
    ) -> Self {
        let image = nix_seed_erofs::write(entries, options, &[]).unwrap();
        let file = NamedTempFile::new().unwrap();
        file.as_file().set_len(image.size).unwrap();
        file.as_file().write_all_at(&image.metadata, 0).unwrap();
        for (index, (entry, place)) in entries.iter().zip(&image.data).enumerate() {
            if let Node::File { size: size @ 1.., .. } = entry.node {
                for (begin, length) in pieces(index, size) {
                    file.as_file().write_all_at(&contents(index, begin, length), place + begin).unwrap();
                }
            }
        }
        Self { file, image }
    }

    /// Lets `fsck.erofs` look at all metadata.
    pub(super) fn check(&self) {
        let said = process::output(fsck().arg(self.file.path())).unwrap();
        assert!(!said.contains("corrupt"), "{said}");
    }

    /// Lets `fsck.erofs` take everything out.
    pub(super) fn extract(&self) -> TempDir {
        self.check();
        let folder = tempfile::tempdir().unwrap();
        let option = format!("--extract={}", folder.path().display());
        process::output(fsck().args([&option, "--overwrite", "--preserve"]).arg(self.file.path())).unwrap();
        folder
    }

    /// Lets the kernel show it.
    pub(super) fn mount(&self) -> Mounted {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "erofs", "-o", "loop,ro"]).args([self.file.path(), folder.path()]);
        process::output(&mut mount).unwrap();
        Mounted(folder)
    }

    /// The kernel counts as many blocks as the device has, and as many inodes as there are entries.
    pub(super) fn assert_counts(&self, mounted: &Path) {
        let counts = rustix::fs::statfs(mounted).unwrap();
        let inodes = counts.f_files - counts.f_ffree;
        assert_eq!((counts.f_blocks, inodes), (self.image.size / 4096, self.image.data.len() as u64));
        assert_eq!(File::open(self.file.path()).unwrap().metadata().unwrap().len(), self.image.size);
    }
}

/// For each folder on the way to a file it takes 9 KiB of its stack.
fn fsck() -> Command {
    let mut command = Command::new("prlimit");
    command.args(["--stack=unlimited", "fsck.erofs"]);
    command
}

/// Where it is mounted, until this goes out of scope; with the mount goes its loop device.
pub(super) struct Mounted(TempDir);

impl Mounted {
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Something may still have a file open; then the kernel goes on with it once that is closed. There is nothing to
        // do about another failure, and it would hide the one that ended the test.
        let _ = process::output(Command::new("umount").arg("--lazy").arg(self.path()));
    }
}

/// What a file has at some place: bytes that depend on the file and on the place, without a pattern.
pub(super) fn contents(index: usize, begin: u64, length: u64) -> Vec<u8> {
    let own = (index as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let byte = |at: u64| ((at + own).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).to_le_bytes()[0];
    (begin..begin + length).map(byte).collect()
}
