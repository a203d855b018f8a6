//! A flake of `examples/`, copied, locked, and its seed.

use std::path::{Path, PathBuf};

use nix_seed_checks::seed::container::Container;
use nix_seed_checks::seed::flake::{Workbench, edit};
use nix_seed_checks::seed::podman::Podman;
use tempfile::TempDir;

pub(crate) struct Seed {
    pub workbench: Workbench,
    pub podman: Podman,
    folder: TempDir,
    /// The OCI image layout, in the store.
    pub layout: PathBuf,
}

impl Seed {
    pub(crate) fn of_example(name: &str) -> Self {
        let workbench = Workbench::open().unwrap();
        let podman = Podman::open(&workbench.cache).unwrap();
        let folder = tempfile::tempdir().unwrap();
        workbench.copy(&format!("examples/{name}"), folder.path()).unwrap();
        let layout = workbench.build(folder.path(), "seed").unwrap();
        Self { workbench, podman, folder, layout }
    }

    /// The flake.
    pub(crate) fn source(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        edit(self.source(), file, from, to).unwrap();
    }

    pub(crate) fn image(&self) -> Container {
        Container::Image(self.podman.load(&self.layout).unwrap())
    }

    /// What a command prints that runs in the seed, with the flake at /src.
    pub(crate) fn run(&self, command: &[&str]) -> String {
        self.run_in(&self.image(), command)
    }

    pub(crate) fn run_in(&self, container: &Container, command: &[&str]) -> String {
        let said = container.run(&self.podman, self.source(), command).unwrap();
        said.quiet().unwrap_or_else(|error| panic!("{command:?}: {error:#}"))
    }
}
