//! `nix-seed up --mount`: a seed that is mounted, served by a process that outlives the command, and taken down again,
//! whatever has happened meanwhile.
//!
//! Only root may mount. Each test has a machine of its own: mounts and processes that end with it.

mod compare;
mod faults;
mod kills;
mod life;
mod pressure;
mod real;
mod refused;
mod traced;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use nix_seed_checks::property::random::Random;
use nix_seed_checks::seed::layout::Layout;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::publish::{Publisher, Said, without_warning};
use crate::up::{Scene, Small};

/// What lists of processes call whoever serves.
const SERVING: &str = "nix-seed (serving a mount)";

/// For how long anything may take that ends by itself: others use this machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A kernel whose EROFS takes block devices only, as before 6.12: where the thread that mounts has kept mounts to itself, and has
/// mounted FUSE, its third mount is of a file, and the fourth of a block device.
pub(crate) const NO_EROFS_OF_FILES: &str = "inject=mount:error=ENOTBLK:when=3";

/// A kernel that has no EROFS: a loop device is not tried.
pub(crate) const NO_EROFS: &str = "inject=mount:error=ENODEV:when=3";

/// A kernel that fails like this.
pub(crate) fn failing(how: &str) -> [&str; 6] {
    ["strace", "-f", "-o", "/dev/null", "-e", how]
}

/// How often a condition is looked at.
const PAUSE: Duration = Duration::from_millis(3);

/// A machine that a seed is mounted on. Its folder is everybody's, its mounts and processes are its own.
struct Machine<'a> {
    publisher: &'a Publisher,
    folder: TempDir,
    /// In the namespaces, whose first process ends with its input.
    keeper: Child,
}

impl<'a> Machine<'a> {
    fn new(publisher: &'a Publisher) -> Self {
        Self::with(publisher, "true")
    }

    /// One on which `script` has run: its `$0` is the folder of the machine, with `root` in it.
    fn with(publisher: &'a Publisher, script: &str) -> Self {
        // Not in /tmp, which may be a file system that overlays cannot lie upon.
        let stores = publisher.journey.workbench.cache.folder("stores").unwrap();
        let folder = tempfile::tempdir_in(stores).unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.args(["sh", "-c", &format!("set -e\n{script}\necho ready\nexec cat >&2")]).arg(folder.path());
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        Self { publisher, folder, keeper }
    }

    /// The folder that holds `/nix`.
    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// A file of this machine, for this process.
    fn seen(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.keeper.id(), path.display()))
    }

    /// A program on this machine, whose folder for what is fetched is its own.
    fn program(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        let of = self.keeper.id();
        command.args([format!("--mount=/proc/{of}/ns/mnt"), format!("--pid=/proc/{of}/ns/pid_for_children")]);
        command.arg("--").arg(program).stdin(Stdio::null()).env("NIX_SEED_CACHE", self.cache());
        command
    }

    fn shell(&self, script: &str) -> Command {
        let mut command = self.program(Path::new("sh"));
        command.args(["-ec", script]).arg(self.root());
        command
    }

    /// Where frames are kept.
    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// `nix-seed` with these arguments and `--root`.
    fn command(&self, arguments: &[&str]) -> Command {
        let bare = self.publisher.command(arguments);
        let mut command = self.program(Path::new(bare.get_program()));
        command.args(bare.get_args()).arg("--root").arg(self.root());
        for (name, value) in bare.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn say(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments))
    }

    /// `nix-seed` with these arguments and `--root`, run by a program that takes something from it.
    fn command_by(&self, by: &[&str], arguments: &[&str]) -> Command {
        let bare = self.command(arguments);
        let all: Vec<_> = bare.get_args().collect();
        let (enter, run) = all.split_at(all.iter().position(|argument| *argument == "--").unwrap() + 1);
        let mut command = Command::new(bare.get_program());
        command.args(enter).args(by).args(run).stdin(Stdio::null());
        command.envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// Mounts a seed by a kernel that lacks something; whoever plays it stays for as long as whoever serves.
    fn mounts_without(&self, lack: &str, location: &str) -> Child {
        let mut command = self.command_by(&failing(lack), &["up", "--mount", location]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let is_up = || {
            let all = self.processes();
            all.iter().all(|(_, line)| line.starts_with(SERVING) || line.starts_with("strace"))
                && !self.servers().is_empty()
        };
        until("the seed is up", is_up);
        child
    }

    /// Mounts a seed, which has to succeed.
    fn mounts(&self, location: &str) -> Value {
        let up = self.say(&["up", "--mount", "--json", location]).json()["up"].clone();
        assert_eq!(up["mounted"], true);
        up
    }

    /// Takes a seed down, which has to succeed, with all that was built over it.
    fn discards(&self) -> Value {
        self.say(&["down", "--discard", "--json"]).json()["down"].clone()
    }

    /// A command of real Nix on the root's store.
    fn nix(&self, arguments: &[&str]) -> Said {
        let nix = &self.publisher.journey.workbench.nix;
        let mut command = self.program(&nix.program());
        command.envs(nix.environment().iter().map(|(name, value)| (name, value)));
        said(command.args(arguments).arg("--store").arg(self.root()))
    }

    /// Real Nix finds this many valid paths, and each of them whole.
    fn assert_valid(&self, paths: usize) {
        let verified = self.nix(&["store", "verify", "--no-trust", "--all"]);
        assert_eq!(verified.code, Some(0), "{}", verified.err);
        assert_eq!(self.nix(&["path-info", "--all"]).out.lines().count(), paths);
    }

    /// The processes of this machine but for the first, with their command lines, by this process' numbers.
    fn processes(&self) -> Vec<(u32, String)> {
        let namespace = fs::read_link(format!("/proc/{}/ns/pid_for_children", self.keeper.id())).unwrap();
        let numbers =
            fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut found = Vec::new();
        for number in numbers {
            let its = |what: &str| format!("/proc/{number}/{what}");
            // It may have ended meanwhile.
            let Ok(line) = fs::read(its("cmdline")) else { continue };
            let is_here = fs::read_link(its("ns/pid")).is_ok_and(|its| its == namespace);
            // One that is just becoming another program has no words yet; one that has ended, but for its parent, has none any more.
            let is_over = || fs::read_to_string(its("status")).is_ok_and(|status| status.contains("State:\tZ"));
            if is_here && line != b"cat\0" && !(line.is_empty() && is_over()) {
                found.push((number, String::from_utf8_lossy(&line).replace('\0', " ").trim().to_owned()));
            }
        }
        found
    }

    /// Whoever serves.
    fn servers(&self) -> Vec<u32> {
        self.processes().into_iter().filter(|(_, line)| line.starts_with(SERVING)).map(|(number, _)| number).collect()
    }

    /// The only one who serves.
    fn server(&self) -> u32 {
        let servers = self.servers();
        assert_eq!(servers.len(), 1, "{:?}", self.processes());
        servers[0]
    }

    /// Ends whoever serves, at once.
    fn kill_server(&self) {
        kill(self.server());
    }

    /// What the table of mounts has below the root.
    fn mounted(&self) -> Vec<String> {
        let table = fs::read_to_string(format!("/proc/{}/mountinfo", self.keeper.id())).unwrap();
        let below = format!(" {}/", self.root().display());
        table.lines().filter(|line| line.contains(&below)).map(ToOwned::to_owned).collect()
    }

    /// What whoever serves has said.
    fn log(&self) -> String {
        let entries = fs::read_dir(self.seen(&self.root()).join(".nix-seed")).unwrap();
        entries.flatten().filter_map(|entry| fs::read_to_string(entry.path().join("log")).ok()).collect()
    }

    /// Nothing of a mount is left: soon no process, and at once neither a mount nor a file.
    fn assert_gone(&self) {
        assert_eq!(self.mounted(), Vec::<String>::new());
        until("whoever serves ends", || self.servers().is_empty());
        let find = || said(self.program(Path::new("find")).arg(self.root()).args(["-mindepth", "1"])).out;
        let began = Instant::now();
        while !find().is_empty() {
            assert!(began.elapsed() < PATIENCE, "{:?} and: {}", self.processes(), find());
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        // With its first process the kernel ends all others of the machine; with the last goes what they have mounted.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Waits for a condition.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// A random part of some time.
fn part(whole: Duration, random: &mut Random) -> Duration {
    whole * u32::try_from(random.below(1000)).unwrap() / 1000
}

fn kill(process: u32) {
    let process = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
    // It may have ended.
    let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
}

/// What a command says that ends in time, and whose output ends with it: whoever serves must not hold that.
fn said(command: &mut Command) -> Said {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let Output { status, stdout, stderr } = ends(child, PATIENCE);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said { code: status.code(), out: text(stdout), err: without_warning(&text(stderr)) }
}

/// What a process says, which has to end within this time.
fn ends(child: Child, limit: Duration) -> Output {
    let number = child.id();
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    receiver.recv_timeout(limit).unwrap_or_else(|_| panic!("not within {limit:?}: {}", state(number))).unwrap()
}

/// What several processes say, which all have to end within this time.
fn all_end(children: Vec<Child>, limit: Duration) -> Vec<Output> {
    let waits = children.into_iter().map(|child| std::thread::spawn(move || ends(child, limit)));
    waits.collect::<Vec<_>>().into_iter().map(|wait| wait.join().unwrap()).collect()
}

/// What a process and those that it has started wait for.
fn state(process: u32) -> String {
    let its = |what: &str| fs::read_to_string(format!("/proc/{process}/{what}")).unwrap_or_default();
    let status: Vec<_> = its("status").lines().take(3).map(ToOwned::to_owned).collect();
    let children = its(&format!("task/{process}/children"));
    let below: Vec<_> = children.split_whitespace().filter_map(|child| Some(state(child.parse().ok()?))).collect();
    format!("{} {} {} [{}]", its("cmdline").replace('\0', " "), status.join(" "), its("stack"), below.join(", "))
}

/// What is in the files of a seed, as it was when the seed was made.
struct Contents {
    /// The hash of each file of the store, by its name below the store.
    hashes: BTreeMap<Vec<u8>, String>,
}

/// What a reader found.
#[derive(Debug, Default)]
struct Found {
    right: usize,
    failed: usize,
}

impl Contents {
    fn of(seed: &Small) -> Self {
        Self::below(&seed.dir.with_file_name("nix").join("store"))
    }

    /// Of a store that lies here.
    fn below(store: &Path) -> Self {
        let (mut hashes, mut left) = (BTreeMap::new(), vec![store.to_owned()]);
        while let Some(folder) = left.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                let kind = path.symlink_metadata().unwrap().file_type();
                if kind.is_dir() {
                    left.push(path);
                } else if kind.is_file() {
                    let hash = HEXLOWER.encode(&Sha256::digest(fs::read(&path).unwrap()));
                    hashes.insert(path.strip_prefix(store).unwrap().as_os_str().as_bytes().to_owned(), hash);
                }
            }
        }
        Self { hashes }
    }

    /// The same, but of each path only its first file, where the path has this in its name.
    fn some(&self, names: &[&str]) -> Self {
        let mut some = BTreeMap::new();
        for name in names {
            let is_of = |file: &&Vec<u8>| {
                String::from_utf8_lossy(file).split('/').next().is_some_and(|path| path.ends_with(name))
            };
            let file = self.hashes.keys().find(is_of).unwrap();
            some.insert(file.clone(), self.hashes[file].clone());
        }
        Self { hashes: some }
    }

    /// A process that reads all files, in an order of its own.
    fn reader(&self, machine: &Machine<'_>, random: &mut Random) -> Child {
        let mut files: Vec<_> = self.hashes.keys().map(Vec::as_slice).collect();
        for last in (1..files.len()).rev() {
            files.swap(last, random.below(last + 1));
        }
        let mut shell = machine.shell(r#"cd "$0/nix/store" && exec xargs -0 -n 24 sha256sum --zero --"#);
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let names: Vec<u8> = files.iter().flat_map(|file| [file, &b"\0"[..]].concat()).collect();
        let mut stdin = child.stdin.take().unwrap();
        // Whoever reads writes too, and nobody may listen yet; or does not come to read them all.
        std::thread::spawn(move || stdin.write_all(&names));
        child
    }

    /// What a reader found: each file is right, or cannot be read.
    fn check(&self, reader: &Output) -> Found {
        let mut right = 0;
        for line in reader.stdout.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let (hash, name) = line.split_at(64);
            let name = &name[2..];
            let expected = self.hashes.get(name).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(name)));
            assert_eq!(hash, expected.as_bytes(), "{}: wrong bytes", String::from_utf8_lossy(name));
            right += 1;
        }
        let said = String::from_utf8_lossy(&reader.stderr);
        assert!(right == self.hashes.len() || !reader.status.success(), "{said}");
        Found { right, failed: self.hashes.len() - right }
    }

    /// Several readers at once find each file right.
    fn assert_right(&self, machine: &Machine<'_>, readers: usize) {
        let readers = (0..readers).map(|number| self.reader(machine, &mut Random::new(number as u64)));
        for output in all_end(readers.collect(), PATIENCE) {
            let found = self.check(&output);
            assert_eq!(found.failed, 0, "{}\n{}", String::from_utf8_lossy(&output.stderr), machine.log());
        }
    }
}

impl Scene {
    fn machine(&self) -> Machine<'_> {
        Machine::new(&self.publisher)
    }

    /// The digests of the layers that hold the store, the metadata layer not among them.
    fn store_layers(&self) -> Vec<String> {
        let layers = self.seed.layout.manifest["layers"].as_array().unwrap();
        layers[..layers.len() - 1].iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
    }
}

/// The digest of the seed in a layout.
fn digest(layout: &Path) -> String {
    Layout::open(layout).unwrap().manifest_digest
}
