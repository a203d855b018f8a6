use serde_json::{Value, json};

use super::*;

const OUT: &str = "/nix/store/00000000000000000000000000000000-hello";

/// What is made of a package that says this.
fn package(fields: Value) -> Package {
    let mut row = json!({ "outputs": { "out": OUT } });
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let packages = Packages::parse(json!([row]).to_string().as_bytes()).unwrap();
    packages.get(&StorePath::parse(OUT).unwrap()).unwrap().1.clone()
}

fn license(license: Value) -> Option<License> {
    package(json!({ "license": license })).license
}

fn listed(id: &str) -> Value {
    json!({ "spdxId": id, "name": format!("The {id} license"), "url": null })
}

/// The text of a license that is an expression.
fn expression(given: Value) -> Option<String> {
    match license(given)? {
        License::Expression(expression) => Some(expression.text()),
        License::Several(_) => None,
    }
}

#[test]
fn what_a_package_says_of_itself() {
    let hello = package(json!({
        "pname": "hello", "version": "2.12.1", "description": "Greets\nfriendly, 100%25 caf%C3%A9",
        "homepages": ["https://example.org/a%2520b", "https://example.org/a%2520b"], "license": listed("MIT"),
        "purls": ["pkg:github/a/b@1", "no purl"], "cpe": "cpe:2.3:a:gnu:hello:2.12.1:*:*:*:*:*:*:*",
        "position": "/nix/store/x/package.nix:12",
    }));
    let expected = Package {
        name: Some("hello".into()),
        version: Some("2.12.1".into()),
        description: Some("Greets friendly, 100% café".into()),
        homepages: vec!["https://example.org/a%20b".into()],
        license: Some(License::Expression(Expression::Listed("MIT".into()))),
        purls: vec!["pkg:github/a/b@1".into()],
        cpe: Some("cpe:2.3:a:gnu:hello:2.12.1:*:*:*:*:*:*:*".into()),
        position: Some("/nix/store/x/package.nix:12".into()),
    };
    assert_eq!(hello, expected);
    assert_eq!(package(json!({})), Package::default());
    let nulls =
        json!({ "pname": null, "version": null, "description": null, "license": null, "cpe": null, "position": null });
    assert_eq!(package(nulls), Package::default());
}

#[test]
fn what_is_not_well_formed_is_left_out() {
    let odd = package(
        json!({ "pname": "\u{1}", "cpe": "cpe:/a:gnu", "purls": vec!["pkg:a/b"; 65], "homepages": vec!["a"; 65] }),
    );
    assert_eq!(odd, Package::default());
}

#[test]
fn licenses_by_themselves() {
    assert_eq!(expression(listed("MIT")).as_deref(), Some("MIT"));
    assert_eq!(expression(listed("EUPL-1.1+")).as_deref(), Some("EUPL-1.1+"));
    assert_eq!(expression(json!({ "name": "Unfree" })).as_deref(), Some("LicenseRef-Unfree"));
    assert_eq!(expression(json!({ "spdxId": "LicenseRef-x", "name": "X" })).as_deref(), Some("LicenseRef-x"));
    // An identifier of its own making is a name.
    let Some(License::Expression(Expression::Own(own))) =
        license(json!({ "spdxId": "mit", "url": "https://a.example" }))
    else {
        panic!("mit is on no list")
    };
    assert_eq!((&*own.name, own.url.as_deref()), ("mit", Some("https://a.example")));
    assert_eq!(license(json!({})), None);
    assert_eq!(license(json!({ "url": "https://a.example" })), None);
}

#[test]
fn licenses_whose_relation_is_known() {
    let both = json!({ "operator": "AND", "licenses": [listed("MIT"), { "operator": "OR", "licenses": [listed("ISC"), listed("Zlib")] }] });
    assert_eq!(expression(both).as_deref(), Some("MIT AND (ISC OR Zlib)"));
    let with = |license: Value, exception: &str| {
        expression(
            json!({ "operator": "WITH", "license": license, "exception": { "spdxId": exception, "name": "An exception" } }),
        )
    };
    assert_eq!(with(listed("Apache-2.0"), "LLVM-exception").as_deref(), Some("Apache-2.0 WITH LLVM-exception"));
    let own = with(listed("Apache-2.0"), "Own-exception").unwrap();
    assert!(own.starts_with("LicenseRef-Apache-2.0-WITH-An-exception-"), "{own}");
    assert!(
        with(json!({ "name": "Own" }), "LLVM-exception").unwrap().starts_with("LicenseRef-Own-WITH-LLVM-exception-")
    );
    let later = |license: Value| expression(json!({ "operator": "+", "license": license }));
    assert_eq!(later(listed("EUPL-1.1")).as_deref(), Some("EUPL-1.1+"));
    assert!(later(listed("GPL-2.0-only")).unwrap().starts_with("LicenseRef-GPL-2.0-only-"));
}

#[test]
fn a_list_says_nothing_of_how_its_licenses_relate() {
    let list = |licenses: Vec<Value>| license(json!({ "operator": "list", "licenses": licenses }));
    let of = |ids: &[&str]| ids.iter().map(|id| Expression::Listed((*id).into())).collect::<Vec<_>>();
    assert_eq!(list(vec![listed("MIT"), listed("ISC"), listed("MIT")]), Some(License::Several(of(&["MIT", "ISC"]))));
    assert_eq!(list(vec![listed("MIT"), listed("MIT")]), Some(License::Expression(Expression::Listed("MIT".into()))));
    assert_eq!(list(vec![]), None);
    // One that is not known would be missing.
    assert_eq!(list(vec![listed("MIT"), Value::Null]), None);
    assert_eq!(list(vec![listed("MIT"), json!({})]), None);
}

#[test]
fn a_license_of_too_many_parts_or_levels_says_nothing() {
    let several = |count| json!({ "operator": "AND", "licenses": vec![listed("MIT"); count] });
    assert!(license(several(63)).is_some() && license(several(64)).is_none());
    let nested =
        |levels| (1..levels).fold(listed("MIT"), |license, _| json!({ "operator": "OR", "licenses": [license] }));
    assert!(license(nested(8)).is_some() && license(nested(9)).is_none());
    for incomplete in [
        json!({ "operator": "AND" }),
        json!({ "operator": "WITH", "license": listed("MIT") }),
        json!({ "operator": "+" }),
    ] {
        assert_eq!(license(incomplete), None);
    }
}

#[test]
fn what_is_no_such_document_is_refused() {
    for (bad, why) in [
        ("", "EOF"),
        ("{}", "expected a sequence"),
        (r#"[{}]"#, "missing field `outputs`"),
        (r#"[{"outputs":{"out":"/etc/passwd"}}]"#, "is not a store path"),
        (r#"[{"outputs":{},"nmae":"a"}]"#, "unknown field `nmae`"),
        (r#"[{"outputs":{},"license":{"operator":"XOR"}}]"#, "unknown variant `XOR`"),
    ] {
        let message = Packages::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(why) && message.contains("nix eval --json .#seed.metadata"), "{message}");
    }
    let deep = format!(r#"[{{"outputs":{{}},"license":{}1{}}}]"#, r#"{"license":"#.repeat(1000), "}".repeat(1000));
    assert!(Packages::parse(deep.as_bytes()).unwrap_err().to_string().contains("recursion limit"));
}

#[test]
fn of_two_things_that_are_said_of_one_path_the_order_decides_nothing() {
    let [a, b] = ["a", "b"].map(|name| json!({ "outputs": { "out": OUT }, "pname": name }));
    let of = |rows: Value| Packages::parse(rows.to_string().as_bytes()).unwrap();
    assert_eq!(of(json!([a, b])), of(json!([b, a])));
}
