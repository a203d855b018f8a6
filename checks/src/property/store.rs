//! Stores that lie in a folder, and are `/nix` to whoever runs in them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::machine::process;
use crate::nix::Nix;

/// In a mount namespace, since an evaluation in a store elsewhere does not see its files by their names.
const SCRIPT: &str = "mount --bind \"$1/nix\" /nix\nshift\nexec \"$@\"";

/// Where a builder sees that it may fetch and compile what is not the flake's own.
const ONLINE: &str = "/nix-seed-online";

#[derive(Debug)]
pub(super) struct Store<'a> {
    nix: &'a Nix,
    /// The machine's Nix may lie in the store that is out of sight then: it is one of `common`.
    folder: PathBuf,
    is_online: bool,
}

impl<'a> Store<'a> {
    /// A store in `folder` with the closures of `common`.
    pub(super) fn new(nix: &'a Nix, folder: PathBuf, common: &[PathBuf], is_online: bool) -> Result<Self> {
        let mut copy = nix.command("nix");
        copy.args(["copy", "--quiet", "--no-check-sigs", "--to"]).arg(&folder).args(common);
        process::output(&mut copy)?;
        // What `online` names.
        std::fs::create_dir_all(folder.join("nix/online"))?;
        Ok(Self { nix, folder, is_online })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "--propagation", "private", "sh", "-euc", SCRIPT, "sh"]).arg(&self.folder);
        let bin = self.nix.program();
        command.arg(bin.canonicalize().unwrap_or(bin).with_file_name(program));
        command.envs(self.nix.environment().iter().map(|(name, value)| (name, value)));
        // Nobody is asked over a socket, and what is evaluated is not known from another store.
        command.env("NIX_REMOTE", "local").env("NIX_CACHE_HOME", self.folder.join("cache"));
        let mut settings = String::from(
            "\nsandbox = true\nsandbox-fallback = false\nsubstitute = false\nkeep-build-log = false\n\
             fsync-metadata = false\nbuild-users-group =\n",
        );
        if self.is_online {
            let _ = writeln!(settings, "extra-sandbox-paths = {ONLINE}=/nix/online");
        }
        let given = self.nix.environment().iter().find(|(name, _)| *name == "NIX_CONFIG");
        command.env("NIX_CONFIG", given.map_or("", |(_, value)| value).to_owned() + &settings);
        command
    }

    /// What a function of a file in this folder makes of the JSON in `request`, as JSON.
    pub(super) fn evaluate(&self, function: &Path, request: &Path) -> Result<String> {
        let expression = format!(
            "import (/. + \"{}\") (builtins.fromJSON (builtins.readFile (/. + \"{}\")))",
            function.display(),
            request.display()
        );
        process::output(self.command("nix").args(["eval", "--quiet", "--json", "--impure", "--expr", &expression]))
    }

    /// Builds as many of `wanted` as can be, such as `….drv^out`, and gives what Nix said of the others.
    pub(super) fn build(&self, wanted: &[String]) -> Result<String> {
        if wanted.is_empty() {
            return Ok(String::new());
        }
        let mut command = self.command("nix");
        command.args(["build", "--no-link", "--keep-going", "--stdin"]).args(["--log-lines", "5"]);
        let (_, said) = with_input(&mut command, &wanted.join("\n"))?;
        Ok(said)
    }

    /// Which of `paths` are not there.
    pub(super) fn missing(&self, paths: &[String]) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for paths in paths.chunks(1000) {
            let mut command = self.command("nix-store");
            let printed = process::output(command.args(["--check-validity", "--print-invalid"]).args(paths))?;
            missing.extend(printed.lines().map(str::to_owned));
        }
        Ok(missing)
    }

    /// Copies the closures of `paths` to another store.
    pub(super) fn copy(&self, paths: &[String], to: &Self) -> Result<()> {
        let mut command = self.command("nix");
        command.args(["copy", "--quiet", "--no-check-sigs", "--stdin", "--to"]).arg(&to.folder);
        let (is_done, said) = with_input(&mut command, &paths.join("\n"))?;
        if !is_done {
            bail!("cannot copy what the seeds hold: {said}");
        }
        Ok(())
    }
}

/// Runs a command that reads `input`; whether it succeeded, and what it wrote to standard error.
fn with_input(command: &mut Command, input: &str) -> Result<(bool, String)> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run unshare: it is part of util-linux")?;
    // Nix reads all of it before it writes anything.
    child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}
