//! A store of real files, the seed made from it, and the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix_seed_image::image::write_image;
use nix_seed_image::layer::Group;
use nix_seed_store::{Closure, LiveDatabase, NarHasher, PathInfo, StorePath, database_folder};
use tempfile::TempDir;

/// A machine: a folder with a store that seeds are made from, `made`, and one that they are brought to, `root`.
pub(crate) struct Machine {
    pub(crate) dir: TempDir,
    pub(crate) closure: Closure,
}

impl Machine {
    /// A machine whose seed has `count` store paths of many sizes, each referring to some before it.
    pub(crate) fn new(count: usize) -> Self {
        let mut machine = Self { dir: tempfile::tempdir().unwrap(), closure: Closure::default() };
        let mut paths: Vec<StorePath> = Vec::new();
        for number in 0..count {
            let mut references: Vec<_> = paths.iter().rev().step_by(7).take(3).cloned().collect();
            references.sort();
            paths.push(machine.add(&format!("p{number}"), references, number));
        }
        machine
    }

    /// Adds a store path whose content is a function of `seed`.
    pub(crate) fn add(&mut self, name: &str, references: Vec<StorePath>, seed: usize) -> StorePath {
        let path = StorePath::from_base_name(&format!("{seed:0>32}-{name}")).unwrap();
        let place = path.below(&self.path("made"));
        std::fs::create_dir_all(place.join("share/empty")).unwrap();
        let mut random = fastrand::Rng::with_seed(seed as u64);
        for file in 0..=seed % 9 {
            let length = random.usize(..40_000);
            let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
            std::fs::write(place.join(format!("share/{file}")), bytes).unwrap();
        }
        std::os::unix::fs::symlink("share/0", place.join("link")).unwrap();
        let (nar_hash, nar_size) = NarHasher::of(&place).unwrap();
        let info = PathInfo { path: path.clone(), nar_hash, nar_size, references, ca: None };
        self.closure.insert(info).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the seed as a layout of this name.
    pub(crate) fn seed(&self, name: &str) -> PathBuf {
        let (group, out) = (self.path(&format!("{name}-group")), self.path(name));
        let layers = Group { name: "all", max_layers: 9, root: &self.path("made"), threads: 2 };
        layers.write(&self.closure, &group).unwrap();
        let last = self.closure.iter().last().unwrap().path.to_string();
        let spec = serde_json::json!({
            "name": "seed", "tag": "latest", "os": "linux", "architecture": "amd64", "gcRoots": [last],
            "config": { "Env": [format!("PATH={last}/bin:/bin")] },
            "root": { "etc/nix/nix.conf": { "type": "file", "text": "sandbox = false\nsubstitute = false\n" } },
        });
        write_image(&serde_json::from_value(spec).unwrap(), &[group], &out).unwrap();
        out
    }

    /// The program, for a machine of the seed's kind.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nix-seed"));
        command.args(["--platform", "linux/amd64"]).current_dir(self.dir.path()).stdin(Stdio::null());
        for argument in arguments {
            command.arg(argument);
            // Nobody has signed these seeds.
            if *argument == "up" {
                command.arg("--insecure-skip-verify");
            }
        }
        // A trace of whoever runs the tests has no place here, nor has his CI.
        let is_of_trace = |name: &String| ["OTEL_", "TRACE"].iter().any(|known| name.starts_with(known));
        for name in std::env::vars().map(|(name, _)| name).filter(is_of_trace) {
            command.env_remove(name);
        }
        for mark in ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE"] {
            command.env_remove(mark);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a run that has to succeed.
    pub(crate) fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Standard error of a run that has to fail with `code`: one line.
    pub(crate) fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = told(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        stderr
    }
}

/// Standard error, without what is said of every seed that nobody has signed.
pub(crate) fn told(output: &Output) -> String {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    stderr.lines().filter(|line| !line.contains("NOT VERIFIED")).map(|line| format!("{line}\n")).collect()
}

/// The valid paths of the store below `root`, each of which is asserted to be there and what it should be.
pub(crate) fn valid(root: &Path) -> Vec<StorePath> {
    let folder = database_folder(root);
    if !folder.join("db.sqlite").exists() {
        return Vec::new();
    }
    let database = LiveDatabase::open(&folder).unwrap();
    let paths: Vec<_> = database.valid_paths().unwrap().into_iter().collect();
    for path in &paths {
        let found = NarHasher::of(&path.below(root)).unwrap();
        assert_eq!(database.query(path).unwrap(), Some(found), "{path}");
    }
    paths
}

/// All that lies below a folder: path, kind and mode, time, size, target.
pub(crate) fn listing(folder: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let mut all = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let target = std::fs::read_link(&path).unwrap_or_default();
        let size = if metadata.is_file() { metadata.size() } else { 0 };
        all.push(format!("{path:?} {:o} {} {size} {target:?}", metadata.mode(), metadata.mtime()));
        if metadata.is_dir() {
            left.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    all.sort();
    all
}
