//! Commands as root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::step::variable;

/// What a command as root is told of the environment: where it writes, who it logs in as, and whom it trusts.
const KEPT: [&str; 24] = [
    "ALL_PROXY",
    "CI",
    "DOCKER_CONFIG",
    "GITHUB_ENV",
    "GITHUB_PATH",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NIX_CONFIG",
    "NIX_SEED_READ_TIMEOUT",
    "NIX_SEED_REGISTRY",
    "NIX_SEED_REGISTRY_PASSWORD",
    "NIX_SEED_REGISTRY_TOKEN",
    "NIX_SEED_REGISTRY_USERNAME",
    "NIX_SSL_CERT_FILE",
    "NO_PROXY",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "REGISTRY_AUTH_FILE",
    "SSL_CERT_FILE",
    "TRACEPARENT",
    "all_proxy",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];

/// What runs a command as root, where this user is not, and may become it without being asked.
pub(super) fn command() -> Option<Command> {
    if rustix::process::geteuid().is_root() || !may_be_root() {
        return None;
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", &format!("--preserve-env={}", KEPT.join(",")), "--"]);
    command.envs(logins(&variable, &|path| std::fs::read_to_string(path).ok()));
    Some(command)
}

fn may_be_root() -> bool {
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sudo.status().is_ok_and(|status| status.success())
}

/// Where this user's logins are, for a command as root, which would look in root's home: podman's (containers-auth.json(5)) and docker's.
///
/// What asks a program for them (`credsStore`) is left to the user: that may need a session.
fn logins(
    get: &dyn Fn(&str) -> Option<String>,
    read: &dyn Fn(&Path) -> Option<String>,
) -> Vec<(&'static str, PathBuf)> {
    let has_some = |path: &Path| read(path).is_some_and(|text| !text.contains("\"credsStore\""));
    let below = |name: &str, rest: &str| get(name).map(|folder| Path::new(&folder).join(rest));
    let podman = [
        below("XDG_RUNTIME_DIR", "containers/auth.json"),
        below("XDG_CONFIG_HOME", "containers/auth.json"),
        below("HOME", ".config/containers/auth.json"),
    ];
    let podman = podman.into_iter().flatten().find(|file| has_some(file));
    let docker = below("HOME", ".docker").filter(|folder| has_some(&folder.join("config.json")));
    let all = [("REGISTRY_AUTH_FILE", podman), ("DOCKER_CONFIG", docker)];
    let all = all.into_iter().filter(|(name, _)| get(name).is_none());
    all.filter_map(|(name, path)| Some((name, path?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_logs_in_as_the_user_would() {
        let home = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
        let file = |path: &'static str, text: &'static str| {
            move |asked: &Path| (asked == Path::new(path)).then(|| text.to_owned())
        };
        let docker = file("/home/me/.docker/config.json", "{\"auths\": {}}");
        assert_eq!(logins(&home, &docker), [("DOCKER_CONFIG", "/home/me/.docker".into())]);
        assert_eq!(logins(&home, &|_| None), []);
        assert_eq!(logins(&home, &file("/home/me/.docker/config.json", "{\"credsStore\": \"pass\"}")), []);
        let podman = file("/run/user/1/containers/auth.json", "{}");
        let there = |name: &str| match name {
            "XDG_RUNTIME_DIR" => Some("/run/user/1".to_owned()),
            name => home(name),
        };
        assert_eq!(logins(&there, &podman), [("REGISTRY_AUTH_FILE", "/run/user/1/containers/auth.json".into())]);
        // What somebody has set counts.
        let set = |name: &str| (name == "DOCKER_CONFIG").then(|| "/etc/docker".to_owned()).or_else(|| home(name));
        assert_eq!(logins(&set, &docker), []);
    }
}
