//! Sigstore's services, built from Debian's packages of their sources.
//!
//! Debian packages them for its clients, not as programs; so they are built in the cache, which takes about two minutes once.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::sources;
use crate::debian::apt::{Apt, Wanted};
use crate::debian::index::Index;
use crate::debian::resolve;
use crate::machine::cache::{self, Cache};
use crate::machine::{files, parallel, process, progress};

/// Testing at the time of writing: the first suite that has all of them.
pub(super) const SUITE: &str = "forky";

/// Raised when what is done to the sources changes, so that older folders are not used.
const RECIPE: &str = "1";

const ROOTS: [&str; 9] = [
    "golang-go",
    "golang-github-google-certificate-transparency-dev",
    "golang-github-google-trillian-dev",
    "golang-github-sigstore-fulcio-dev",
    "golang-github-sigstore-rekor-dev",
    "golang-github-sigstore-rekor-tiles-dev",
    "golang-github-sigstore-timestamp-authority-dev",
    // What the certificate log and Rekor v1 do not say that they depend on.
    "golang-github-jackc-pgx-v5-dev",
    "golang-github-redis-go-redis-dev",
];

/// Packages of which no line is compiled: with what only they need, three quarters of all that the others depend on.
const NOT_NEEDED: [&str; 18] = [
    "golang-github-aws-aws-sdk-go-dev",
    "golang-github-aws-aws-sdk-go-v2-dev",
    "golang-github-azure-azure-sdk-for-go-dev",
    "golang-github-c2sp-wycheproof-dev",
    "golang-github-cilium-ebpf-dev",
    "golang-github-clipperhouse-uax29-dev",
    "golang-github-containerd-containerd-dev",
    "golang-github-containerd-stargz-snapshotter-dev",
    "golang-github-envoyproxy-go-control-plane-dev",
    "golang-github-go-kit-kit-dev",
    "golang-github-onsi-ginkgo-v2-dev",
    "golang-github-syndtr-goleveldb-dev",
    "golang-golang-x-tools",
    "golang-gonum-v1-gonum-dev",
    "golang-google-api-dev",
    "golang-google-cloud-dev",
    "golang-k8s-kube-openapi-dev",
    "golang-mongodb-mongo-driver-dev",
];

/// Rekor v2, as its own sources build it.
const REKOR_V2: &str = "github.com/sigstore/rekor-tiles/cmd/rekor-server/posix";

/// The built services.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Builds them where they are not there yet.
    ///
    /// `sigstore-SUITE-…`, named after our own sources, links to the folder, which is named after everything in it; so once built, no
    /// network is needed, and removing the link asks for the suite's current versions.
    pub fn prepare(cache: &Cache) -> Result<Self> {
        let link = cache.path(format!("sigstore-{SUITE}-{}", cache::key([RECIPE, &sources::key()])));
        if let Ok(folder) = fs::canonicalize(&link) {
            return Ok(Self { folder });
        }
        let _guard = cache.lock("sigstore")?;
        if let Ok(folder) = fs::canonicalize(&link) {
            return Ok(Self { folder });
        }
        let folder = build(cache).with_context(|| format!("cannot build Sigstore's services from Debian {SUITE}"))?;
        let scratch = cache.scratch()?;
        let new = scratch.path().join("link");
        std::os::unix::fs::symlink(folder.file_name().unwrap_or_default(), &new)?;
        fs::rename(&new, &link)?;
        Ok(Self { folder })
    }

    /// Rekor v2, which keeps its log in files.
    pub(super) fn rekor_v2(&self) -> Command {
        self.command("posix")
    }

    /// Rekor v1, which keeps its log in Trillian.
    pub(super) fn rekor_v1(&self) -> Command {
        self.command("rekor")
    }

    /// The time-stamp authority.
    pub(super) fn timestamp(&self) -> Command {
        self.command("timestamp")
    }

    /// Fulcio and what it needs, and Trillian.
    pub(super) fn authority(&self) -> Command {
        self.command("authority")
    }

    /// Some of them read settings from the environment, by names such as `PORT`.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.env_clear();
        command
    }
}

fn build(cache: &Cache) -> Result<PathBuf> {
    let apt = Apt::new(cache, SUITE)?;
    let wanted = select(&apt.index()?)?;
    let hashes = wanted.iter().map(|file| file.sha256.clone());
    let folder =
        cache.path(format!("sigstore-{}", cache::key([RECIPE.into(), sources::key()].into_iter().chain(hashes))));
    if folder.is_dir() {
        return Ok(folder);
    }
    let packages: Vec<_> = apt.fetch(&wanted)?.into_values().collect();
    progress::say("building Sigstore's services, which takes about two minutes");
    let scratch = cache.scratch()?;
    let root = scratch.path().join("root");
    fs::create_dir_all(&root)?;
    parallel::map(&packages, |package| process::output(Command::new("dpkg-deb").arg("-x").arg(package).arg(&root)))?;
    compile(scratch.path(), &root)?;
    fs::rename(scratch.path().join("bin"), &folder).context("cannot move the services into place")?;
    // Of use for this alone, and larger than what was made of them.
    for folder in packages.iter().filter_map(|package| package.parent()) {
        files::remove(folder)?;
    }
    Ok(folder)
}

/// Go, and sources for it; nothing that would be linked with.
fn select(index: &Index) -> Result<Vec<Wanted>> {
    let excluded = NOT_NEEDED.map(str::to_owned).into();
    let selection = resolve::closure(index, &ROOTS.map(str::to_owned), &excluded)?;
    let go = selection.keys().filter(|name| name.starts_with("golang-"));
    Ok(go.filter_map(|name| index.get(name)).map(Wanted::from).collect())
}

/// Builds everything into `scratch/bin`.
fn compile(scratch: &Path, root: &Path) -> Result<()> {
    let packages = root.join("usr/share/gocode");
    let own = scratch.join("own");
    sources::write_own(&own)?;
    let overlay = sources::write_overlay(&scratch.join("overlay"), &packages)?;
    let go = toolchain(root)?;
    let paths = std::env::join_paths([&own, &packages])?;
    let mut command = Command::new(go.join("bin/go"));
    command.args(["build", "-trimpath", "-ldflags=-s -w", "-overlay"]).arg(overlay);
    command.arg("-o").arg(scratch.join("bin/")).arg(REKOR_V2);
    command.args(["authority", "rekor", "timestamp"].map(|name| format!("{}/{name}", sources::MODULE)));
    command.current_dir(scratch).env("HOME", scratch).env("GOROOT", &go).env("GOPATH", paths);
    command.env("GOCACHE", scratch.join("compiled"));
    // Debian's sources alone, no network, nothing of the machine's.
    for (name, value) in [
        ("CGO_ENABLED", "0"),
        ("GO111MODULE", "off"),
        ("GOENV", "off"),
        ("GOFLAGS", ""),
        ("GOPROXY", "off"),
        ("GOTELEMETRY", "off"),
        ("GOTOOLCHAIN", "local"),
    ] {
        command.env(name, value);
    }
    process::output(&mut command)?;
    Ok(())
}

/// Where Debian has put Go: a folder that is named after its version.
fn toolchain(root: &Path) -> Result<PathBuf> {
    let mut found = None;
    for entry in fs::read_dir(root.join("usr/lib"))? {
        let path = entry?.path();
        if path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("go-")) {
            found = found.max(Some(path));
        }
    }
    found.context("there is no Go among the packages")
}
