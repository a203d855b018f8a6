//! `nix-seed up` from registries that nobody here wrote, and what real Nix finds in the store afterwards.

mod clock;
mod disk;
mod faults;
mod kills;
mod real;
mod refused;
mod together;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::seed::layout::Layout;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::publish::{Publisher, Said, image, noise};
use crate::store::Store;

/// Runs a command where nothing but the folder `$0` can be written to: all else is mounted read-only.
const CONFINE: &str = r#"
    while read -r _ at _; do mount -o remount,bind,ro "$at" 2>/dev/null || true; done < /proc/self/mounts
    mount --rbind "$0" "$0" || exit 100
    while read -r _ at _; do
        case "$at" in "$0" | "$0"/*) mount -o remount,bind,rw "$at" || exit 100 ;; esac
    done < /proc/self/mounts
    exec "$@"
"#;

/// A seed that takes no time to make: a path of several frames, small ones with all kinds of files, in two layers.
pub(crate) struct Small {
    _store: Store,
    pub(crate) dir: PathBuf,
    pub(crate) layout: Layout,
    pub(crate) paths: usize,
}

impl Small {
    /// `app` names the leaf, which is all that differs between two of these.
    pub(crate) fn new(publisher: &Publisher, app: &str) -> Self {
        let mut store = publisher.journey.store();
        let large = store.add("large-1.0", &[], |path| fs::write(path, noise(9 << 20, 1)).unwrap());
        let mut base = vec![large];
        for number in 0..20 {
            let name = format!("small-{number}");
            let references: Vec<_> = base.iter().rev().take(2).cloned().collect();
            let references: Vec<_> = references.iter().map(String::as_str).collect();
            base.push(store.add(&name, &references, |path| tree(path, number)));
        }
        let mut all = base.clone();
        let last = base.last().unwrap().clone();
        for name in ["library-2.1", app] {
            let number = name.bytes().map(u64::from).sum();
            let references = [last.as_str()];
            all.push(store.add(name, &references, |path| fs::write(path, noise(150_000, number)).unwrap()));
        }
        let hashes = store.nar_hashes(&publisher.journey.workbench.nix, store.root());
        let graph = store.graph(&hashes);
        let rows = |names: &[String]| -> Value {
            let is_wanted = |row: &&Value| names.iter().any(|name| row["path"].as_str().unwrap().ends_with(name));
            graph.as_array().unwrap().iter().filter(is_wanted).cloned().collect()
        };
        let roots: Vec<_> = all.iter().rev().take(2).map(|path| format!("/nix/store/{path}")).collect();
        let spec = json!({ "name": "seed", "tag": "latest", "os": "linux", "architecture": "amd64", "gcRoots": roots });
        for (file, content) in [("base.json", rows(&base)), ("all.json", rows(&all)), ("spec.json", spec)] {
            fs::write(store.root().join(file), content.to_string()).unwrap();
        }
        for command in [
            "layers --graph base.json --group base --root . --out base",
            "layers --graph all.json --earlier base.json --group app --root . --out app",
            "image --spec spec.json --group base --group app --out image",
        ] {
            let arguments: Vec<_> = command.split(' ').collect();
            process::output(&mut publisher.journey.helper(&store, &arguments)).unwrap();
        }
        let dir = store.root().join("image");
        let layout = Layout::open(&dir).unwrap();
        Self { _store: store, dir, layout, paths: all.len() }
    }

    /// The length of layers, the metadata layer last.
    pub(crate) fn layer_sizes(&self) -> Vec<u64> {
        self.layout.layers().unwrap().iter().map(|layer| layer.metadata().unwrap().len()).collect()
    }

    /// Pushes it, and gives how it is asked for at another address of the same registry.
    pub(crate) fn push(&self, publisher: &Publisher, registry: SocketAddr, address: SocketAddr) -> String {
        publisher.say(&["push", "--json", self.dir.to_str().unwrap(), &image(registry, "team/seed:main")]).json();
        self.at(address)
    }

    /// By its digest.
    pub(crate) fn at(&self, address: SocketAddr) -> String {
        image(address, &format!("team/seed@{}", self.layout.manifest_digest))
    }
}

/// A folder, an executable, a link, an empty file and one without an end of line.
fn tree(path: &Path, number: usize) {
    fs::create_dir_all(path.join("bin/empty")).unwrap();
    fs::write(path.join("bin/program"), noise(20_000 + number * 1000, number as u64 + 7)).unwrap();
    fs::set_permissions(path.join("bin/program"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("bin/program", path.join("link")).unwrap();
    for file in 0..10 {
        fs::write(path.join(format!("file-{file}")), vec![b'x'; file * 100]).unwrap();
    }
}

/// A machine that a seed comes to: a folder that holds its /nix, and nothing else that can be written to.
pub(crate) struct Host<'a> {
    publisher: &'a Publisher,
    folder: TempDir,
    mounts: Option<Mounts>,
}

/// A process in a mount namespace of its own, which ends with its input.
struct Mounts(Child);

impl Drop for Mounts {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl<'a> Host<'a> {
    pub(crate) fn new(publisher: &'a Publisher) -> Self {
        let stores = publisher.journey.workbench.cache.folder("stores").unwrap();
        let host = Self { publisher, folder: tempfile::tempdir_in(stores).unwrap(), mounts: None };
        fs::create_dir(host.folder.path().join("root")).unwrap();
        host
    }

    /// One with mounts of its own, which `script` makes; `$0` is the root.
    pub(crate) fn with_mounts(publisher: &'a Publisher, script: &str) -> Self {
        let mut host = Self::new(publisher);
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &format!("set -e\n{script}\necho ready\nexec cat >&2")]).arg(host.root());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        host.mounts = Some(Mounts(child));
        host
    }

    /// The root, for whoever has the host's mounts.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// The root, for this process.
    pub(crate) fn seen(&self) -> PathBuf {
        match &self.mounts {
            Some(Mounts(child)) => PathBuf::from(format!("/proc/{}/root{}", child.id(), self.root().display())),
            None => self.root(),
        }
    }

    /// A program with the host's mounts.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        match &self.mounts {
            Some(Mounts(child)) => {
                let mut command = Command::new("nsenter");
                command.arg(format!("--mount=/proc/{}/ns/mnt", child.id())).arg(program);
                command
            }
            None => Command::new(program),
        }
    }

    /// A command of real Nix on the root's store.
    pub(crate) fn nix(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let nix = &self.publisher.journey.workbench.nix;
        let mut command = self.program(nix.program());
        command.envs(nix.environment().iter().map(|(name, value)| (name, value)));
        process::output(command.args(arguments).arg("--store").arg(self.root()))
    }

    /// `nix-seed` with these arguments and `--root`, confined to the root.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let root = self.root();
        let mut bare = self.publisher.command(arguments);
        bare.arg("--root").arg(&root);
        let mut command = self.program("unshare");
        command.args(["--mount", "sh", "-c", CONFINE]).arg(&root).arg(bare.get_program()).args(bare.get_args());
        command.current_dir(self.publisher.home()).stdin(Stdio::null());
        for (name, value) in bare.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    pub(crate) fn say(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments))
    }

    pub(crate) fn up(&self, location: &str) -> Said {
        self.say(&["up", "--json", location])
    }

    /// What is said of an `up` that has to succeed.
    pub(crate) fn comes_up(&self, location: &str) -> Value {
        self.up(location).json()["up"].clone()
    }

    /// Real Nix finds this many valid paths, and each of them whole.
    pub(crate) fn assert_valid(&self, paths: usize) {
        assert_eq!(self.valid(), paths);
    }

    /// How many valid paths real Nix finds, each of which is whole.
    pub(crate) fn valid(&self) -> usize {
        let root = self.seen();
        if !root.join("nix/var/nix/db/db.sqlite").exists() {
            return 0;
        }
        self.nix(&["store", "verify", "--no-trust", "--all"]).unwrap();
        let all = self.nix(&["path-info", "--all"]).unwrap();
        for path in all.lines() {
            assert!(root.join(&path[1..]).symlink_metadata().is_ok(), "{path} is valid, but not there");
        }
        all.lines().count()
    }

    /// Nothing is valid that was not, and nothing lies at the place of a store path.
    pub(crate) fn assert_nothing_came(&self) {
        assert_eq!(self.valid(), 0);
        self.assert_nothing_else(0);
    }

    /// There is as much at the places of store paths.
    pub(crate) fn assert_nothing_else(&self, paths: usize) {
        let entries = fs::read_dir(self.seen().join("nix/store")).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
        assert_eq!(names.len(), paths, "{names:?}");
    }
}

pub(crate) fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// A small seed in a registry, behind a proxy.
pub(crate) struct Scene {
    pub(crate) publisher: Publisher,
    pub(crate) registry: DockerRegistry,
    pub(crate) proxy: Proxy,
    pub(crate) seed: Small,
    /// The seed's reference, by digest, at the proxy.
    pub(crate) location: String,
}

impl Scene {
    pub(crate) fn open() -> Self {
        let publisher = Publisher::open();
        let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
        let proxy = Proxy::start(registry.address()).unwrap();
        let seed = Small::new(&publisher, "app-1.0");
        let location = seed.push(&publisher, registry.address(), proxy.address());
        Self { publisher, registry, proxy, seed, location }
    }

    pub(crate) fn host(&self) -> Host<'_> {
        Host::new(&self.publisher)
    }
}
