//! Seeds in use: a store in a folder, seen as `/nix` by a command of its own, and what such commands do.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The settings under which all of them build: those of a container, which cannot sandbox.
const SETTINGS: &str = "experimental-features = nix-command flakes
build-users-group =
sandbox = false
substitute = false
flake-registry =
";

/// A derivation of one line, of another name each second, so that it is built each time.
const FIRST: &str = r#"derivation {
  name = "first-${toString builtins.currentTime}";
  system = builtins.currentSystem;
  builder = builtins.getEnv "BUILDER";
  args = [ "-c" "echo built > $out" ];
}
"#;

/// What is run in a seed once it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// A shell of the seed's that does nothing: what there is to run can be run.
    Begin,
    /// Nix evaluates, and a builder has run: the first command of a build.
    First,
    /// `nix build` of the example, from its sources.
    Build,
}

/// How the commands are called: in a folder's store, or in a container.
pub struct Commands {
    work: PathBuf,
    path: String,
    /// The seed's shell.
    shell: PathBuf,
}

impl Commands {
    /// For a seed with this `PATH`; writes what they need to `work`, beside the flake, which is in `work/src`.
    pub fn new(path: String, work: PathBuf) -> Result<Self> {
        fs::write(work.join("first.nix"), FIRST)?;
        fs::write(work.join("nix.conf"), SETTINGS)?;
        let shell = path.split(':').map(|folder| Path::new(folder).join("bash")).find(|shell| {
            // What the seed was made from is in this machine's store.
            shell.starts_with("/nix/store") && shell.exists()
        });
        Ok(Self { work, path, shell: shell.context("the seed has no bash")? })
    }

    fn words(&self, command: Command, work: &str) -> String {
        match command {
            Command::Begin => format!("'{}' -c :", self.shell.display()),
            Command::First => format!("nix build --no-link --quiet --file {work}/first.nix"),
            Command::Build => format!("nix build --no-link --quiet path:{work}/src"),
        }
    }

    /// A script that runs the command with the store of `root` as /nix, in a mount namespace of its own.
    pub fn in_store(&self, root: &Path, command: Command) -> String {
        let work = self.work.display().to_string();
        let rights = if rustix::process::geteuid().is_root() { "" } else { "--map-root-user " };
        let mut script = format!("home=$(mktemp --directory --tmpdir='{work}')\n");
        let _ = writeln!(
            script,
            "unshare {rights}--mount --propagation private sh -euc 'mount --bind \"$0\" /nix; exec \"$@\"' '{}/nix' \\\n  \
             env --ignore-environment PATH='{}' HOME=\"$home\" NIX_CONF_DIR='{work}' BUILDER='{}' {}",
            root.display(),
            self.path,
            self.shell.display(),
            self.words(command, &format!("'{work}'"))
        );
        script + "rm -r \"$home\"\n"
    }

    /// A script that runs the command in a container of the image.
    pub fn in_container(&self, image: &str, command: Command) -> String {
        let work = self.work.display();
        format!(
            "podman run --rm --network none --volume '{work}:/work:ro' --env NIX_CONF_DIR=/work --env BUILDER='{}' \\\n  \
             '{image}' {}\n",
            self.shell.display(),
            self.words(command, "/work")
        )
    }
}
