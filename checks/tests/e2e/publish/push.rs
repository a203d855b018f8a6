//! What is pushed, and what is not.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::ferro::FerroRegistry;
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::token::{Accounts, Right, TokenServer, User};
use nix_seed_checks::seed::layout::Layout;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Make, Publisher, image, sent};

/// Pushes, pushes again, and pushes a seed in which one leaf is another.
fn pushes_what_is_new(publisher: &Publisher, registry: SocketAddr) {
    let proxy = Proxy::start(registry).unwrap();
    let target = image(proxy.address(), "team/seed:main");
    let old = publisher.seed(&Make::default());
    let pushed = publisher.push(&old, &[&target]);
    assert_eq!(pushed["digest"], json!(old.layout.manifest_digest));
    assert_eq!(pushed["targets"][0]["uploaded"]["blobs"], 4, "{pushed}");
    assert_eq!(publisher.digest(&target).as_ref(), Some(&old.layout.manifest_digest));

    proxy.forget_traffic();
    let again = publisher.push(&old, &[&target]);
    assert_eq!((&again["targets"][0]["present"]["blobs"], sent(&proxy.traffic())), (&json!(4), 0), "{again}");

    let new = publisher.seed(&Make { app: "app-1.1", ..Make::default() });
    let (old_sizes, sizes) = (old.layer_sizes(), new.layer_sizes());
    assert_eq!(old_sizes[0], sizes[0]);
    proxy.forget_traffic();
    let bumped = publisher.push(&new, &[&target]);
    let budget = sizes[1] + sizes[2];
    // Manifest (twice: by digest and by tag) and configuration come on top.
    let up = sent(&proxy.traffic());
    assert!((budget..budget + 10_000).contains(&up), "{up} bytes for layers of {sizes:?}: {bumped}");
    assert_eq!((&bumped["targets"][0]["present"]["blobs"], &bumped["sent"]), (&json!(1), &json!(up)));
    assert_eq!(publisher.digest(&target), Some(new.layout.manifest_digest));
}

#[test]
fn only_what_is_new_is_pushed_to_docker_registry() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    pushes_what_is_new(&publisher, registry.address());
}

#[test]
fn only_what_is_new_is_pushed_to_ferro() {
    let publisher = Publisher::open();
    let registry = FerroRegistry::start(&publisher.journey.workbench.cache).unwrap();
    pushes_what_is_new(&publisher, registry.address());
}

#[test]
fn podman_and_skopeo_pull_what_was_pushed() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let seed = publisher.seed(&Make::default());
    let target = image(registry.address(), "team/seed:main");
    let said = publisher.say(&["push", seed.dir.to_str().unwrap(), &target]);
    assert_eq!((said.code, said.out.trim()), (Some(0), &*seed.layout.manifest_digest), "{}", said.err);
    assert!(said.err.contains("team/seed:main: blobs: 4 uploaded"), "{}", said.err);

    let podman = &publisher.journey.podman;
    let by_digest = image(registry.address(), &format!("team/seed@{}", seed.layout.manifest_digest));
    process::output(podman.command("podman").args(["pull", "--quiet", "--tls-verify=false", &by_digest])).unwrap();
    process::output(podman.command("podman").args(["image", "rm", "--force", &by_digest])).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let to = format!("oci:{}", copy.path().display());
    let mut skopeo = podman.command("skopeo");
    skopeo.args(["copy", "--quiet", "--src-tls-verify=false", &format!("docker://{target}"), &to]);
    process::output(&mut skopeo).unwrap();
    let copied = Layout::open(copy.path()).unwrap();
    assert_eq!(copied.manifest_digest, seed.layout.manifest_digest);
    for (one, other) in copied.layers().unwrap().iter().zip(seed.layout.layers().unwrap()) {
        assert!(fs::read(one).unwrap() == fs::read(other).unwrap(), "{}", one.display());
    }
}

#[test]
fn a_second_repository_mounts_from_the_first() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let seed = publisher.seed(&Make::default());
    let [one, other, third] =
        ["team/seed:main", "team/copy:main", "team/third"].map(|name| image(registry.address(), name));
    let pushed = publisher.push(&seed, &[&one, &other]);
    assert_eq!(pushed["targets"][1]["mounted"]["blobs"], 4, "{pushed}");
    let from = image(registry.address(), "team/copy");
    let pushed = publisher.push(&seed, &["--mount-from", &from, &third]);
    assert_eq!((&pushed["targets"][0]["mounted"]["blobs"], &pushed["targets"][0]["tags"]), (&json!(4), &json!([])));
    assert_eq!(publisher.digest(&other), Some(seed.layout.manifest_digest.clone()));
    assert_eq!(
        publisher.digest(&format!("{third}@{}", seed.layout.manifest_digest)),
        Some(seed.layout.manifest_digest.clone())
    );

    let far = publisher.say(&["push", seed.dir.to_str().unwrap(), &one, "--mount-from", "ghcr.io/o/n"]);
    assert_eq!(far.code, Some(2));
    assert!(far.err.contains("nothing is pushed to ghcr.io"), "{}", far.err);
}

#[test]
fn what_must_not_be_given_to_everyone_is_refused_until_it_is_named() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let seed = publisher.seed(&Make { license: Some("Unfree"), ..Make::default() });
    let target = image(registry.address(), "team/seed:main");
    let layout = seed.dir.to_str().unwrap();
    for allowed in [&[][..], &["--allow", "Unfree"], &["--allow", "app"]] {
        let refused = publisher.say(&[&["push", layout, &target], allowed].concat());
        assert_eq!(refused.code, Some(5), "{}", refused.err);
        assert!(refused.err.contains("redistribute it: Unfree"), "{}", refused.err);
        assert!(refused.err.trim_end().ends_with("add: --allow app-1.0"), "{}", refused.err);
    }
    assert_eq!(publisher.tags(&image(registry.address(), "team/seed")), [""; 0]);
    let pushed = publisher.say(&["push", layout, &target, "--allow", "app-1.0"]);
    assert_eq!(pushed.code, Some(0), "{}", pushed.err);
}

#[test]
fn an_ordinary_image_is_refused() {
    let publisher = Publisher::open();
    let seed = publisher.seed(&Make::default());
    // As podman would write it: gzip, and no annotations.
    let mut manifest = seed.layout.manifest.clone();
    for layer in manifest["layers"].as_array_mut().unwrap() {
        layer["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar+gzip");
        layer.as_object_mut().unwrap().remove("annotations");
    }
    write_manifest(&seed.dir, &manifest);
    let said = publisher.say(&["push", seed.dir.to_str().unwrap(), "127.0.0.1:1/seed:main"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("is no seed but an ordinary image") && said.err.contains("skopeo copy"), "{}", said.err);
}

/// Makes the image in a layout another one.
fn write_manifest(dir: &Path, manifest: &Value) {
    let bytes = manifest.to_string();
    let digest = format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)));
    fs::write(super::blob(dir, &digest), &bytes).unwrap();
    let mut index: Value = serde_json::from_slice(&fs::read(dir.join("index.json")).unwrap()).unwrap();
    index["manifests"][0]["digest"] = json!(digest);
    index["manifests"][0]["size"] = json!(bytes.len());
    fs::write(dir.join("index.json"), index.to_string()).unwrap();
}

#[test]
fn a_password_comes_from_standard_input_or_a_file() {
    let publisher = Publisher::open();
    let user =
        User { name: "me".into(), password: "secret".into(), rights: vec![Right::new("team/*", &["pull", "push"])] };
    let tokens = TokenServer::start(Accounts { users: vec![user], ..Accounts::default() }).unwrap();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Token(&tokens)).unwrap();
    let seed = publisher.seed(&Make::default());
    let target = image(registry.address(), "team/seed:main");
    let layout = seed.dir.to_str().unwrap();
    assert_eq!(publisher.say(&["push", layout, &target]).code, Some(1));

    let with_password = |arguments: &[&str], rest: &[&str]| {
        let arguments = [arguments, &["--username", "me", "--password-stdin"], rest].concat();
        let mut command = publisher.command(&arguments);
        command.env("NIX_SEED_CACHE", publisher.home().join("cache")).env("NIX_SEED_REGISTRY_TOKEN", "unused");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"secret\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    with_password(&["push", layout, &target], &[]);
    // Asked for twice, read once.
    let commit = "0".repeat(40);
    with_password(&["lock", "update", &target, "--commit", &commit], &[]);
    with_password(&["lock", "check", &target, "--registry"], &[]);
    // What needs no password leaves none to the command; nor does the environment.
    let named = format!("{}@{}", target.trim_end_matches(":main"), seed.layout.manifest_digest);
    for _ in 0..2 {
        let said =
            with_password(&["run", &named], &["--", "sh", "-c", "cat; echo \"${NIX_SEED_REGISTRY_TOKEN-none}\""]);
        assert_eq!(said, "none\n");
    }

    let auth = data_encoding::BASE64.encode(b"me:secret");
    let file = publisher.home().join("auth.json");
    let registry_name = registry.address().to_string();
    fs::write(&file, json!({ "auths": { (registry_name): { "auth": auth } } }).to_string()).unwrap();
    let mut command = publisher.command(&["push", layout, &target]);
    assert!(command.env("REGISTRY_AUTH_FILE", &file).output().unwrap().status.success());
}
