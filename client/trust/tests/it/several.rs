//! Several bundles for one release: anybody may attach more.

use nix_seed_trust::Reason;
use serde_json::{Value, json};

use super::case::Case;
use super::signing::Own;

/// A provenance of the same release that says something else of the build.
fn other(own: &Own, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut provenance = own.provenance.clone();
    change(&mut provenance);
    own.log.sign(&own.key, provenance.to_string().as_bytes()).to_string().into_bytes()
}

fn nix(provenance: &mut Value) -> &mut Value {
    &mut provenance["predicate"]["buildDefinition"]["internalParameters"]["nix"]
}

/// The release with provenances in this order.
fn decide(order: &[&[u8]], case: &Case) -> Result<(), Reason> {
    let release = case.release.to_string().into_bytes();
    case.decide_on([release].into_iter().chain(order.iter().map(|bytes| bytes.to_vec())))
        .map(drop)
        .map_err(|refused| refused.first.reason)
}

#[test]
fn of_several_provenances_one_that_fits_is_enough() {
    let own = Own::new();
    let fits = other(&own, |_| ());
    let unsandboxed = other(&own, |provenance| nix(provenance)["sandbox"] = json!("false"));
    let substituted = other(&own, |provenance| nix(provenance)["substituters"] = json!(["https://cache.example.org"]));
    let elsewhere = other(&own, |provenance| {
        provenance["predicate"]["buildDefinition"]["externalParameters"]["source"] = json!("git+https://example.org/b");
    });
    let case = own.sign();
    assert_eq!(decide(&[&unsandboxed, &fits], &case), Ok(()));
    assert_eq!(decide(&[&fits, &unsandboxed], &case), Ok(()));
    assert_eq!(decide(&[&elsewhere, &substituted, &fits, &unsandboxed], &case), Ok(()));
    // None fits: the one that came furthest says most, wherever it stands.
    for order in [[&elsewhere, &unsandboxed, &substituted], [&substituted, &unsandboxed, &elsewhere]] {
        assert_eq!(decide(&order.map(|bytes| &bytes[..]), &case), Err(Reason::Substituters));
    }
    assert_eq!(decide(&[&elsewhere, &unsandboxed], &case), Err(Reason::Unsandboxed));
}
