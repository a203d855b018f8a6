//! An image as podman or skopeo unpacks it.

use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_checks::seed::podman::Podman;

/// An image's files, until this goes out of scope.
pub(crate) struct Mounted {
    pub root: PathBuf,
    unmount: Command,
}

impl Mounted {
    pub(crate) fn by_podman(podman: &Podman, layout: &Path) -> Self {
        Self::of(podman, &[], &podman.load(layout).unwrap())
    }

    /// In a storage of its own below `folder`, so that nothing that podman has unpacked is used again.
    pub(crate) fn by_skopeo(podman: &Podman, layout: &Path, folder: &Path) -> Self {
        const NAME: &str = "localhost/seed:latest";
        let [storage, state] = ["storage", "state"].map(|name| folder.join(name).display().to_string());
        let source = format!("oci:{}", layout.display());
        let target = format!("containers-storage:[overlay@{storage}+{state}]{NAME}");
        process::output(podman.command("skopeo").args(["copy", "--quiet", &source, &target])).unwrap();
        Self::of(podman, &["--root", &storage, "--runroot", &state, "--storage-driver", "overlay"], NAME)
    }

    fn of(podman: &Podman, storage: &[&str], image: &str) -> Self {
        let command = |verb| {
            let mut command = podman.command("podman");
            command.args(storage).args(["image", verb, image]);
            command
        };
        let root = process::output(&mut command("mount")).unwrap().trim().into();
        Self { root, unmount: command("unmount") }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // There is nothing to do about a failure, and it would hide the one that ended the test.
        let _ = process::output(&mut self.unmount);
    }
}
