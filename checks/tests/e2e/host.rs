//! A machine whose /nix is made for one test: a mount namespace, in which a script does what a person would.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix_seed_checks::client;
use nix_seed_checks::machine::files;
use tempfile::TempDir;

use crate::seed::Seed;

/// A user whom a daemon trusts, by the name of daemon, and one whom it does not.
const TRUSTED: u32 = 1;
const STRANGER: u32 = 65534;

/// What all scripts begin with. `/nix` and `/var/lib` are folders of the test's own, `seed` the seed's layout, `flake` its flake.
const PRELUDE: &str = r#"
    set -eu
    mount --bind "$LAYOUT" seed
    mount --bind nix /nix
    mkdir -p var-lib
    mount --bind var-lib /var/lib
    up() { ./nix-seed up --insecure-skip-verify "$PWD/seed" "$@"; }
    down() { ./nix-seed down "$@"; }
    as() {
        user=$1; shift
        setpriv --reuid "$user" --regid "$user" --clear-groups \
            env -i PATH="$PATH" HOME="$PWD/home-$user" "$@"
    }
    # The machine's own Nix, with its settings, straight to the store.
    own() { program=$1; shift; env -u NIX_REMOTE NIX_CONFIG="$OWN_CONFIG" NIX_CONF_DIR="$OWN_CONF_DIR" "$OWN/$program" "$@"; }
    daemon() {
        # A machine with a daemon has a store. Nix itself cannot open a new one twice at once.
        valid >store.log
        NIX_CONFIG="$OWN_CONFIG
            trusted-users = root daemon" NIX_CONF_DIR="$OWN_CONF_DIR" "$OWN/nix-daemon" 2>daemon.log &
        daemon=$!
        trap 'kill $daemon' EXIT
        until test -S /nix/var/nix/daemon-socket/socket; do kill -0 $daemon; done
    }
    valid() { own nix --store local path-info --all | wc -l; }
    verify() { own nix --store local store verify --no-trust --all; }
    answer() { echo "$1=$2" >&3; }
    # The shell ends on a failure, but not on one that is asked for with an exclamation mark.
    fails() { if "$@"; then echo "succeeded: $*"; exit 1; fi; }
"#;

/// For a script: a root of its own, as a kernel has it, without a `/nix`. It is pivoted to, so that a sandbox can be made in it.
pub(crate) const PIVOT: &str = r#"
    mkdir -p new
    mount -t tmpfs -o mode=755 tmpfs new
    for name in bin sbin lib lib32 lib64 libx32; do
        if test -L "/$name"; then cp -P "/$name" "new/$name"
        elif test -d "/$name"; then mkdir "new/$name"; mount --rbind "/$name" "new/$name"; fi
    done
    for name in usr etc proc dev sys; do mkdir "new/$name"; mount --rbind "/$name" "new/$name"; done
    mkdir -m 1777 new/tmp
    mkdir -p new/var/lib new/work new/old
    mount --rbind "$PWD" new/work
    pivot_root new new/old
    cd /work
    umount -l /old
    rmdir /old
"#;

pub(crate) struct Host {
    pub seed: Seed,
    /// Below /tmp, where anybody may look.
    folder: TempDir,
}

impl Host {
    /// A machine without a store, and the seed of an example.
    pub(crate) fn of_example(name: &str) -> Self {
        let seed = Seed::of_example(name);
        let folder = tempfile::tempdir().unwrap();
        let host = Self { seed, folder };
        fs::set_permissions(host.path(""), PermissionsExt::from_mode(0o755)).unwrap();
        fs::copy(client::program().unwrap(), host.path("nix-seed")).unwrap();
        for name in ["nix", "seed", "home-1", "home-65534"] {
            fs::create_dir(host.path(name)).unwrap();
        }
        files::copy_tree(host.seed.source(), &host.path("flake")).unwrap();
        for user in [TRUSTED, STRANGER] {
            chown(host.path(&format!("home-{user}")), Some(user), Some(user)).unwrap();
        }
        host
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script that has to succeed; gives what it has passed to `answer`, as `name=value` lines.
    pub(crate) fn run(&self, script: &str) -> Vec<String> {
        let nix = &self.seed.workbench.nix;
        let variable = |name| nix.environment().iter().find(|(known, _)| *known == name).map(|(_, value)| &**value);
        let script = format!("exec 3>answers\n{PRELUDE}\n{script}");
        let mut command = Command::new("unshare");
        // With processes of its own: what others run from paths of the same names is no root for its garbage collector.
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", &script]);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", self.folder.path());
        command.env("LAYOUT", &self.seed.layout).env("OWN", nix.program().parent().unwrap_or(Path::new("")));
        command.env("OWN_CONFIG", variable("NIX_CONFIG").unwrap_or_default());
        command.env("OWN_CONF_DIR", variable("NIX_CONF_DIR").unwrap_or("/etc/nix"));
        let output = command.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let log = fs::read_to_string(self.path("daemon.log")).unwrap_or_default();
        assert!(output.status.success(), "{script}\n{}\n{out}\n{err}\ndaemon:\n{log}", output.status);
        fs::read_to_string(self.path("answers")).unwrap().lines().map(ToOwned::to_owned).collect()
    }
}
