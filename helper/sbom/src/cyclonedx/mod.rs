//! CycloneDX 1.6, as JSON.

mod document;

use nix_seed_store::{ContentHash, HashAlgorithm, StorePath};

use crate::address::Address;
use crate::cyclonedx::document::{
    Choice, Dependency, Document, Element, Hash, LicenseElement, Metadata, Pedigree, Property, Reference, Tools,
};
use crate::identifier::oci_purl;
use crate::identity::with_identifier;
use crate::properties::{STORE_PATH, properties};
use crate::{Bom, Component, Expression, License, Subject, TOOL, TOOL_VERSION};

/// What several results together are referred to as. A store path's base name has a hash.
const RESULTS: &str = "results";

/// The document, in one line.
pub fn cyclonedx(bom: &Bom) -> Vec<u8> {
    let (subject, dependency_of_subject) = subject(bom);
    let is_subject =
        |component: &&Component| !matches!(&bom.subject, Subject::Result { path } if *path == component.path);
    let sources = bom.sources.values().map(|source| Element { scope: Some("excluded"), ..element(bom, source) });
    let mut document = Document {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: &bom.time,
            tools: Tools {
                components: [Element {
                    kind: "application",
                    name: TOOL,
                    version: Some(TOOL_VERSION),
                    ..Element::default()
                }],
            },
            component: subject,
        },
        components: bom
            .components
            .values()
            .filter(is_subject)
            .map(|component| element(bom, component))
            .chain(sources)
            .collect(),
        // What a source needs is not known: it is not there, while what needs nothing is there with nothing.
        dependencies: dependency_of_subject.into_iter().chain(bom.components.values().map(dependency)).collect(),
    };
    with_identifier(|identifier| {
        document.serial_number = format!("urn:uuid:{identifier}");
        serde_json::to_vec(&document).unwrap_or_default()
    })
}

/// What the document is about, and what that depends on where it is no component.
fn subject(bom: &Bom) -> (Element<'_>, Option<Dependency>) {
    match &bom.subject {
        Subject::Image { name, version, manifest, roots } => {
            let reference = format!("sha256:{}", manifest.hex());
            let depends_on = roots.iter().map(self::reference).collect();
            let element = Element {
                kind: "container",
                reference: Some(reference.clone()),
                name,
                version: version.as_deref(),
                purl: oci_purl(name, &reference),
                ..Element::default()
            };
            (element, Some(Dependency { reference, depends_on }))
        }
        Subject::Results { name, paths } => {
            let depends_on = paths.iter().map(self::reference).collect();
            let reference = RESULTS.to_owned();
            let element =
                Element { kind: "application", reference: Some(reference.clone()), name, ..Element::default() };
            (element, Some(Dependency { reference, depends_on }))
        }
        Subject::Result { path } => {
            (bom.components.get(path).map_or_else(Element::default, |component| element(bom, component)), None)
        }
    }
}

fn element<'a>(bom: &'a Bom, component: &'a Component) -> Element<'a> {
    let package = &component.package;
    Element {
        kind: kind(component),
        reference: Some(reference(&component.path)),
        name: &component.name,
        version: component.version.as_deref(),
        description: package.description.as_deref(),
        scope: None,
        hashes: component.content.as_ref().filter(|content| content.is_of_file()).map(hash),
        licenses: package.license.as_ref().map_or_else(Vec::new, licenses),
        cpe: package.cpe.as_deref(),
        purl: package.purls.first().cloned(),
        pedigree: pedigree(bom, component),
        external_references: references(component),
        properties: properties(component).into_iter().map(|(name, value)| Property { name, value }).collect(),
    }
}

/// The specification has software be an application where nothing more specific is known.
fn kind(component: &Component) -> &'static str {
    if component.is_file() { "file" } else { "application" }
}

fn reference(path: &StorePath) -> String {
    path.base_name().to_owned()
}

fn hash(content: &ContentHash) -> [Hash; 1] {
    let alg = match content.algorithm {
        HashAlgorithm::Md5 => "MD5",
        HashAlgorithm::Sha1 => "SHA-1",
        HashAlgorithm::Sha256 => "SHA-256",
        HashAlgorithm::Sha512 => "SHA-512",
        HashAlgorithm::Blake3 => "BLAKE3",
    };
    [Hash { alg, content: content.hex() }]
}

/// A list of licenses says nothing of how they relate, so it is just what nixpkgs' lists are.
fn licenses(license: &License) -> Vec<Choice<'_>> {
    match license {
        License::Expression(one @ (Expression::Listed(_) | Expression::Own(_))) => vec![single(one)],
        License::Expression(expression) => vec![Choice::Expression { expression: expression.text() }],
        License::Several(several) => several.iter().map(single).collect(),
    }
}

fn single(expression: &Expression) -> Choice<'_> {
    Choice::License(match expression {
        Expression::Listed(id) => LicenseElement { id: Some(id), ..LicenseElement::default() },
        other => {
            let url = match other {
                Expression::Own(own) => own.url.as_deref().and_then(Address::parse).filter(Address::is_whole),
                _ => None,
            };
            LicenseElement { id: None, name: Some(other.name()), url: url.map(|url| url.text().to_owned()) }
        }
    })
}

/// What it was built from. A source is described once, among the components; here it is only named.
fn pedigree<'a>(bom: &'a Bom, component: &Component) -> Option<Pedigree<'a>> {
    let sources = component.sources.iter().filter_map(|source| bom.sources.get(source).or(bom.components.get(source)));
    let ancestors: Vec<_> = sources
        .map(|source| Element {
            kind: kind(source),
            name: &source.name,
            version: source.version.as_deref(),
            properties: vec![Property { name: STORE_PATH, value: source.path.to_string() }],
            ..Element::default()
        })
        .collect();
    (!ancestors.is_empty()).then_some(Pedigree { ancestors })
}

fn references(component: &Component) -> Vec<Reference> {
    let reference = |kind, address: &Address| Reference { kind, url: address.text().to_owned() };
    let homepages = component.homepages().map(|address| reference("website", &address));
    let fetched = component.addresses.iter().filter(|address| address.is_whole());
    homepages.chain(fetched.map(|address| reference("distribution", address))).collect()
}

fn dependency(component: &Component) -> Dependency {
    Dependency { reference: reference(&component.path), depends_on: component.references().map(reference).collect() }
}
