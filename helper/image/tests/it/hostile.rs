//! A seed that a stranger made, with digests that fit, is still refused when it holds what a seed does not.

use crate::common::{Store, spec};
use crate::forgery::{Forgery, sha256};
use nix_seed_image::documents::digest;
use nix_seed_image::image::write_image;
use nix_seed_image::index::{Entry, INDEX_PATH, Index, Node};
use nix_seed_image::layout::{Layout, blob_path};
use nix_seed_image::metadata::DATABASE_PATH;
use nix_seed_image::summary::Summary;
use nix_seed_image::{Error, Frame};
use nix_seed_store::{Closure, Sha256Hash, database_bytes};

#[test]
fn an_honest_seed_survives_being_put_together_again() {
    let mut forgery = Forgery::new();
    forgery.add(&[("etc/motd", tar::EntryType::Regular, b"hello\n")]);
    forgery.write().verdict().unwrap();
}

#[test]
fn members_that_would_cover_what_was_verified_are_refused() {
    use tar::EntryType::{Block, Directory, Link, Regular, Symlink};
    let store: [(_, _, &[u8]); 1] = [("nix/store/", Directory, b"")];
    let evil: &[u8] = b"evil";
    for (members, why) in [
        (&[("./nix/var/nix/db/db.sqlite", Regular, evil)][..], "lies in no folder"),
        (&[("/nix/var/nix/db/db.sqlite", Regular, evil)], "lies in no folder"),
        (&[(DATABASE_PATH, Regular, evil)], "twice"),
        (&[("nix/var/nix/db/db.sqlite-wal", Regular, evil)], "no part of a seed"),
        (&[("nix/var/nix/profiles/", Directory, b"")], "no part of a seed"),
        (&[store[0]], "nix/store"),
        (&[store[0], ("nix/store/evil", Regular, evil)], "nix/store"),
        (&[("nix/.wh.store", Regular, b"")], ".wh."),
        (&[("etc/.wh..wh..opq", Regular, b"")], ".wh."),
        (&[("etc/hosts", Link, b"")], "neither a file nor a folder nor a link"),
        (&[("etc/sda", Block, b"")], "neither a file nor a folder nor a link"),
        (&[("bin/", Directory, b""), ("bin/", Directory, b"")], "twice"),
        (&[("etc/passwd/x", Regular, evil)], "lies in no folder"),
        (&[("etc/link", Symlink, b"")], "1 to 4095 bytes"),
    ] {
        let mut forgery = Forgery::new();
        forgery.add(members);
        let message = forgery.refused();
        assert!(message.contains(why), "{members:?}: {message}");
    }
}

#[test]
fn what_hides_behind_the_end_of_the_metadata_layer_is_refused() {
    let mut forgery = Forgery::new();
    forgery.tar.extend([1; 512]);
    let message = forgery.refused();
    assert!(message.contains("something follows it"), "{message}");
}

#[test]
fn a_small_metadata_layer_that_expands_to_gigabytes_is_refused() {
    let mut forgery = Forgery::new();
    forgery.add(&[("etc/zeros", tar::EntryType::Regular, &vec![0; 40 << 20])]);
    let message = forgery.refused();
    assert!(message.contains("holds more than such a layer may"), "{message}");
}

#[test]
fn bytes_that_no_section_of_the_index_holds_are_refused() {
    let mut forgery = Forgery::new();
    let (at, index) = forgery.file(INDEX_PATH);
    // The tar is filled to whole blocks: there is room behind the index for another length in its header.
    assert_ne!(index.len() % 512, 0);
    forgery.tar[at + index.len()] = 1;
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes().copy_from_slice(&forgery.tar[at - 512..at]);
    header.set_size(index.len() as u64 + 1);
    header.set_cksum();
    forgery.tar[at - 512..at].copy_from_slice(header.as_bytes());
    let message = forgery.refused();
    assert!(message.contains("bytes that mean nothing"), "{message}");
}

#[test]
fn what_hides_in_the_blob_of_the_metadata_layer_is_refused() {
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0][..], b"hello"].concat();
    let empty = zstd::encode_all(&[][..], 1).unwrap();
    for end in [skippable, empty, b"hello".to_vec()] {
        let mut forgery = Forgery::new();
        forgery.blob_end = end;
        let message = forgery.refused();
        assert!(message.contains("it is not zstd frames of 4 MiB of tar each"), "{message}");
    }
}

#[test]
fn a_layer_that_claims_another_group_is_refused() {
    let mut forgery = Forgery::new();
    for annotations in [serde_json::json!({}), serde_json::Value::Null] {
        forgery.manifest["layers"][0]["annotations"] = annotations;
        forgery = forgery.write();
        forgery.verdict().unwrap();
    }
    for layer in 0..2 {
        let mut forgery = Forgery::new();
        forgery.manifest["layers"][layer]["annotations"]["io.github.0compute.nix-seed.group"] = "evil".into();
        let message = forgery.refused();
        assert!(message.contains("gives this layer another group than the index"), "{message}");
    }
}

#[test]
fn a_member_that_another_user_owns_is_refused() {
    let mut forgery = Forgery::new();
    forgery.add(&[("etc/motd", tar::EntryType::Regular, b"")]);
    let at = forgery.tar.len() - 1024 - 512;
    let mut header = tar::Header::from_byte_slice(&forgery.tar[at..at + 512]).clone();
    header.set_uid(1000);
    header.set_cksum();
    forgery.tar[at..at + 512].copy_from_slice(header.as_bytes());
    let message = forgery.refused();
    assert!(message.contains("\"etc/motd\" is not written as specified"), "{message}");
}

#[test]
fn a_database_that_registers_something_else_is_refused() {
    let mut forgery = Forgery::new();
    let mut lie: Vec<_> = forgery.store.closure.iter().cloned().collect();
    lie[0].nar_hash = Sha256Hash([7; 32]);
    let lie: Closure = lie.into_iter().collect();
    forgery.replace(DATABASE_PATH, &database_bytes(&lie).unwrap());
    let message = forgery.refused();
    assert!(message.contains("it does not say the same as the index"), "{message}");
}

#[test]
fn what_is_no_database_is_damage() {
    let mut forgery = Forgery::new();
    let (_, database) = forgery.file(DATABASE_PATH);
    forgery.replace(DATABASE_PATH, &vec![0; database.len()]);
    assert!(matches!(forgery.write().verdict(), Err(Error::Document { .. })));
}

#[test]
fn what_hides_behind_the_end_of_a_layer_is_refused() {
    let mut forgery = Forgery::new();
    let (_, index) = forgery.file(INDEX_PATH);
    let mut index = Index::decode(&index).unwrap();
    let layer = &mut index.layers[0];
    let blob = std::fs::read(blob_path(&forgery.image, &layer.digest)).unwrap();
    let tar = [zstd::decode_all(&blob[..]).unwrap(), vec![1; 512]].concat();
    let last = layer.frames.last_mut().unwrap();
    let frame = zstd::bulk::compress(&tar[tar.len() - 1536..], 1).unwrap();
    *last = Frame { length: frame.len() as u32, tar_length: 1536, sha256: sha256(&frame), ..*last };
    let blob = [&blob[..last.offset as usize], &frame].concat();
    (layer.digest, layer.size) = (sha256(&blob), blob.len() as u64);
    (layer.diff_id, layer.tar_size) = (sha256(&tar), tar.len() as u64);
    let diff_id = format!("sha256:{}", layer.diff_id.hex());
    forgery.replace(INDEX_PATH, &index.encode());
    let mut descriptor = forgery.manifest["layers"][0].take();
    forgery.blob(&blob, &mut descriptor);
    forgery.manifest["layers"][0] = descriptor;
    forgery.config["rootfs"]["diff_ids"][0] = diff_id.into();
    let message = forgery.refused();
    assert!(message.contains("the layer's end is not as specified"), "{message}");
}

#[test]
fn a_seed_that_a_client_would_take_for_something_else_is_refused() {
    type Lie = fn(&mut Forgery);
    let lies: [(&str, Lie); 6] = [
        ("no image manifest", |seed| seed.index_json["manifests"][0]["mediaType"] = "text/plain".into()),
        ("not the config's", |seed| seed.index_json["manifests"][0]["platform"]["os"] = "plan9".into()),
        ("not an image index's", |seed| seed.index_json["mediaType"] = "text/plain".into()),
        ("schemaVersion", |seed| seed.manifest["schemaVersion"] = 3.into()),
        ("no image config", |seed| seed.manifest["config"]["mediaType"] = "text/plain".into()),
        ("tar+zstd", |seed| seed.manifest["layers"][0]["mediaType"] = "text/plain".into()),
    ];
    for (why, lie) in lies {
        let mut forgery = Forgery::new();
        lie(&mut forgery);
        let message = forgery.refused();
        assert!(message.contains(why), "{why}: {message}");
    }
}

#[test]
fn a_summary_believes_the_index_no_more_than_the_manifest() {
    let mut forgery = Forgery::new();
    forgery.manifest["layers"][0]["digest"] = format!("sha256:{}", "0".repeat(64)).into();
    let forgery = forgery.write();
    assert!(Summary::read(&Layout::open(&forgery.image).unwrap()).is_err());
}

#[test]
fn a_blob_that_is_cut_missing_or_no_file_is_damage() {
    let forgery = Forgery::new();
    let layout = Layout::open(&forgery.image).unwrap();
    let blobs = layout
        .documents
        .manifest
        .layers()
        .iter()
        .chain([layout.documents.manifest.config(), &layout.manifest_descriptor]);
    for path in blobs.map(|descriptor| blob_path(&forgery.image, &digest(descriptor).unwrap())) {
        let bytes = std::fs::read(&path).unwrap();
        let damaged = |why: &str| {
            let error = forgery.verdict().unwrap_err();
            assert!(matches!(error, Error::Document { .. } | Error::Mismatch { .. }), "{why}: {error}");
            assert!(error.to_string().contains(why), "{error}");
        };
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        damaged("another digest or length");
        std::fs::remove_file(&path).unwrap();
        damaged("it is missing");
        // A device has no end, and a pipe would be waited for.
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        damaged("not a regular file");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    forgery.verdict().unwrap();
}

#[test]
fn a_layout_of_another_version_is_refused() {
    let forgery = Forgery::new();
    std::fs::write(forgery.image.join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    assert!(forgery.verdict().unwrap_err().to_string().contains("oci-layout"));
}

#[test]
fn a_small_index_that_means_much_memory_is_refused() {
    let store = Store::small();
    let mut index =
        Index::decode(&std::fs::read(store.group("all", &store.closure, 2).join("index")).unwrap()).unwrap();
    let link = Entry { parent: 0, name: vec![b'n'; 255], node: Node::Symlink { target: vec![b't'; 4095] } };
    index.paths[0].entries.extend(std::iter::repeat_n(link, 70_000));
    let bytes = index.encode();
    drop(index);
    assert!(bytes.len() < 4 << 20);
    let message = Index::decode(&bytes).unwrap_err().to_string();
    assert!(message.contains("its records name more than 256 MiB of strings"), "{message}");
}

#[test]
fn a_frame_longer_than_its_contents_could_need_is_refused() {
    let store = Store::small();
    let mut index =
        Index::decode(&std::fs::read(store.group("all", &store.closure, 2).join("index")).unwrap()).unwrap();
    let layer = &mut index.layers[0];
    let last = layer.frames.last_mut().unwrap();
    layer.size += u64::from(u32::MAX - last.length);
    last.length = u32::MAX;
    let message = Index::decode(&index.encode()).unwrap_err().to_string();
    assert!(message.contains("longer than 4 MiB ever compress to"), "{message}");
}

#[test]
fn a_file_that_clients_take_for_a_deletion_never_becomes_a_seed() {
    let mut store = Store::new();
    store.add("whiteout", &[], |path| {
        std::fs::create_dir(path).unwrap();
        std::fs::write(path.join(".wh.gone"), "").unwrap();
    });
    let group = nix_seed_image::layer::Group { name: "all", max_layers: 9, root: store.dir.path(), threads: 2 };
    let error = group.write(&store.closure, &store.dir.path().join("out")).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Whiteout { .. }), "{error}");
}

#[test]
fn what_no_reader_accepts_is_not_written() {
    let store = Store::small();
    let name = "g".repeat(513);
    let group = nix_seed_image::layer::Group { name: &name, max_layers: 9, root: store.dir.path(), threads: 2 };
    let error = group.write(&store.closure, &store.dir.path().join("out")).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::GroupName { length: 513 }), "{error}");

    let mut long = spec();
    long.tag = "t".repeat(4 << 20);
    let error = write_image(&long, &[store.group("all", &store.closure, 2)], &store.dir.path().join("i")).unwrap_err();
    assert!(matches!(error, Error::Limit { .. }), "{error}");
}

#[test]
fn a_root_that_no_client_could_unpack_is_not_written() {
    let store = Store::small();
    let group = store.group("all", &store.closure, 2);
    let link = |target: String| serde_json::json!({ "type": "symlink", "target": target });
    let folder = |mode: &str| serde_json::json!({ "type": "directory", "mode": mode });
    for (i, (path, file)) in [
        (".wh.etc".to_owned(), folder("0755")),
        ("n".repeat(256), folder("0755")),
        ("d/".repeat(2048) + "d", folder("0755")),
        ("link".to_owned(), link(String::new())),
        ("link".to_owned(), link("t".repeat(4096))),
        ("link".to_owned(), link("a\0b".into())),
        ("d".to_owned(), folder("+755")),
        ("d".to_owned(), folder("10755")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut spec = spec();
        spec.root.insert(path.clone(), serde_json::from_value(file).unwrap());
        let error =
            write_image(&spec, std::slice::from_ref(&group), &store.dir.path().join(i.to_string())).unwrap_err();
        assert!(matches!(error, Error::Root { .. }), "{path}: {error}");
    }
}
