use proptest::prelude::*;

use super::*;

const SHELL: &str = "/nix/store/11111111111111111111111111111111-bash.drv";
const SOURCE: &str = "/nix/store/22222222222222222222222222222222-source";
const OUT: &str = "/nix/store/00000000000000000000000000000000-hello";

/// A derivation with this list of outputs.
fn with_outputs(outputs: &str) -> String {
    format!(
        r#"Derive([{outputs}],[("{SHELL}",["dev","out"])],["{SOURCE}"],"x86_64-linux","/bin/sh",["-c","a\n\"b\"\\"],[("name","hello"),("out","{OUT}")])"#
    )
}

fn kinds(outputs: &str) -> Vec<OutputKind> {
    let derivation = Derivation::parse(with_outputs(outputs).as_bytes()).unwrap();
    derivation.outputs.iter().map(|output| output.kind).collect()
}

#[test]
fn all_that_is_needed_is_read() {
    let derivation = Derivation::parse(with_outputs(&format!(r#"("out","{OUT}","","")"#)).as_bytes()).unwrap();
    assert_eq!(derivation.output("out"), Some(&StorePath::parse(OUT).unwrap()));
    assert_eq!(derivation.output("dev"), None);
    assert_eq!(derivation.inputs, [(StorePath::parse(SHELL).unwrap(), vec!["dev".into(), "out".into()])]);
    assert_eq!(derivation.sources, [StorePath::parse(SOURCE).unwrap()]);
    let texts: Vec<&[u8]> = vec![b"/bin/sh", b"-c", b"a\n\"b\"\\", b"hello", OUT.as_bytes()];
    assert_eq!(derivation.texts, texts);
    assert!(!derivation.is_fixed());
}

#[test]
fn the_kinds_of_outputs() {
    assert_eq!(kinds(&format!(r#"("out","{OUT}","","")"#)), [OutputKind::InputAddressed]);
    assert_eq!(kinds(&format!(r#"("out","{OUT}","r:sha256","00ff")"#)), [OutputKind::Fixed]);
    assert_eq!(kinds(r#"("out","","r:sha256","")"#), [OutputKind::Floating]);
    assert_eq!(kinds(r#"("out","","","")"#), [OutputKind::Floating]);
    assert_eq!(kinds(r#"("out","","r:sha256","impure")"#), [OutputKind::Impure]);
}

/// A fixed-output derivation with this environment, of names and values.
fn fetch(output: &str, environment: &[(&str, &str)]) -> FixedOutput {
    let environment: Vec<_> = environment.iter().map(|(name, value)| format!("({name:?},{value:?})")).collect();
    let aterm = format!(
        r#"Derive([("out","{OUT}",{output})],[],[],"builtin","builtin:fetchurl",[],[{}])"#,
        environment.join(",")
    );
    *Derivation::parse(aterm.as_bytes()).unwrap().fixed.unwrap()
}

#[test]
fn what_a_fixed_output_derivation_fetches() {
    let hash = format!(r#""r:sha1","{}""#, "0f".repeat(20));
    let tarball = fetch(
        &hash,
        &[("name", "hello"), ("url", "https://a.example/a"), ("urls", "mirror://b/b https://a.example/a")],
    );
    let hash = tarball.hash.as_ref().unwrap();
    assert_eq!((hash.method, &*hash.hex()), (crate::HashMethod::Nar, &*"0f".repeat(20)));
    assert_eq!(tarball.urls(), ["https://a.example/a", "mirror://b/b"]);
}

#[test]
fn structured_attributes_name_addresses_too() {
    let json = r#"{"name":"hello","url":"https://a.example/a","urls":["https://a.example/a","https://b.example/b"]}"#;
    let hash = format!(r#""sha256","{}""#, "00".repeat(32));
    assert_eq!(fetch(&hash, &[("__json", json)]).urls(), ["https://a.example/a", "https://b.example/b"]);
    for odd in ["", "[", "[]", r#"{"url":7,"urls":{"a":"b"}}"#, r#"{"urls":[7]}"#, r#"{"url":null}"#] {
        assert_eq!(fetch(&hash, &[("__json", odd)]).urls(), Vec::<String>::new(), "{odd}");
    }
}

#[test]
fn a_fetch_that_says_nothing_or_much() {
    let nothing = fetch(r#""sha3","00""#, &[("urls", " ")]);
    assert_eq!((&nothing.hash, nothing.urls()), (&None, vec![]));
    let many: Vec<_> = (0..1000).map(|i| format!("https://{i}.example/")).collect();
    assert_eq!(fetch(r#""sha3","00""#, &[("urls", &many.join(" "))]).urls().len(), 64);
}

#[test]
fn nothing_is_kept_of_what_fetches_nothing() {
    let honest = with_outputs(&format!(r#"("out","{OUT}","","")"#));
    assert_eq!(Derivation::parse(honest.as_bytes()).unwrap().fixed, None);
}

#[test]
fn a_dynamic_derivation_is_only_known_to_be_one() {
    let derivation = Derivation::parse(br#"DrvWithVersion("xp-dyn-drv",[],[],[],"","",[],[])"#).unwrap();
    assert_eq!(derivation, Derivation { is_dynamic: true, ..Derivation::default() });
}

#[test]
fn what_is_no_derivation_is_refused_with_the_place() {
    let honest = with_outputs(&format!(r#"("out","{OUT}","","")"#));
    for (bad, why) in [
        (String::new(), "at byte 0: it is not written as Nix writes derivations"),
        ("Derive([".into(), "at byte 8"),
        (honest.clone() + "x", "something follows it"),
        (honest.replace(SOURCE, "/etc/passwd"), "a path in it is no store path"),
        (r#"Derive([("out"#.into(), "a string has no end"),
        (r#"Derive([("out\"#.into(), "a string has no end"),
    ] {
        let message = Derivation::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(why), "{bad}: {message}");
    }
}

proptest! {
    #[test]
    fn any_environment_is_read_as_it_was(value in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut escaped = Vec::new();
        for byte in &value {
            match byte {
                b'"' | b'\\' => escaped.extend([b'\\', *byte]),
                b'\n' => escaped.extend(b"\\n"),
                b'\r' => escaped.extend(b"\\r"),
                b'\t' => escaped.extend(b"\\t"),
                other => escaped.push(*other),
            }
        }
        let mut aterm = br#"Derive([],[],[],"s","b",[],[("k",""#.to_vec();
        aterm.extend(&escaped);
        aterm.extend(b"\")])");
        prop_assert_eq!(&Derivation::parse(&aterm).unwrap().texts[1], &value);
    }

    #[test]
    fn what_is_cut_off_is_refused(length in 0usize..200) {
        let honest = with_outputs("");
        let cut = &honest.as_bytes()[..length.min(honest.len() - 1)];
        prop_assert!(Derivation::parse(cut).is_err());
    }
}
