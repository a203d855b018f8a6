//! Lists of what refers to a manifest, from registries of all kinds.

use std::sync::atomic::{AtomicUsize, Ordering};

use nix_seed_registry::{DOCUMENT_MAX, Error, REFERRERS_MAX, REFERRERS_PAGES_MAX, Result};
use serde_json::{Value, json};

use crate::digest_of;
use crate::memory::{INDEX, MANIFEST, entry, list, list_tag, referrer, subject};
use crate::server::{Answer, Asked, End, Server, answer, options};

fn is_api(asked: &Asked) -> bool {
    asked.target.contains("/referrers/")
}

/// A registry that answers so to the API and to the tag.
fn server(
    api: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    tag: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> Server {
    Server::new(move |asked, _| if is_api(asked) { api(asked) } else { tag(asked) })
}

/// The artifact types that are listed.
fn types(server: &Server, wanted: Option<&str>) -> Result<Vec<String>> {
    let found = server.repository(options()).referrers(subject().digest(), wanted)?;
    Ok(found.iter().map(|found| found.artifact_type().as_ref().map_or("none".into(), ToString::to_string)).collect())
}

fn entries(types: &[&str]) -> Vec<Value> {
    types.iter().map(|kind| entry(&referrer(kind), kind)).collect()
}

fn absent(_: &Asked) -> Answer {
    answer(404)
}

#[test]
fn referrers_come_from_the_api_and_are_filtered_here() {
    let server = server(|_| list(&entries(&["a/x", "a/y"])), absent);
    assert_eq!(types(&server, None).unwrap(), ["a/x", "a/y"]);
    assert_eq!(types(&server, Some("a/y")).unwrap(), ["a/y"]);
    assert_eq!(types(&server, Some("a/z")).unwrap(), [""; 0]);
    let lines = server.lines();
    assert_eq!(lines[2], format!("GET /v2/owner/name/referrers/{}?artifactType=a%2Fy", subject().digest()));
    assert_eq!(server.asked()[2].header("accept"), Some(INDEX));
}

#[test]
fn of_what_the_registry_has_filtered_that_without_a_type_is_believed() {
    let untyped = || json!({ "mediaType": MANIFEST, "digest": digest_of(b"x"), "size": 1 });
    let all = move || [entries(&["a/x", "a/y"]), vec![untyped()]].concat();
    let of = |filters: &'static str| server(move |_| list(&all()).header("OCI-Filters-Applied", filters), absent);
    assert_eq!(types(&of("other, artifactType"), Some("a/y")).unwrap(), ["a/y", "none"]);
    assert_eq!(types(&of("other"), Some("a/y")).unwrap(), ["a/y"]);
}

#[test]
fn referrers_are_read_page_by_page() {
    let pages = |asked: &Asked| match asked.target.split_once("page=").map(|(_, page)| page) {
        None => list(&entries(&["a/x"])).header("link", r#"<?page=2>; rel="next""#),
        Some("2") => list(&[]).header("link", format!("</v2/x/referrers/{}?page=3>; rel=next", subject().digest())),
        Some(_) => list(&entries(&["a/y", "a/x"])),
    };
    let server = server(pages, absent);
    assert_eq!(types(&server, None).unwrap(), ["a/x", "a/y"]);
    assert_eq!(server.lines().iter().filter(|line| line.contains("/referrers/")).count(), 3);
}

#[test]
fn attack_endless_pages() {
    let count = AtomicUsize::new(0);
    let next = move |_: &Asked| {
        let page = count.fetch_add(1, Ordering::Relaxed);
        list(&[]).header("link", format!("<?page={page}>; rel=next"))
    };
    let endless = server(next, absent);
    assert!(types(&endless, None).unwrap_err().to_string().contains("no end"));
    assert_eq!(endless.lines().len(), REFERRERS_PAGES_MAX);
    let circle = server(|asked| list(&[]).header("link", format!("<{}>; rel=next", asked.target)), absent);
    assert!(types(&circle, None).unwrap_err().to_string().contains("no end"));
    let elsewhere = server(|_| list(&[]).header("link", "<http://127.0.0.1:1/>; rel=next"), absent);
    assert!(matches!(types(&elsewhere, None).unwrap_err(), Error::Elsewhere { .. }));
}

#[test]
fn attack_a_huge_index() {
    let endless = |_: &Asked| answer(200).header("content-type", INDEX).body([b' '; 4096]).end(End::Endless);
    for server in [server(endless, absent), server(absent, endless)] {
        let error = types(&server, None).unwrap_err().to_string();
        assert!(error.contains(&format!("longer than {DOCUMENT_MAX} bytes")), "{error}");
    }
    // Each page is small enough, and what is not wanted counts too.
    let many = |from: usize| -> Vec<Value> {
        let entry =
            |number: usize| json!({ "mediaType": MANIFEST, "digest": digest_of(&number.to_be_bytes()), "size": 1 });
        (from..from + REFERRERS_MAX / 2).map(entry).collect()
    };
    let pages = move |asked: &Asked| match asked.target.contains("page=2") {
        false => list(&many(0)).header("link", "<?page=2>; rel=next"),
        true => list(&many(REFERRERS_MAX / 2)),
    };
    let error = types(&server(pages, absent), Some("a/x")).unwrap_err().to_string();
    assert!(error.contains("more than 10000 entries"), "{error}");
    // Nor are there more in both lists together.
    let both = server(move |_| list(&many(0)), move |_| list(&many(REFERRERS_MAX / 2 - 1)[..]));
    assert_eq!(types(&both, None).unwrap().len(), REFERRERS_MAX - 1);
    let one = json!({ "mediaType": MANIFEST, "digest": digest_of(b"one"), "size": 1 });
    let all = move || [many(REFERRERS_MAX / 2), vec![one.clone(), entry("two", "a/x")]].concat();
    let error = types(&server(move |_| list(&many(0)), move |_| list(&all())), None).unwrap_err();
    assert!(matches!(error, Error::Listing { .. }), "{error}");
}

#[test]
fn a_registry_without_the_api_is_asked_for_the_tag() {
    let server = server(|_| answer(404).body("404 page not found"), |_| list(&entries(&["a/x", "a/y"])));
    assert_eq!(types(&server, Some("a/y")).unwrap(), ["a/y"]);
    assert_eq!(server.lines()[1], format!("GET /v2/owner/name/manifests/{}", list_tag()));
    // What stands there is asked for whatever it is: else a registry may say that it is not there.
    assert!(server.asked()[1].header("accept").unwrap().contains(MANIFEST));
}

#[test]
fn none_is_what_the_registry_says_twice() {
    let unknown = |_: &Asked| answer(404).body(r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#);
    assert_eq!(types(&server(absent, absent), None).unwrap(), [""; 0]);
    assert_eq!(types(&server(absent, unknown), None).unwrap(), [""; 0]);
    assert_eq!(types(&server(|_| list(&[]), unknown), None).unwrap(), [""; 0]);
    assert_eq!(
        types(
            &server(
                |_| answer(200).header("content-type", INDEX).body(r#"{"schemaVersion":2,"manifests":null}"#),
                absent
            ),
            None
        )
        .unwrap(),
        [""; 0]
    );
}

#[test]
fn a_repository_that_is_not_there_is_not_one_without_referrers() {
    let unknown = |_: &Asked| answer(404).body(r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no repository"}]}"#);
    let error = types(&server(unknown, unknown), None).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

#[test]
fn a_registry_that_has_got_the_api_lately_is_asked_for_both() {
    let server = server(|_| list(&entries(&["a/x", "a/y"])), |_| list(&entries(&["a/z", "a/x"])));
    assert_eq!(types(&server, None).unwrap(), ["a/x", "a/y", "a/z"]);
}

#[test]
fn an_answer_that_tells_of_no_api_is_none_only_with_a_list_at_the_tag() {
    let page = |_: &Asked| answer(200).header("content-type", "text/html; charset=utf-8").body("<html>log in</html>");
    let status = |status: u16| move |_: &Asked| answer(status);
    let tagged = |_: &Asked| list(&entries(&["a/x"]));
    for code in [400, 405, 406, 501] {
        assert_eq!(types(&server(status(code), tagged), None).unwrap(), ["a/x"], "{code}");
        let error = types(&server(status(code), absent), None).unwrap_err();
        assert!(matches!(&error, Error::Unlisted { .. }) && error.to_string().contains(&code.to_string()), "{error}");
    }
    assert_eq!(types(&server(page, tagged), None).unwrap(), ["a/x"]);
    let error = types(&server(page, absent), None).unwrap_err();
    assert!(matches!(&error, Error::Unlisted { .. }) && error.to_string().contains("\"text/html\""), "{error}");
}

#[test]
fn an_error_is_never_an_empty_list() {
    for status in [401, 403, 429, 500, 503] {
        for server in [
            server(move |_| answer(status), absent),
            server(absent, move |_| answer(status)),
            server(|_| list(&[]), move |_| answer(status)),
        ] {
            let error = types(&server, None).unwrap_err();
            let is_named = match status {
                401 => matches!(error, Error::Unauthorized { .. }),
                403 => matches!(error, Error::Forbidden { .. }),
                _ => matches!(error, Error::Status { .. }),
            };
            assert!(is_named, "{error}");
        }
    }
}

#[test]
fn an_error_that_passes_is_no_error() {
    let count = AtomicUsize::new(0);
    let busy = move |_: &Asked| match count.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => answer(503),
        _ => list(&entries(&["a/x"])),
    };
    assert_eq!(types(&server(busy, absent), None).unwrap(), ["a/x"]);
}

#[test]
fn a_malformed_index_is_an_error() {
    for body in ["", "nonsense", "[]", r#"{"schemaVersion":2}"#, r#"{"schemaVersion":2,"manifests":[{"digest":"x"}]}"#]
    {
        let broken = move |_: &Asked| answer(200).header("content-type", INDEX).body(body);
        for server in [server(broken, absent), server(absent, broken), server(|_| list(&[]), broken)] {
            let error = types(&server, None).unwrap_err();
            assert!(matches!(error, Error::Listing { .. }), "{body}: {error}");
        }
    }
    // The second page as well.
    let pages = |asked: &Asked| match asked.target.contains("page=2") {
        false => list(&[]).header("link", "<?page=2>; rel=next"),
        true => answer(200).header("content-type", "text/html").body("<html>"),
    };
    let error = types(&server(pages, absent), None).unwrap_err();
    assert!(matches!(error, Error::Listing { .. }), "{error}");
}

#[test]
fn a_tag_that_stands_for_something_else_is_an_error() {
    for media_type in [MANIFEST, "application/vnd.docker.distribution.manifest.list.v2+json", "text/plain"] {
        let other = move |_: &Asked| answer(200).header("content-type", media_type).body(referrer("a/x"));
        let error = types(&server(absent, other), None).unwrap_err().to_string();
        assert!(error.contains(&format!("it is {media_type:?}")) && error.contains("delete that tag"), "{error}");
    }
    let untyped = server(absent, |_| answer(200).body(referrer("a/x")));
    assert!(types(&untyped, None).unwrap_err().to_string().contains("of no type"));
}

#[test]
fn a_registry_that_takes_the_tag_for_the_subject_itself_has_no_list() {
    let server = server(absent, |_| answer(200).header("content-type", MANIFEST).body("subject"));
    assert_eq!(types(&server, None).unwrap(), [""; 0]);
}

#[test]
fn a_digest_of_another_kind_is_not_asked_for() {
    let server = server(absent, absent);
    let digest = format!("sha512:{}", "ab".repeat(64)).parse().unwrap();
    assert!(matches!(server.repository(options()).referrers(&digest, None), Err(Error::Algorithm { .. })));
    assert!(server.lines().is_empty());
}
