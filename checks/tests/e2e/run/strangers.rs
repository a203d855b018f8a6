//! Images that nix-seed did not make: those of other tools are the tree that these show, hostile ones are refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Runner, Said, Small, say};

/// What is in a store, as anybody sees it; how many links a folder has is for the file system to say.
const LIST: &str = r"find nix/store -mindepth 1 \( -type d -printf '%P d %m\n' -o -printf '%P %y %m %l %n\n' \) \
    | LC_ALL=C sort; cat nix/store/*/file";

#[test]
fn an_image_of_podman_is_the_tree_that_podman_shows() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    let podman = &seed.journey.podman;
    let said =
        |arguments: &[&str]| process::output(podman.command("podman").args(arguments)).unwrap().trim().to_owned();
    let image = podman.load(&seed.layout).unwrap();
    let container = said(&["create", &image, "true"]);
    let root = said(&["mount", &container]);
    // All that a layer says of those below, and what tar has kinds of entries for.
    let script = r"
        cd nix/store
        rm -r *-data/link *-user
        ln *-data/file hard
        ln -s /etc outside
        mkdir -p folder/below again/old && touch folder/below/file again/old/x
        printf other > $(printf '\377')
        chmod 4755 hard
    ";
    process::output(Runner::root_in(Path::new(&root), "sh").args(["-ec", script])).unwrap();
    let list = |root: &str| say(Runner::root_in(Path::new(root), "sh").args(["-c", LIST])).out_bytes;
    let first = said(&["commit", "--quiet", &container]);
    said(&["rm", "--force", &container]);
    let container = said(&["create", &first, "true"]);
    let root = said(&["mount", &container]);
    let script = "cd nix/store; rm -r again folder/below; mkdir again; touch again/new folder/below; chmod 700 folder";
    process::output(Runner::root_in(Path::new(&root), "sh").args(["-ec", script])).unwrap();
    let expected = list(&root);
    let second = said(&["commit", "--quiet", "--format", "docker", &container]);

    let registry = DockerRegistry::start(&seed.journey.workbench.cache, Auth::Everybody).unwrap();
    let name = format!("{}/image:latest", registry.address());
    said(&["push", "--quiet", "--tls-verify=false", "--format", "v2s2", &second, &format!("docker://{name}")]);
    said(&["rm", "--force", &container]);
    said(&["image", "rm", "--force", &second, &first]);

    let shown = say(&mut runner.run(&[], &name, &["sh", "-c", &format!("cd / && {LIST}")]));
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(" 4755 ", " 755 ");
    assert_eq!(text(&shown.out_bytes), text(&expected), "but for the rights of another user");
    assert!(!shown.out.contains(" 4755 ") && shown.out.contains("again/new"), "{shown:?}");
    assert!(shown.err.contains("unpacked whole"), "{shown:?}");
}

/// A layout with an image of one layer: what `script` puts into `layer.tar`.
fn image(folder: &Path, script: &str) -> PathBuf {
    process::output(Runner::root_in(folder, "bash").args(["-ec", script])).unwrap();
    let layout = folder.join("image");
    fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
    let blob = |bytes: &[u8], kind: &str| {
        let hex = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
        fs::write(layout.join("blobs/sha256").join(&hex), bytes).unwrap();
        json!({
            "mediaType": format!("application/vnd.oci.image.{kind}"),
            "digest": format!("sha256:{hex}"),
            "size": bytes.len(),
        })
    };
    let json = |value: &Value| serde_json::to_vec(value).unwrap();
    let layer = blob(&fs::read(folder.join("layer.tar")).unwrap(), "layer.v1.tar");
    let rootfs = json!({ "type": "layers", "diff_ids": [layer["digest"]] });
    let config = json(&json!({ "os": "linux", "architecture": "amd64", "rootfs": rootfs, "config": {} }));
    let config = blob(&config, "config.v1+json");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer] });
    let manifest = blob(&json(&manifest), "manifest.v1+json");
    fs::write(layout.join("index.json"), json(&json!({ "schemaVersion": 2, "manifests": [manifest] }))).unwrap();
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    layout
}

/// What a run over such an image says; it is refused, and nothing is left of it or lies elsewhere.
fn refused(script: &str) -> Said {
    let (runner, folder) = (Runner::root(), tempfile::tempdir().unwrap());
    let layout = image(folder.path(), script);
    let said = say(&mut runner.run(&[], &layout, &["true"]));
    let left = process::output(Command::new("find").arg(runner.path("cache")).args(["-type", "f", "-size", "+0"]));
    assert_eq!(left.unwrap(), "", "{said:?}");
    let found = process::output(Command::new("find").arg(runner.folder.path()).args(["-name", "escaped*"])).unwrap();
    assert_eq!(found, "", "{said:?}");
    said
}

#[test]
fn attack_an_image_that_leads_out_is_refused() {
    // Each is in a store that would do otherwise.
    let store = "mkdir -p nix/store nix/var/nix/db; touch nix/var/nix/db/db.sqlite; tar -cf layer.tar nix; tar() { \
        command tar -P -rf layer.tar \"$@\"; }; echo evil > escaped";
    for (name, script, why) in [
        ("a name above the root", "tar --transform 's,^,nix/../../../,' escaped", "\"..\""),
        ("an absolute name", "tar --transform \"s,^,/nix/store/,\" escaped", "begins with"),
        (
            "a name below a link",
            "ln -s .. l; tar --transform 's,^,nix/store/,' l; tar --transform 's,^,nix/store/l/,' escaped",
            "is no folder",
        ),
        ("a device", "mknod dev c 1 3; tar --transform 's,^,nix/store/,' dev", "no devices"),
        ("a pipe", "mkfifo pipe; tar --transform 's,^,nix/store/,' pipe", "no devices"),
        ("a deletion above the root", "touch .wh...; tar --transform 's,^,nix/store/,' .wh...", "deletes nothing"),
    ] {
        let said = refused(&format!("{store}; {script}"));
        assert_eq!(said.code, Some(4), "{name}: {said:?}");
        assert!(said.err.contains(why), "{name}: {said:?}");
    }
}

#[test]
fn fault_an_image_without_a_store_is_refused() {
    let said = refused("mkdir etc; tar -cf layer.tar etc");
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("holds no Nix store"), "{said:?}");
}
