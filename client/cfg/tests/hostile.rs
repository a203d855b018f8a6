//! What a stranger may hand over as a configuration, each refusal named after the attack.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use nix_seed_cfg::{Cfg, Error, Level, MAX_BYTES, Pattern};
use proptest::prelude::*;
use serde_json::{Value, json};

const NORMAL: &str = include_str!("../../../lib/tests/seed-cfg/normal.json");

fn normal(name: &str) -> Value {
    serde_json::from_str::<Value>(NORMAL).unwrap()[name].take()
}

fn refusal(json: &str) -> Error {
    match Cfg::from_json(json.as_bytes()) {
        Ok(_) => panic!("it is accepted: {json}"),
        Err(error) => error,
    }
}

/// Each object's place in a document.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    if let Value::Object(fields) = value {
        found.push(at.to_owned());
        for (name, value) in fields {
            objects(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }
    }
}

#[test]
fn a_field_left_out_takes_no_default() {
    let mut places = Vec::new();
    let cfg = normal("quorum");
    objects(&cfg, "", &mut places);
    let mut tried = 0;
    for place in places {
        let names: Vec<_> = cfg.pointer(&place).unwrap().as_object().unwrap().keys().cloned().collect();
        // Builders have names of one's own; one less is another configuration, but not one of three.
        for name in names {
            let mut less = cfg.clone();
            less.pointer_mut(&place).unwrap().as_object_mut().unwrap().remove(&name);
            let error = refusal(&less.to_string());
            let message = error.to_string();
            assert!(message.contains(&name) || message.contains("quorum.m"), "{place}/{name}: {message}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn a_field_that_nobody_reads_is_refused_wherever_it_is() {
    let mut places = Vec::new();
    let cfg = normal("quorum");
    objects(&cfg, "", &mut places);
    for place in places.iter().filter(|place| *place != "/builders" && *place != "/outputs") {
        let mut more = cfg.clone();
        more.pointer_mut(place).unwrap()["unknown"] = json!(null);
        assert!(refusal(&more.to_string()).to_string().contains("unknown"), "{place}");
    }
}

#[test]
fn a_list_in_the_place_of_an_object_is_refused_wherever_it_is() {
    let mut places = Vec::new();
    let mut cfg = normal("quorum");
    cfg["outputs"] = json!({ "packages.default": { "level": 2 } });
    let contract = "0x0000000000000000000000000000000000000000";
    cfg["contract"] = json!({
        "chainId": 1, "address": contract, "codeHash": format!("{contract}{}", "0".repeat(24)), "endpoints": ["https://example.org"],
    });
    assert!(Cfg::from_json(cfg.to_string().as_bytes()).is_ok());
    objects(&cfg, "", &mut places);
    assert!(places.len() > 10, "{places:?}");
    // serde_json keeps names in their order, which is not always that of fields: all orders of few.
    for place in places {
        let fields: Vec<_> = cfg.pointer(&place).unwrap().as_object().unwrap().values().cloned().collect();
        for turn in 0..fields.len() {
            let mut list = fields.clone();
            list.rotate_left(turn);
            for list in [list.clone(), list.into_iter().rev().collect()] {
                let mut other = cfg.clone();
                *other.pointer_mut(&place).unwrap() = list.into();
                assert!(Cfg::from_json(other.to_string().as_bytes()).is_err(), "{place}");
            }
        }
    }
}

#[test]
fn a_name_twice_is_refused_wherever_it_is() {
    let text = normal("github").to_string();
    for name in ["version", "level", "builders", "outputs", "github", "issuer", "subjects", "sandbox", "maxAge"] {
        let key = format!("\"{name}\":");
        let start = text.find(&key).unwrap();
        // The value, up to what ends it at the same depth.
        let mut depth = 0;
        let value = &text[start + key.len()..];
        let end = value
            .char_indices()
            .find(|(_, c)| {
                depth += match c {
                    '{' | '[' => 1,
                    '}' | ']' => -1,
                    _ => 0,
                };
                depth < 0 || depth == 0 && *c == ','
            })
            .unwrap()
            .0;
        let twice = format!("{}{key}{},{}", &text[..start], &value[..end], &text[start..]);
        let message = refusal(&twice).to_string();
        assert!(message.contains("duplicate") || message.contains("is there twice"), "{name}: {message}");
    }
}

#[test]
fn a_second_document_behind_the_first_is_refused() {
    let text = normal("github").to_string();
    assert!(Cfg::from_json(format!("{text}\n ").as_bytes()).is_ok());
    for more in ["{}", "x", "\0", &text] {
        assert!(matches!(refusal(&format!("{text}{more}")), Error::Malformed { .. }), "{more}");
    }
}

#[test]
fn what_is_too_large_is_not_read() {
    let error = Cfg::from_json(&vec![b' '; MAX_BYTES + 1]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }));
}

#[test]
fn a_message_is_short_whatever_it_is_about() {
    let long = "x".repeat(1 << 20);
    for place in
        ["/level", "/source", "/registry", "/builders/github/issuer", "/builders/github/parent", "/build/sandbox"]
    {
        let mut cfg = normal("github");
        *cfg.pointer_mut(place).unwrap() = json!(long);
        assert!(refusal(&cfg.to_string()).to_string().len() < 1000, "{place}");
    }
    for place in ["", "/builders", "/builders/github", "/outputs", "/services"] {
        let mut cfg = normal("github");
        cfg.pointer_mut(place).unwrap()[&long] = json!({ "level": 7 });
        assert!(refusal(&cfg.to_string()).to_string().len() < 1000, "{place}");
    }
}

#[test]
fn what_is_too_deep_is_refused() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(refusal(&deep), Error::Malformed { .. }));
    let mut cfg = normal("github");
    cfg["contract"] = json!("DEEP");
    assert!(matches!(refusal(&cfg.to_string().replace("\"DEEP\"", &deep)), Error::Malformed { .. }));
}

#[test]
fn a_thousand_and_one_outputs_are_refused() {
    let outputs = |count: usize| {
        let mut cfg = normal("github");
        cfg["outputs"] = (0..count).map(|index| (format!("packages.p{index}"), json!({ "level": 1 }))).collect();
        Cfg::from_json(cfg.to_string().as_bytes())
    };
    assert!(outputs(1000).is_ok());
    assert!(outputs(1001).is_err());
}

#[test]
fn a_raw_configuration_is_told_how_to_become_normal() {
    let message = refusal(r#"{ "source": "github:owner/app", "builders": {} }"#).to_string();
    assert!(message.contains("seedCfg = inputs.nix-seed.lib.seedCfg {"), "{message}");
}

#[test]
fn a_newer_version_is_told_as_such_whatever_else_it_has() {
    let message = refusal(r#"{ "version": 2, "witnesses": [] }"#).to_string();
    assert!(message.contains("version 2") && message.contains("nix flake update"), "{message}");
}

#[test]
fn a_private_key_is_not_repeated() {
    let pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIsecret\n-----END EC PRIVATE KEY-----\n";
    for place in ["/registry", "/trustedRoot", "/builders", "/level", "/build/sandbox"] {
        let mut cfg = normal("github");
        *cfg.pointer_mut(place).unwrap() = json!(pem);
        let error = refusal(&cfg.to_string());
        assert_eq!(error, Error::PrivateKey, "{place}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn passwords_and_pins_are_not_repeated() {
    let places = [
        ("/source", json!("git+https://me:s3cret@github.com/owner/app")),
        ("/builders/github/issuer", json!("https://me:s3cret@example.org")),
        ("/services/fulcio", json!("https://me:s3cret@example.org")),
        ("/build/substituters", json!(["https://me:s3cret@example.org"])),
        ("/builders/github/signer", json!(["sign", "--pin", "s3cret"])),
    ];
    for (place, value) in places {
        let mut cfg = normal("github");
        *cfg.pointer_mut(place).unwrap() = value;
        assert!(!refusal(&cfg.to_string()).to_string().contains("s3cret"), "{place}");
    }
}

#[test]
fn another_name_of_one_repository_is_refused() {
    for source in [
        "github:owner/app",
        "https://github.com/owner/app",
        "git+https://github.com/owner/app.git",
        "git+https://github.com/owner/app/",
        "git+https://github.com//owner/app",
        "git+https://github.com:443/owner/app",
        "git+https://GitHub.com/owner/app",
        "git+ssh://github.com/owner/app",
        "git+ssh://git.example.org:22/owner/app",
        "git+ssh://git@git.example.org/owner/app",
        "git+http://localhost:80/owner/app",
        "git+https://github.com/owner/app?dir=",
        "git+https://github.com/owner/app?dir=a/",
        "git+https://github.com/owner/app?",
    ] {
        let mut cfg = normal("github");
        cfg["source"] = json!(source);
        assert!(matches!(refusal(&cfg.to_string()), Error::Malformed { .. }), "{source}");
    }
}

#[test]
fn all_mistakes_are_told() {
    let mut cfg = normal("github");
    cfg["builders"]["github"]["subjects"] = json!([]);
    cfg["services"]["rekorVersion"] = json!(1);
    let Error::Refused(faults) = refusal(&cfg.to_string()) else { panic!("another error") };
    let at: Vec<_> = faults.0.iter().map(|fault| fault.at.as_str()).collect();
    assert_eq!(at, ["builders.github", "services.rekorVersion"]);
}

#[test]
fn an_output_has_the_level_that_is_nearest_to_it() {
    let mut cfg = normal("quorum");
    cfg["outputs"] = json!({
        "packages.default": { "level": 2 },
        "packages.x86_64-linux.default": { "level": 1 },
        "packages.\"lib-1.2\"": { "level": 1 },
        "formatter": { "level": 1 },
    });
    let cfg = Cfg::from_json(cfg.to_string().as_bytes()).unwrap();
    for (output, level) in [
        ("packages.x86_64-linux.default", Level::One),
        ("packages.aarch64-linux.default", Level::Two),
        ("packages.aarch64-linux.other", Level::Two),
        ("packages.x86_64-linux.\"lib-1.2\"", Level::One),
        ("formatter.x86_64-linux", Level::One),
        ("checks.x86_64-linux.default", Level::Two),
    ] {
        assert_eq!(cfg.for_output(output).unwrap().level, level, "{output}");
    }
    for output in
        ["packages.default", "default", "", ".#default", "packages.x86_64-linux", "packages.x86_64-linux.\"default\""]
    {
        assert!(matches!(cfg.for_output(output), Err(Error::Output { .. })), "{output}");
    }
}

#[test]
fn an_identity_is_an_issuer_and_a_subject() {
    let cfg = Cfg::from_json(normal("github").to_string().as_bytes()).unwrap();
    let builder = &cfg.builders["github"];
    let (issuer, subject) = (builder.issuer.clone().unwrap(), builder.subjects[0].to_string());
    assert!(builder.is_identity(&issuer, &subject));
    assert!(!builder.is_identity("https://gitlab.com", &subject));
    assert!(!builder.is_identity(&format!("{issuer}/"), &subject));
    assert!(!builder.is_identity(&issuer, &subject.replace("main", "other")));
    let keys = Cfg::from_json(normal("keys").to_string().as_bytes()).unwrap();
    assert!(!keys.builders["ci"].is_identity("", ""));
}

#[test]
fn a_branch_that_is_called_like_an_end_is_not_let_in() {
    // Git lets a branch be called so.
    let evil = "https://github.com/evil/x/.github/workflows/a.yaml@refs/heads/x@example.org";
    assert!(!Pattern::new("*@example.org").unwrap().matches(evil));
    assert!(Pattern::new("**@example.org").is_err());
    let evil = "https://github.com/me/app/.github/workflows/a.yaml@refs/heads/x@refs/heads/main";
    assert!(!Pattern::new("https://github.com/me/app/.github/workflows/*@refs/heads/main").unwrap().matches(evil));
}

#[test]
fn a_list_in_the_place_of_a_set() {
    for (field, list) in [("freshness", json!([null])), ("build", json!([true, []])), ("quorum", json!([2, 3]))] {
        let mut cfg = normal("quorum");
        cfg[field] = list;
        assert!(Cfg::from_json(cfg.to_string().as_bytes()).is_err(), "{field}");
    }
}

/// Any JSON, of which some is a configuration's.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
        Just(json!("https://github.com/*@refs/heads/main")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z.\"]{0,8}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Cfg::from_json(&bytes);
    }

    #[test]
    fn any_value_in_any_place_is_read_as_it_is_or_refused(
        example in prop::sample::select(vec!["github", "hsm", "quorum"]),
        place in any::<prop::sample::Index>(),
        value in any_json(),
    ) {
        let mut cfg = normal(example);
        let mut places = Vec::new();
        objects(&cfg, "", &mut places);
        let mut fields = Vec::new();
        for place in places {
            let names = cfg.pointer(&place).unwrap().as_object().unwrap().keys();
            fields.extend(names.map(|name| format!("{place}/{name}")));
        }
        *cfg.pointer_mut(place.get(&fields).as_str()).unwrap() = value;
        if let Ok(read) = Cfg::from_json(cfg.to_string().as_bytes()) {
            prop_assert_eq!(serde_json::to_value(&read).unwrap(), cfg);
            let _ = (read.table(), read.warnings());
        }
    }

    #[test]
    fn what_is_let_in_has_a_fixed_host(pattern in "(https://)?([a-c.*/@]{0,12})") {
        // Whoever has another host, or a domain of another name, is never matched.
        if let Ok(pattern) = Pattern::new(&pattern) {
            for stranger in ["https://evil.example/a/b@c", "evil@evil.example", "evil"] {
                prop_assert!(!pattern.matches(stranger), "{}", pattern);
            }
        }
    }
}
