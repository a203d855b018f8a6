//! A registry that fails or lies, on the way to a store: refused with a name, or gone on with; never half a store.

use std::fs;
use std::time::{Duration, Instant};

use nix_seed_checks::registry::fault::{Fault, Rule};
use nix_seed_checks::registry::proxy::{Proxy, Speed};
use nix_seed_checks::registry::traffic::Kind;

use super::Scene;

impl Scene {
    /// What the rules make impossible is refused with this code and these words, and nothing of it is valid. Without
    /// them, the same store takes the seed.
    fn refuses(&self, rules: &[Rule], code: i32, words: &[&str]) {
        let host = self.host();
        for rule in rules {
            self.proxy.rule(rule.clone());
        }
        let said = host.up(&self.location);
        assert_eq!(said.code, Some(code), "{}", said.err);
        for word in words {
            assert!(said.err.contains(word), "{word:?} is not in: {}", said.err);
        }
        host.assert_nothing_came();
        self.proxy.forget_rules();
        host.comes_up(&self.location);
        host.assert_valid(self.seed.paths);
    }

    /// In spite of the rule, the seed comes up whole; gives the bytes of bodies that came for it.
    fn survives(&self, rule: Rule) -> u64 {
        let host = self.host();
        self.proxy.forget_traffic();
        self.proxy.rule(rule);
        host.comes_up(&self.location);
        host.assert_valid(self.seed.paths);
        assert!(self.proxy.traffic().total().faulty > 0, "the fault was not met");
        self.proxy.forget_rules();
        self.proxy.traffic().total().down
    }

    /// The digest of the manifest's part at this place.
    fn layer(&self, number: usize) -> String {
        self.seed.layout.manifest["layers"][number]["digest"].as_str().unwrap().into()
    }

    /// The bytes of all that belongs to the seed.
    fn size(&self) -> u64 {
        let blobs = fs::read_dir(self.seed.dir.join("blobs/sha256")).unwrap();
        blobs.map(|blob| blob.unwrap().metadata().unwrap().len()).sum()
    }
}

#[test]
fn a_wrong_digest_in_the_reference() {
    let scene = Scene::open();
    let host = scene.host();
    let wrong = super::image(scene.proxy.address(), &format!("team/seed@sha256:{}", "0".repeat(64)));
    let said = host.up(&wrong);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("manifest sha256:0000") && said.err.contains("it is not there"), "{}", said.err);
    assert_eq!(fs::read_dir(host.root()).unwrap().count(), 0);
    // No other image has this digest either, whatever a registry says.
    let manifests = scene.registry.storage().join("docker/registry/v2/repositories/team/seed/_manifests");
    let blob = scene.registry.storage().join("docker/registry/v2/blobs/sha256");
    let digest = "0".repeat(64);
    for revisions in ["revisions/sha256", "tags/main/index/sha256"] {
        let folder = manifests.join(revisions).join(&digest);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("link"), format!("sha256:{digest}")).unwrap();
    }
    let (_, own) = scene.seed.layout.manifest_digest.split_once(':').unwrap();
    fs::create_dir_all(blob.join("00").join(&digest)).unwrap();
    fs::copy(blob.join(&own[..2]).join(own).join("data"), blob.join("00").join(&digest).join("data")).unwrap();
    let said = host.up(&wrong);
    assert_eq!(said.code, Some(4), "{}", said.err);
    assert!(said.err.contains("use none of it"), "{}", said.err);
    assert_eq!(fs::read_dir(host.root()).unwrap().count(), 0);
}

#[test]
fn a_corrupt_document() {
    let scene = Scene::open();
    let config = scene.seed.layout.manifest["config"]["digest"].as_str().unwrap().to_owned();
    let manifest = Rule::new(Fault::Corrupt(100)).kind(Kind::Manifest);
    scene.refuses(&[manifest], 4, &["manifest sha256:", "use none of it"]);
    for blob in [config, scene.layer(2)] {
        scene.refuses(&[Rule::blobs(Fault::Corrupt(100)).path(&blob)], 4, &[&blob, "use none of it"]);
    }
}

#[test]
fn a_corrupt_frame() {
    let scene = Scene::open();
    // In the second frame of the large path, and in a small one: each is named.
    for (layer, offset, name) in [(0, 5 << 20, "-large-1.0"), (1, 1000, "-app-1.0")] {
        let rule = Rule::blobs(Fault::Corrupt(offset)).path(&scene.layer(layer));
        scene.refuses(&[rule], 4, &["/nix/store/", name, "SHA-256 is not the one in the index"]);
    }
}

#[test]
fn a_blob_that_rots_in_the_registry() {
    let scene = Scene::open();
    let digest = scene.layer(1);
    let hex = digest.strip_prefix("sha256:").unwrap();
    let blobs = scene.registry.storage().join("docker/registry/v2/blobs/sha256");
    let data = blobs.join(&hex[..2]).join(hex).join("data");
    let good = fs::read(&data).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    let host = scene.host();
    let short = good[..good.len() / 2].to_vec();
    for (bytes, code, words) in [(bad, 4, "-app-1.0: the frame at byte"), (short, 1, digest.as_str())] {
        fs::write(&data, bytes).unwrap();
        // With one thread, the other layer comes first, since more of it is missing.
        let said = host.say(&["up", "--json", "--threads", "1", &scene.location]);
        assert_eq!(said.code, Some(code), "{}", said.err);
        assert!(said.err.contains(words), "{}", said.err);
        host.assert_nothing_came();
    }
    fs::write(&data, good).unwrap();
    // What had come is not fetched again.
    let up = host.comes_up(&scene.location);
    assert!(up["fetched"].as_u64().unwrap() < scene.seed.layer_sizes()[1] && up["resumed"] == 21, "{up}");
    host.assert_valid(scene.seed.paths);
}

#[test]
fn a_truncated_body() {
    let scene = Scene::open();
    let down = scene.survives(Rule::blobs(Fault::Truncate(100_000)).path(&scene.layer(0)).until(3));
    assert!(down < scene.size() + 10_000, "what had come came again: {down} bytes for {}", scene.size());
}

#[test]
fn a_server_that_ignores_ranges() {
    let scene = Scene::open();
    scene.survives(Rule::blobs(Fault::IgnoreRange));
    let whole = |status| scene.proxy.traffic().requests.iter().filter(|request| request.status == Some(status)).count();
    assert_eq!(whole(206), 0);
}

#[test]
fn a_wrong_content_range() {
    let scene = Scene::open();
    let layers = |fault| Rule::blobs(fault).path(&scene.layer(0));
    for fault in [
        Fault::OtherRange { sent: 512, said: 512 },
        Fault::OtherRange { sent: 0, said: 512 },
        Fault::OtherTotal(-1),
        Fault::OtherTotal(1 << 40),
    ] {
        scene.refuses(&[layers(fault)], 1, &["the registry lies about its range", "were asked for, it sends"]);
    }
    // Other bytes under the right name.
    scene.refuses(&[layers(Fault::OtherRange { sent: -64, said: 0 })], 4, &["/nix/store/", "SHA-256"]);
}

#[test]
fn a_wrong_length() {
    let scene = Scene::open();
    for by in [-1, 1] {
        let rule = Rule::blobs(Fault::OtherLength(by)).path(&scene.layer(0));
        scene.refuses(&[rule], 1, &["the registry lies about its range"]);
    }
}

#[test]
fn a_registry_that_disappears_midway() {
    let scene = Scene::open();
    let host = scene.host();
    // For good, in the middle of a layer; what else is under way ends as well.
    scene.proxy.rule(Rule::blobs(Fault::Stall(100_000)).path(&scene.layer(0)).nth(1));
    let mut command = host.command(&["up", &scene.location]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    scene.proxy.until_stalled().unwrap();
    scene.proxy.disappear();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    let last = err.lines().last().unwrap();
    assert!(last.contains("blob sha256:") && last.contains("nothing listens there"), "{err}");
    host.assert_nothing_came();

    // It is back, elsewhere: the digest is what counts.
    let proxy = Proxy::start(scene.registry.address()).unwrap();
    let up = host.comes_up(&scene.seed.at(proxy.address()));
    assert_eq!(up["missing"], scene.seed.paths);
    host.assert_valid(scene.seed.paths);
}

#[test]
fn too_many_requests_and_no_service_for_a_while() {
    let scene = Scene::open();
    for status in [429, 503] {
        let start = Instant::now();
        let fault = Fault::Status { status, retry_after: Some(2) };
        scene.survives(Rule::blobs(fault).path(&scene.layer(0)).until(1));
        assert!(start.elapsed() >= Duration::from_secs(2), "it came back too early");
    }
    scene.survives(Rule::new(Fault::status(503)).kind(Kind::Manifest).until(1));
}

#[test]
fn a_reset_midway() {
    let scene = Scene::open();
    let down = scene.survives(Rule::blobs(Fault::Cut(300_000)).path(&scene.layer(0)).until(3));
    // What was on its way when the connection broke may come twice.
    assert!(down < scene.size() + (2 << 20), "{down} bytes for {}", scene.size());
}

#[test]
fn a_slow_trickle() {
    let scene = Scene::open();
    scene.proxy.set_speed(Speed { latency: Duration::from_millis(100), bytes_per_second: 5 << 20 });
    scene.proxy.forget_traffic();
    let host = scene.host();
    host.comes_up(&scene.location);
    host.assert_valid(scene.seed.paths);
    // Slow is not broken: nothing is asked for twice.
    assert!(scene.proxy.traffic().total().down < scene.size() + 10_000);
}

#[test]
fn a_stall() {
    let scene = Scene::open();
    let start = Instant::now();
    // Half a minute of silence, and the rest is asked for anew.
    let down = scene.survives(Rule::blobs(Fault::Stall(100_000)).path(&scene.layer(0)).nth(1));
    assert!(start.elapsed() >= Duration::from_secs(30), "it did not stall");
    assert!(down < scene.size() + (2 << 20), "{down} bytes for {}", scene.size());
}

#[test]
fn a_redirect_to_another_host() {
    let scene = Scene::open();
    scene.survives(Rule::blobs(Fault::Redirect));
}
