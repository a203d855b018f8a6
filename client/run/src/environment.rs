//! What the command finds in its environment.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use serde::{Deserialize, Serialize};

/// Variables that would lead Nix elsewhere than to the run's store.
const FOREIGN: [&str; 6] =
    ["NIX_DAEMON_SOCKET_PATH", "NIX_DB_DIR", "NIX_LOG_DIR", "NIX_STATE_DIR", "NIX_STORE_DIR", "NIX_STORE"];

/// Variables that make a seed's Nix the one that is used; kept with the unpacked seed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Environment {
    /// What goes before PATH.
    pub(crate) path: Vec<String>,
    /// Other variables.
    pub(crate) variables: Vec<(String, String)>,
}

/// Credentials for registries, which are for this program alone.
const SECRET: [&str; 3] = ["NIX_SEED_REGISTRY_USERNAME", "NIX_SEED_REGISTRY_PASSWORD", "NIX_SEED_REGISTRY_TOKEN"];

impl From<nix_seed_start::Environment> for Environment {
    fn from(environment: nix_seed_start::Environment) -> Self {
        Self { path: environment.path, variables: environment.variables }
    }
}

impl Environment {
    /// Sets the variables for `command`, with the machine's own PATH behind the seed's; all others it inherits, but for credentials.
    pub(crate) fn apply(&self, command: &mut Command, machine: Option<&OsStr>) {
        command.env("PATH", self.search_path(machine));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // The machine's daemon knows nothing of this store.
        command.env("NIX_REMOTE", "local");
        for name in FOREIGN.iter().chain(&SECRET) {
            command.env_remove(name);
        }
    }

    fn search_path(&self, machine: Option<&OsStr>) -> OsString {
        let mut path = OsString::from(self.path.join(":"));
        if let Some(machine) = machine.filter(|machine| !machine.is_empty()) {
            if !path.is_empty() {
                path.push(":");
            }
            path.push(machine);
        }
        path
    }
}

/// `NIX_CONFIG` with whether builds are sandboxed. It comes last, so it counts; and there is no way to be unsandboxed
/// silently.
pub(crate) fn nix_config(given: Option<&OsStr>, is_sandboxed: bool) -> OsString {
    let mut text = given.map(ToOwned::to_owned).unwrap_or_default();
    text.push(format!("\nsandbox = {is_sandboxed}\nsandbox-fallback = false\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_comes_first() {
        let environment = Environment { path: vec!["/nix/a".into(), "/nix/b".into()], variables: vec![] };
        for (machine, expected) in
            [(Some("/bin"), "/nix/a:/nix/b:/bin"), (Some(""), "/nix/a:/nix/b"), (None, "/nix/a:/nix/b")]
        {
            assert_eq!(environment.search_path(machine.map(OsStr::new)), expected);
        }
        assert_eq!(Environment::default().search_path(Some(OsStr::new("/bin"))), "/bin");
    }

    #[test]
    fn settings_end_with_the_sandbox() {
        assert_eq!(nix_config(None, true), "\nsandbox = true\nsandbox-fallback = false\n");
        assert!(
            nix_config(Some(OsStr::new("sandbox = true")), false).to_string_lossy().contains("true\nsandbox = false\n")
        );
    }
}
