//! An honest seed, changed, with digests that fit: what a stranger could make.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::common::Store;
use nix_seed_image::documents::digest;
use nix_seed_image::layout::{Layout, blob_path};
use nix_seed_image::verify::verify;
use nix_seed_image::{Error, FRAME_MAX};
use nix_seed_store::Sha256Hash;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// An honest seed, taken apart; [`write`](Self::write) puts it together again, with digests that fit.
pub(crate) struct Forgery {
    pub(crate) store: Store,
    pub(crate) image: PathBuf,
    pub(crate) index_json: Value,
    pub(crate) manifest: Value,
    pub(crate) config: Value,
    /// The tar of the metadata layer.
    pub(crate) tar: Vec<u8>,
    /// What follows the metadata layer's frames in its blob.
    pub(crate) blob_end: Vec<u8>,
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256Hash {
    Sha256Hash(Sha256::digest(bytes).into())
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

impl Forgery {
    pub(crate) fn new() -> Self {
        let store = Store::small();
        let image = store.image();
        Self::of(store, image)
    }

    pub(crate) fn of(store: Store, image: PathBuf) -> Self {
        let layout = Layout::open(&image).unwrap();
        let blob = |descriptor| blob_path(&image, &digest(descriptor).unwrap());
        let (manifest, config) = (blob(&layout.manifest_descriptor), blob(layout.documents.manifest.config()));
        let metadata = std::fs::read(blob(layout.documents.metadata_layer().unwrap())).unwrap();
        Self {
            index_json: read_json(&image.join("index.json")),
            manifest: read_json(&manifest),
            config: read_json(&config),
            tar: zstd::decode_all(&metadata[..]).unwrap(),
            blob_end: Vec::new(),
            store,
            image,
        }
    }

    /// The contents of a file of the metadata layer, and where they begin in its tar.
    pub(crate) fn file(&self, path: &str) -> (usize, Vec<u8>) {
        for entry in tar::Archive::new(&self.tar[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            if *entry.path_bytes() == *path.as_bytes() {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                return (entry.raw_file_position() as usize, bytes);
            }
        }
        panic!("no {path}");
    }

    /// Puts other contents of the same length into a file of the metadata layer.
    pub(crate) fn replace(&mut self, path: &str, contents: &[u8]) {
        let (at, old) = self.file(path);
        assert_eq!(old.len(), contents.len());
        self.tar[at..at + contents.len()].copy_from_slice(contents);
    }

    /// Adds members to the metadata layer.
    pub(crate) fn add(&mut self, members: &[(&str, tar::EntryType, &[u8])]) {
        self.tar.truncate(self.tar.len() - 1024);
        for (path, kind, contents) in members {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(1);
            header.set_size(contents.len() as u64);
            header.set_cksum();
            self.tar.extend_from_slice(header.as_bytes());
            self.tar.extend_from_slice(contents);
            self.tar.resize(self.tar.len().next_multiple_of(512), 0);
        }
        self.tar.extend([0; 1024]);
    }

    pub(crate) fn blob(&self, bytes: &[u8], descriptor: &mut Value) {
        let digest = sha256(bytes);
        std::fs::write(blob_path(&self.image, &digest), bytes).unwrap();
        descriptor["digest"] = format!("sha256:{}", digest.hex()).into();
        descriptor["size"] = bytes.len().into();
    }

    pub(crate) fn write(mut self) -> Self {
        let last = self.manifest["layers"].as_array().unwrap().len() - 1;
        let mut layer = self.manifest["layers"][last].take();
        let frames = self.tar.chunks(FRAME_MAX).map(|tar| zstd::encode_all(tar, 1).unwrap());
        let blob = frames.chain([self.blob_end.clone()]).collect::<Vec<_>>().concat();
        self.blob(&blob, &mut layer);
        self.manifest["layers"][last] = layer;
        self.config["rootfs"]["diff_ids"][last] = format!("sha256:{}", sha256(&self.tar).hex()).into();
        let mut config = self.manifest["config"].take();
        self.blob(self.config.to_string().as_bytes(), &mut config);
        self.manifest["config"] = config;
        let mut manifest = self.index_json["manifests"][0].take();
        self.blob(self.manifest.to_string().as_bytes(), &mut manifest);
        self.index_json["manifests"][0] = manifest;
        std::fs::write(self.image.join("index.json"), self.index_json.to_string()).unwrap();
        self
    }

    pub(crate) fn verdict(&self) -> Result<(), Error> {
        verify(&Layout::open(&self.image)?).map(|_| ())
    }

    pub(crate) fn refused(self) -> String {
        self.write().verdict().unwrap_err().to_string()
    }
}
