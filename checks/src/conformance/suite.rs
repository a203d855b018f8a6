//! The cases of a checkout of the suite, by the rules of its `test/test_bundle.py` and `test/client.py`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::case::{Artifact, Case, Signer, Verdict};

/// Who has signed, where a case does not say so.
const SUBJECT: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// All cases, by name.
pub fn cases(checkout: &Path) -> Result<Vec<Case>> {
    let folder = checkout.join("test/assets/bundle-verify");
    let about = || {
        format!("{} is no checkout of sigstore-conformance: it has no test/assets/bundle-verify", checkout.display())
    };
    // Clients are called in other folders.
    let folder = fs::canonicalize(folder).with_context(about)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).with_context(about)? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(case(&folder, &path)?);
        }
    }
    ensure!(!found.is_empty(), "{} has no cases", folder.display());
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

fn case(all: &Path, folder: &Path) -> Result<Case> {
    let name = folder.file_name().context("a case has no name")?.to_string_lossy().into_owned();
    let file = |name: &str| Some(folder.join(name)).filter(|file| file.exists());
    let line = |name: &str| -> Result<Option<String>> {
        let Some(file) = file(name) else { return Ok(None) };
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Some(text.trim().to_owned()))
    };
    let signer = match file("key.pub") {
        Some(key) => Signer::Key(key),
        None => Signer::Identity {
            subject: line("identity")?.unwrap_or_else(|| SUBJECT.to_owned()),
            issuer: line("issuer")?.unwrap_or_else(|| ISSUER.to_owned()),
        },
    };
    Ok(Case {
        bundle: folder.join("bundle.sigstore.json"),
        signer,
        trusted_root: file("trusted_root.json"),
        artifact: Artifact::File(file("artifact").unwrap_or_else(|| all.join("a.txt"))),
        expected: if name.ends_with("fail") { Verdict::Refused } else { Verdict::Accepted },
        name,
    })
}

#[derive(Deserialize)]
struct Manager {
    #[serde(rename = "Release")]
    release: String,
    #[serde(rename = "Release manager")]
    subject: String,
    #[serde(rename = "OIDC Issuer")]
    issuer: String,
}

/// The releases of a checkout of cpython-release-tracker, which the suite asks about too: of each, the first file that has
/// a bundle. The bundles are written into `scratch`.
pub fn releases(tracker: &Path, scratch: &Path) -> Result<Vec<Case>> {
    let read = |file: PathBuf| -> Result<Value> {
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))
    };
    let managers: Vec<Manager> = serde_json::from_value(read(tracker.join("signing-identities.json"))?)
        .context("signing-identities.json does not say who has signed")?;
    let mut found = Vec::new();
    let folder = tracker.join("versions");
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let Some(version) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else { continue };
        let release: Vec<_> = version.split('.').take(2).collect();
        let Some(manager) = managers.iter().find(|manager| manager.release == release.join(".")) else { continue };
        let files = read(path.clone())?;
        let signed = files.as_array().into_iter().flatten().find(|file| file["sigstore"].is_object());
        let Some(signed) = signed else { continue };
        let bundle = scratch.join(format!("{version}.sigstore.json"));
        fs::write(&bundle, signed["sigstore"].to_string())?;
        let hash = signed["sha256"].as_str().with_context(|| format!("a file of {version} has no hash"))?;
        found.push(Case {
            name: format!("cpython-{version}"),
            bundle,
            signer: Signer::Identity { subject: manager.subject.clone(), issuer: manager.issuer.clone() },
            trusted_root: None,
            artifact: Artifact::Digest(format!("sha256:{hash}")),
            expected: Verdict::Accepted,
        });
    }
    ensure!(!found.is_empty(), "{} has no releases with bundles", tracker.display());
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::case::Input;
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }

    #[test]
    fn a_case_is_what_its_folder_says() {
        let checkout = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(checkout.path()).unwrap().join("test/assets/bundle-verify");
        write(
            &folder,
            &[
                ("README.md", ""),
                ("a.txt", "a"),
                ("plain/bundle.sigstore.json", ""),
                ("own_fail/bundle.sigstore.json", ""),
                ("own_fail/artifact", "b"),
                ("own_fail/identity", "me\n"),
                ("own_fail/issuer", " them "),
                ("own_fail/trusted_root.json", "{}"),
                ("key/bundle.sigstore.json", ""),
                ("key/identity", "nobody asks"),
                ("key/key.pub", ""),
            ],
        );
        let cases = cases(checkout.path()).unwrap();
        let names: Vec<_> = cases.iter().map(|case| (case.name.as_str(), case.expected)).collect();
        assert_eq!(names, [("key", Verdict::Accepted), ("own_fail", Verdict::Refused), ("plain", Verdict::Accepted)]);
        let at = |name: &str| folder.join(name).display().to_string();
        let key = cases[0].arguments(Input::Path).unwrap();
        let bundle = at("key/bundle.sigstore.json");
        assert_eq!(key, ["verify-bundle", "--bundle", &bundle, "--key", &at("key/key.pub"), &at("a.txt")]);
        let own = cases[1].arguments(Input::Digest).unwrap();
        assert_eq!(own[3..7], ["--certificate-identity", "me", "--certificate-oidc-issuer", "them"]);
        assert_eq!(own[7..9], ["--trusted-root".to_owned(), at("own_fail/trusted_root.json")]);
        assert_eq!(own[9], "sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d");
        assert_eq!(
            cases[2].arguments(Input::Path).unwrap()[3..7],
            ["--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER]
        );
    }

    #[test]
    fn a_folder_that_is_no_checkout_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = cases(folder.path()).unwrap_err();
        assert!(error.to_string().contains("no checkout"), "{error}");
    }

    #[test]
    fn a_release_is_the_first_file_with_a_bundle_and_signed_by_its_manager() {
        let folder = tempfile::tempdir().unwrap();
        let tracker = folder.path().join("tracker");
        let managers =
            r#"[{ "Release": "3.11", "Release manager": "me@example.org", "OIDC Issuer": "https://issuer" }]"#;
        let files =
            r#"[{ "sha256": "00" }, { "sha256": "01", "sigstore": { "a": 1 } }, { "sha256": "02", "sigstore": {} }]"#;
        write(
            &tracker,
            &[
                ("signing-identities.json", managers),
                ("versions/3.11.6.json", files),
                ("versions/3.11.0.json", r#"[{ "sha256": "03" }]"#),
                ("versions/3.7.1.json", files),
            ],
        );
        let cases = releases(&tracker, folder.path()).unwrap();
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["cpython-3.11.6"]);
        let arguments = cases[0].arguments(Input::Digest).unwrap();
        assert_eq!(arguments[4..8], ["me@example.org", "--certificate-oidc-issuer", "https://issuer", "sha256:01"]);
        assert_eq!(fs::read_to_string(&cases[0].bundle).unwrap(), r#"{"a":1}"#);
    }
}
