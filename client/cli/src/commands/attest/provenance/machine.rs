//! How this machine's Nix builds, as it says itself.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use nix_seed_statement::provenance::SETTINGS;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;

/// What prints the settings.
pub(super) const SHOW: &str = "nix config show --json";
/// What prints whose store it is.
const INFO: &str = "nix store info --json";

/// A setting, as `nix config show --json` prints it.
#[derive(Deserialize)]
struct Setting {
    value: Value,
}

/// Whose store Nix builds in, as `nix store info --json` prints it.
#[derive(Deserialize)]
struct Store {
    url: String,
    /// Whether the daemon lets this user change its settings; nothing where it does not say.
    trusted: Option<Value>,
}

/// The version, and [`SETTINGS`] by name.
pub(super) fn settings() -> Result<(String, BTreeMap<String, Value>), Error> {
    let store: Store = json(INFO, &mut nix(&["store", "info", "--json"]))?;
    let mut show = nix(&["config", "show", "--json"]);
    // A daemon builds as its own file says; what this user says besides, it takes only from those whom it trusts.
    if store.is_anothers() {
        show.env_remove("NIX_CONFIG").env("NIX_USER_CONF_FILES", "");
    }
    let mut all: BTreeMap<String, Setting> = json(SHOW, &mut show)?;
    let mut settings: BTreeMap<_, _> =
        SETTINGS.iter().filter_map(|name| Some(((*name).to_owned(), all.remove(*name)?.value))).collect();
    if let Some(Value::String(builders)) = settings.get_mut("builders") {
        *builders = machines(builders, &|file| std::fs::read_to_string(file).ok());
    }
    let version = output("nix --version", &mut nix(&["--version"]))?;
    let version = String::from_utf8_lossy(&version).trim().rsplit(' ').next().unwrap_or_default().to_owned();
    Ok((version, settings))
}

impl Store {
    /// Whether somebody else builds, as a daemon, and does not let this user say how.
    fn is_anothers(&self) -> bool {
        let is_local = self.url.starts_with("local") || self.url.starts_with('/');
        let is_trusted = matches!(&self.trusted, Some(Value::Bool(true)))
            || self.trusted.as_ref().and_then(Value::as_u64) == Some(1);
        !is_local && !is_trusted
    }
}

/// The other machines that Nix builds on (nix.conf(5), `builders`). By default it names a file that most machines do not have.
fn machines(setting: &str, read: &dyn Fn(&str) -> Option<String>) -> String {
    let mut lines = Vec::new();
    for entry in setting.split([';', '\n']).map(str::trim) {
        match entry.strip_prefix('@') {
            Some(file) => lines.extend(read(file).unwrap_or_default().lines().map(ToOwned::to_owned)),
            None => lines.push(entry.to_owned()),
        }
    }
    let machines = lines.iter().map(|line| line.split('#').next().unwrap_or_default().trim());
    machines.filter(|machine| !machine.is_empty()).collect::<Vec<_>>().join("; ")
}

fn json<T: DeserializeOwned>(what: &'static str, command: &mut Command) -> Result<T, Error> {
    let why = |error: serde_json::Error| Error::Nix { command: what, why: error.to_string() };
    serde_json::from_slice(&output(what, command)?).map_err(why)
}

fn nix(arguments: &[&str]) -> Command {
    let mut nix = Command::new("nix");
    nix.args(["--extra-experimental-features", "nix-command flakes"]).args(arguments).stdin(Stdio::null());
    nix
}

fn output(what: &'static str, command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = command.output().map_err(|error| Error::Nix { command: what, why: error.to_string() })?;
    if !output.status.success() {
        let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(500).collect();
        return Err(Error::Nix { command: what, why: said });
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_a_daemon_that_trusts_nobody_is_not_set_by_its_user() {
        let is_anothers = |json: &str| serde_json::from_str::<Store>(json).unwrap().is_anothers();
        assert!(is_anothers(r#"{"url": "daemon", "trusted": false, "version": "2.26.3"}"#));
        assert!(is_anothers(r#"{"url": "unix:///run/nix.sock", "trusted": 0}"#));
        assert!(is_anothers(r#"{"url": "daemon"}"#), "nobody says that it does");
        assert!(!is_anothers(r#"{"url": "daemon", "trusted": true}"#));
        assert!(!is_anothers(r#"{"url": "daemon", "trusted": 1}"#));
        assert!(is_anothers(r#"{"url": "ssh-ng://builder"}"#));
        assert!(!is_anothers(r#"{"url": "ssh-ng://builder", "trusted": true}"#));
        for local in ["local", "local?root=/tmp/store", "local://", "/tmp/store"] {
            assert!(!is_anothers(&format!(r#"{{"url": "{local}", "trusted": null}}"#)));
        }
    }

    #[test]
    fn attack_other_machines_that_build_are_named() {
        let read = |file: &str| match file {
            "/etc/nix/machines" => Some("# ours\nssh://a x86_64-linux\n\nssh://b # old\n@/etc/nix/more\n".to_owned()),
            _ => None,
        };
        assert_eq!(machines("@/nowhere", &read), "");
        assert_eq!(machines("", &read), "");
        let found = "ssh://a x86_64-linux; ssh://b; @/etc/nix/more";
        assert_eq!(machines("@/etc/nix/machines", &read), found);
        assert_eq!(machines("ssh://c ; @/etc/nix/machines", &read), format!("ssh://c; {found}"));
    }
}
