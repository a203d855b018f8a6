//! Several systems under one tag; and what a lock file and a comparison say of them.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::ferro::FerroRegistry;
use serde_json::{Value, json};

use super::{Make, Publisher, Seed, image};

fn platforms(index: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = index["manifests"].as_array().unwrap();
    entries.iter().map(|entry| (text(&entry["platform"]["architecture"]), text(&entry["digest"]))).collect()
}

fn joins(publisher: &Publisher, registry: SocketAddr) {
    let target = image(registry, "team/seed:main");
    let make = |app, architecture| publisher.seed(&Make { app, architecture, license: None });
    let of = |seed: &Seed, architecture: &str| (architecture.to_owned(), seed.layout.manifest_digest.clone());
    let (amd, arm) = (make("app-1.0", "amd64"), make("app-1.0", "arm64"));
    // At the same time, several times over: nobody's entry is lost.
    for round in 0..5 {
        let target = format!("{target}-{round}");
        let start = |seed: &Seed| {
            let mut command = publisher.command(&["push", "--index", seed.dir.to_str().unwrap(), &target]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let mut pushes = [start(&amd), start(&arm)];
        for push in &mut pushes {
            assert!(push.wait().unwrap().success());
        }
        assert_eq!(platforms(&publisher.raw(&target)), [of(&amd, "amd64"), of(&arm, "arm64")]);
    }
    // An image that is there already is joined by its digest; the other system's stays.
    let target = format!("{target}-0");
    let newer = make("app-1.1", "amd64");
    publisher.push(&newer, &[&image(registry, "team/seed:newer")]);
    let by_digest = image(registry, &format!("team/seed@{}", newer.layout.manifest_digest));
    let said = publisher.say(&["push", "--json", "--index", &by_digest, &target]).json();
    assert_eq!(said["push"]["targets"][0]["present"]["blobs"], 4, "{said}");
    assert_eq!(platforms(&publisher.raw(&target)), [of(&newer, "amd64"), of(&arm, "arm64")]);
    let index = said["push"]["targets"][0]["indexes"]["main-0"].as_str().unwrap();
    assert_eq!(publisher.raw(&image(registry, &format!("team/seed@{index}"))), publisher.raw(&target));
    let elsewhere = publisher.say(&["push", &by_digest, &image(registry, "team/other:main")]);
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.err);

    // podman takes this machine's.
    let podman = &publisher.journey.podman;
    process::output(podman.command("podman").args(["pull", "--quiet", "--tls-verify=false", "--arch=arm64", &target]))
        .unwrap();
    process::output(podman.command("podman").args(["image", "rm", "--force", &target])).unwrap();
    locks_and_compares(publisher, &target, &newer, &amd);
}

fn locks_and_compares(publisher: &Publisher, target: &str, newer: &Seed, amd: &Seed) {
    let folder = publisher.home().join("flake");
    fs::create_dir_all(&folder).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(&folder).args(["-c", "user.name=x", "-c", "user.email=x@example.org"]).args(arguments);
        process::output(&mut command).unwrap()
    };
    git(&["init", "--quiet"]);
    git(&["commit", "--quiet", "--allow-empty", "--message=x"]);
    let lock = |arguments: &[&str]| publisher.say(&[&["lock"], arguments, &["--file", "flake/.seed.lock"]].concat());
    let said = lock(&["update", target]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("x86_64-linux: added"), "{}", said.out);
    assert!(lock(&["update", "--system", "aarch64-linux", target]).out.contains("aarch64-linux: added"));
    assert!(lock(&["update", target]).out.contains("unchanged"));
    let locked: Value = serde_json::from_slice(&fs::read(folder.join(".seed.lock")).unwrap()).unwrap();
    let entry = &locked["seeds"]["x86_64-linux"];
    assert_eq!(entry["digest"], json!(newer.layout.manifest_digest));
    assert_eq!(entry["image"], json!(target.rsplit_once(':').unwrap().0));
    assert_eq!(entry["commit"], json!(git(&["rev-parse", "HEAD"]).trim()));

    assert_eq!(lock(&["check", "--registry"]).code, Some(0));
    assert_eq!(lock(&["check", newer.dir.to_str().unwrap()]).code, Some(0));
    let other = lock(&["check", amd.dir.to_str().unwrap()]);
    assert_eq!(other.code, Some(5));
    assert!(other.err.contains(&format!("not {}", amd.layout.manifest_digest)), "{}", other.err);
    assert_eq!(lock(&["check", "--system", "x86_64-darwin"]).code, Some(5));
    assert_eq!(lock(&["update", "--digest", &format!("sha256:{}", "0".repeat(64))]).code, Some(0));
    let lost = lock(&["check", "--registry"]);
    assert_eq!(lost.code, Some(5));
    assert!(lost.err.contains("has no sha256:0000"), "{}", lost.err);

    let said = publisher.say(&["diff", "--json", amd.dir.to_str().unwrap(), target]).json();
    let diff = &said["diff"];
    let sizes = newer.layer_sizes();
    assert_eq!(diff["seeds"]["kept"]["paths"], 2, "{diff}");
    assert_eq!(diff["seeds"]["layersMissing"], json!({ "layers": 2, "bytes": sizes[1] + sizes[2] }));
    let bytes = diff["bytes"].as_u64().unwrap();
    assert!(bytes < sizes[1] + sizes[2] && bytes > sizes[2] + 200_000, "{diff}");
    let change = &diff["seeds"]["changes"][0];
    let [kind, package, from, to] = ["kind", "package", "from", "to"].map(|field| change[field].as_str().unwrap());
    assert_eq!((kind, package, from, to), ("updated", "app", "1.0", "1.1"));
    let said = publisher.say(&["diff", amd.dir.to_str().unwrap(), target]);
    assert!(said.out.contains("updated  app 1.0 → 1.1"), "{}", said.out);
}

#[test]
fn systems_are_joined_at_docker_registry() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    joins(&publisher, registry.address());
}

#[test]
fn systems_are_joined_at_ferro() {
    let publisher = Publisher::open();
    let registry = FerroRegistry::start(&publisher.journey.workbench.cache).unwrap();
    joins(&publisher, registry.address());
}
