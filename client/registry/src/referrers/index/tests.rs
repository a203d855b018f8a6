use proptest::prelude::*;

use super::*;

fn digest(digit: char) -> Digest {
    format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

fn entry(digit: char, annotations: &[(&str, &str)]) -> Entry {
    let mut descriptor = Descriptor::new(MediaType::ImageManifest, 7, digest(digit));
    descriptor.set_artifact_type(Some("a/x".into()));
    let annotations = annotations.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    descriptor.set_annotations(Some(annotations.collect()));
    Entry::new(descriptor).unwrap()
}

fn of(entries: impl IntoIterator<Item = Entry>) -> ReferrersIndex {
    let mut index = ReferrersIndex::default();
    entries.into_iter().for_each(|entry| index.put(entry));
    index
}

fn text(index: &ReferrersIndex) -> String {
    String::from_utf8(index.to_bytes()).unwrap()
}

#[test]
fn a_list_is_what_oci_says() {
    let expected = format!(
        "{{\"manifests\":[{{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"{}\",\"size\":7,\
         \"artifactType\":\"a/x\",\"annotations\":{{\"a\":\"2\",\"b\":\"1\"}}}}],\
         \"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"schemaVersion\":2}}",
        digest('a')
    );
    assert_eq!(text(&of([entry('a', &[("b", "1"), ("a", "2")])])), expected);
}

#[test]
fn what_others_wrote_is_kept_byte_for_byte() {
    // Names in another order and twice, white space, a number that no computer holds, fields that nobody knows.
    let theirs = format!(
        "{{\"size\": 1, \"digest\":\"{}\",\n \"mediaType\":\"x/y\", \"new\":{{\"b\":1e400,\"a\":1.0,\"a\":\"\\u0041\"}}}}",
        digest('b')
    );
    let index = format!(
        "{{\"annotations\":{{\"z\":\"1\", \"a\":\"2\"}},\"schemaVersion\":2,\"other\" : [1.50],\"manifests\":[{theirs}]}}"
    );
    let mut index = ReferrersIndex::parse(index.as_bytes()).unwrap();
    index.put(entry('a', &[]));
    index.put(entry('c', &[]));
    let written = text(&index);
    for part in [theirs.as_str(), "\"annotations\":{\"z\":\"1\", \"a\":\"2\"}", "\"other\":[1.50]"] {
        assert!(written.contains(part), "{written}");
    }
    let again = ReferrersIndex::parse(written.as_bytes()).unwrap();
    let digests: Vec<_> = again.descriptors().map(|found| found.digest().clone()).collect();
    assert_eq!(digests, ['a', 'b', 'c'].map(digest));
    assert_eq!(text(&again), written);
}

#[test]
fn a_digest_is_listed_once_with_what_was_said_last() {
    let mut index = of([entry('a', &[("x", "old")]), entry('b', &[])]);
    assert!(index.has(&entry('a', &[("x", "old")])) && !index.has(&entry('a', &[("x", "new")])));
    index.put(entry('a', &[("x", "new")]));
    assert!(index.has(&entry('a', &[("x", "new")])));
    assert_eq!(text(&index), text(&of([entry('a', &[("x", "new")]), entry('b', &[])])));
    // Others may have written one twice.
    let twice = text(&index).replace('b', "a").replace("\"x\":\"new\"", "");
    assert_eq!(text(&ReferrersIndex::parse(twice.as_bytes()).unwrap()).matches("digest").count(), 1);
    index.remove(&BTreeSet::from([digest('a').to_string()]));
    assert_eq!(index.descriptors().count(), 1);
}

#[test]
fn what_is_no_list_is_refused() {
    let entries = |entries: &str| format!("{{\"schemaVersion\":2,\"manifests\":{entries}}}");
    for (text, why) in [
        ("nonsense".to_owned(), "no JSON object"),
        ("[]".into(), "no JSON object"),
        ("{}".into(), "schemaVersion"),
        ("{\"schemaVersion\":1,\"manifests\":[]}".into(), "schemaVersion"),
        ("{\"schemaVersion\":2}".into(), "no manifests"),
        ("{\"schemaVersion\":2,\"mediaType\":\"x/y\",\"manifests\":[]}".into(), "its mediaType is \"x/y\""),
        (entries("{}"), "no list"),
        (entries("[{}]"), "entry 1 of its manifests"),
        (entries("[{\"mediaType\":\"x/y\",\"digest\":\"sha256:short\",\"size\":1}]"), "entry 1"),
        (entries("[1]"), "entry 1"),
        (format!("{}trailing", entries("[]")), "no JSON object"),
    ] {
        let found = ReferrersIndex::parse(text.as_bytes()).unwrap_err();
        assert!(found.contains(why), "{text}: {found}");
    }
    assert_eq!(ReferrersIndex::parse(entries("null").as_bytes()).unwrap().descriptors().count(), 0);
}

#[test]
fn a_huge_list_is_refused() {
    let one = entry('a', &[]);
    let all = vec![one.text.get(); REFERRERS_MAX + 1].join(",");
    let text = format!("{{\"schemaVersion\":2,\"manifests\":[{all}]}}");
    assert!(ReferrersIndex::parse(text.as_bytes()).unwrap_err().contains("more than 10000"));
}

proptest! {
    #[test]
    fn the_order_of_attaching_does_not_show(
        digits in proptest::sample::subsequence("0123456789abcdef".chars().collect::<Vec<_>>(), 0..8).prop_shuffle(),
    ) {
        let forward = of(digits.iter().map(|digit| entry(*digit, &[])));
        let backward = of(digits.iter().rev().map(|digit| entry(*digit, &[])));
        prop_assert_eq!(text(&forward), text(&backward));
        prop_assert_eq!(text(&ReferrersIndex::parse(&forward.to_bytes()).unwrap()), text(&forward));
    }
}
