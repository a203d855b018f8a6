//! What is deleted from a registry, and what lock files and tags keep.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use nix_seed_checks::client;
use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::ferro::FerroRegistry;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Make, Publisher, Seed, image};
use crate::client::ask;

/// A git repository, and a registry with four seeds: one on `main`, one on another branch, one tagged, one old.
struct Scene<'a> {
    publisher: &'a Publisher,
    registry: SocketAddr,
    seeds: [Seed; 4],
    git: PathBuf,
}

impl<'a> Scene<'a> {
    fn new(publisher: &'a Publisher, registry: SocketAddr) -> Self {
        let names = ["app-1.0", "app-1.1", "app-1.2", "app-1.3"];
        let seeds = names.map(|app| publisher.seed(&Make { app, ..Make::default() }));
        for (seed, tag) in seeds.iter().zip(["one", "two", "three", "old"]) {
            publisher.push(seed, &[&image(registry, &format!("team/seed:{tag}"))]);
        }
        let scene = Self { publisher, registry, seeds, git: publisher.home().join("git") };
        fs::create_dir_all(&scene.git).unwrap();
        scene.git(&["init", "--quiet", "--initial-branch=main"]);
        for (branch, seed) in [("main", 0), ("other", 1)] {
            scene.git(&["checkout", "--quiet", "-B", branch]);
            scene.lock(seed);
            scene.git(&["add", "--all"]);
            scene.git(&["commit", "--quiet", "--message=lock"]);
        }
        scene.git(&["checkout", "--quiet", "main"]);
        scene
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.current_dir(&self.git).args(["-c", "user.name=x", "-c", "user.email=x@example.org"]).args(arguments);
        process::output(&mut command).unwrap();
    }

    fn lock(&self, seed: usize) {
        let file = self.git.join(".seed.lock").display().to_string();
        let commit = "a".repeat(40);
        let update = ["lock", "update", "--file", &file, "--commit", &commit, "--digest", self.digest(seed)];
        let said = self.publisher.say(&update);
        assert_eq!(said.code, Some(0), "{}", said.err);
    }

    fn digest(&self, seed: usize) -> &str {
        &self.seeds[seed].layout.manifest_digest
    }

    fn prune(&self, options: &[&str]) -> super::Said {
        let (name, git) = (image(self.registry, "team/seed"), self.git.display().to_string());
        self.publisher.say(&[&["prune", &name, "--repository", &git], options].concat())
    }

    fn manifest_status(&self, reference: &str) -> u16 {
        let accept = "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
        ask(self.registry, "HEAD", &format!("/v2/team/seed/manifests/{reference}"), &[accept], b"").status
    }

    fn put(&self, reference: &str, media_type: &str, document: &str) -> String {
        let header = format!("Content-Type: {media_type}");
        let path = format!("/v2/team/seed/manifests/{reference}");
        let answer = ask(self.registry, "PUT", &path, &[&header], document.as_bytes());
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(document)))
    }

    /// Attaches a statement to a seed; where the registry keeps no list of referrers, also in the list under a tag.
    fn attach(&self, seed: usize, keeps_list: bool) -> String {
        let subject = self.digest(seed);
        let manifest = &self.seeds[seed].layout.manifest;
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let size = serde_json::to_string(manifest).unwrap().len();
        let statement = json!({ "schemaVersion": 2, "mediaType": media_type, "artifactType": "application/x-test",
            "config": manifest["config"], "layers": [],
            "subject": { "mediaType": media_type, "digest": subject, "size": size } });
        let bytes = statement.to_string();
        let digest = format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)));
        assert_eq!(self.put(&digest, media_type, &bytes), digest);
        if !keeps_list {
            let index_type = "application/vnd.oci.image.index.v1+json";
            let list = json!({ "schemaVersion": 2, "mediaType": index_type, "manifests": [
                { "mediaType": media_type, "digest": digest, "size": bytes.len(), "artifactType": "application/x-test" }] });
            self.put(&subject.replace(':', "-"), index_type, &list.to_string());
        }
        digest
    }

    /// Attaches a document with the client's own crate.
    fn attach_ours(&self, seed: usize) -> String {
        let file = self.publisher.home().join("sbom.json");
        fs::write(&file, "{}").unwrap();
        let mut command = Command::new(client::referrers().unwrap());
        command.args(["attach", &self.image(seed), "application/spdx+json"]).arg(file);
        process::output(&mut command).unwrap().split(' ').next().unwrap().to_owned()
    }

    /// The digests of what the client's own crate finds.
    fn attached(&self, seed: usize) -> Vec<String> {
        let said =
            process::output(Command::new(client::referrers().unwrap()).args(["list", &self.image(seed)])).unwrap();
        let mut digests: Vec<_> = said.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        digests.sort();
        digests
    }

    fn image(&self, seed: usize) -> String {
        image(self.registry, &format!("team/seed@{}", self.digest(seed)))
    }
}

fn sorted<const N: usize>(digests: [&String; N]) -> Vec<String> {
    let mut digests = digests.map(Clone::clone).to_vec();
    digests.sort();
    digests
}

fn prunes(registry: SocketAddr, publisher: &Publisher, keeps_list: bool) {
    let scene = Scene::new(publisher, registry);
    let (of_kept, of_old) = (scene.attach(0, keeps_list), scene.attach(3, keeps_list));
    let (ours_of_kept, ours_of_old) = (scene.attach_ours(0), scene.attach_ours(3));
    assert_eq!(scene.attached(0), sorted([&of_kept, &ours_of_kept]));
    assert_eq!(scene.attached(3), sorted([&of_old, &ours_of_old]));
    // Without --yes nothing happens, and all is said.
    for options in [&["--keep", "three"][..], &["--keep", "three", "--dry-run"]] {
        let said = scene.prune(options);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(said.out.contains(&format!("delete  {} (old): a seed", scene.digest(3))), "{}", said.out);
        for referrer in [&of_old, &ours_of_old] {
            assert!(said.out.contains(&format!("delete  {referrer}")), "{}", said.out);
        }
        assert!(
            said.out.contains(&format!("keep    {} (two): refs/heads/other:.seed.lock", scene.digest(1))),
            "{}",
            said.out
        );
        assert!(said.err.contains("nothing was deleted; to delete, add: --yes"), "{}", said.err);
    }
    let there = |seed| scene.manifest_status(scene.digest(seed));
    assert_eq!([there(0), there(1), there(2), there(3)], [200; 4]);

    let said = scene.prune(&["--keep", "three", "--yes", "--json"]).json();
    assert_eq!(said["prune"]["deleted"], true);
    assert_eq!([there(0), there(1), there(2), there(3)], [200, 200, 200, 404]);
    let status = |reference: &str| scene.manifest_status(reference);
    assert_eq!((status(&of_kept), status(&of_old), status("old")), (200, 404, 404));
    assert_eq!((status(&ours_of_kept), status(&ours_of_old)), (200, 404));
    // Of what goes, no list and no tag is left; of what stays, all.
    let tags = publisher.tags(&image(registry, "team/seed"));
    let tags_of = |seed| tags.iter().filter(|tag| tag.starts_with(&scene.digest(seed).replace(':', "-"))).count();
    assert_eq!((tags_of(0), tags_of(3)), (if keeps_list { 0 } else { 2 }, 0), "{tags:?}");
    assert_eq!(scene.attached(0), sorted([&of_kept, &ours_of_kept]));
    // What is kept is whole.
    let copy = tempfile::tempdir().unwrap();
    let from = format!("docker://{}", image(registry, "team/seed:two"));
    let mut skopeo = publisher.journey.podman.command("skopeo");
    skopeo.args(["copy", "--quiet", "--src-tls-verify=false", &from, &format!("oci:{}", copy.path().display())]);
    process::output(&mut skopeo).unwrap();
    // Once more: there is nothing left to do.
    let said = scene.prune(&["--keep", "three", "--yes"]);
    assert!(said.err.contains("0 to delete"), "{}", said.err);
}

#[test]
fn docker_registry_is_pruned() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    prunes(registry.address(), &publisher, false);
}

#[test]
fn ferro_is_pruned() {
    let publisher = Publisher::open();
    let registry = FerroRegistry::start(&publisher.journey.workbench.cache).unwrap();
    prunes(registry.address(), &publisher, true);
}

#[test]
fn a_tag_named_after_the_seed_that_it_stands_for_keeps_nothing() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let scene = Scene::new(&publisher, registry.address());
    for seed in [0, 3] {
        let tag = scene.digest(seed).replace(':', "-");
        publisher.push(&scene.seeds[seed], &[&image(registry.address(), &format!("team/seed:{tag}"))]);
    }
    scene.prune(&["--keep", "three", "--yes", "--json"]).json();
    let there = |seed| scene.manifest_status(scene.digest(seed));
    assert_eq!([there(0), there(1), there(2), there(3)], [200, 200, 200, 404]);
}

#[test]
fn nothing_is_deleted_where_something_is_wrong() {
    let publisher = Publisher::open();
    let cache = &publisher.journey.workbench.cache;
    let registry = DockerRegistry::start_with(cache, Auth::Everybody, false).unwrap();
    let scene = Scene::new(&publisher, registry.address());
    let refused = |options: &[&str], code, message: &str| {
        let said = scene.prune(options);
        assert_eq!(said.code, Some(code), "{}", said.err);
        assert!(said.err.contains(message), "{}", said.err);
    };
    refused(&["--yes", "--keep", "thre"], 3, "no tag \"thre\"");
    refused(&["--yes"], 1, "REGISTRY_STORAGE_DELETE_ENABLED=true");
    fs::write(scene.git.join(".seed.lock"), "<<<<<<< HEAD\n").unwrap();
    refused(&["--yes"], 3, "nothing is deleted until it is mended");
    fs::remove_dir_all(scene.git.join(".git")).unwrap();
    refused(&["--yes"], 1, "git rev-parse");
    scene.git(&["init", "--quiet"]);
    fs::remove_file(scene.git.join(".seed.lock")).unwrap();
    refused(&["--yes"], 5, "all seeds in");
    let there = |seed| scene.manifest_status(scene.digest(seed));
    assert_eq!([there(0), there(1), there(2), there(3)], [200; 4]);
}
