//! Fields of the example's documents that a reader relies on.

use nix_seed_sbom::{Bom, Origins, Packages, cyclonedx, spdx};
use serde_json::{Value, json};

use crate::example::{GLIBC, HELLO, bom, closure, image, result};
use crate::read::{components, license_references, property};

fn read(document: &[u8]) -> Value {
    serde_json::from_slice(document).unwrap()
}

fn package<'a>(document: &'a Value, path: &str) -> &'a Value {
    document["packages"].as_array().unwrap().iter().find(|package| package["packageFileName"] == path).unwrap()
}

#[test]
fn a_secret_in_an_address_is_in_no_document() {
    for document in [cyclonedx(&bom(image())), spdx(&bom(image()))] {
        let text = String::from_utf8(document).unwrap();
        assert!(!text.contains("secret") && text.contains("git.example.org/fix.patch"), "{text}");
    }
}

#[test]
fn documents_are_of_one_line() {
    for document in [cyclonedx(&bom(image())), spdx(&bom(image()))] {
        assert!(!document.iter().any(u8::is_ascii_control));
    }
}

#[test]
fn a_nar_hash_is_no_hash_of_a_file() {
    let (cyclonedx, spdx) = (read(&cyclonedx(&bom(image()))), read(&spdx(&bom(image()))));
    for component in components(&cyclonedx).values().filter(|component| component.get("hashes").is_some()) {
        assert_eq!(component["type"], "file", "{component}");
    }
    for package in spdx["packages"].as_array().unwrap().iter().filter(|package| package.get("checksums").is_some()) {
        assert_eq!(package["primaryPackagePurpose"], "FILE", "{package}");
    }
    let hello = components(&cyclonedx)["1m9y0xb9cnbxxgi3zmjgnbbasjjq3ldd-hello-2.12.1"];
    assert!(property(hello, "nix:narinfo:nar_hash").unwrap().starts_with("sha256-"));
}

#[test]
fn where_a_name_is_from_is_said() {
    let named = |packages: &Packages, origins: &Origins| {
        let bom = Bom::new(image(), 1, &closure(), packages, origins).unwrap();
        let document = read(&cyclonedx(&bom));
        let components = components(&document);
        let man = components["2m9y0xb9cnbxxgi3zmjgnbbasjjq3ldd-hello-2.12.1-man"];
        [
            man["name"].clone(),
            man["version"].clone(),
            property(man, "nix-seed:named_by").into(),
            property(man, "nix-seed:output").into(),
        ]
    };
    let (nothing, nobody) = (Packages::default(), Origins::default());
    assert_eq!(
        named(&crate::example::packages(), &nobody),
        ["hello".into(), "2.12.1".into(), "package".into(), json!("man")]
    );
    assert_eq!(
        named(&nothing, &crate::example::origins()),
        ["hello".into(), "2.12.1".into(), "derivation".into(), json!("man")]
    );
    assert_eq!(named(&nothing, &nobody), ["hello".into(), "2.12.1-man".into(), "store path".into(), Value::Null]);
}

#[test]
fn several_licenses_are_no_expression() {
    let (cyclonedx, spdx) = (read(&cyclonedx(&bom(image()))), read(&spdx(&bom(image()))));
    let glibc = components(&cyclonedx)[GLIBC.strip_prefix("/nix/store/").unwrap()];
    let licenses = json!([{ "license": { "id": "LGPL-2.1-or-later" } }, { "license": { "name": "An own license" } }]);
    assert_eq!(glibc["licenses"], licenses);
    let glibc = package(&spdx, GLIBC);
    assert_eq!(glibc["licenseDeclared"], "NOASSERTION");
    assert!(glibc["licenseComments"].as_str().unwrap().ends_with(": LGPL-2.1-or-later; An own license"));
}

#[test]
fn every_license_that_an_expression_names_is_there() {
    let (named, there) = license_references(&read(&spdx(&bom(image()))));
    assert!(!named.is_empty());
    assert_eq!(named, there);
}

#[test]
fn identifiers_are_hashes_of_the_content() {
    let digests = |document: &[u8], field: &str| {
        use sha2::{Digest, Sha256};
        let text = String::from_utf8(document.to_vec()).unwrap();
        let identifier = read(document)[field].as_str().unwrap().to_owned();
        let uuid = &identifier[identifier.len() - 36..];
        let zeroed = text.replacen(&identifier, &identifier.replace(uuid, "00000000-0000-0000-0000-000000000000"), 1);
        let hash: String = Sha256::digest(zeroed).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        (hash, uuid[..8].to_owned())
    };
    for (hash, found) in
        [digests(&cyclonedx(&bom(image())), "serialNumber"), digests(&spdx(&bom(result())), "documentNamespace")]
    {
        assert_eq!(hash, found);
    }
}

#[test]
fn a_result_describes_itself() {
    let (cyclonedx, spdx) = (read(&cyclonedx(&bom(result()))), read(&spdx(&bom(result()))));
    assert_eq!(property(&cyclonedx["metadata"]["component"], "nix:store_path").as_deref(), Some(HELLO));
    assert_eq!(spdx["relationships"][0]["relatedSpdxElement"], package(&spdx, HELLO)["SPDXID"]);
    assert_eq!(cyclonedx["components"].as_array().unwrap().len() + 1, spdx["packages"].as_array().unwrap().len());
}
