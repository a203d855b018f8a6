//! Bundles that come with the crates that the client verifies with: they are on every machine that has built it, with the content
//! that `client/Cargo.lock` names. A part of what the suite asks, without a checkout of it.
//!
//! Of each bundle that holds, others are made that do not: for another signer, of another artifact, by another trusted root.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::case::{Artifact, Case, Signer, Verdict};
use crate::machine::{process, repository};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const LOGIN: &str = "https://github.com/login/oauth";
const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
/// Of `a.txt`, which sigstore-python and the suite sign.
const A_TXT: &str = "a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";
/// Of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The folders of the crates.
pub struct Crates {
    /// sigstore-verify.
    pub verify: PathBuf,
    /// sigstore-trust-root.
    pub trust_root: PathBuf,
}

impl Crates {
    /// Where cargo has unpacked those that the client is built with.
    pub fn locate() -> Result<Self> {
        let mut command = Command::new("cargo");
        command.args(["metadata", "--locked", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"]);
        let metadata = process::output(command.current_dir(repository::path().join("client")))?;
        let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata gives no JSON")?;
        let folder = |name: &str| -> Result<PathBuf> {
            let package = metadata["packages"].as_array().into_iter().flatten().find(|package| package["name"] == name);
            let manifest = package.and_then(|package| package["manifest_path"].as_str());
            let manifest = manifest.with_context(|| format!("the client is not built with {name}"))?;
            Ok(Path::new(manifest).parent().context("a manifest is in no folder")?.to_owned())
        };
        Ok(Self { verify: folder("sigstore-verify")?, trust_root: folder("sigstore-trust-root")? })
    }
}

/// What a bundle is to be verified against. Files are below `test_data`.
struct Known {
    bundle: &'static str,
    signer: By,
    of: Of,
    root: Root,
}

enum By {
    Identity(&'static str, &'static str),
    Key(&'static str),
}

enum Of {
    File(&'static str),
    Sha256(&'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Root {
    PublicGood,
    Staging,
    File(&'static str),
}

use By::{Identity, Key};
use Of::{File, Sha256};

const HOLD: [Known; 9] = [
    Known {
        bundle: "bundles/cosign-v3-blob.sigstore.json",
        signer: Identity("w.vollprecht@gmail.com", LOGIN),
        of: File("bundles/cosign-v3-blob.txt"),
        root: Root::PublicGood,
    },
    Known {
        bundle: "bundles/conda-attestation.sigstore.json",
        signer: Identity(
            "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main",
            GITHUB,
        ),
        of: File("bundles/signed-package-2.1.0-hb0f4dca_0.conda"),
        root: Root::PublicGood,
    },
    Known {
        bundle: "bundles/conda-attestation-rekor2.sigstore.json",
        signer: Identity("jku@goto.fi", LOGIN),
        of: File("bundles/signed-package-2.1.0-hb0f4dca_0.conda"),
        root: Root::Staging,
    },
    Known {
        bundle: "bundles/bundle_v3_github.whl.sigstore",
        signer: Identity(
            "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml@refs/tags/v0.1.2",
            GITHUB,
        ),
        of: Sha256("c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201"),
        root: Root::PublicGood,
    },
    Known {
        bundle: "managed-key/bundle.sigstore.json",
        signer: Key("managed-key/key.pub"),
        of: File("managed-key/artifact.txt"),
        root: Root::PublicGood,
    },
    Known {
        bundle: "sct-multi-intermediate/staging_bundle.sigstore.json",
        signer: Identity(
            "https://github.com/sigstore/root-signing-staging/.github/workflows/custom-test.yml@refs/heads/main",
            GITHUB,
        ),
        of: Sha256(EMPTY),
        root: Root::File("sct-multi-intermediate/staging_trusted_root.json"),
    },
    Known {
        bundle: "timestamps/valid_bundle.json",
        signer: Identity(BEACON, GITHUB),
        of: Sha256(A_TXT),
        root: Root::File("timestamps/valid_trusted_root.json"),
    },
    Known {
        bundle: "upstream/sigstore-python/a.dsse.staging-rekor-v2.txt.sigstore.json",
        signer: Identity(BEACON, GITHUB),
        of: Sha256(A_TXT),
        root: Root::Staging,
    },
    Known {
        bundle: "upstream/sigstore-python/staging-rekor-v2.txt.sigstore.json",
        signer: Identity("jku@goto.fi", LOGIN),
        of: File("upstream/sigstore-python/staging-rekor-v2.txt"),
        root: Root::Staging,
    },
];

const DO_NOT_HOLD: [Known; 6] = [
    // The log's entry is for another signature.
    Known {
        bundle: "bundles/bundle_cve_2022_36056.txt.sigstore",
        signer: Identity("william@yossarian.net", LOGIN),
        of: Sha256("c87b5b213ab08b32970c106d0c7e4423e67f5449c2fd2d1e9b4ea6cc43b6ee7c"),
        root: Root::Staging,
    },
    Known {
        bundle: "bundles/bundle_invalid_version.txt.sigstore",
        signer: Identity("william@yossarian.net", LOGIN),
        of: Sha256("7a1f2b23ec9add163c6d0bbb454af45e1483b9bec7b72aea1b4fdf0e2f5644f0"),
        root: Root::Staging,
    },
    Known {
        bundle: "bundles/bundle_no_cert_v1.txt.sigstore",
        signer: Identity("william@yossarian.net", LOGIN),
        of: Sha256("1bc37d4fed3fd960bdf9d095f87283ba8ad1ab4481f38a34e8004f0c56ffe78d"),
        root: Root::PublicGood,
    },
    Known {
        bundle: "bundles/bundle_no_log_entry.txt.sigstore",
        signer: Identity("alex.cameron@trailofbits.com", "https://accounts.google.com"),
        of: Sha256("9b469fc9761e8b933073b62725fbc98b549c3314199ded71cc8b286ef2c6fb9b"),
        root: Root::Staging,
    },
    // Nobody says when it was signed.
    Known {
        bundle: "bundles/bundle_v3_no_signed_time.txt.sigstore.json",
        signer: Identity("william@yossarian.net", LOGIN),
        of: Sha256("ca6de99a11d3d38056d838c7dc9a23a11a0c81bcace0d11eaa301a2ffb482c42"),
        root: Root::PublicGood,
    },
    Known {
        bundle: "invalid-ct-key_fail/bundle.sigstore.json",
        signer: Identity(BEACON, GITHUB),
        of: Sha256(A_TXT),
        root: Root::File("invalid-ct-key_fail/trusted_root.json"),
    },
];

/// All cases: the bundles that hold, what is made of them, and those that never held.
pub fn cases(crates: &Crates) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for known in &HOLD {
        let good = known.case(crates, Verdict::Accepted)?;
        let forged = |how: &str, change: &dyn Fn(&mut Case)| {
            let mut case = Case { name: format!("{}, {how}", good.name), expected: Verdict::Refused, ..good.clone() };
            change(&mut case);
            case
        };
        cases.push(forged("of another artifact", &|case| case.artifact = Artifact::Digest(digest(&"0".repeat(64)))));
        match &good.signer {
            Signer::Identity { subject, issuer } => {
                let signer =
                    |subject: &str, issuer: &str| Signer::Identity { subject: subject.into(), issuer: issuer.into() };
                // As a pattern, or a beginning, it would fit.
                cases.push(forged("by another", &|case| case.signer = signer(&format!("{subject}x"), issuer)));
                cases.push(forged("by part of a name", &|case| {
                    case.signer = signer(&subject[..subject.len() - 1], issuer);
                }));
                cases.push(forged("by another issuer", &|case| case.signer = signer(subject, &format!("{issuer}/"))));
            }
            Signer::Key(_) => {
                let anyone = signer_of(&HOLD[0], crates)?;
                cases.push(forged("by a certificate", &|case| case.signer = anyone.clone()));
            }
        }
        let other = if known.root == Root::PublicGood { Root::Staging } else { Root::PublicGood };
        let other = other.file(crates)?;
        cases.push(forged("by another trusted root", &|case| case.trusted_root = Some(other.clone())));
        cases.push(good);
    }
    for known in &DO_NOT_HOLD {
        cases.push(known.case(crates, Verdict::Refused)?);
    }
    Ok(cases)
}

impl Known {
    fn case(&self, crates: &Crates, expected: Verdict) -> Result<Case> {
        Ok(Case {
            name: self.bundle.to_owned(),
            bundle: test_data(crates, self.bundle)?,
            signer: signer_of(self, crates)?,
            trusted_root: Some(self.root.file(crates)?),
            artifact: match self.of {
                File(file) => Artifact::File(test_data(crates, file)?),
                Sha256(hash) => Artifact::Digest(digest(hash)),
            },
            expected,
        })
    }
}

fn signer_of(known: &Known, crates: &Crates) -> Result<Signer> {
    Ok(match known.signer {
        Identity(subject, issuer) => Signer::Identity { subject: subject.into(), issuer: issuer.into() },
        Key(file) => Signer::Key(test_data(crates, file)?),
    })
}

impl Root {
    fn file(self, crates: &Crates) -> Result<PathBuf> {
        match self {
            Self::PublicGood => existing(crates.trust_root.join("src/trusted_root.json")),
            Self::Staging => existing(crates.trust_root.join("src/trusted_root_staging.json")),
            Self::File(file) => test_data(crates, file),
        }
    }
}

fn test_data(crates: &Crates, file: &str) -> Result<PathBuf> {
    existing(crates.verify.join("test_data").join(file))
}

fn existing(file: PathBuf) -> Result<PathBuf> {
    ensure!(file.is_file(), "there is no {}: another version of the crate has other bundles", file.display());
    Ok(file)
}

fn digest(hash: &str) -> String {
    format!("sha256:{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_the_bundles_is_an_error_and_not_less_to_ask() {
        let folder = tempfile::tempdir().unwrap();
        let crates = Crates { verify: folder.path().into(), trust_root: folder.path().into() };
        let error = cases(&crates).unwrap_err();
        assert!(error.to_string().contains(HOLD[0].bundle), "{error}");
    }
}
