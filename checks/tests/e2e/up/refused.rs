//! Stores that are somebody else's, or of another age.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix_seed_checks::machine::process;

use super::{Host, Scene, Small, said};
use crate::publish::{Said, unverified};

/// Path, mode, owner, time and size of all below a folder.
fn listing(folder: &Path) -> Vec<String> {
    let (mut all, mut left) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = left.pop() {
        let metadata = path.symlink_metadata().unwrap();
        let owner = (metadata.uid(), metadata.gid());
        all.push(format!(
            "{} {:o} {owner:?} {} {}",
            path.display(),
            metadata.mode(),
            metadata.mtime_nsec(),
            metadata.size()
        ));
        if metadata.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    all.sort();
    all
}

impl Host<'_> {
    /// Makes the root a store that Nix has made, with a path of its own, which is given.
    pub(super) fn mine(&self) -> String {
        let mine = self.publisher.home().join("mine");
        fs::write(&mine, "made by Nix").unwrap();
        self.nix(&["store", "add", mine.to_str().unwrap()]).unwrap().trim().to_owned()
    }
}

#[test]
fn a_store_of_another_schema() {
    let scene = Scene::open();
    let host = scene.host();
    host.mine();
    let schema = host.root().join("nix/var/nix/db/schema");
    let own = fs::read(&schema).unwrap();
    for other in ["7", "9", "11"] {
        fs::write(&schema, other).unwrap();
        let before = listing(&host.root());
        let said = host.up(&scene.location);
        assert_eq!(said.code, Some(1), "{}", said.err);
        let words = format!("has schema {other}, this program writes schema 10");
        assert!(said.err.contains(&words), "{}", said.err);
        assert_eq!(listing(&host.root()), before);
    }
    fs::write(&schema, own).unwrap();
    host.comes_up(&scene.location);
    host.assert_valid(scene.seed.paths + 1);
}

/// A folder where anybody may look, with the program.
fn public_folder(scene: &Scene) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::copy(scene.publisher.command::<&str>(&[]).get_program(), folder.path().join("nix-seed")).unwrap();
    folder
}

/// What the program in a public folder says to a user without rights.
fn as_nobody(folder: &Path, arguments: &[&str], root: &Path) -> Said {
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(folder.join("nix-seed"));
    command.args(unverified(arguments)).arg("--root").arg(root);
    said(command.env_clear().env("HOME", "/nonexistent").current_dir(folder))
}

#[test]
fn no_rights() {
    let scene = Scene::open();
    let host = scene.host();
    // A root that belongs to root.
    let folder = public_folder(&scene);
    let as_nobody = |root: &Path| as_nobody(folder.path(), &["up", "--json", &scene.location], root);
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    let refused = || {
        let before = listing(&root);
        let said = as_nobody(&root);
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(said.err.contains("no rights to write to") && said.err.contains("nix-seed run"), "{}", said.err);
        assert_eq!(listing(&root), before);
    };
    refused();
    // Root's seed, and root's store.
    let up = ["up", &scene.location, "--root", root.to_str().unwrap()];
    assert_eq!(scene.publisher.say(&up).code, Some(0));
    refused();

    // A root of one's own needs no other rights.
    let own = folder.path().join("own");
    fs::create_dir(&own).unwrap();
    std::os::unix::fs::chown(&own, Some(65534), Some(65534)).unwrap();
    assert_eq!(as_nobody(&own).json()["up"]["missing"], scene.seed.paths);
    fs::rename(own.join("nix"), host.root().join("nix")).unwrap();
    host.assert_valid(scene.seed.paths);
}

#[test]
fn root_leaves_a_users_store_to_the_user() {
    let scene = Scene::open();
    let other = Small::new(&scene.publisher, "app-2.0");
    let location = other.push(&scene.publisher, scene.registry.address(), scene.proxy.address());
    let folder = public_folder(&scene);
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    std::os::unix::fs::chown(&root, Some(65534), Some(65534)).unwrap();
    let as_nobody = |arguments: &[&str]| {
        let said = as_nobody(folder.path(), arguments, &root);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
    };
    let as_root = |arguments: &[&str]| {
        let said = scene.publisher.say(&[arguments, &["--root", root.to_str().unwrap()]].concat());
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
    };
    let digests = [&scene.seed, &other].map(|seed| seed.layout.manifest_digest.clone());
    // Joined by root, whose locks the user's Nix and this program open next.
    as_nobody(&["up", &scene.location]);
    as_root(&["up", &location]);
    let find = |what: &[&str]| process::output(std::process::Command::new("find").arg(&root).args(what)).unwrap();
    assert!(!find(&["-name", "*lock"]).is_empty());
    assert_eq!(find(&["-name", "*lock", "!", "-uid", "65534"]), "");
    as_nobody(&["down", &digests[1]]);
    as_root(&["up", &location]);
    as_root(&["down", &digests[0]]);
    as_nobody(&["down", &digests[1]]);
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
}

#[test]
fn nothing_else_can_be_written_to() {
    // What all tests here rely on, to say that nothing outside of the target is written.
    let scene = Scene::open();
    let host = scene.host();
    let elsewhere = scene.publisher.home().join("elsewhere");
    let try_to_write = |at: &Path| {
        let mut command = std::process::Command::new("unshare");
        command.args(["--mount", "sh", "-c", super::CONFINE]).arg(host.root()).arg("touch").arg(at);
        said(&mut command)
    };
    for folder in ["/tmp", "/dev/shm", "/var/tmp", "/root"].map(Path::new).into_iter().filter(|folder| folder.is_dir())
    {
        let said = try_to_write(&folder.join("nix-seed-was-here"));
        assert!(said.err.contains("Read-only file system"), "{}: {}", folder.display(), said.err);
    }
    assert!(try_to_write(&elsewhere).err.contains("Read-only file system"));
    assert_eq!(try_to_write(&host.root().join("here")).code, Some(0));
}
