//! Disks that are full, and disks that nobody may write to.

use super::{Host, Scene};

#[test]
fn a_full_disk() {
    let scene = Scene::open();
    // Too small for the large path, and for the small ones; too few files; enough.
    for (size, full) in [("size=4m", true), ("size=10m", true), ("nr_inodes=100", true), ("size=64m", false)] {
        let host = Host::with_mounts(&scene.publisher, &format!("mount -t tmpfs -o {size} tmpfs \"$0\""));
        let said = host.up(&scene.location);
        assert_eq!(said.code, Some(i32::from(full)), "{size}: {}", said.err);
        if full {
            assert!(said.err.contains("no space left") && said.err.contains("nix-seed down"), "{size}: {}", said.err);
            host.assert_nothing_came();
        }
        more_room(&host);
        let up = host.comes_up(&scene.location);
        assert_eq!(up["paths"], scene.seed.paths);
        host.assert_valid(scene.seed.paths);
    }
}

/// Looks for the size, in KiB, that is just too small: there the last of all that is written finds no room.
fn just_too_small(scene: &Scene, is_joined: bool) {
    let (mut small, mut enough) = (9 << 10, 16 << 10);
    while enough - small > 4 {
        let size = u32::midpoint(small, enough);
        let host = Host::with_mounts(&scene.publisher, &format!("mount -t tmpfs -o size={size}k tmpfs \"$0\""));
        let before = usize::from(is_joined);
        if is_joined {
            host.mine();
        }
        let said = host.up(&scene.location);
        more_room(&host);
        if said.code == Some(0) {
            enough = size;
        } else {
            small = size;
            assert_eq!(said.code, Some(1), "{size}: {}", said.err);
            assert!(said.err.contains("no space left") && said.err.contains("nix-seed down"), "{size}: {}", said.err);
            // All of it is valid, or nothing.
            let valid = host.valid();
            assert!(valid == before || valid == before + scene.seed.paths, "{size}: {valid}");
            host.comes_up(&scene.location);
        }
        host.assert_valid(before + scene.seed.paths);
    }
}

#[test]
fn a_disk_that_is_full_at_the_last_moment() {
    just_too_small(&Scene::open(), false);
}

#[test]
fn a_disk_that_is_full_when_nix_database_grows() {
    just_too_small(&Scene::open(), true);
}

fn more_room(host: &Host) {
    let mut mount = host.program("mount");
    let status = mount.args(["-o", "remount,size=100m,nr_inodes=10000"]).arg(host.root()).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_read_only_nix() {
    let scene = Scene::open();
    let script = r#"mkdir "$0/nix" && mount -t tmpfs -o ro tmpfs "$0/nix""#;
    let host = Host::with_mounts(&scene.publisher, script);
    let remount = |how: &str| {
        let mut mount = host.program("mount");
        assert!(mount.args(["-o", how]).arg(host.root().join("nix")).status().unwrap().success());
    };
    let refused = |arguments: &[&str]| {
        let said = host.say(arguments);
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(said.err.contains("/nix") && said.err.contains("is on a read-only file system"), "{}", said.err);
    };
    refused(&["up", &scene.location]);
    assert_eq!(std::fs::read_dir(host.seen().join("nix")).unwrap().count(), 0);
    remount("remount,rw");
    host.comes_up(&scene.location);
    remount("remount,ro");
    refused(&["down"]);
    remount("remount,rw");
    host.assert_valid(scene.seed.paths);
    assert_eq!(host.say(&["down"]).code, Some(0));
    // The mount point is somebody else's, and stays.
    assert_eq!(std::fs::read_dir(host.seen().join("nix")).unwrap().count(), 0);
}
