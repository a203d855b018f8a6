//! What a shell needs to know to use a seed that is up.

use std::path::{Component, Path, PathBuf};

use nix_seed_image::metadata::Content;
use nix_seed_image::seed::Seed;

/// Where images keep certificates.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
/// Where images keep Nix' settings.
const SETTINGS: &str = "etc/nix/nix.conf";
/// What a trusted user could change of a daemon's builds, and a seed has no reason to.
const OF_THE_DAEMON: [&str; 4] = ["build-users-group", "sandbox", "sandbox-fallback", "sandbox-paths"];

/// Variables that make a seed's Nix the one that is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// What goes before PATH: the seed's programs.
    pub path: Vec<String>,
    /// Other variables, with their values.
    pub variables: Vec<(String, String)>,
}

impl Environment {
    /// The variables for `seed`, whose settings lie in the folder `settings`.
    pub(crate) fn new(seed: &Seed, settings: Option<&Path>) -> Self {
        let mut variables = Vec::new();
        if let Some(settings) = settings {
            variables.push(("NIX_CONF_DIR".to_owned(), settings.display().to_string()));
        }
        if let Some(Content::Symlink(target)) = seed.root.get(CERTIFICATES)
            && is_in_store(target)
        {
            variables.push(("NIX_SSL_CERT_FILE".to_owned(), target.clone()));
        }
        Self { path: Self::search_path(seed), variables }
    }

    /// The folders of the seed's programs.
    pub fn search_path(seed: &Seed) -> Vec<String> {
        let config = seed.documents.config.config().as_ref();
        let assignments = config.and_then(|config| config.env().as_ref()).into_iter().flatten();
        let path = assignments.filter_map(|assignment| assignment.strip_prefix("PATH="));
        path.flat_map(|path| path.split(':')).filter(|folder| is_in_store(folder)).map(Into::into).collect()
    }

    /// For a shell's `eval`.
    pub fn shell(&self) -> String {
        let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let mut text = format!("export PATH={}${{PATH:+:$PATH}}\n", quote(&self.path.join(":")));
        for (name, value) in &self.variables {
            text += &format!("export {name}={}\n", quote(value));
        }
        text
    }
}

/// Whether a path leads into a store path, and nowhere else: a seed may say anything, and files that runners read have
/// a variable a line.
fn is_in_store(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("/nix/store/") else { return false };
    let parts = Path::new(rest).components();
    !rest.is_empty()
        && !rest.contains(|character: char| character.is_control())
        && parts.into_iter().all(|part| matches!(part, Component::Normal(_)))
}

/// What a line of settings sets.
fn name_of(line: &str) -> &str {
    line.split('=').next().unwrap_or_default().trim()
}

/// Nix' settings for a seed on a host: the seed's own, but that builds are sandboxed wherever the machine allows it; in
/// a container, which the seed's settings are for, it does not.
pub(crate) fn settings(seed: &Seed) -> Option<String> {
    let Some(Content::File(_, bytes)) = seed.root.get(SETTINGS) else { return None };
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<_> = text.lines().filter(|line| name_of(line) != "sandbox").map(ToOwned::to_owned).collect();
    lines.push("sandbox = true".into());
    if !lines.iter().any(|line| name_of(line) == "sandbox-fallback") {
        lines.push("sandbox-fallback = true".into());
    }
    Some(lines.join("\n") + "\n")
}

/// Nix' settings for a seed in the store of a daemon, whose own settings say how it builds.
pub(crate) fn settings_beside_daemon(seed: &Seed) -> Option<String> {
    let Some(Content::File(_, bytes)) = seed.root.get(SETTINGS) else { return None };
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter(|line| !OF_THE_DAEMON.contains(&name_of(line)));
    Some(lines.flat_map(|line| [line, "\n"]).collect())
}

/// The folder of a seed's settings, relative to the root.
pub(crate) fn settings_folder(short: &str) -> PathBuf {
    Path::new(crate::state::STATE).join("etc").join(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_values_that_lead_elsewhere_or_hold_lines_are_left_out() {
        assert!(is_in_store("/nix/store/x/bin") && is_in_store("/nix/store/x"));
        for path in ["/bin", "/nix/store/", "/nix/store/../../tmp/x", "/nix/store/x/../../y", "/nix/store/x\nA=b"] {
            assert!(!is_in_store(path), "{path:?}");
        }
    }

    #[test]
    fn a_shell_reads_any_value() {
        let environment =
            Environment { path: vec!["/a b".into(), "/c".into()], variables: vec![("X".into(), "it's $HOME".into())] };
        let script = format!("PATH=/bin; {}printf '%s|%s' \"$PATH\" \"$X\"", environment.shell());
        let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "/a b:/c:/bin|it's $HOME");
    }
}
