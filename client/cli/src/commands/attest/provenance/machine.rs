//! How this machine's Nix builds, as it says itself.

use std::collections::BTreeMap;
use std::io::ErrorKind;
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
    match store.builder() {
        Builder::This => {}
        // To its own file it adds what this user says; of another file that this environment names it knows nothing.
        Builder::TrustingDaemon => {
            show.env_remove("NIX_CONF_DIR").env_remove("NIX_REMOTE_SYSTEMS");
        }
        Builder::Other => return Err(Error::OthersNix { store: store.url }),
    }
    let mut all: BTreeMap<String, Setting> = json(SHOW, &mut show)?;
    let mut settings: BTreeMap<_, _> =
        SETTINGS.iter().filter_map(|name| Some(((*name).to_owned(), all.remove(*name)?.value))).collect();
    if let Some(Value::String(builders)) = settings.get_mut("builders") {
        *builders = machines(builders, &|file| std::fs::read_to_string(file));
    }
    let version = output("nix --version", &mut nix(&["--version"]))?;
    let version = String::from_utf8_lossy(&version).trim().rsplit(' ').next().unwrap_or_default().to_owned();
    Ok((version, settings))
}

/// Who builds.
#[derive(Debug, PartialEq, Eq)]
enum Builder {
    /// This user's Nix.
    This,
    /// A daemon of this machine, which does as this user says.
    TrustingDaemon,
    /// A daemon that does not, or that of another machine: how it is set is not known here.
    Other,
}

impl Store {
    fn builder(&self) -> Builder {
        // Some versions say 1.
        let is_trusted = self.trusted.as_ref().is_some_and(|trusted| *trusted == true || *trusted == 1);
        match &*self.url {
            url if url.starts_with("local") || url.starts_with('/') => Builder::This,
            url if is_trusted && (url == "daemon" || url.starts_with("unix:")) => Builder::TrustingDaemon,
            _ => Builder::Other,
        }
    }
}

/// The other machines that Nix builds on (nix.conf(5), `builders`). By default it names a file that most machines do not have; one that cannot be
/// read may name some.
fn machines(setting: &str, read: &dyn Fn(&str) -> std::io::Result<String>) -> String {
    let mut lines = Vec::new();
    for entry in setting.split([';', '\n']).map(str::trim) {
        match entry.strip_prefix('@').map(|file| read(file.trim())) {
            Some(Ok(file)) => lines.extend(file.lines().map(ToOwned::to_owned)),
            Some(Err(error)) if error.kind() == ErrorKind::NotFound => {}
            _ => lines.push(entry.to_owned()),
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
        let builder = |json: &str| serde_json::from_str::<Store>(json).unwrap().builder();
        for other in [
            r#"{"url": "daemon", "trusted": false, "version": "2.26.3"}"#,
            r#"{"url": "unix:///run/nix.sock", "trusted": 0}"#,
            r#"{"url": "daemon"}"#,
            r#"{"url": "ssh-ng://builder", "trusted": true}"#,
        ] {
            assert_eq!(builder(other), Builder::Other, "{other}");
        }
        for trusting in [r#"{"url": "daemon", "trusted": true}"#, r#"{"url": "unix:///run/nix.sock", "trusted": 1}"#] {
            assert_eq!(builder(trusting), Builder::TrustingDaemon, "{trusting}");
        }
        for local in ["local", "local?root=/tmp/store", "local://", "/tmp/store"] {
            assert_eq!(builder(&format!(r#"{{"url": "{local}", "trusted": null}}"#)), Builder::This);
        }
    }

    #[test]
    fn attack_other_machines_that_build_are_named() {
        let read = |file: &str| match file {
            "/etc/nix/machines" => Ok("# ours\nssh://a x86_64-linux\n\nssh://b # old\n@/etc/nix/more\n".to_owned()),
            "/etc/nix/secret" => Err(ErrorKind::PermissionDenied.into()),
            _ => Err(ErrorKind::NotFound.into()),
        };
        assert_eq!(machines("@/nowhere", &read), "");
        assert_eq!(machines("", &read), "");
        assert_eq!(machines("@/etc/nix/secret", &read), "@/etc/nix/secret");
        let found = "ssh://a x86_64-linux; ssh://b; @/etc/nix/more";
        assert_eq!(machines("@ /etc/nix/machines", &read), found);
        assert_eq!(machines("ssh://c ; @/etc/nix/machines", &read), format!("ssh://c; {found}"));
    }
}
