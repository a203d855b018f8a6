//! `nix-seed` publishes to registries that nobody here wrote, and others find what it published.

mod faults;
mod index;
mod prune;
mod push;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix_seed_checks::client;
use nix_seed_checks::machine::process;
use nix_seed_checks::registry::traffic::Traffic;
use nix_seed_checks::seed::layout::Layout;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::journey::Journey;
use crate::store::Store;

/// The client, and what seeds are made with.
pub(crate) struct Publisher {
    pub(crate) journey: Journey,
    program: PathBuf,
    /// A home without anybody's logins.
    home: TempDir,
}

/// What a command of the client said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The document on standard output, of a command that succeeded.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// A seed of three paths in two groups, each a layer: libc and zlib, which never change, and app.
pub(crate) struct Seed {
    _store: Store,
    pub(crate) dir: PathBuf,
    pub(crate) layout: Layout,
}

impl Seed {
    /// The lengths of the layers, the metadata layer last.
    pub(crate) fn layer_sizes(&self) -> Vec<u64> {
        self.layout.layers().unwrap().iter().map(|layer| layer.metadata().unwrap().len()).collect()
    }
}

/// How a [`Seed`] differs from others.
pub(crate) struct Make<'a> {
    /// The name of the path that changes: "app-1.0".
    pub(crate) app: &'a str,
    pub(crate) architecture: &'a str,
    /// The license that forbids to redistribute that path.
    pub(crate) license: Option<&'a str>,
}

impl Default for Make<'_> {
    fn default() -> Self {
        Self { app: "app-1.0", architecture: "amd64", license: None }
    }
}

impl Publisher {
    pub(crate) fn open() -> Self {
        Self { journey: Journey::open(), program: client::program().unwrap(), home: tempfile::tempdir().unwrap() }
    }

    /// The folder in which its commands run.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(unverified(arguments)).current_dir(self.home.path()).stdin(Stdio::null());
        command.env("HOME", self.home.path());
        for variable in ["XDG_RUNTIME_DIR", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn say<S: AsRef<str>>(&self, arguments: &[S]) -> Said {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// Pushes to `targets`; gives what the client says of it.
    pub(crate) fn push(&self, seed: &Seed, targets: &[&str]) -> Value {
        let layout = seed.dir.to_str().unwrap();
        self.say(&[&["push", "--json", layout], targets].concat()).json()["push"].clone()
    }

    pub(crate) fn seed(&self, make: &Make<'_>) -> Seed {
        let mut store = self.journey.store();
        let libc = store.add("libc-2.40", &[], |path| fs::write(path, noise(3 << 20, 1)).unwrap());
        let zlib = store.add("zlib-1.3", &[&libc], |path| fs::write(path, noise(100_000, 2)).unwrap());
        // Another hash for another path: paths are numbered.
        let number = make.app.bytes().map(u32::from).sum::<u32>() % 40;
        for _ in 0..number {
            store.add("unused", &[], |path| fs::write(path, "").unwrap());
        }
        let app = store.add(make.app, &[&zlib], |path| fs::write(path, noise(200_000, number.into())).unwrap());
        let hashes = store.nar_hashes(&self.journey.workbench.nix, store.root());
        let graph = store.graph(&hashes);
        let of = |names: &[&String]| -> Value {
            let is_wanted = |row: &&Value| names.iter().any(|name| row["path"].as_str().unwrap().ends_with(*name));
            graph.as_array().unwrap().iter().filter(is_wanted).cloned().collect()
        };
        let licenses: Vec<_> = make
            .license
            .iter()
            .map(|reason| json!({ "path": format!("/nix/store/{app}"), "reason": reason }))
            .collect();
        let spec = json!({ "name": "seed", "tag": "latest", "os": "linux", "architecture": make.architecture,
            "licenses": licenses });
        let files = [("base.json", of(&[&libc, &zlib])), ("all.json", of(&[&libc, &zlib, &app])), ("spec.json", spec)];
        for (file, content) in files {
            fs::write(store.root().join(file), content.to_string()).unwrap();
        }
        for command in [
            "layers --graph base.json --group base --root . --out base",
            "layers --graph all.json --earlier base.json --group app --root . --out app",
            "image --spec spec.json --group base --group app --out image",
        ] {
            let arguments: Vec<_> = command.split(' ').collect();
            process::output(&mut self.journey.helper(&store, &arguments)).unwrap();
        }
        let dir = store.root().join("image");
        let layout = Layout::open(&dir).unwrap();
        Seed { _store: store, dir, layout }
    }

    /// The digest that skopeo finds.
    pub(crate) fn digest(&self, image: &str) -> Option<String> {
        let mut command = self.journey.podman.command("skopeo");
        command.args(["inspect", "--tls-verify=false", "--no-tags", "--format", "{{.Digest}}"]);
        process::output(command.arg(format!("docker://{image}"))).ok().map(|digest| digest.trim().to_owned())
    }

    /// What skopeo finds at a tag, as it is.
    pub(crate) fn raw(&self, image: &str) -> Value {
        let mut command = self.journey.podman.command("skopeo");
        let arguments = ["inspect", "--tls-verify=false", "--raw", &format!("docker://{image}")];
        serde_json::from_str(&process::output(command.args(arguments)).unwrap()).unwrap()
    }

    /// The tags that skopeo finds.
    pub(crate) fn tags(&self, image: &str) -> Vec<String> {
        let mut command = self.journey.podman.command("skopeo");
        let Ok(said) = process::output(command.args(["list-tags", "--tls-verify=false", &format!("docker://{image}")]))
        else {
            return Vec::new();
        };
        let said: BTreeMap<String, Value> = serde_json::from_str(&said).unwrap();
        let mut tags: Vec<String> = serde_json::from_value(said["Tags"].clone()).unwrap();
        tags.sort();
        tags
    }
}

/// Bytes that no compressor makes shorter, the same each time.
pub(crate) fn noise(length: usize, mut state: u64) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        for shift in [30, 27] {
            mixed = (mixed ^ (mixed >> shift)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        mixed.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(length).collect()
}

pub(crate) fn image(registry: SocketAddr, rest: &str) -> String {
    format!("{registry}/{rest}")
}

/// The bytes that went up, of all requests.
pub(crate) fn sent(traffic: &Traffic) -> u64 {
    traffic.total().up
}

pub(crate) fn blob(dir: &Path, digest: &str) -> PathBuf {
    dir.join("blobs").join(digest.replace(':', "/"))
}

/// The arguments of `nix-seed`; a seed that no policy is named for is used unverified, since nobody has signed it.
pub(crate) fn unverified<S: AsRef<str>>(arguments: &[S]) -> Vec<&str> {
    let mut arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
    let command = arguments.iter().position(|argument| matches!(*argument, "up" | "run" | "record"));
    // A CI's step has a policy in any case.
    if let Some(command) = command
        && !arguments.contains(&"--policy")
        && arguments.first() != Some(&"ci")
    {
        arguments.insert(command + 1, UNVERIFIED);
    }
    arguments
}

/// What is told, without what is told of every such seed.
pub(crate) fn without_warning(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.contains("NOT VERIFIED")).collect()
}

/// Uses a seed that nobody has signed.
pub(crate) const UNVERIFIED: &str = "--insecure-skip-verify";
