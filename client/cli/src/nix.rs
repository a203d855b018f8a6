//! What Nix says of a flake.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::print;

/// How many of the last lines that Nix has written are shown.
const LINES: usize = 40;

/// What Nix is told of the environment: nothing that a job logs in or signs with, for which a flake has no use.
const KNOWN: [&str; 19] = [
    "ALL_PROXY",
    "CI",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LOGNAME",
    "NO_PROXY",
    "PATH",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "TRACEPARENT",
    "USER",
    "all_proxy",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];
/// The same, of all that begin so: Nix' own, and where a user's folders are. What is ours, and may be a secret, does not.
const BEGIN: [&str; 14] = [
    "GIT_",
    "LC_",
    "NIX_CACHE_",
    "NIX_CONF",
    "NIX_DAEMON_",
    "NIX_DATA_",
    "NIX_LOG_DIR",
    "NIX_PATH",
    "NIX_REMOTE",
    "NIX_SSL_",
    "NIX_STATE_",
    "NIX_STORE_DIR",
    "NIX_USER_",
    "XDG_",
];

/// Of this process' environment what Nix may see in a job.
pub(crate) fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    let is_known = |name: &str| KNOWN.contains(&name) || BEGIN.iter().any(|begin| name.starts_with(begin));
    std::env::vars_os().filter(move |(name, _)| name.to_str().is_some_and(is_known))
}

/// An attribute to be evaluated.
pub(crate) struct Question<'a> {
    /// `FLAKE#ATTRIBUTE`, as Nix takes it.
    pub(crate) attribute: &'a str,
    /// Options of `nix eval`.
    pub(crate) options: &'a [&'a str],
    /// Pairs of an input and the flake that is taken for it.
    pub(crate) override_input: &'a [String],
    /// What to do where there is no Nix.
    pub(crate) without_nix: &'static str,
    /// What may be wrong where Nix fails.
    pub(crate) hint: &'static str,
}

impl Question<'_> {
    /// What Nix prints as the attribute's JSON. What it says when it fails is told.
    pub(crate) fn ask(&self) -> Result<Vec<u8>, Error> {
        let _span = tracing::info_span!("evaluate").entered();
        let mut nix = Command::new("nix");
        // A person's Nix may need whatever it always does, such as agents that log in.
        if std::env::var_os("CI").is_some() {
            nix.env_clear().envs(environment());
        }
        nix.args(["--extra-experimental-features", "nix-command flakes", "eval", "--json"]).args(self.options);
        for pair in self.override_input.chunks(2) {
            nix.arg("--override-input").args(pair);
        }
        // Only the lock file that is there counts.
        let output = nix.args(["--no-write-lock-file", self.attribute]).stdin(Stdio::null()).output();
        let output = output.map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::NoNix { attribute: self.attribute.into(), instead: self.without_nix },
            _ => Error::Io { doing: "running", path: "nix".into(), source },
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
            for line in &lines[lines.len().saturating_sub(LINES)..] {
                print::note(&format!("nix: {}", without_colours(line)));
            }
            return Err(Error::Evaluation { attribute: self.attribute.into(), hint: self.hint });
        }
        Ok(output.stdout)
    }
}

/// A line without the sequences by which Nix colours it, also where nobody sees colours.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        plain.push_str(part[end..].strip_prefix('m').unwrap_or(&part[end..]));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out() {
        for (line, plain) in [
            ("\u{1b}[31;1merror:\u{1b}[0m no \u{1b}[35;1mneeds\u{1b}[0m", "error: no needs"),
            ("a\u{1b}[2Jb [x", "aJb [x"),
            ("\u{1b}[", ""),
            ("plain", "plain"),
        ] {
            assert_eq!(without_colours(line), plain);
        }
    }
}
