//! The documents of an image: the input is config, manifest, `index.json` and `oci-layout`, a line each.
//!
//! In them, `@config`, `@manifest`, `@layer`, `@metadata`, `@layer-tar` and `@metadata-tar` stand for digests, and with
//! `-size` behind for lengths: so a changed document does not end at its digest. A line that is missing is honest.

use nix_seed_image::layout::Layout;
use nix_seed_image::summary::Summary;
use nix_seed_image::verify::verify;
use serde_json::Value;

use crate::forgery::{Forgery, HONEST, Written};

/// The documents of a small seed.
pub fn honest() -> Vec<u8> {
    [&HONEST.config[..], &HONEST.manifest, &HONEST.index_json, &HONEST.oci_layout].join(&b'\n')
}

/// Documents that are accepted say of the layers what is so, and nothing that another program would take otherwise.
pub fn run(data: &[u8]) -> bool {
    let mut lines = data.splitn(4, |c| *c == b'\n');
    let mut line = |honest| lines.next().unwrap_or(honest);
    let (config, manifest) = (line(&HONEST.config), line(&HONEST.manifest));
    let (index_json, oci_layout) = (line(&HONEST.index_json), line(&HONEST.oci_layout));
    let written = Forgery { config, manifest, index_json, oci_layout, ..Forgery::honest() }.write();
    let Ok(layout) = Layout::open(written.dir.path()) else { return false };
    let Ok(summary) = Summary::read(&layout) else { return false };
    verify(&layout).unwrap();
    check(&written, &serde_json::to_value(summary).unwrap());
    true
}

/// The documents once more, as somebody reads them who knows nothing of OCI's types.
fn check(written: &Written, summary: &Value) {
    let [config, manifest, index_json] = [&written.config, &written.manifest, &written.index_json]
        .map(|bytes| serde_json::from_slice::<Value>(bytes).unwrap());
    let strings = |list: &Value, field: &str| -> Vec<String> {
        let text = |item: &Value| item.pointer(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        list.as_array().unwrap().iter().map(text).collect()
    };
    for layers in [&manifest["layers"], &summary["layers"]] {
        assert_eq!(strings(layers, "/digest"), written.digests);
    }
    assert_eq!(strings(&manifest["layers"], "/mediaType"), ["application/vnd.oci.image.layer.v1.tar+zstd"; 2]);
    assert_eq!(strings(&config["rootfs"]["diff_ids"], ""), written.diff_ids);
    assert_eq!(strings(&index_json["manifests"], "/mediaType"), ["application/vnd.oci.image.manifest.v1+json"]);
    assert_eq!(strings(&index_json["manifests"], "/digest"), [summary["digest"].as_str().unwrap()]);
    assert_eq!([&index_json["schemaVersion"], &manifest["schemaVersion"]], [2, 2]);
    let platform = &index_json["manifests"][0]["platform"];
    for field in ["os", "architecture"] {
        assert!(platform.is_null() || platform[field] == config[field], "{platform} is not the config's");
    }
}
