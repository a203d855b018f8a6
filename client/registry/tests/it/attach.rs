//! Artifacts, attached to registries that have a list, that have none, and that lose things.

use std::sync::atomic::{AtomicUsize, Ordering};

use nix_seed_registry::{Artifact, Attached, Error, List, Repository, Result};
use serde_json::Value;

use crate::memory::{Api, INDEX, MANIFEST, Memory, entry, list, list_tag, referrer, refers_to, subject};
use crate::server::{Answer, Asked, Server, answer, options};
use crate::{bytes, digest_of};

fn artifact() -> Artifact {
    Artifact::bundle(*b"a bundle", "https://example.org/v1")
}

fn repository(server: &Server) -> Repository {
    server.repository(options())
}

fn attach(server: &Server) -> Result<Attached> {
    repository(server).attach(&subject(), &artifact())
}

/// The requests of one kind, without what all have in common.
fn asked(server: &Server, method: &str) -> Vec<String> {
    let prefix = format!("{method} /v2/owner/name/");
    server.lines().iter().filter_map(|line| Some(line.strip_prefix(&prefix)?.to_owned())).collect()
}

fn own_tag(attached: &Attached) -> String {
    format!("{}.referrer-{}", list_tag(), &attached.descriptor.digest().digest()[..32])
}

fn listed(memory: &Memory) -> Vec<String> {
    let index = memory.at(&list_tag());
    index["manifests"].as_array().unwrap().iter().map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect()
}

fn is_list(asked: &Asked, method: &str) -> bool {
    asked.method == method && asked.target.ends_with(&format!("manifests/{}", list_tag()))
}

#[test]
fn a_registry_with_the_api_lists_by_itself() {
    let memory = Memory::new(Api::Whole);
    let server = memory.serve(|_, _| None);
    let attached = attach(&server).unwrap();
    assert_eq!(attached.list, List::Api);
    assert!(memory.content().tags.is_empty());
    assert_eq!(asked(&server, "PUT").iter().filter(|line| line.starts_with("manifests/")).count(), 1);
    let found =
        repository(&server).referrers(subject().digest(), Some("application/vnd.dev.sigstore.bundle.v0.3+json"));
    assert_eq!(found.unwrap(), [attached.descriptor]);
}

#[test]
fn a_registry_without_the_api_gets_a_list_under_the_tag() {
    let memory = Memory::new(Api::None);
    let server = memory.serve(|_, _| None);
    let attached = attach(&server).unwrap();
    assert_eq!(attached.list, List::Tag);
    let digest = attached.descriptor.digest().to_string();
    let stored: Vec<_> = asked(&server, "PUT").into_iter().filter(|line| line.starts_with("manifests/")).collect();
    assert_eq!(stored, [&digest, &own_tag(&attached), &list_tag()].map(|reference| format!("manifests/{reference}")));
    let entry = &memory.at(&list_tag())["manifests"][0];
    assert_eq!(entry["artifactType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    assert_eq!(entry["annotations"]["dev.sigstore.bundle.predicateType"], "https://example.org/v1");
    assert_eq!(memory.content().tags[&own_tag(&attached)], digest);
    let found = repository(&server).referrer_manifests(subject().digest(), None).unwrap();
    assert_eq!(found.manifests[0].descriptor, attached.descriptor);
    assert_eq!(repository(&server).referrers(subject().digest(), None).unwrap(), [attached.descriptor]);
}

#[test]
fn a_registry_that_claims_to_list_and_does_not_gets_a_list_under_the_tag() {
    let memory = Memory::new(Api::Claimed);
    assert_eq!(attach(&memory.serve(|_, _| None)).unwrap().list, List::Tag);
    assert_eq!(listed(&memory).len(), 1);
}

#[test]
fn the_same_again_changes_nothing() {
    for api in [Api::None, Api::Whole] {
        let memory = Memory::new(api);
        let first = attach(&memory.serve(|_, _| None)).unwrap();
        let server = memory.serve(|_, _| None);
        assert_eq!(attach(&server).unwrap(), first);
        assert!(asked(&server, "POST").is_empty() && !server.asked().iter().any(|asked| is_list(asked, "PUT")));
    }
}

#[test]
fn several_are_listed_with_one_write() {
    let memory = Memory::new(Api::None);
    let server = memory.serve(|_, _| None);
    let artifacts = ["one", "two", "three"].map(|text| Artifact::document("a/x", text, text.as_bytes()));
    let attached = repository(&server).attach_all(&subject(), &artifacts).unwrap();
    assert_eq!(attached.len(), 3);
    assert_eq!(server.asked().iter().filter(|asked| is_list(asked, "PUT")).count(), 1);
    let mut digests: Vec<_> = attached.iter().map(|attached| attached.descriptor.digest().to_string()).collect();
    digests.sort();
    assert_eq!(listed(&memory), digests);
}

#[test]
fn what_others_have_listed_stays_byte_for_byte() {
    let memory = Memory::new(Api::None);
    let theirs = format!(
        "{{\"unknown\" : [1.0,\"\\u0041\"],\"size\":1, \"digest\":\"{}\",\"mediaType\":\"{MANIFEST}\"}}",
        digest_of(b"theirs")
    );
    let index = format!("{{\"schemaVersion\":2,\"x\": 1e2,\"manifests\":[{theirs}]}}");
    memory.put(Some(&list_tag()), INDEX, index.as_bytes());
    attach(&memory.serve(|_, _| None)).unwrap();
    let content = memory.content();
    let text = String::from_utf8(content.manifests[&content.tags[&list_tag()]].1.clone()).unwrap();
    assert!(text.contains(&theirs) && text.contains("\"x\":1e2"), "{text}");
    drop(content);
    assert_eq!(listed(&memory).len(), 2);
}

#[test]
fn a_lost_update_is_found_and_mended() {
    let memory = Memory::new(Api::None);
    let count = AtomicUsize::new(0);
    let server = memory.serve(move |asked, memory| {
        // Once the list is written, somebody writes one that knows nothing of it, twice.
        let is_lost = is_list(asked, "PUT") && count.fetch_add(1, Ordering::Relaxed) < 2;
        is_lost.then(|| {
            let answer = memory.answer(asked);
            let other = referrer("a/other");
            memory.put(None, MANIFEST, other.as_bytes());
            memory.put(Some(&list_tag()), INDEX, &list(&[entry(&other, "a/other")]).body);
            answer
        })
    });
    let attached = attach(&server).unwrap();
    let mut expected =
        vec![attached.descriptor.digest().to_string(), digest_of(referrer("a/other").as_bytes()).to_string()];
    expected.sort();
    assert_eq!(listed(&memory), expected);
}

#[test]
fn what_somebody_else_of_this_program_is_about_to_list_is_listed() {
    let memory = Memory::new(Api::None);
    let other = referrer("a/other");
    let tag = format!("{}.referrer-{}", list_tag(), &digest_of(other.as_bytes()).digest()[..32]);
    memory.put(Some(&tag), MANIFEST, other.as_bytes());
    // A tag that looks like one, of a manifest that refers to something else.
    let foreign = refers_to(&digest_of(b"else"), "a/x");
    memory.put(Some(&format!("{}.referrer-{}", list_tag(), "0".repeat(32))), MANIFEST, foreign.as_bytes());
    attach(&memory.serve(|_, _| None)).unwrap();
    let listed = listed(&memory);
    assert_eq!(listed.len(), 2);
    assert!(listed.contains(&digest_of(other.as_bytes()).to_string()));
}

#[test]
fn a_registry_that_knows_conditions_is_given_them() {
    let memory = Memory::new(Api::None).with_conditions();
    let conditions = |server: &Server, name: &str| -> Vec<String> {
        let asked = server.asked();
        let writes = asked.iter().filter(|asked| is_list(asked, "PUT"));
        writes.filter_map(|asked| Some(asked.header(name)?.to_owned())).collect()
    };
    let server = memory.serve(|_, _| None);
    attach(&server).unwrap();
    assert_eq!(conditions(&server, "if-none-match"), ["*"]);

    // Somebody is faster once: what was read then does not stand there any more.
    let count = AtomicUsize::new(0);
    let server = memory.serve(move |asked, memory| {
        if is_list(asked, "PUT") && count.fetch_add(1, Ordering::Relaxed) == 0 {
            let other = referrer("a/other");
            memory.put(None, MANIFEST, other.as_bytes());
            let mut index = memory.at(&list_tag());
            index["manifests"].as_array_mut().unwrap().push(entry(&other, "a/other"));
            memory.put(Some(&list_tag()), INDEX, index.to_string().as_bytes());
        }
        None
    });
    repository(&server).attach(&subject(), &Artifact::document("a/x", "x", *b"x")).unwrap();
    assert_eq!(conditions(&server, "if-match").len(), 2);
    assert_eq!(listed(&memory).len(), 3);
}

#[test]
fn a_registry_that_drops_the_tag_is_told_of() {
    let memory = Memory::new(Api::None);
    let server = memory.serve(|asked, _| is_list(asked, "PUT").then(|| answer(201)));
    let error = attach(&server).unwrap_err();
    assert!(matches!(&error, Error::ReadBack { .. }) && error.to_string().contains(&list_tag()), "{error}");
    assert_eq!(server.asked().iter().filter(|asked| is_list(asked, "PUT")).count(), 5);
}

#[test]
fn a_registry_that_never_lists_is_told_of_and_one_that_is_slow_is_waited_for() {
    let server = Memory::new(Api::Empty).serve(|_, _| None);
    let error = attach(&server).unwrap_err();
    assert!(error.to_string().contains("is not in the registry's list"), "{error}");
    let count = AtomicUsize::new(0);
    let slow = Memory::new(Api::Whole).serve(move |asked, _| {
        let is_early = asked.target.contains("/referrers/") && count.fetch_add(1, Ordering::Relaxed) < 2;
        is_early.then(|| list(&[]))
    });
    assert_eq!(attach(&slow).unwrap().list, List::Api);
}

#[test]
fn what_is_not_kept_is_told_of() {
    let lost = |is_lost: fn(&Asked) -> bool, answer: fn() -> Answer| {
        let server = Memory::new(Api::Whole).serve(move |asked, _| is_lost(asked).then(answer));
        attach(&server).unwrap_err()
    };
    let is_manifest = |asked: &Asked| asked.method == "GET" && asked.target.contains("/manifests/sha256:");
    let is_blob = |asked: &Asked| asked.method == "GET" && asked.target.ends_with(digest_of(b"a bundle").as_ref());
    let error = lost(is_manifest, || answer(404));
    assert!(matches!(&error, Error::ReadBack { .. }) && error.to_string().contains("manifest sha256:"), "{error}");
    let error = lost(is_blob, || answer(404));
    assert!(matches!(&error, Error::ReadBack { .. }) && error.to_string().contains("blob sha256:"), "{error}");
    assert!(matches!(lost(is_blob, || answer(200).body("b bundle")), Error::Mismatch { .. }));
    assert!(matches!(lost(is_blob, || answer(503)), Error::Status { .. }));
    let typed = Memory::new(Api::Whole).serve(move |asked, memory| {
        is_manifest(asked).then(|| {
            let mut found = memory.answer(asked);
            found.headers.retain(|(name, _)| name != "content-type");
            found.header("content-type", "text/plain")
        })
    });
    let error = attach(&typed).unwrap_err();
    assert!(error.to_string().contains("calls it \"text/plain\""), "{error}");
}

#[test]
fn a_tag_that_stands_for_something_else_is_not_written_over() {
    let memory = Memory::new(Api::None);
    let other = memory.put(Some(&list_tag()), MANIFEST, referrer("a/x").as_bytes());
    let error = attach(&memory.serve(|_, _| None)).unwrap_err();
    assert!(matches!(error, Error::Listing { .. }), "{error}");
    assert_eq!(memory.content().tags[&list_tag()], other.to_string());
}

#[test]
fn a_list_that_names_what_is_gone_is_mended_where_the_registry_looks() {
    let memory = Memory::new(Api::None);
    let there = referrer("a/there");
    memory.put(None, MANIFEST, there.as_bytes());
    let all = [entry("gone", "a/gone"), entry(&there, "a/there")];
    memory.put(Some(&list_tag()), INDEX, &list(&all).body);
    let server = memory.serve(|asked, memory| {
        // As docker's registry answers.
        let document: Value = serde_json::from_slice(&asked.body).ok()?;
        let is_gone = |entry: &Value| !memory.content().manifests.contains_key(entry["digest"].as_str().unwrap());
        let has_gone = document["manifests"].as_array().is_some_and(|entries| entries.iter().any(is_gone));
        let unknown = r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}"#;
        (asked.method == "PUT" && has_gone).then(|| answer(400).body(unknown))
    });
    attach(&server).unwrap();
    let listed = listed(&memory);
    assert!(listed.len() == 2 && listed.contains(&digest_of(there.as_bytes()).to_string()), "{listed:?}");
}

#[test]
fn who_may_not_list_tags_may_attach() {
    let memory = Memory::new(Api::None);
    let server = memory.serve(|asked, _| asked.target.contains("/tags/list").then(|| answer(403)));
    attach(&server).unwrap();
    assert_eq!(listed(&memory).len(), 1);
    let broken = memory.serve(|asked, _| asked.target.contains("/tags/list").then(|| answer(500)));
    assert!(matches!(attach(&broken).unwrap_err(), Error::Status { .. }));
}

#[test]
fn a_refused_push_is_an_error() {
    for (part, status) in [("/blobs/uploads/", 403), ("/manifests/sha256:", 400)] {
        let memory = Memory::new(Api::None);
        let server = memory.serve(move |asked, _| {
            (matches!(asked.method.as_str(), "POST" | "PUT") && asked.target.contains(part)).then(|| answer(status))
        });
        attach(&server).unwrap_err();
        assert!(memory.content().tags.is_empty(), "{part}");
    }
}

#[test]
fn an_artifact_that_refers_to_nothing_is_there_under_the_digest_that_was_foretold() {
    let memory = Memory::new(Api::None);
    let server = memory.serve(|_, _| None);
    let artifact = Artifact::document("application/x-result", "result.json", bytes(100_000));
    let pushed = repository(&server).push_artifact(&artifact).unwrap();
    let packed = artifact.pack(None).unwrap();
    assert_eq!(pushed, packed.descriptor);
    assert_eq!(repository(&server).manifest(pushed.digest()).unwrap().bytes, packed.bytes);
    assert!(memory.content().tags.is_empty());
    assert_eq!(memory.content().blobs[digest_of(&bytes(100_000)).as_ref()], bytes(100_000));
    // What is there is not sent again.
    let server = memory.serve(|_, _| None);
    repository(&server).push_artifact(&artifact).unwrap();
    assert!(asked(&server, "POST").is_empty());
}
