//! The seed of an example, from a registry to a build.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use nix_seed_checks::machine::{files, process};
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::ferro::FerroRegistry;
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::traffic::Kind;
use nix_seed_checks::seed::layout::Layout;

use super::{Host, Small};
use crate::publish::{Make, Publisher, image};
use crate::seed::Seed;

/// In one shell, with the machine's store covered: up, a build without a network, and down.
const SESSION: &str = r#"
    set -e
    mount --bind nix /nix
    mount -t tmpfs tmpfs /var/lib
    eval "$("$0" up --insecure-skip-verify "$1")"
    nix store verify --no-trust --all
    unshare --net nix build --out-link result path:flake
    ./result/bin/greet
    rm result && nix store gc 2>/dev/null >&2
    nix store verify --no-trust --all
    "$0" down
    ls -A /nix
"#;

#[test]
fn a_flake_is_built_offline_with_what_came_from_a_registry() {
    let seed = Seed::of_example("c");
    seed.edit("libgreet/greet.c", "snprintf", " snprintf");
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    let layout = Layout::open(&seed.layout).unwrap();
    let target = image(proxy.address(), "team/c:main");
    publisher.say(&["push", "--json", seed.layout.to_str().unwrap(), &target]).json();

    // A tag is resolved once, and what it stands for is said.
    let host = Host::new(&publisher);
    proxy.forget_traffic();
    let said = host.say(&["up", &target]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let resolved = format!("{target}: main is {}\n", layout.manifest_digest);
    assert!(said.err.contains(&resolved), "{}", said.err);
    let paths = layout_paths(&seed, &publisher);
    assert!(paths > 50);
    host.assert_valid(paths);
    // Each byte of the store came once, and hardly another one.
    let sizes: Vec<_> = layout.layers().unwrap().iter().map(|layer| layer.metadata().unwrap().size()).collect();
    let down = proxy.traffic().total().down;
    assert!(down < sizes.iter().sum::<u64>() + 100_000, "{down} bytes for layers of {sizes:?}");

    // All is there: a second run asks for what says so, and for nothing else.
    proxy.forget_traffic();
    let by_digest = image(proxy.address(), &format!("team/c@{}", layout.manifest_digest));
    let again = host.comes_up(&by_digest);
    assert_eq!((&again["missing"], &again["fetched"]), (&0.into(), &0.into()));
    let traffic = proxy.traffic();
    assert_eq!((traffic.kind(Kind::Manifest).requests, traffic.kind(Kind::Blob).requests), (1, 2));
    assert!(traffic.total().down < sizes.last().unwrap() + 100_000);

    let home = publisher.home();
    files::copy_tree(seed.source(), &home.join("flake")).unwrap();
    fs::create_dir(home.join("nix")).unwrap();
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "sh", "-c", SESSION]).arg(publisher.command::<&str>(&[]).get_program()).arg(&by_digest);
    shell.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", home).current_dir(home);
    // The package set's Nix is Debian's, which shows builders a shell that is not part of a seed.
    shell.env("NIX_CONFIG", "sandbox-paths =");
    let said = process::output(&mut shell).unwrap();
    assert_eq!(said, "Hello, nobody!\n");
}

/// How many store paths the helper finds in the seed.
fn layout_paths(seed: &Seed, publisher: &Publisher) -> usize {
    let helper = publisher.journey.workbench.helper().unwrap();
    let said = process::output(Command::new(helper).args(["inspect", "--json"]).arg(&seed.layout)).unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    said["seed"]["paths"].as_array().unwrap().len()
}

/// By digest, by tag, and out of an index of two systems; then only what is missing of another seed.
fn comes_up(publisher: &Publisher, registry: SocketAddr, has_ranges: bool) {
    let proxy = Proxy::start(registry).unwrap();
    let seed = Small::new(publisher, "app-1.0");
    let by_digest = seed.push(publisher, registry, proxy.address());
    let arm = publisher.seed(&Make { architecture: "arm64", ..Make::default() });
    let index = image(proxy.address(), "team/seed:systems");
    for dir in [&seed.dir, &arm.dir] {
        publisher.say(&["push", "--json", "--index", dir.to_str().unwrap(), &index]).json();
    }
    for location in [&by_digest, &image(proxy.address(), "team/seed:main"), &index] {
        let host = Host::new(publisher);
        let up = host.say(&["--platform", "linux/amd64", "up", "--json", location]).json()["up"].clone();
        assert_eq!((&up["digest"], &up["missing"]), (&seed.layout.manifest_digest.clone().into(), &seed.paths.into()));
        host.assert_valid(seed.paths);
    }
    // The other system's, where it is asked for; no third one's.
    let host = Host::new(publisher);
    let up = host.say(&["--platform", "linux/arm64", "up", "--json", &index]).json()["up"].clone();
    assert_eq!(up["digest"], arm.layout.manifest_digest);
    let said = host.say(&["--platform", "linux/riscv64", "up", &index]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("is for linux/amd64, linux/arm64, not for linux/riscv64"), "{}", said.err);

    let host = Host::new(publisher);
    host.comes_up(&by_digest);
    let other = Small::new(publisher, "app-2.0");
    let location = other.push(publisher, registry, proxy.address());
    proxy.forget_traffic();
    let up = host.comes_up(&location);
    assert_eq!(up["missing"], 1);
    host.assert_valid(seed.paths + 1);
    let sizes = other.layer_sizes();
    // Where there are no ranges, the layer comes as far as it is needed.
    let budget = sizes[2] + 20_000 + if has_ranges { 150_000 } else { sizes[1] };
    let down = proxy.traffic().total().down;
    assert!(down < budget, "{down} bytes for a path of 150 kB and layers of {sizes:?}");
}

#[test]
fn by_digest_by_tag_and_by_index_from_docker_registry() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    comes_up(&publisher, registry.address(), true);
}

#[test]
fn by_digest_by_tag_and_by_index_from_ferro() {
    let publisher = Publisher::open();
    let registry = FerroRegistry::start(&publisher.journey.workbench.cache).unwrap();
    comes_up(&publisher, registry.address(), false);
}
