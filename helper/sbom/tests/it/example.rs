//! A small closure that has one of each: a program that refers to itself and to a library, a fetched file, a flake's input, a text.

use nix_seed_sbom::{Bom, Origins, Packages, Subject};
use nix_seed_store::{Closure, Derivation, Sha256Hash, StorePath};
use serde_json::{Value, json};

pub(crate) const HELLO: &str = "/nix/store/1m9y0xb9cnbxxgi3zmjgnbbasjjq3ldd-hello-2.12.1";
const HELLO_MAN: &str = "/nix/store/2m9y0xb9cnbxxgi3zmjgnbbasjjq3ldd-hello-2.12.1-man";
pub(crate) const GLIBC: &str = "/nix/store/3dyw8dzj9ab4m8hv5dpyx7zii8d0w6fi-glibc-2.40-36";
const TARBALL: &str = "/nix/store/4pa0cqrglsq3nya5bfsrlfwxdkyyhyqr-hello-2.12.1.tar.gz";
const PATCH: &str = "/nix/store/5zmfklzmdxf0h4xh6rwq7kjx7bpl3g0c-fix.patch";
const VENDORED: &str = "/nix/store/6rj8ylr0m4yn2ah0xlr4ndx1j4ylq6m2-hello-vendor";
const SOURCE: &str = "/nix/store/7vbxfk1s0ja7yd0zrfq6v8z5ldwkr43g-source";
const SCRIPT: &str = "/nix/store/8mdpyd9k20cd8gll0wbglbjnhd6k0rp0-builder.sh";

fn row(path: &str, references: &[&str], ca: Option<&str>) -> Value {
    // Any hash; that of the path, so that they differ.
    let hash = format!(
        "sha256:{}",
        path.bytes().cycle().skip(11).take(64).map(|byte| format!("{:x}", byte % 16)).collect::<String>()
    );
    json!({ "path": path, "narHash": hash, "narSize": 1000 + path.len(), "references": references, "ca": ca })
}

pub(crate) fn rows() -> Vec<Value> {
    let hash = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
    vec![
        row(HELLO, &[GLIBC, HELLO], None),
        row(HELLO_MAN, &[], None),
        row(GLIBC, &[GLIBC], None),
        row(PATCH, &[], Some(&format!("fixed:sha256:{hash}"))),
        row(SOURCE, &[], Some(&format!("fixed:r:sha256:{hash}"))),
        row(SCRIPT, &[GLIBC], Some(&format!("text:sha256:{hash}"))),
    ]
}

pub(crate) fn metadata() -> Vec<Value> {
    let license = |id: &str| json!({ "spdxId": id, "name": id, "url": format!("https://spdx.org/licenses/{id}.html") });
    vec![
        json!({
            "outputs": { "out": HELLO, "man": HELLO_MAN },
            "pname": "hello", "version": "2.12.1",
            "description": "Program that greets: \"caf%C3%A9\", <b>, \u{1b}[31m, 100%25",
            "homepages": ["https://www.gnu.org/software/hello/manual/", "http://localhost/hello"],
            "license": license("GPL-3.0-or-later"),
            "purls": ["pkg:generic/hello@2.12.1", "pkg:github/gnu/hello@2.12.1"],
            "cpe": "cpe:2.3:a:gnu:hello:2.12.1:*:*:*:*:*:*:*",
            "position": "/nix/store/7vbxfk1s0ja7yd0zrfq6v8z5ldwkr43g-source/pkgs/by-name/he/hello/package.nix:34",
        }),
        json!({
            "outputs": { "out": GLIBC }, "pname": null, "version": null, "description": null, "homepages": [],
            "license": { "operator": "list", "licenses": [license("LGPL-2.1-or-later"), { "spdxId": null, "name": "An own license", "url": null }] },
            "purls": [], "cpe": null, "position": null,
        }),
        json!({
            "outputs": { "out": TARBALL }, "pname": null, "version": null, "description": null, "homepages": [],
            "license": { "operator": "AND", "licenses": [
                { "operator": "OR", "licenses": [license("MIT"), license("Apache-2.0")] },
                { "spdxId": null, "name": "An own license", "url": "https://example.org/license" },
            ] },
            "purls": [], "cpe": null, "position": null,
        }),
    ]
}

/// The `.drv` files: their names and contents.
pub(crate) fn derivations() -> Vec<(StorePath, Derivation)> {
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let flat = format!(r#""sha256","{hash}""#);
    let sha512 = format!(r#""sha512","{}""#, hash.repeat(2));
    let drv = |name: &str| format!("/nix/store/0000000000000000000000000000000{}-{name}.drv", name.len() % 10);
    let made = |name: &str, outputs: &[(&str, &str, &str)], inputs: &[&str], environment: &str| {
        let outputs: Vec<_> =
            outputs.iter().map(|(name, path, hash)| format!(r#"("{name}","{path}",{hash})"#)).collect();
        let inputs: Vec<_> = inputs.iter().map(|input| format!(r#"("{}",["out"])"#, drv(input))).collect();
        let aterm = format!(
            r#"Derive([{}],[{}],[],"x86_64-linux","/bin/sh",[],[{environment}])"#,
            outputs.join(","),
            inputs.join(",")
        );
        (StorePath::parse(&drv(name)).unwrap(), Derivation::parse(aterm.as_bytes()).unwrap())
    };
    let none = r#""","""#;
    let urls = r#"("urls","mirror://gnu/hello/hello-2.12.1.tar.gz https://ftp.gnu.org/gnu/hello/hello-2.12.1.tar.gz")"#;
    let private = r#"("url","https://user:secret@git.example.org/fix.patch?token=secret")"#;
    vec![
        made(
            "hello-2.12.1",
            &[("man", HELLO_MAN, none), ("out", HELLO, none)],
            &["hello-2.12.1.tar.gz", "fix.patch", "hello-vendor", "gcc"],
            "",
        ),
        made("hello-2.12.1.tar.gz", &[("out", TARBALL, &flat)], &[], urls),
        made("fix.patch", &[("out", PATCH, &flat)], &[], private),
        made("hello-vendor", &[("out", VENDORED, &sha512.replace("\"sha512", "\"r:sha512"))], &[], ""),
        made("glibc-2.40-36", &[("out", GLIBC, none)], &[], ""),
    ]
}

pub(crate) fn closure() -> Closure {
    Closure::parse(json!(rows()).to_string().as_bytes()).unwrap()
}

pub(crate) fn packages() -> Packages {
    Packages::parse(json!(metadata()).to_string().as_bytes()).unwrap()
}

pub(crate) fn origins() -> Origins {
    let mut origins = Origins::default();
    derivations().iter().for_each(|(path, derivation)| origins.add(path, derivation));
    origins
}

pub(crate) fn bom(subject: Subject) -> Bom {
    Bom::new(subject, 1_760_000_000, &closure(), &packages(), &origins()).unwrap()
}

pub(crate) fn image() -> Subject {
    Subject::Image {
        name: "ghcr.io/me/hello-seed".into(),
        version: None,
        manifest: Sha256Hash([0xab; 32]),
        roots: [HELLO, SOURCE].into_iter().map(|root| StorePath::parse(root).unwrap()).collect(),
    }
}

pub(crate) fn result() -> Subject {
    Subject::Result { path: StorePath::parse(HELLO).unwrap() }
}
