//! Manifests that refer to another one, read from registries whose lists are not to be believed.

use nix_seed_registry::{DOCUMENT_MAX, Error, REFERRERS_READ_MAX, Refusal};
use serde_json::{Value, json};

use crate::digest_of;
use crate::memory::{Api, INDEX, MANIFEST, Memory, entry, list, list_tag, referrer, refers_to, subject};
use crate::server::{Answer, Asked, answer, options};

#[test]
fn a_manifests_own_type_counts_whatever_the_list_says() {
    let memory = Memory::new(Api::None);
    let (one, two) = (referrer("a/x"), referrer("a/y"));
    memory.put(None, MANIFEST, one.as_bytes());
    memory.put(None, MANIFEST, two.as_bytes());
    // As cosign 3 writes it.
    let wrong = [entry(&one, "application/vnd.oci.empty.v1+json"), entry(&two, "a/x")];
    memory.put(Some(&list_tag()), INDEX, &list(&wrong).body);
    let repository = memory.serve(|_, _| None).repository(options());
    let found = repository.referrer_manifests(subject().digest(), Some("a/x")).unwrap();
    let digests: Vec<_> = found.manifests.iter().map(|found| found.descriptor.digest().clone()).collect();
    assert_eq!((digests, found.refused.len()), (vec![digest_of(one.as_bytes())], 0));
    assert_eq!(found.manifests[0].bytes, one.as_bytes());
    assert_eq!(repository.referrer_manifests(subject().digest(), None).unwrap().manifests.len(), 2);
}

#[test]
fn what_is_listed_and_refers_to_something_else_is_told_apart() {
    let memory = Memory::new(Api::None);
    let (good, other) = (referrer("a/x"), refers_to(&digest_of(b"other"), "a/x"));
    memory.put(None, MANIFEST, good.as_bytes());
    memory.put(None, MANIFEST, other.as_bytes());
    let foreign = json!({ "mediaType": MANIFEST, "digest": format!("sha512:{}", "ab".repeat(64)), "size": 1 });
    let all = [entry(&other, "a/x"), entry("gone", "a/x"), foreign, entry(&good, "a/x")];
    memory.put(Some(&list_tag()), INDEX, &list(&all).body);
    let found = memory.serve(|_, _| None).repository(options()).referrer_manifests(subject().digest(), None).unwrap();
    assert_eq!(found.manifests.len(), 1);
    let refused: Vec<_> = found.refused.into_iter().map(|refused| refused.why).collect();
    let other_subject = Refusal::OtherSubject { found: digest_of(b"other").to_string() };
    assert_eq!(refused, [other_subject, Refusal::Missing, Refusal::Algorithm]);
}

#[test]
fn attack_many_manifests_and_long_ones() {
    let memory = Memory::new(Api::None);
    let entries = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| json!({ "mediaType": MANIFEST, "digest": digest_of(&number.to_be_bytes()), "size": 1 }))
            .collect()
    };
    memory.put(Some(&list_tag()), INDEX, &list(&entries(REFERRERS_READ_MAX + 1)).body);
    let server = memory.serve(|_, _| None);
    let error = server.repository(options()).referrer_manifests(subject().digest(), None).unwrap_err();
    assert!(error.to_string().contains("at most 1000 are read"), "{error}");
    assert_eq!(server.lines().len(), 2);
    // Each is as long as a manifest may be; none of them refers to anything.
    let long: Vec<Value> = (0..20)
        .map(|number| {
            let bytes = format!("{number}{}", " ".repeat(DOCUMENT_MAX as usize - 2));
            memory.put(None, MANIFEST, bytes.as_bytes());
            entry(&bytes, "a/x")
        })
        .collect();
    memory.put(Some(&list_tag()), INDEX, &list(&long).body);
    let error = server.repository(options()).referrer_manifests(subject().digest(), None).unwrap_err();
    assert!(error.to_string().contains("longer than 67108864 bytes together"), "{error}");
}

#[test]
fn a_referrer_that_cannot_be_read_now_is_an_error() {
    let memory = Memory::new(Api::Whole);
    memory.put(None, MANIFEST, referrer("a/x").as_bytes());
    let read = |answer: fn() -> Answer| {
        let is_it = |asked: &Asked| asked.target.ends_with(digest_of(referrer("a/x").as_bytes()).as_ref());
        let server = memory.serve(move |asked, _| is_it(asked).then(answer));
        server.repository(options()).referrer_manifests(subject().digest(), None)
    };
    assert!(matches!(read(|| answer(503)).unwrap_err(), Error::Status { .. }));
    assert!(matches!(read(|| answer(403)).unwrap_err(), Error::Forbidden { .. }));
    let other = || answer(200).header("content-type", MANIFEST).body(referrer("a/y"));
    assert!(matches!(read(other).unwrap_err(), Error::Mismatch { .. }));
}
