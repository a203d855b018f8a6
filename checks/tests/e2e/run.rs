//! `nix-seed run`: one command over a seed, and nothing of it left behind.

mod apart;
mod builds;
mod cached;
mod ends;
mod images;
mod mounted;
mod strangers;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix_seed_checks::client;
use tempfile::TempDir;

use crate::journey::Journey;
use crate::publish::UNVERIFIED;

/// A user that may do nothing.
const NOBODY: u32 = 65534;

/// Somebody who runs commands: with a folder, a cache in it, and the program.
struct Runner {
    /// In /tmp, where anybody may look.
    folder: TempDir,
    program: PathBuf,
    user: Option<u32>,
}

/// What a command said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    /// The same; names of files may be no text.
    out_bytes: Vec<u8>,
    err: String,
}

impl Runner {
    fn root() -> Self {
        Self::new(None)
    }

    fn nobody() -> Self {
        Self::new(Some(NOBODY))
    }

    fn new(user: Option<u32>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("nix-seed");
        fs::copy(client::program().unwrap(), &program).unwrap();
        chown(folder.path(), user, user).unwrap();
        Self { folder, program, user }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command, with this user's rights and little else.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self.user {
            None => Command::new(program),
            Some(user) => {
                let mut command = Command::new("setpriv");
                let user = user.to_string();
                command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--"]).arg(program);
                command
            }
        };
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", self.folder.path());
        command.env("NIX_SEED_CACHE", self.path("cache"));
        // Nix of the package set is Debian's, which shows builders a shell that is not part of a seed.
        command.env("NIX_CONFIG", "sandbox-paths =");
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// A command as root, in a folder, with a plain environment.
    fn root_in(folder: &Path, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir(folder).stdin(Stdio::null());
        command
    }

    /// What `script` does as root, in a mount namespace that ends with it, and then `command` instead of it.
    fn after(&self, script: &str, command: &Command) -> Said {
        let mut shell = Self::root_in(self.folder.path(), "unshare");
        shell.args(["--mount", "sh", "-ec", &format!("{script}; exec \"$@\""), "sh"]);
        shell.arg(command.get_program()).args(command.get_args());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        say(&mut shell)
    }

    /// The same, where anybody may serve file systems, as on most machines.
    fn with_fuse(&self, command: &Command) -> Said {
        self.after("rm -f fuse && mknod fuse c 10 229 && chmod 666 fuse && mount --bind fuse /dev/fuse", command)
    }

    /// `nix-seed run` over a seed.
    fn run<S: AsRef<OsStr>>(&self, options: &[&str], seed: impl AsRef<OsStr>, command: &[S]) -> Command {
        let mut run = self.command(&self.program);
        run.args(["run", UNVERIFIED]).args(options).arg(seed).arg("--").args(command);
        run
    }

    /// The folders of runs that have not ended, or left something.
    fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("cache/runs")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect()
    }
}

fn say(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: status.code(), out: text(&stdout), err: text(&stderr), out_bytes: stdout }
}

/// A seed of a file and a link: what runs in it is the machine's.
struct Small {
    journey: Journey,
    _store: crate::store::Store,
    layout: PathBuf,
    /// Where anybody may read it.
    _folder: TempDir,
}

impl Small {
    fn open() -> Self {
        let journey = Journey::open();
        let mut store = journey.store();
        let data = store.add("data", &[], |path| {
            fs::create_dir(path).unwrap();
            fs::write(path.join("file"), "in the seed").unwrap();
            std::os::unix::fs::symlink("file", path.join("link")).unwrap();
        });
        store.add("user", &[&data], |path| fs::write(path, data.as_bytes()).unwrap());
        let hashes = store.nar_hashes(&journey.workbench.nix, store.root());
        let (made, _) = journey.image(&store, &store.graph(&hashes));
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("seed");
        nix_seed_checks::machine::files::copy_tree(&made, &layout).unwrap();
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Self { journey, _store: store, layout, _folder: folder }
    }
}
