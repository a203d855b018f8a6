//! A small seed of real files.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix_seed_frames::{Frames, Number, Options};
use nix_seed_image::image::write_image;
use nix_seed_image::layer::Group;
use nix_seed_image::layout::Layout;
use nix_seed_image::seed::Seed;
use nix_seed_source::Source;
use nix_seed_store::{Closure, NarHasher, PathInfo, StorePath};
use tempfile::TempDir;

use crate::{Contents, Local};

pub(crate) struct Made {
    pub(crate) dir: TempDir,
    pub(crate) layout: PathBuf,
    pub(crate) seed: Arc<Seed>,
}

impl Made {
    /// Two layers; one path has several frames, one is a file, one a link.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let random = |length, number| {
            let mut bytes = vec![0; length];
            fastrand::Rng::with_seed(number).fill(&mut bytes);
            bytes
        };
        let file = |path: &Path| std::fs::write(path, random(4096, 1)).unwrap();
        let folder = |path: &Path| {
            std::fs::create_dir_all(path.join("lib/empty")).unwrap();
            for (number, length) in (0..).zip([0, 1, 511, 4095, 4096, 4097, 12_288, 70_000]) {
                std::fs::write(path.join(format!("lib/{number}")), random(length, number)).unwrap();
            }
            symlink("lib/1", path.join("link")).unwrap();
        };
        let large = |path: &Path| {
            std::fs::create_dir(path).unwrap();
            std::fs::write(path.join("a"), random(9 << 20, 7)).unwrap();
            std::fs::write(path.join("b"), "b").unwrap();
        };
        let link = |path: &Path| symlink("/nix/store", path).unwrap();
        type Make<'a> = &'a dyn Fn(&Path);
        let groups_made: [(_, [Make<'_>; 2]); 2] = [("a", [&folder, &link]), ("b", [&large, &file])];
        let mut groups = Vec::new();
        for (group, makes) in groups_made {
            let mut closure = Closure::default();
            for (number, make) in makes.iter().enumerate() {
                let path = StorePath::from_base_name(&format!("{number:0>32}-{group}")).unwrap();
                let place = path.below(dir.path());
                std::fs::create_dir_all(place.parent().unwrap()).unwrap();
                make(&place);
                let (nar_hash, nar_size) = NarHasher::of(&place).unwrap();
                let info = PathInfo { path, nar_hash, nar_size, references: Default::default(), ca: None };
                closure.insert(info).unwrap();
            }
            let out = dir.path().join(group);
            Group { name: group, max_layers: 1, root: dir.path(), threads: 1 }.write(&closure, &out).unwrap();
            groups.push(out);
        }
        let spec = serde_json::json!({
            "name": "small", "tag": "latest", "os": "linux", "architecture": "amd64", "config": {}, "root": {},
        });
        let layout = dir.path().join("image");
        write_image(&serde_json::from_value(spec).unwrap(), &groups, &layout).unwrap();
        let seed = Arc::new(Seed::open(&Layout::open(&layout).unwrap()).unwrap());
        Self { dir, layout, seed }
    }

    pub(crate) fn contents(&self, local: Local) -> Arc<Contents> {
        self.contents_with(local, Vec::new())
    }

    pub(crate) fn contents_with(&self, local: Local, likely: Vec<Number>) -> Arc<Contents> {
        let source = Source::Layout(self.layout.clone());
        let frames = Frames::new(&self.seed, &source, None, &Options::default()).unwrap();
        Arc::new(Contents::new(self.seed.clone(), Arc::new(frames), local, likely))
    }

    /// Where a path's files really lie.
    pub(crate) fn place(&self, path: u32) -> PathBuf {
        self.seed.index.paths[path as usize].info.path.below(self.dir.path())
    }

    /// What is really in an entry's file.
    pub(crate) fn bytes(&self, path: u32, entry: u32) -> Vec<u8> {
        std::fs::read(self.file(path, entry)).unwrap()
    }

    pub(crate) fn file(&self, path: u32, mut entry: u32) -> PathBuf {
        let mut names = Vec::new();
        let entries = &self.seed.index.paths[path as usize].entries;
        while entry > 0 {
            names.push(String::from_utf8(entries[entry as usize].name.clone()).unwrap());
            entry = entries[entry as usize].parent;
        }
        names.iter().rev().fold(self.place(path), |place, name| place.join(name))
    }
}
