//! The honest seed that targets begin with.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::LazyLock;

use nix_seed_image::documents::digest;
use nix_seed_image::image::{Spec, write_image};
use nix_seed_image::index::Index;
use nix_seed_image::layer::Group;
use nix_seed_image::layout::{Layout, blob_path};
use nix_seed_image::recording::{Recording, Touched};
use nix_seed_store::{Closure, NarHasher, PathInfo, StorePath};

/// A small seed, taken apart.
pub(crate) struct Seed {
    pub(crate) index: Index,
    /// The blob of its only store layer, and the tar in it.
    pub(crate) layer: Vec<u8>,
    pub(crate) layer_tar: Vec<u8>,
    /// The same of the metadata layer.
    pub(crate) metadata: Vec<u8>,
    pub(crate) metadata_tar: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
    pub(crate) index_json: Vec<u8>,
    pub(crate) oci_layout: Vec<u8>,
}

/// The seed of three store paths with everything that a store path may be, and all that an image may have.
pub(crate) static SEED: LazyLock<Seed> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let closure = store(dir.path());
    let (group, image, recording) = (dir.path().join("group"), dir.path().join("image"), dir.path().join("recording"));
    let index = Group { name: "all", max_layers: 9, root: dir.path(), threads: 1 }.write(&closure, &group).unwrap();
    let touched = [0, 2].map(|at| index.paths[at].info.path.clone());
    let touched = touched.map(|path| Touched { path, frames: std::iter::once(0..1).collect() });
    std::fs::write(&recording, Recording { touched: touched.into() }.to_json()).unwrap();
    let spec = Spec { recording: Some(recording), ..spec(&closure) };
    write_image(&spec, &[group], &image).unwrap();
    let layout = Layout::open(&image).unwrap();
    let blob = |descriptor| std::fs::read(blob_path(&image, &digest(descriptor).unwrap())).unwrap();
    let (layer, metadata) =
        (blob(&layout.documents.manifest.layers()[0]), blob(layout.documents.metadata_layer().unwrap()));
    Seed {
        index,
        layer_tar: zstd::decode_all(&layer[..]).unwrap(),
        layer,
        metadata_tar: zstd::decode_all(&metadata[..]).unwrap(),
        metadata,
        config: blob(layout.documents.manifest.config()),
        manifest: blob(&layout.manifest_descriptor),
        index_json: std::fs::read(image.join("index.json")).unwrap(),
        oci_layout: std::fs::read(image.join("oci-layout")).unwrap(),
    }
});

fn store(root: &Path) -> Closure {
    std::fs::create_dir_all(root.join("nix/store")).unwrap();
    let mut closure = Closure::default();
    let mut add = |name: &str, references: &[&StorePath], ca: Option<&str>, make: &dyn Fn(&Path)| {
        let hash = closure.iter().len().to_string().repeat(32);
        let path = StorePath::from_base_name(&format!("{hash}-{name}")).unwrap();
        make(&path.below(root));
        let (nar_hash, nar_size) = NarHasher::of(&path.below(root)).unwrap();
        let mut references: Vec<_> = references.iter().map(|path| (*path).clone()).collect();
        references.push(path.clone());
        let info = PathInfo { path: path.clone(), nar_hash, nar_size, references, ca: ca.map(Into::into) };
        closure.insert(info).unwrap();
        path
    };
    let library = add("lib-1.2", &[], None, &|path| {
        std::fs::create_dir_all(path.join("lib/empty")).unwrap();
        std::fs::write(path.join("lib/lib.so"), [b"library ".repeat(90), (0..=255).collect()].concat()).unwrap();
        std::fs::write(path.join("lib/zero"), "").unwrap();
        symlink("lib.so", path.join("lib/lib.so.1")).unwrap();
    });
    let file = add("source", &[], Some("fixed:r:sha256:abc"), &|path| std::fs::write(path, "source\n").unwrap());
    add("with-a-long-name", &[&library, &file], None, &|path| {
        std::fs::create_dir(path).unwrap();
        symlink(format!("../{}/lib", "long/".repeat(20)), path.join("l".repeat(60))).unwrap();
    });
    closure
}

fn spec(closure: &Closure) -> Spec {
    let path = closure.iter().last().unwrap().path.to_string();
    serde_json::from_value(serde_json::json!({
        "name": "small", "tag": "latest", "os": "linux", "architecture": "amd64",
        "config": { "Env": ["PATH=/bin"], "Cmd": ["sh"], "Labels": { "a": "1" } },
        "gcRoots": [path],
        "licenses": [{ "path": path, "reason": "unfree" }],
        "reasons": [{ "path": path, "chain": ["packages.default", "deps.drv"] }],
        "root": {
            "etc/passwd": { "type": "file", "text": "root:x:0:0::/root:/bin/sh\n" },
            "nix/link": { "type": "symlink", "target": "/etc" },
            "tmp": { "type": "directory", "mode": "1777" },
        },
    }))
    .unwrap()
}
