//! Debian's archive, through the machine's own apt but in folders of our own.
//!
//! The mirror, proxies and keys are the machine's. Nothing of the machine's package state is read or changed,
//! and no privileges are needed. Indexes are verified by apt (signature, then hash), packages by their hash in the index.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::debian::index::{Index, Package};
use crate::machine::cache::Cache;
use crate::machine::{process, progress};

const HELPER: &str = "/usr/lib/apt/apt-helper";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Names the mirror where the machine's apt has none of Debian's, as on other distributions.
const MIRROR_VARIABLE: &str = "NIX_SEED_CHECK_MIRROR";

/// A file of the archive.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Path below the mirror's root.
    pub path: String,
    pub sha256: String,
    pub size: u64,
}

impl Wanted {
    /// A name that is also valid in the Nix store.
    pub fn file_name(&self) -> String {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.chars()
            .map(|c| match c {
                c if c.is_ascii_alphanumeric() || "+-._?=".contains(c) => c,
                _ => '_',
            })
            .collect()
    }
}

impl From<&Package> for Wanted {
    fn from(package: &Package) -> Self {
        Self { path: package.filename.clone(), sha256: package.sha256.clone(), size: package.size }
    }
}

pub struct Apt {
    cache: Cache,
    suite: String,
    folder: PathBuf,
    mirror: String,
}

impl Apt {
    pub fn new(cache: &Cache, suite: &str) -> Result<Self> {
        let mirror = mirror()?;
        let folder = cache.folder(format!("apt-{suite}"))?;
        for name in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(folder.join(name))?;
        }
        fs::write(folder.join("status"), "")?;
        fs::write(folder.join("sources.list"), format!("deb [signed-by={KEYRING}] {mirror}/ {suite} main\n"))?;
        Ok(Self { cache: cache.clone(), suite: suite.to_owned(), folder, mirror })
    }

    /// Fetches and parses the suite's current index.
    pub fn index(&self) -> Result<Index> {
        // apt does not wait for another run of itself, it fails.
        let _guard = self.cache.lock(&format!("apt-{}", self.suite))?;
        process::output(self.command("apt-get").args(["-qq", "update"])).context(
            "cannot fetch the package index of Debian's archive: is the network up, and does `apt-get update` work?",
        )?;
        let files = process::output(self.command("apt-get").args([
            "indextargets",
            "--format",
            "$(FILENAME)",
            "Created-By: Packages",
        ]))?;
        let file = files.lines().next().context("apt fetched no index")?;
        let text = process::output(self.command(HELPER).args(["cat-file", file]))?;
        Ok(Index::parse(&text))
    }

    /// Brings files into the cache, those that it lacks. Returns where each is, by its hash.
    pub fn fetch(&self, wanted: &[Wanted]) -> Result<BTreeMap<String, PathBuf>> {
        let mut places = BTreeMap::new();
        let mut missing = Vec::new();
        for file in wanted {
            let place = self.cache.path("files").join(&file.sha256).join(file.file_name());
            if !matches_hash(&place, &file.sha256) {
                missing.push((file, place.clone()));
            }
            places.insert(file.sha256.clone(), place);
        }
        if missing.is_empty() {
            return Ok(places);
        }
        let megabytes = missing.iter().map(|(file, _)| file.size).sum::<u64>() / 1_000_000;
        progress::say(format_args!("downloading {} files of Debian's archive, {megabytes} MB", missing.len()));
        let scratch = self.cache.scratch()?;
        let part = |number: usize| scratch.path().join(number.to_string());
        // apt takes many files at once and fetches them over few connections.
        let mut command = self.command(HELPER);
        command.args(["-qq", "download-file"]);
        for (number, (file, _)) in missing.iter().enumerate() {
            command
                .arg(format!("{}/{}", self.mirror, file.path))
                .arg(part(number))
                .arg(format!("SHA256:{}", file.sha256));
        }
        process::output(&mut command).context(
            "cannot download from Debian's archive: if the archive has moved on, run `checks/nixpkgs --refresh`",
        )?;
        for (number, (file, place)) in missing.iter().enumerate() {
            let part = part(number);
            ensure!(
                matches_hash(&part, &file.sha256),
                "{} has not the hash {} that was expected",
                file.path,
                file.sha256
            );
            fs::create_dir_all(place.parent().unwrap_or(place))?;
            fs::rename(&part, place)?;
        }
        Ok(places)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let folder = |name: &str| self.folder.join(name).display().to_string();
        for (option, value) in [
            ("Dir::Etc::sourcelist", folder("sources.list")),
            ("Dir::Etc::sourceparts", "-".into()),
            ("Dir::State", folder("")),
            ("Dir::State::Lists", folder("lists")),
            ("Dir::State::status", folder("status")),
            ("Dir::Cache", folder("")),
            ("Acquire::Languages", "none".into()),
            // Metadata for software centres is larger than the index itself.
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false".into()),
            ("APT::Sandbox::User", "root".into()),
        ] {
            command.arg("-o").arg(format!("{option}={value}"));
        }
        command.env("LC_ALL", "C");
        command
    }
}

/// The mirror of Debian's main archive that the machine's apt uses.
fn mirror() -> Result<String> {
    if let Ok(mirror) = std::env::var(MIRROR_VARIABLE) {
        return Ok(mirror.trim_end_matches('/').to_owned());
    }
    let targets = process::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(LABEL) $(REPO_URI)",
        "Created-By: Packages",
    ]))
    .context("apt-get is needed: this works on Debian and its derivatives")?;
    match pick_mirror(&targets) {
        Some(mirror) => Ok(mirror),
        None => {
            bail!("this machine's apt knows no mirror of Debian's archive; set {MIRROR_VARIABLE} to the address of one")
        }
    }
}

/// The first target that calls itself Debian's; before a first `apt-get update` there are no labels, only addresses.
fn pick_mirror(targets: &str) -> Option<String> {
    let mut lines = targets.lines().filter_map(|line| line.rsplit_once(' '));
    let labelled = lines.clone().find(|(label, _)| *label == "Debian");
    labelled
        .or_else(|| lines.find(|(_, address)| address.ends_with("/debian/")))
        .map(|(_, address)| address.trim_end_matches('/').to_owned())
}

fn matches_hash(file: &Path, sha256: &str) -> bool {
    fs::read(file).is_ok_and(|bytes| HEXLOWER.encode(&Sha256::digest(bytes)) == sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_the_one_labelled_debian() {
        let targets = "\
Debian-Security http://mirror.example/debian-security/
Other http://other.example/debian/
Debian http://mirror.example/archive/
";
        assert_eq!(pick_mirror(targets).as_deref(), Some("http://mirror.example/archive"));
    }

    #[test]
    fn without_labels_the_address_decides() {
        let targets = " http://mirror.example/debian-security/\n http://mirror.example/debian/\n";
        assert_eq!(pick_mirror(targets).as_deref(), Some("http://mirror.example/debian"));
        assert_eq!(pick_mirror("Ubuntu http://u.example/ubuntu/\n"), None);
    }

    #[test]
    fn file_names_suit_the_store() {
        let wanted = Wanted { path: "pool/main/libx/libx_1.0~rc1+b2_amd64.deb".into(), sha256: String::new(), size: 0 };
        assert_eq!(wanted.file_name(), "libx_1.0_rc1+b2_amd64.deb");
    }
}
