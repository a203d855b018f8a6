//! Documents as they are, to read, and to see when they change. `NIX_SEED_WRITE_FIXTURES=1 cargo test -p nix-seed-sbom` writes them again.

use std::path::Path;

use nix_seed_sbom::{cyclonedx, spdx};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::example::{bom, image, result};

/// The document in the fixture, which has line breaks and sorted fields, and the hash of the bytes, which have not.
fn check(name: &str, document: &[u8], sha256: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let found: Value = serde_json::from_slice(document).unwrap();
    if std::env::var_os("NIX_SEED_WRITE_FIXTURES").is_some() {
        std::fs::write(&path, format!("{found:#}\n")).unwrap();
    }
    let expected: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(format!("{found:#}"), format!("{expected:#}"), "{name}");
    let hash: String = Sha256::digest(document).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, sha256, "the bytes of {name} have changed: this changes every release statement");
}

#[test]
fn an_image_as_cyclonedx() {
    check(
        "image.cdx.json",
        &cyclonedx(&bom(image())),
        "6218da1bd1570de733b8a054c4e10f2a910f453e440597754381d116d4c3041a",
    );
}

#[test]
fn an_image_as_spdx() {
    check("image.spdx.json", &spdx(&bom(image())), "41621aefa3d91ca18b1103b0e053f68b76645410d93eb893b65b8a54c667fd98");
}

#[test]
fn a_result_as_cyclonedx() {
    check(
        "result.cdx.json",
        &cyclonedx(&bom(result())),
        "e1c3d33ff03dba48387b62234b4383042f69b83e88389c0c5bcb18ad9df405a7",
    );
}

#[test]
fn a_result_as_spdx() {
    check(
        "result.spdx.json",
        &spdx(&bom(result())),
        "782b45c97297be121f1a05c88df56db9e67251044f76efe541301c9971312788",
    );
}
