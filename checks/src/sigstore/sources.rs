//! What is built besides Debian's packages: our own programs, and what stands in for packages that Debian does not have or that would
//! take long to build. It all is in the folder `checks/services`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use crate::machine::cache;

/// Where our programs are found by their import path, below `src`.
pub(super) const MODULE: &str = "nix-seed.test/services";

macro_rules! own {
    ($($file:literal),* $(,)?) => { [$(($file, include_str!(concat!("../../services/", $file)))),*] };
}

const OWN: [(&str, &str); 9] = own![
    "go.mod",
    "authority/main.go",
    "authority/issuer.go",
    "authority/trillian.go",
    "authority/ca.go",
    "authority/certificates.go",
    "authority/fulcio.go",
    "rekor/main.go",
    "timestamp/main.go",
];

/// What a text of ours takes the place of, below Go's `src`.
enum Place {
    /// All of a package.
    Package(&'static str),
    /// One file.
    File(&'static str),
}

use Place::{File, Package};

macro_rules! absent {
    ($file:literal) => {
        include_str!(concat!("../../services/absent/", $file))
    };
}

const ABSENT: [(Place, &str); 10] = [
    (Package("github.com/PaesslerAG/jsonpath"), absent!("jsonpath.go")),
    (Package("github.com/grpc-ecosystem/go-grpc-middleware/logging/zap"), absent!("grpc_zap.go")),
    (Package("github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"), absent!("ctxzap.go")),
    (Package("goa.design/goa/v3/grpc/middleware"), absent!("goa_middleware.go")),
    (Package("github.com/sigstore/rekor/pkg/pubsub/gcp"), absent!("nothing.go")),
    (Package("github.com/sigstore/rekor/pkg/storage"), absent!("rekor_storage.go")),
    (Package("github.com/sigstore/sigstore/pkg/signature/kms/aws"), absent!("nothing.go")),
    (File("github.com/sigstore/rekor/pkg/generated/restapi/rekorHomePage.html"), absent!("home_page.html")),
    (File("github.com/sigstore/rekor/pkg/signer/tink.go"), absent!("rekor_tink.go")),
    (File("github.com/sigstore/timestamp-authority/v2/pkg/signer/tink.go"), absent!("timestamp_tink.go")),
];

/// How often Rekor v2 looks whether an entry is part of the log, which is what a client waits for: a file of its, a text, another.
const IMPATIENCE: (&str, &str, &str) = (
    "github.com/sigstore/rekor-tiles/internal/tessera/tessera.go",
    "reader.ReadCheckpoint, 1*time.Second)",
    "reader.ReadCheckpoint, 20*time.Millisecond)",
);

/// A name for all of this.
pub(super) fn key() -> String {
    let place = |place: &Place| match place {
        Package(path) => format!("{path}/"),
        File(path) => (*path).to_owned(),
    };
    let own = OWN.iter().flat_map(|(name, text)| [(*name).to_owned(), (*text).to_owned()]);
    let absent = ABSENT.iter().flat_map(|(at, text)| [place(at), (*text).to_owned()]);
    let (file, from, to) = IMPATIENCE;
    cache::key(own.chain(absent).chain([file, from, to].map(str::to_owned)))
}

/// Writes our programs below `folder`, a place for Go's `GOPATH`.
pub(super) fn write_own(folder: &Path) -> Result<()> {
    for (name, text) in OWN {
        write(&folder.join("src").join(MODULE).join(name), text)?;
    }
    Ok(())
}

/// Writes what stands in to `folder`, and gives the file by which Go is told of it (`go help build`, `-overlay`): nothing in
/// Debian's own sources, in `packages`, is changed.
pub(super) fn write_overlay(folder: &Path, packages: &Path) -> Result<PathBuf> {
    let source = packages.join("src");
    let mut replaced = BTreeMap::new();
    for (number, (place, text)) in ABSENT.iter().enumerate() {
        let at = match place {
            File(path) => source.join(path),
            Package(path) => {
                let package = source.join(path);
                for file in go_files(&package)? {
                    replaced.insert(file, PathBuf::new());
                }
                package.join("absent.go")
            }
        };
        let ours = folder.join(number.to_string());
        write(&ours, text)?;
        replaced.insert(at, ours);
    }
    // Where a later version says it otherwise, entries take longer, and nothing else.
    let (file, from, to) = IMPATIENCE;
    let ours = folder.join("impatience");
    let text = fs::read_to_string(source.join(file)).unwrap_or_default();
    if text.contains(from) {
        write(&ours, &text.replace(from, to))?;
        replaced.insert(source.join(file), ours);
    }
    let overlay = folder.join("overlay.json");
    write(&overlay, &json!({ "Replace": replaced }).to_string())?;
    Ok(overlay)
}

/// The Go files of a package; none where there is no such package.
fn go_files(package: &Path) -> Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(package) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "go") {
            files.push(path);
        }
    }
    Ok(files)
}

fn write(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_package_is_replaced_as_a_whole_and_a_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let packages = folder.path().join("packages");
        for file in ["pkg/signer/tink.go", "pkg/signer/memory.go", "pkg/storage/storage.go", "pkg/storage/README.md"] {
            write(&packages.join("src/github.com/sigstore/rekor").join(file), "theirs").unwrap();
        }
        let overlay = write_overlay(&folder.path().join("overlay"), &packages).unwrap();
        let overlay: Value = serde_json::from_str(&fs::read_to_string(overlay).unwrap()).unwrap();
        let replaced = |file: &str| {
            let path = packages.join("src/github.com/sigstore/rekor").join(file);
            overlay["Replace"].get(path.to_str().unwrap()).map(|by| by.as_str().unwrap().to_owned())
        };
        assert_eq!(replaced("pkg/storage/storage.go").as_deref(), Some(""));
        assert!(fs::read_to_string(replaced("pkg/storage/absent.go").unwrap()).unwrap().contains("package storage"));
        assert!(fs::read_to_string(replaced("pkg/signer/tink.go").unwrap()).unwrap().contains("package signer"));
        assert_eq!((replaced("pkg/signer/memory.go"), replaced("pkg/storage/README.md")), (None, None));
    }

    #[test]
    fn rekor_is_made_impatient_where_it_says_how_patient_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let packages = folder.path().join("packages");
        let (file, from, to) = IMPATIENCE;
        let file = packages.join("src").join(file);
        for (text, expected) in [(format!("a({from} b"), Some(format!("a({to} b"))), ("a(other) b".to_owned(), None)] {
            write(&file, &text).unwrap();
            let overlay = write_overlay(&folder.path().join("overlay"), &packages).unwrap();
            let overlay: Value = serde_json::from_str(&fs::read_to_string(overlay).unwrap()).unwrap();
            let ours = overlay["Replace"].get(file.to_str().unwrap());
            assert_eq!(ours.map(|ours| fs::read_to_string(ours.as_str().unwrap()).unwrap()), expected);
        }
    }
}
