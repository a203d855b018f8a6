//! A seed of a few layers, with paths of several frames, and what its tars hold.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix_seed_frames::{FrameCache, Frames, Number, Options};
use nix_seed_image::image::write_image;
use nix_seed_image::index::Index;
use nix_seed_image::layer::Group;
use nix_seed_image::layout::{Layout, blob_path};
use nix_seed_image::seed::Seed;
use nix_seed_source::Source;
use nix_seed_store::{Closure, NarHasher, PathInfo, StorePath};
use tempfile::TempDir;

use crate::server::Server;

/// For how long tests wait for what has to happen.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Made {
    _dir: TempDir,
    pub(crate) layout: PathBuf,
    pub(crate) seed: Seed,
    /// The tar of each layer.
    pub(crate) tars: Vec<Vec<u8>>,
}

/// The one seed of these tests: three layers; the second has a path of four frames that no zstd makes smaller.
pub(crate) fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let mut groups = Vec::new();
        let mut earlier = 0;
        for (group, sizes) in [("a", vec![10, 30_000, 0]), ("b", vec![13 << 20, 5 << 20, 700]), ("c", vec![90_000; 12])]
        {
            let mut closure = Closure::default();
            for size in sizes {
                let info = add(dir.path(), earlier, size);
                earlier += 1;
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
        let seed = Seed::open(&Layout::open(&layout).unwrap()).unwrap();
        // Read as any other client does, which knows nothing of frames.
        let tar = |digest| zstd::decode_all(std::fs::File::open(blob_path(&layout, digest)).unwrap()).unwrap();
        let tars = seed.index.layers.iter().map(|layer| tar(&layer.digest)).collect();
        Made { _dir: dir, layout, seed, tars }
    })
}

/// A path with a file of `size` bytes and a few small ones.
fn add(root: &std::path::Path, number: usize, size: usize) -> PathInfo {
    let path = StorePath::from_base_name(&format!("{number:0>32}-p{number}")).unwrap();
    let place = path.below(root);
    std::fs::create_dir_all(&place).unwrap();
    let mut random = fastrand::Rng::with_seed(number as u64);
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    std::fs::write(place.join("large"), bytes).unwrap();
    std::fs::write(place.join("small"), number.to_string()).unwrap();
    let (nar_hash, nar_size) = NarHasher::of(&place).unwrap();
    PathInfo { path, nar_hash, nar_size, references: Default::default(), ca: None }
}

impl Made {
    pub(crate) fn index(&self) -> &Index {
        &self.seed.index
    }

    pub(crate) fn server(&self) -> Server {
        Server::new(&self.layout)
    }

    pub(crate) fn layout_frames(&self, options: &Options) -> Frames {
        Frames::new(&self.seed, &Source::Layout(self.layout.clone()), None, options).unwrap()
    }

    pub(crate) fn frames(&self, server: &Server, cache: Option<FrameCache>, options: &Options) -> Frames {
        self.patient(server, cache, options, LONG)
    }

    /// What hangs for `stall` counts as broken.
    pub(crate) fn patient(
        &self,
        server: &Server,
        cache: Option<FrameCache>,
        options: &Options,
        stall: Duration,
    ) -> Frames {
        Frames::new(&self.seed, &server.source(stall), cache, options).unwrap()
    }

    /// All frames of paths, by layer and position.
    pub(crate) fn path_frames(&self) -> BTreeMap<(u32, u32), u64> {
        let paths = self.index().paths.iter();
        let positions = paths.flat_map(|path| path.frames.clone().map(|frame| (path.layer, frame)));
        positions.map(|(layer, frame)| ((layer, frame), self.start(layer, frame))).collect()
    }

    /// Where a frame begins in its tar.
    pub(crate) fn start(&self, layer: u32, frame: u32) -> u64 {
        let before = &self.index().layers[layer as usize].frames[..frame as usize];
        before.iter().map(|frame| u64::from(frame.tar_length)).sum()
    }

    /// Reads the beginning of a frame, which has to be what the tar holds.
    pub(crate) fn touch(&self, frames: &Frames, layer: u32, frame: u32) -> nix_seed_frames::Result<()> {
        let (start, mut buffer) = (self.start(layer, frame), [0; 100]);
        frames.read(layer, start, &mut buffer, Instant::now())?;
        assert_eq!(buffer, self.tars[layer as usize][start as usize..start as usize + 100]);
        Ok(())
    }

    /// Reads all paths' frames, which have to be what the tars hold.
    pub(crate) fn touch_all(&self, frames: &Frames) {
        for (layer, frame) in self.path_frames().into_keys() {
            self.touch(frames, layer, frame).unwrap();
        }
    }

    /// All frames of paths in the order of the image.
    pub(crate) fn all(&self, frames: &Frames) -> Vec<Number> {
        frames.places().all().collect()
    }
}

/// Options that lose no time.
pub(crate) fn quick() -> Options {
    Options { pause: Duration::from_millis(1), deadline: LONG, ..Options::default() }
}

pub(crate) fn cache(dir: &TempDir) -> FrameCache {
    FrameCache::at(&dir.path().join("frames"), 1 << 30).unwrap()
}

/// The files of frames in a cache's folder.
pub(crate) fn files(dir: &TempDir) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(dir.path().join("frames")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = folders
        .filter(|path| path.is_dir())
        .flat_map(|path| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()))
        .collect();
    files.sort();
    files
}
