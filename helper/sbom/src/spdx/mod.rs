//! SPDX 2.3, as JSON.

mod document;

use std::collections::BTreeMap;

use nix_seed_store::{ContentHash, HashAlgorithm, StorePath};
use serde_json::Value;

use crate::address::Address;
use crate::identifier::oci_purl;
use crate::identity::with_identifier;
use crate::license::list_version;
use crate::properties::{STORE_PATH, properties};
use crate::spdx::document::{
    Annotation, Checksum, CreationInfo, Document, ExternalReference, ExtractedLicense, Package, Relationship,
};
use crate::{Bom, Component, License, OwnLicense, Subject, TOOL, TOOL_VERSION};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";

/// What stands for what nobody here knows (SPDX 2.3, section 7.7).
const NO_ASSERTION: &str = "NOASSERTION";

/// The document, in one line.
pub fn spdx(bom: &Bom) -> Vec<u8> {
    let ids = ids(bom);
    let id = |path: &StorePath| ids.get(path).map_or(DOCUMENT, |id| &**id);
    let (subjects, name) = match &bom.subject {
        Subject::Image { name, .. } => (vec![IMAGE], &**name),
        Subject::Result { path } => (vec![id(path)], bom.components.get(path).map_or("", |component| &*component.name)),
        Subject::Results { name, paths } => (paths.iter().map(id).collect(), &**name),
    };
    let mut packages = Vec::from_iter(image(bom));
    packages.extend(bom.all().map(|component| package(bom, component, id(&component.path))));
    let describes = subjects.into_iter().map(|subject| relationship(DOCUMENT, "DESCRIBES", subject));
    let mut relationships: Vec<_> = describes.collect();
    if matches!(bom.subject, Subject::Image { .. }) {
        relationships.extend(bom.components.keys().map(|path| relationship(IMAGE, "CONTAINS", id(path))));
    }
    for component in bom.components.values() {
        let of = |kind, other| relationship(id(&component.path), kind, id(other));
        relationships.extend(component.references().map(|reference| of("DEPENDS_ON", reference)));
        relationships.extend(component.sources.iter().map(|source| of("GENERATED_FROM", source)));
    }
    let mut document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name,
        document_namespace: String::new(),
        creation_info: CreationInfo { created: &bom.time, creators: [tool()], license_list_version: list_version() },
        packages,
        relationships,
        has_extracted_licensing_infos: own_licenses(bom),
    };
    let words: Vec<_> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let words: String = words.join("-").chars().take(100).collect();
    with_identifier(|identifier| {
        // The beginning that the specification gives to whoever has no web site for his documents (section 6.5).
        document.document_namespace = format!("https://spdx.org/spdxdocs/{words}-{identifier}");
        serde_json::to_vec(&document).unwrap_or_default()
    })
}

fn tool() -> String {
    format!("Tool: {TOOL}-{TOOL_VERSION}")
}

/// Identifiers of packages: of a store path's hash, which is of letters and digits. Where a closure says that two paths have one hash, which
/// no store does, the others get a number.
fn ids<'a>(bom: &'a Bom) -> BTreeMap<&'a StorePath, String> {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut id = |path: &'a StorePath| {
        let hash = path.base_name().split('-').next().unwrap_or_default();
        let number = taken.entry(hash).or_default();
        *number += 1;
        if *number == 1 { format!("SPDXRef-{hash}") } else { format!("SPDXRef-{hash}-{number}") }
    };
    bom.all().map(|Component { path, .. }| (path, id(path))).collect()
}

/// The image, where the document is about one.
fn image(bom: &Bom) -> Option<Package<'_>> {
    let Subject::Image { name, version, manifest, .. } = &bom.subject else { return None };
    let purl = oci_purl(name, &format!("sha256:{}", manifest.hex()));
    Some(Package {
        id: IMAGE,
        name,
        version_info: version.as_deref(),
        primary_package_purpose: Some("CONTAINER"),
        download_location: NO_ASSERTION.into(),
        external_refs: purl.map(|purl| external("PACKAGE-MANAGER", "purl", &purl)).into_iter().collect(),
        ..Package::default()
    })
}

fn package<'a>(bom: &'a Bom, component: &'a Component, id: &'a str) -> Package<'a> {
    let Component { package, .. } = component;
    let addresses = || component.addresses.iter().filter(|address| address.is_whole());
    let download = addresses().find(|address| address.is_public());
    let homepage = component.homepages().find(Address::is_public);
    let purls = package.purls.iter().map(|purl| external("PACKAGE-MANAGER", "purl", purl));
    let cpe = package.cpe.iter().map(|cpe| external("SECURITY", "cpe23Type", cpe));
    let (license_declared, license_comments) = license(component);
    // What has a field of its own is not said again.
    let mut rest: Vec<_> = properties(component);
    rest.retain(|(name, _)| !(*name == STORE_PATH || *name == "nix-seed:purl"));
    let others = component.homepages().filter(|address| Some(address) != homepage.as_ref());
    rest.extend(others.map(|address| ("nix-seed:homepage", address.text().to_owned())));
    rest.extend(
        addresses().filter(|address| Some(*address) != download).map(|url| ("nix-seed:url", url.text().to_owned())),
    );
    Package {
        id,
        name: &component.name,
        version_info: component.version.as_deref(),
        package_file_name: Some(component.path.to_string()),
        primary_package_purpose: component.is_file().then_some("FILE"),
        summary: package.description.as_deref(),
        download_location: download.map_or(NO_ASSERTION, Address::text).to_owned(),
        files_analyzed: false,
        checksums: component.content.as_ref().filter(|content| content.is_of_file()).and_then(checksum),
        homepage: homepage.map(|address| address.text().to_owned()),
        license_declared,
        license_comments,
        external_refs: cpe.chain(purls).collect(),
        annotations: Some([Annotation {
            annotation_date: &bom.time,
            annotation_type: "OTHER",
            annotator: tool(),
            comment: object(rest),
        }]),
    }
}

/// The properties as a JSON object; the values of a name that stands there several times as a list. Sorted here, since another crate
/// may have serde_json keep the order of its own objects.
fn object(properties: Vec<(&'static str, String)>) -> String {
    let mut object: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, value) in properties {
        match object.get_mut(name) {
            None => drop(object.insert(name, value.into())),
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
        }
    }
    serde_json::to_string(&object).unwrap_or_default()
}

/// `None` of BLAKE3: the specification gives it no length, so readers differ.
fn checksum(content: &ContentHash) -> Option<[Checksum; 1]> {
    let algorithm = match content.algorithm {
        HashAlgorithm::Md5 => "MD5",
        HashAlgorithm::Sha1 => "SHA1",
        HashAlgorithm::Sha256 => "SHA256",
        HashAlgorithm::Sha512 => "SHA512",
        HashAlgorithm::Blake3 => return None,
    };
    Some([Checksum { algorithm, checksum_value: content.hex() }])
}

/// Several licenses are no expression: it would say how they relate. They are told to a person.
fn license(component: &Component) -> (Option<String>, Option<String>) {
    match &component.package.license {
        None => (None, None),
        Some(License::Expression(expression)) => (Some(expression.text()), None),
        Some(License::Several(several)) => {
            let names: Vec<_> = several.iter().map(|license| license.name()).collect();
            let comment = format!(
                "meta.license is a list, which does not say whether all of these apply, each to a part, or one may be chosen: {}",
                names.join("; ")
            );
            (Some(NO_ASSERTION.into()), Some(comment))
        }
    }
}

fn own_licenses(bom: &Bom) -> Vec<ExtractedLicense<'_>> {
    let mut own: BTreeMap<String, &OwnLicense> = BTreeMap::new();
    for component in bom.all() {
        if let Some(License::Expression(expression)) = &component.package.license {
            expression.own(&mut own);
        }
    }
    let extracted = own.into_iter().map(|(license_id, OwnLicense { name, url, .. })| ExtractedLicense {
        license_id,
        extracted_text: format!("The license that meta.license calls {name:?}. Its text is not known here."),
        name,
        see_alsos: url
            .as_deref()
            .and_then(Address::parse)
            .filter(|url| url.is_whole() && url.is_public())
            .map(|url| url.text().to_owned())
            .into_iter()
            .collect(),
    });
    extracted.collect()
}

fn relationship<'a>(
    spdx_element_id: &'a str,
    relationship_type: &'static str,
    related_spdx_element: &'a str,
) -> Relationship<'a> {
    Relationship { spdx_element_id, relationship_type, related_spdx_element }
}

fn external(reference_category: &'static str, reference_type: &'static str, locator: &str) -> ExternalReference {
    ExternalReference { reference_category, reference_type, reference_locator: locator.to_owned() }
}
