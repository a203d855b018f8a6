//! Several at once.

use std::process::Stdio;

use nix_seed_checks::registry::traffic::Kind;

use super::{Scene, Small};

#[test]
fn two_at_once_end_as_one() {
    let scene = Scene::open();
    let host = scene.host();
    scene.proxy.forget_traffic();
    let start = || {
        let mut command = host.command(&["up", "--json", &scene.location]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()].map(|child| child.wait_with_output().unwrap());
    let missing = both.map(|output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        said["up"]["missing"].as_u64().unwrap()
    });
    assert!(missing.contains(&0) && missing.contains(&(scene.seed.paths as u64)), "{missing:?}");
    host.assert_valid(scene.seed.paths);
    // The layers came once: who waited found all there.
    let sizes = scene.seed.layer_sizes();
    let (store, metadata) = (sizes[0] + sizes[1], sizes[2]);
    let down = scene.proxy.traffic().kind(Kind::Blob).down;
    assert!(down < store + 2 * metadata + 10_000, "{down} bytes of blobs for layers of {sizes:?}");
}

#[test]
fn two_seeds_at_once_share_what_they_have_in_common() {
    let scene = Scene::open();
    let other = Small::new(&scene.publisher, "app-2.0");
    let location = other.push(&scene.publisher, scene.registry.address(), scene.proxy.address());
    let host = scene.host();
    scene.proxy.forget_traffic();
    let start = |location: &str| {
        let mut command = host.command(&["up", "--json", location]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for output in [start(&scene.location), start(&location)].map(|child| child.wait_with_output().unwrap()) {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    host.assert_valid(scene.seed.paths + 1);
    let sizes = scene.seed.layer_sizes();
    let down = scene.proxy.traffic().kind(Kind::Blob).down;
    assert!(down < sizes[0] + 2 * (sizes[1] + sizes[2]) + 10_000, "{down} bytes of blobs for layers of {sizes:?}");

    // Both go at once.
    for _ in 0..5 {
        let down = |digest: &str| {
            let mut command = host.command(&["down", digest]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let both = [&scene.seed, &other].map(|seed| down(&seed.layout.manifest_digest));
        for output in both.map(|child| child.wait_with_output().unwrap()) {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert!(!host.root().join("nix").exists());
        for location in [&scene.location, &location] {
            host.comes_up(location);
        }
    }

    // Each goes alone, whichever was first: what the one has brought and the other needs goes with that.
    for (number, host) in [host, scene.host(), scene.host()].iter().enumerate() {
        let mut locations = [&scene.location, &location];
        locations.rotate_left(number % 2);
        for location in locations {
            host.comes_up(location);
        }
        let down = |digest: &str| host.say(&["down", "--json", digest]).json()["down"]["removed"].clone();
        assert_eq!(down(&scene.seed.layout.manifest_digest), 1);
        host.assert_valid(other.paths);
        assert_eq!(down(&other.layout.manifest_digest), other.paths);
        assert!(!host.root().join("nix").exists());
    }
}
