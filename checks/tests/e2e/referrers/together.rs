//! Programs that attach at the same time.

use std::net::SocketAddr;
use std::process::Stdio;

use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::ferro::FerroRegistry;

use super::{SPDX, Tool, sorted};

/// How often two begin at the same time.
const ROUNDS: usize = 20;

fn nothing_is_lost(registry: SocketAddr) {
    let tool = Tool::open();
    let subject = tool.subject(registry);
    let mut expected = Vec::new();
    for round in 0..ROUNDS {
        let commands = ["one", "two"].map(|name| tool.attach(&subject, SPDX, &[&format!("{name}-{round}")]));
        let started =
            commands.map(|mut command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        for child in started {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "round {round}: {}", String::from_utf8_lossy(&output.stderr));
            let line = String::from_utf8(output.stdout).unwrap();
            expected.push(line.split(' ').next().unwrap().to_owned());
        }
        assert_eq!(sorted(tool.list(&subject, &[])), sorted(expected.clone()), "round {round}");
    }
    assert_eq!(expected.len(), 2 * ROUNDS);
}

#[test]
fn nothing_is_lost_at_docker_registry() {
    let registry = DockerRegistry::start(&Cache::open().unwrap(), Auth::Everybody).unwrap();
    nothing_is_lost(registry.address());
}

#[test]
fn nothing_is_lost_at_ferro() {
    let registry = FerroRegistry::start(&Cache::open().unwrap()).unwrap();
    nothing_is_lost(registry.address());
}
