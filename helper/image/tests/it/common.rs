//! A store of real files in a folder, and a seed made from it.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix_seed_image::image::{Spec, write_image};
use nix_seed_image::layer::Group;
use nix_seed_store::{Closure, NarHasher, PathInfo, StorePath};
use tempfile::TempDir;

pub(crate) struct Store {
    pub(crate) dir: TempDir,
    pub(crate) closure: Closure,
}

impl Store {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("nix/store")).unwrap();
        Self { dir, closure: Closure::default() }
    }

    /// Adds a path whose files `make` creates at the place that it is given.
    pub(crate) fn add(&mut self, name: &str, references: &[&StorePath], make: impl FnOnce(&Path)) -> StorePath {
        let hash = format!("{:0>32}", self.closure.iter().len());
        let path = StorePath::from_base_name(&format!("{hash}-{name}")).unwrap();
        make(&path.below(self.dir.path()));
        let (nar_hash, nar_size) = NarHasher::of(&path.below(self.dir.path())).unwrap();
        let references = references.iter().map(|path| (*path).clone()).collect();
        self.closure.insert(PathInfo { path: path.clone(), nar_hash, nar_size, references, ca: None }).unwrap();
        path
    }

    /// Three paths with everything that a store path may be.
    pub(crate) fn small() -> Self {
        let mut store = Self::new();
        let libc = store.add("libc-2.41", &[], |path| {
            std::fs::create_dir_all(path.join("lib/empty")).unwrap();
            std::fs::write(path.join("lib/libc.so"), vec![42; 600 << 10]).unwrap();
            std::fs::write(path.join("lib/zero"), "").unwrap();
            symlink("libc.so", path.join("lib/libc.so.6")).unwrap();
        });
        let script = store.add("run", &[&libc], |path| {
            std::fs::write(path, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        });
        store.add("link", &[&script], |path| symlink(format!("/nix/store/{}", script.base_name()), path).unwrap());
        store
    }

    pub(crate) fn group(&self, name: &str, closure: &Closure, threads: usize) -> PathBuf {
        let out = self.dir.path().join(name);
        let group = Group { name, max_layers: 9, root: self.dir.path(), threads };
        group.write(closure, &out).unwrap();
        out
    }

    pub(crate) fn image(&self) -> PathBuf {
        self.image_of(&spec())
    }

    pub(crate) fn image_of(&self, spec: &Spec) -> PathBuf {
        let group = self.group("all", &self.closure, 2);
        let out = self.dir.path().join("image");
        write_image(spec, &[group], &out).unwrap();
        out
    }

    /// The path with this name.
    pub(crate) fn path(&self, name: &str) -> String {
        self.closure.iter().find(|info| info.path.name() == name).unwrap().path.to_string()
    }
}

pub(crate) fn spec() -> Spec {
    serde_json::from_value(serde_json::json!({
        "name": "small", "tag": "latest", "os": "linux", "architecture": "amd64",
        "config": { "Env": ["PATH=/bin"], "Labels": { "b": "2", "a": "1" } },
        "root": { "etc/passwd": { "type": "file", "text": "root:x:0:0::/root:/bin/sh\n" }, "tmp": { "type": "directory", "mode": "1777" } },
    }))
    .unwrap()
}
