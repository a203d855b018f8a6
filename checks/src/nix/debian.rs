//! Sets up the Nix of a Debian suite in a folder of the cache, without installing anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::debian::apt::{Apt, Wanted};
use crate::debian::resolve;
use crate::machine::cache::{self, Cache};
use crate::machine::{process, progress};

/// Raised when what is done to the packages changes, so that older folders are not used.
const RECIPE: &str = "2";
const ROOTS: [&str; 3] = ["bash-static", "nix-bin", "patchelf"];
/// Dependencies of maintainer scripts and helpers; Nix itself runs without them.
const NOT_NEEDED: [&str; 13] = [
    "adduser",
    "bzip2",
    "curl",
    "debconf",
    "libc-gconv-modules-extra",
    "libdbd-sqlite3-perl",
    "libldap-common",
    "libsasl2-modules-db",
    "libwww-curl-perl",
    "openssl-provider-legacy",
    "perl",
    "readline-common",
    "xz-utils",
];

/// The folder that holds the suite's Nix, as `usr/bin/nix`; set up when there is none yet.
///
/// `nix-SUITE-RECIPE` links to the folder, which is named after its content; so once set up, no network is needed,
/// and removing the link asks for the suite's current version.
pub(super) fn prepare(cache: &Cache, suite: &str) -> Result<PathBuf> {
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "this machine has no Nix 2.18 or newer, and only x86_64 Linux can be given one: install Nix"
    );
    ensure!(
        !suite.is_empty() && suite.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
        "{suite:?} is no name of a Debian suite"
    );
    let link = cache.path(format!("nix-{suite}-{RECIPE}"));
    if let Ok(prefix) = fs::canonicalize(&link) {
        return Ok(prefix);
    }
    let _lock = cache.lock(&format!("nix-{suite}"))?;
    if let Ok(prefix) = fs::canonicalize(&link) {
        return Ok(prefix);
    }
    progress::say(format_args!("setting up the Nix of Debian {suite} in {}", cache.path("").display()));
    let prefix = unpack(cache, suite).with_context(|| format!("cannot set up the Nix of Debian {suite}"))?;
    let scratch = cache.scratch()?;
    let new = scratch.path().join("link");
    std::os::unix::fs::symlink(prefix.file_name().unwrap_or_default(), &new)?;
    fs::rename(&new, &link)?;
    Ok(prefix)
}

fn unpack(cache: &Cache, suite: &str) -> Result<PathBuf> {
    let apt = Apt::new(cache, suite)?;
    let index = apt.index()?;
    let excluded: BTreeSet<String> = NOT_NEEDED.map(str::to_owned).into();
    let selection = resolve::closure(&index, &ROOTS.map(str::to_owned), &excluded)?;
    let wanted: Vec<Wanted> = selection.keys().filter_map(|name| index.get(name)).map(Wanted::from).collect();

    let key = cache::key(std::iter::once(RECIPE).chain(wanted.iter().map(|file| file.sha256.as_str())));
    let prefix = cache.path(format!("nix-{key}"));
    if prefix.is_dir() {
        return Ok(prefix);
    }
    let places = apt.fetch(&wanted)?;
    let scratch = cache.scratch()?;
    let root = scratch.path().join("root");
    for place in places.values() {
        process::output(Command::new("dpkg-deb").arg("-x").arg(place).arg(&root))?;
    }
    make_relocatable(&root, &prefix)?;
    fs::rename(&root, &prefix)?;
    process::output(Command::new(prefix.join("usr/bin/nix")).arg("--version"))
        .context("the Nix that was set up does not run")?;
    Ok(prefix)
}

/// Makes `nix` use the libraries beside it instead of the machine's. `root` will be renamed to `prefix`.
///
/// RPATH rather than RUNPATH: it also holds for the libraries' own libraries.
fn make_relocatable(root: &Path, prefix: &Path) -> Result<()> {
    const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
    const LOADER: &str = "ld-linux-x86-64.so.2";
    let nix = root.join("usr/bin/nix");
    let patched = root.join("usr/bin/nix.patched");
    let libraries = root.join(LIBRARIES);
    process::output(
        // patchelf itself is not patched yet: the loader starts it.
        Command::new(libraries.join(LOADER))
            .arg("--library-path")
            .arg(&libraries)
            .arg(root.join("usr/bin/patchelf"))
            .arg("--force-rpath")
            .arg("--set-rpath")
            .arg(prefix.join(LIBRARIES))
            .arg("--set-interpreter")
            .arg(prefix.join(LIBRARIES).join(LOADER))
            .arg("--output")
            .arg(&patched)
            .arg(&nix),
    )?;
    fs::set_permissions(&patched, fs::metadata(&nix)?.permissions())?;
    fs::rename(&patched, &nix)?;
    Ok(())
}
