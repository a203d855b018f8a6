//! What neither format has a field for, as names and values: CycloneDX has properties for it, SPDX an annotation.
//!
//! `nix:` is the namespace of the Nixpkgs manual ("CycloneDX"). `nix-seed:` is ours.

use nix_seed_store::HashMethod;

use crate::Component;

/// The one that names the store path.
pub(crate) const STORE_PATH: &str = "nix:store_path";

/// The properties of a component, in order. A name may stand there several times.
pub(crate) fn properties(component: &Component) -> Vec<(&'static str, String)> {
    let mut properties = vec![(STORE_PATH, component.path.to_string())];
    let mut add = |name, value: Option<String>| properties.extend(value.map(|value| (name, value)));
    let content = component.content.as_ref();
    let of_nar = content.filter(|content| content.method == HashMethod::Nar);
    let info = component.info.as_ref();
    // Not among the hashes: no file has it, but the archive that Nix makes of the path.
    add("nix:narinfo:nar_hash", info.map(|info| info.nar_hash.sri()).or_else(|| Some(of_nar?.sri())));
    add("nix:narinfo:nar_size", info.map(|info| info.nar_size.to_string()));
    add("nix:narinfo:ca", content.map(ToString::to_string));
    add("nix-seed:named_by", Some(component.named_by.text().to_owned()));
    add("nix-seed:output", component.output.clone());
    add("nix-seed:position", component.package.position.clone());
    for purl in component.package.purls.iter().skip(1) {
        add("nix-seed:purl", Some(purl.clone()));
    }
    for address in component.addresses.iter().filter(|address| !address.is_whole()) {
        add("nix-seed:partial_url", Some(address.text().to_owned()));
    }
    properties
}
