//! A step: which job it is of, and what it runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix_seed_ci::Job;
use serde_json::Value;

use super::state::State;
use super::{Common, root};
use crate::args::Global;
use crate::error::Error;
use crate::files::{append, read};
use crate::flake::Flake;
use crate::{nix, print, telemetry};

/// The document of an event has at most so many bytes.
const EVENT_MAX: u64 = 64 << 20;

/// A seed's own settings are for builds that have all they need; a seed is made of what others have built.
const SUBSTITUTE: &str = "substitute = true";
/// No other machine builds, the flake changes none of it, and nothing is run outside of the sandbox when a build is done.
const SANDBOX: &str = "sandbox = true\nsandbox-fallback = false\nbuilders =\npost-build-hook =\npre-build-hook =\ndiff-hook =\naccept-flake-config = false";

pub(super) struct Step<'a> {
    pub(super) global: &'a Global,
    pub(super) flake: Flake,
    /// The folder of the flake, where what it runs begins.
    pub(super) folder: PathBuf,
    pub(super) state: State,
    /// None at somebody's terminal.
    pub(super) job: Option<Job>,
}

/// What a command came to.
pub(super) struct Ended {
    pub(super) code: u8,
    pub(super) out: String,
}

impl<'a> Step<'a> {
    pub(super) fn open(common: &Common, global: &'a Global) -> Result<Self, Error> {
        let named = common.flake()?;
        let folder = named.folder().ok_or_else(|| Error::NotCheckedOut { flake: named.to_string() })?;
        let folder =
            std::path::absolute(&folder).map_err(|source| Error::Io { doing: "finding", path: folder, source })?;
        // All that it runs begins in that folder.
        let flake = Flake::parse(&format!(".#{}", named.parts().1), super::SEED)?;
        Ok(Self { global, flake, folder, state: State::open(common.state.as_deref())?, job: job()? })
    }

    /// The system that is built for, as Nix writes it.
    pub(super) fn system(&self) -> String {
        self.global.platform().nix_system()
    }

    /// Whether the runner reads variables from files, as GitHub's does.
    pub(super) fn has_files(&self) -> bool {
        variable("GITHUB_ENV").is_some() && variable("GITHUB_PATH").is_some()
    }

    /// Another command of this program.
    pub(super) fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Command, Error> {
        let mut command = Command::new(program()?);
        command.args(self.arguments(arguments));
        Ok(self.prepared(command))
    }

    /// The same as root, where this user may become root without being asked.
    pub(super) fn command_as_root<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Command, Error> {
        let Some(mut command) = root::command() else { return self.command(arguments) };
        command.arg(program()?).args(self.arguments(arguments));
        Ok(self.prepared(command))
    }

    /// Nix, as what is up has it, else as the machine.
    pub(super) fn nix<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Command, Error> {
        let mut command = Command::new("nix");
        command.args(["--extra-experimental-features", "nix-command flakes"]);
        command.args(arguments.iter().map(AsRef::as_ref));
        let mut command = self.prepared(command);
        // What a flake evaluates or builds has no use for what the job logs in or signs with.
        let prepared: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        command.env_clear();
        command.envs(nix::environment());
        command.envs(prepared.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.env("NIX_CONFIG", config(&[SUBSTITUTE]));
        Ok(command)
    }

    /// The same, for what is attested: nothing is built without a sandbox.
    pub(super) fn nix_sandboxed<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Command, Error> {
        let mut command = self.nix(arguments)?;
        command.env("NIX_CONFIG", config(&[SUBSTITUTE, SANDBOX]));
        Ok(command)
    }

    /// A command of this program that says how Nix was set by [`Self::nix_sandboxed`].
    pub(super) fn command_of_sandboxed<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Command, Error> {
        let mut command = self.command(arguments)?;
        command.env("NIX_CONFIG", config(&[SUBSTITUTE, SANDBOX]));
        Ok(command)
    }

    fn arguments<S: AsRef<str>>(&self, arguments: &[S]) -> Vec<OsString> {
        let mut all: Vec<OsString> = arguments.iter().map(|argument| argument.as_ref().into()).collect();
        // Before what is handed on to a command.
        let mut common: Vec<OsString> = Vec::new();
        for host in &self.global.plain_http {
            common.extend(["--plain-http".into(), host.into()]);
        }
        common.push("--trace".into());
        common.push(self.global.trace.clone().unwrap_or_else(|| self.state.trace()).into());
        all.splice(1..1, common);
        all
    }

    fn prepared(&self, mut command: Command) -> Command {
        if let Some(parent) = telemetry::traceparent() {
            command.env("TRACEPARENT", parent);
        }
        let (path, variables) = self.state.environment();
        if !path.is_empty() {
            let own = std::env::var_os("PATH").unwrap_or_default();
            let all = path.iter().map(PathBuf::from).chain(std::env::split_paths(&own));
            if let Ok(joined) = std::env::join_paths(all) {
                command.env("PATH", joined);
            }
        }
        command.envs(variables).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Runs a command, which a person can run as well: it is shown.
    pub(super) fn run(&self, mut command: Command) -> Result<Ended, Error> {
        print::note(&format!("+ {}", shown(&command)));
        let program = PathBuf::from(command.get_program());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let output = child.and_then(std::process::Child::wait_with_output);
        let output = output.map_err(|source| Error::Io { doing: "running", path: program, source })?;
        let code = output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        Ok(Ended { code, out: String::from_utf8_lossy(&output.stdout).into_owned() })
    }

    /// The same, where it has to succeed; its exit code is this step's, else.
    pub(super) fn done(&self, command: Command) -> Result<String, Error> {
        let ended = self.run(command)?;
        if ended.code == 0 { Ok(ended.out) } else { Err(Error::StepFailed { code: ended.code }) }
    }

    /// Whether there is a Nix.
    pub(super) fn has_nix(&self) -> bool {
        let (path, _) = self.state.environment();
        let own = std::env::var_os("PATH").unwrap_or_default();
        path.iter().map(PathBuf::from).chain(std::env::split_paths(&own)).any(|folder| folder.join("nix").is_file())
    }

    /// Says something to later steps: an output of this one.
    pub(super) fn output(&self, name: &str, value: &str) -> Result<(), Error> {
        let Some(file) = variable("GITHUB_OUTPUT") else { return Ok(()) };
        // A value of several lines ends with a line that is not in it (docs.github.com, "Workflow commands", "Multiline strings").
        let mut end = "nix-seed-end".to_owned();
        while value.contains(&end) {
            end.push('-');
        }
        append(Path::new(&file), &format!("{name}<<{end}\n{value}\n{end}\n"))
    }
}

/// The job that this process is in.
fn job() -> Result<Option<Job>, Error> {
    let event = match variable("GITHUB_EVENT_PATH").map(PathBuf::from) {
        Some(path) => {
            let event: serde_json::Result<Value> = serde_json::from_slice(&read(&path, EVENT_MAX)?);
            event.map_err(|error| Error::Io { doing: "understanding", path, source: error.into() })?
        }
        None => Value::Null,
    };
    Ok(Job::read(&variable, &event))
}

pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The environment's settings of Nix, and more, which count.
fn config(more: &[&str]) -> String {
    let own = variable("NIX_CONFIG").unwrap_or_default();
    std::iter::once(&*own).chain(more.iter().copied()).collect::<Vec<_>>().join("\n")
}

fn program() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(|source| Error::Io { doing: "finding", path: "nix-seed".into(), source })
}

/// A command as a person would write it; nothing in it is secret.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let words = command.get_args().map(|argument| quoted(&argument.to_string_lossy()));
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%^#".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_shell_takes_it() {
        let mut command = Command::new("/a/nix-seed");
        command.args(["up", "it's", "", "a b", "x@sha256:0"]);
        assert_eq!(shown(&command), r"nix-seed up 'it'\''s' '' 'a b' x@sha256:0");
    }
}
