//! The way of a store: through the helper into an image, and out of it with podman and with skopeo.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_checks::seed::flake::Workbench;
use nix_seed_checks::seed::podman::Podman;
use serde_json::{Value, json};

use crate::mounted::Mounted;
use crate::store::Store;

pub(crate) struct Journey {
    pub workbench: Workbench,
    pub podman: Podman,
    helper: PathBuf,
}

impl Journey {
    pub(crate) fn open() -> Self {
        let workbench = Workbench::open().unwrap();
        let podman = Podman::open(&workbench.cache).unwrap();
        let helper = workbench.helper().unwrap();
        Self { workbench, podman, helper }
    }

    /// Not in /tmp, which may be small, or a file system that overlays cannot lie upon.
    pub(crate) fn store(&self) -> Store {
        Store::below(&self.workbench.cache.folder("stores").unwrap())
    }

    /// A command of the helper, in the folder of the store.
    pub(crate) fn helper<S: AsRef<OsStr>>(&self, store: &Store, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.helper);
        command.current_dir(store.root()).args(arguments);
        command
    }

    /// The helper's command that writes the layers of the store whose graph this is.
    pub(crate) fn layers(&self, store: &Store, graph: &Value) -> Command {
        fs::write(store.root().join("graph.json"), graph.to_string()).unwrap();
        self.helper(store, &["layers", "--graph", "graph.json", "--root", ".", "--out", "layers"])
    }

    /// Makes the image of the store whose graph this is. Gives its layout, and what the helper says of it, verified.
    pub(crate) fn image(&self, store: &Store, graph: &Value) -> (PathBuf, Value) {
        process::output(&mut self.layers(store, graph)).unwrap();
        let spec = json!({ "name": "faithful", "tag": "latest", "os": "linux", "architecture": "amd64" });
        fs::write(store.root().join("spec.json"), spec.to_string()).unwrap();
        let image = ["image", "--spec", "spec.json", "--group", "layers", "--out", "image"];
        process::output(&mut self.helper(store, &image)).unwrap();
        let inspect = ["inspect", "--verify", "--json", "image"];
        let said = process::output(&mut self.helper(store, &inspect)).unwrap();
        (store.root().join("image"), serde_json::from_str(&said).unwrap())
    }

    /// An image as skopeo hands it on: the layout that it makes of this one, beside it.
    pub(crate) fn copied(&self, layout: &Path) -> PathBuf {
        let copy = layout.with_file_name("copy");
        let [source, target] = [layout, &copy].map(|layout| format!("oci:{}:latest", layout.display()));
        process::output(self.podman.command("skopeo").args(["copy", "--quiet", &source, &target])).unwrap();
        copy
    }

    /// Every path arrives as it was, with podman and with skopeo, and nothing else does. Gives what the helper says of
    /// the image.
    pub(crate) fn survives(&self, store: &Store) -> Value {
        let hashes = store.nar_hashes(&self.workbench.nix, store.root());
        let (layout, said) = self.image(store, &store.graph(&hashes));
        let check = |mounted: &Mounted| {
            assert_as_in_a_store(&mounted.root.join("nix/store"));
            let mut present: Vec<_> =
                fs::read_dir(mounted.root.join("nix/store")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            present.sort();
            assert!(present.iter().eq(store.base_names()), "{present:?}");
            let arrived = store.nar_hashes(&self.workbench.nix, &mounted.root);
            for (path, hash) in &hashes {
                assert_eq!(&arrived[path], hash, "{path}");
            }
        };
        let _removed = Loaded { podman: &self.podman, layout: &layout };
        check(&Mounted::by_podman(&self.podman, &layout));
        check(&Mounted::by_skopeo(&self.podman, &layout, store.root()));
        said
    }
}

/// An image in podman's storage, which outlives a run, until this goes out of scope.
struct Loaded<'a> {
    podman: &'a Podman,
    layout: &'a Path,
}

impl Drop for Loaded<'_> {
    fn drop(&mut self) {
        let _ = self.podman.remove(self.layout);
    }
}

/// What a NAR does not say, and Nix sets: modes and times. And every file is one of its own.
fn assert_as_in_a_store(path: &Path) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (0, 0), "{}", path.display());
        assert_eq!((metadata.mtime(), metadata.mtime_nsec()), (1, 0), "{}", path.display());
        let mode = metadata.mode() & 0o7777;
        if metadata.is_dir() {
            assert_eq!(mode, 0o555, "{}", path.display());
            assert_as_in_a_store(&path);
        } else {
            assert_eq!(metadata.nlink(), 1, "{}", path.display());
            assert!(metadata.is_symlink() || [0o444, 0o555].contains(&mode), "{} {mode:o}", path.display());
        }
    }
}
