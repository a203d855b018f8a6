//! From store paths to an image and back.

use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::common::{Store, spec};
use nix_seed_image::Error;
use nix_seed_image::image::{License, PrivateSource, Spec, write_image};
use nix_seed_image::layer::Group;
use nix_seed_image::layout::Layout;
use nix_seed_image::summary::Summary;
use nix_seed_image::verify::verify;
use nix_seed_store::Closure;

fn check(image: &Path) -> Result<(), Error> {
    verify(&Layout::open(image)?).map(|_| ())
}

#[test]
fn a_seed_verifies() {
    let store = Store::small();
    let report = verify(&Layout::open(&store.image()).unwrap()).unwrap();
    assert_eq!((report.paths, report.layers, report.entries), (3, 2, 8));
}

#[test]
fn threads_do_not_show_in_the_bytes() {
    let store = Store::small();
    let read = |name: &str, threads| std::fs::read(store.group(name, &store.closure, threads).join("index")).unwrap();
    let one = read("one", 1);
    // The group's name is part of the index, so it has to be the same.
    std::fs::rename(store.dir.path().join("one"), store.dir.path().join("other")).unwrap();
    assert_eq!(one, read("one", 8));
}

#[test]
fn any_flipped_byte_of_any_blob_is_noticed_and_placed() {
    let store = Store::small();
    let image = store.image();
    for entry in std::fs::read_dir(image.join("blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        let file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        let size = file.metadata().unwrap().len();
        for at in [0, 1, size / 3, size / 2, size - 2, size - 1] {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
            let message = check(&image).expect_err("a flipped byte was not noticed").to_string();
            let digest = path.file_name().unwrap().to_str().unwrap();
            assert!(message.contains(digest) || message.starts_with("/nix/store/"), "byte {at} of {path:?}: {message}");
            file.write_all_at(&byte, at).unwrap();
        }
    }
    check(&image).unwrap();
}

#[test]
fn a_flipped_byte_is_reported_with_its_store_path() {
    let store = Store::small();
    let image = store.image();
    let layout = Layout::open(&image).unwrap();
    let (path, _) = layout.open_blob(&layout.documents.manifest.layers()[0]).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(&[0xff], 300).unwrap();
    let message = check(&image).unwrap_err().to_string();
    assert!(message.contains("-libc-2.41: the frame at byte"), "{message}");
}

#[test]
fn a_store_that_is_not_what_nix_registered_never_becomes_a_seed() {
    let store = Store::small();
    let libc = store.closure.largest(1)[0].path.clone();
    std::fs::write(libc.below(store.dir.path()).join("lib/zero"), "now it has bytes").unwrap();
    let group = Group { name: "all", max_layers: 9, root: store.dir.path(), threads: 2 };
    let error = group.write(&store.closure, &store.dir.path().join("out")).map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{libc} is not what Nix registered")), "{error}");
}

#[test]
fn a_vanished_path_is_named() {
    let store = Store::small();
    std::fs::remove_dir_all(store.closure.largest(1)[0].path.below(store.dir.path())).unwrap();
    let group = Group { name: "all", max_layers: 9, root: store.dir.path(), threads: 2 };
    let error = group.write(&store.closure, &store.dir.path().join("out")).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("-libc-2.41: No such file"), "{error}");
}

#[test]
fn a_later_group_leaves_out_what_an_earlier_one_holds() {
    let store = Store::small();
    let earlier: Closure = store.closure.largest(1).into_iter().cloned().collect();
    let later = store.closure.without(&earlier).unwrap();
    let groups = [store.group("earlier", &earlier, 2), store.group("later", &later, 2)];
    let out = store.dir.path().join("image");
    write_image(&spec(), &groups, &out).unwrap();
    let layout = Layout::open(&out).unwrap();
    assert_eq!(verify(&layout).unwrap().layers, 3);
    assert_eq!(layout.documents.config.rootfs().diff_ids().len(), 3);
}

#[test]
fn groups_that_share_a_path_are_refused() {
    let store = Store::small();
    let groups = [store.group("a", &store.closure, 2), store.group("b", &store.closure, 2)];
    let error = write_image(&spec(), &groups, &store.dir.path().join("image")).unwrap_err();
    assert!(matches!(error, Error::Shared { .. }), "{error}");
}

#[test]
fn an_image_that_lacks_a_reference_is_refused() {
    let store = Store::small();
    let holed: Closure = store.closure.iter().filter(|info| !info.references.is_empty()).cloned().collect();
    let group = store.group("holed", &holed, 2);
    let error = write_image(&spec(), &[group], &store.dir.path().join("image")).unwrap_err();
    assert!(matches!(error, Error::Store(nix_seed_store::Error::Incomplete { .. })), "{error}");
}

#[test]
fn an_empty_group_makes_no_layer() {
    let store = Store::small();
    let groups = [store.group("all", &store.closure, 2), store.group("none", &Closure::default(), 2)];
    let out = store.dir.path().join("image");
    write_image(&spec(), &groups, &out).unwrap();
    assert_eq!(Layout::open(&out).unwrap().documents.manifest.layers().len(), 2);
}

fn refused(change: impl FnOnce(&mut nix_seed_image::image::Spec)) -> String {
    let store = Store::small();
    let group = store.group("all", &store.closure, 2);
    let mut spec = spec();
    change(&mut spec);
    write_image(&spec, &[group], &store.dir.path().join("image")).unwrap_err().to_string()
}

#[test]
fn a_config_field_that_oci_does_not_know_is_refused() {
    let message = refused(|spec| {
        spec.config.insert("Environment".into(), serde_json::json!([]));
    });
    assert!(message.contains("Environment is no field of it"), "{message}");
}

#[test]
fn a_root_file_outside_the_root_or_in_the_store_is_refused() {
    for path in ["/etc/passwd", "a/../../b", "", "nix/store/x", "nix/var/nix/db/db.sqlite"] {
        let file = serde_json::from_value(serde_json::json!({ "type": "file", "text": "" })).unwrap();
        let message = refused(|spec| {
            spec.root.insert(path.into(), file);
        });
        assert!(message.contains(&format!("{path:?}")), "{message}");
    }
}

#[test]
fn a_file_below_a_file_is_refused() {
    let file = serde_json::from_value(serde_json::json!({ "type": "file", "text": "" })).unwrap();
    let message = refused(|spec| {
        spec.root.insert("etc/passwd/x".into(), file);
    });
    assert!(message.contains("it is no folder"), "{message}");
}

#[test]
fn each_folder_of_the_root_is_written_in_one_piece() {
    let store = Store::small();
    let group = store.group("all", &store.closure, 2);
    let mut spec = spec();
    for path in ["bin/sh", "etc-backup", "etc/nix/nix.conf", "nix/x", "nix-notes", "var/a", "var/a-b"] {
        let file = serde_json::from_value(serde_json::json!({ "type": "directory" })).unwrap();
        spec.root.insert(path.into(), file);
    }
    let out = store.dir.path().join("image");
    write_image(&spec, &[group], &out).unwrap();
    let layout = Layout::open(&out).unwrap();
    let digest = layout.documents.manifest.layers().last().unwrap().digest().digest();
    let blob = std::fs::read(out.join("blobs/sha256").join(digest)).unwrap();
    let tar = zstd::decode_all(&blob[..]).unwrap();
    let paths: Vec<_> = tar::Archive::new(&tar[..])
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().into_owned())
        .collect();
    // A folder that is left is never entered again.
    for (index, path) in paths.iter().enumerate() {
        let inside = paths[index..].iter().take_while(|other| other.starts_with(path)).count();
        assert!(
            !paths[index + inside..].iter().any(|other| other.starts_with(path)),
            "{} in {paths:?}",
            path.display()
        );
    }
    assert_eq!(paths[3].to_str(), Some("nix/var/nix-seed/index"));
}

#[test]
fn a_collector_root_outside_the_closure_is_refused() {
    let message = refused(|spec| spec.gc_roots.push(format!("/nix/store/{}-gone", "z".repeat(32))));
    assert!(message.contains("is not part of the seed"), "{message}");
}

#[test]
fn too_many_layers_are_refused() {
    assert!(refused(|spec| spec.max_layers = Some(1)).contains("the image would have 2 layers, over the limit of 1"));
}

#[test]
fn restrictions_are_known_to_the_image() {
    let store = Store::small();
    let group = store.group("all", &store.closure, 2);
    let [libc, link, run] =
        ["libc-2.41", "link", "run"].map(|name| store.closure.iter().find(|info| info.path.name() == name).unwrap());
    let license = |path: &str| License { path: path.into(), reason: "no copies".into() };
    let spec = Spec {
        licenses: vec![
            license(&run.path.to_string()),
            license(&libc.path.to_string()),
            license(&run.path.to_string()),
            license("/nix/store/11111111111111111111111111111111-not-in-the-image"),
        ],
        private_sources: vec![PrivateSource { nar_hash: link.nar_hash.sri(), reason: "over ssh".into() }],
        ..spec()
    };
    let out = store.dir.path().join("image");
    write_image(&spec, &[group], &out).unwrap();
    check(&out).unwrap();
    let summary = Summary::read(&Layout::open(&out).unwrap()).unwrap();
    assert_eq!(
        serde_json::to_value(summary.restrictions).unwrap(),
        serde_json::json!([
            { "path": libc.path.to_string(), "kind": "license", "reason": "no copies" },
            { "path": run.path.to_string(), "kind": "license", "reason": "no copies" },
            { "path": link.path.to_string(), "kind": "private-source", "reason": "over ssh" },
        ])
    );
}

#[test]
fn a_reason_that_is_too_long_is_refused() {
    let store = Store::small();
    let group = store.group("all", &store.closure, 2);
    let path = store.closure.largest(1)[0].path.to_string();
    let spec = Spec { licenses: vec![License { path, reason: "x".repeat(513) }], ..spec() };
    let error = write_image(&spec, &[group], &store.dir.path().join("image")).unwrap_err();
    assert!(error.to_string().contains("a string has 513 bytes where at most 512 are allowed"), "{error}");
}
