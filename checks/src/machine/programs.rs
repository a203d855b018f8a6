//! The programs that the tests need besides Nix and Rust.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::machine::cache::Cache;
use crate::machine::progress;

/// A program, and the Debian package that brings it.
const NEEDED: [(&str, &str); 17] = [
    ("curl", "curl"),
    ("fsck.erofs", "erofs-utils"),
    ("git", "git"),
    ("mkfs.ext4", "e2fsprogs"),
    ("openssl", "openssl"),
    ("pip3", "python3-pip"),
    // A token that signs, and the tool that asks it.
    ("pkcs11-tool", "opensc"),
    // With the library that the collector of traces is linked with.
    ("python3-config", "python3-dev"),
    ("podman", "podman"),
    // What runs GitLab's jobs copies the files that git knows.
    ("rsync", "rsync"),
    // podman's own default refuses the cgroups of some machines.
    ("runc", "runc"),
    ("skopeo", "skopeo"),
    ("softhsm2-util", "softhsm2"),
    // Has a kernel refuse what it would do.
    ("strace", "strace"),
    ("tar", "tar"),
    ("time", "time"),
    ("zstd", "zstd"),
];

/// Installs what is missing from the distribution, with apt-get.
pub fn ensure_installed() -> Result<()> {
    install_missing(&NEEDED)
}

/// As [`ensure_installed`], what libFuzzer is built with.
pub fn ensure_cxx() -> Result<()> {
    install_missing(&[("c++", "g++")])
}

fn install_missing(needed: &[(&str, &'static str)]) -> Result<()> {
    let missing: Vec<_> =
        needed.iter().filter(|(program, _)| !is_on_path(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    ensure!(
        is_on_path("apt-get"),
        "these programs are missing, and there is no apt-get to install them: {}",
        missing.join(", ")
    );
    progress::say(format_args!("installing {}", missing.join(", ")));
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"][..], &missing].concat())
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(["-qq", "-o", "Dpkg::Use-Pty=0"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot run apt-get")?;
    ensure!(status.success(), "apt-get {} failed: run it by hand, as root", arguments.join(" "));
    Ok(())
}

/// `cargo nextest`: the machine's, or one from the package registry.
pub struct Nextest {
    program: PathBuf,
}

impl Nextest {
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("nextest");
        command
    }
}

/// Finds cargo-nextest, or builds it in the cache, which takes minutes.
pub fn nextest(cache: &Cache) -> Result<Nextest> {
    // Without what updates itself.
    let features = ["--no-default-features", "--features", "default-no-update"];
    Ok(Nextest { program: from_registry(cache, "cargo-nextest", None, &features)? })
}

/// A program that is a crate: the machine's, or one that cargo builds in the cache, of this version or else the newest.
pub fn from_registry(cache: &Cache, name: &str, version: Option<&str>, options: &[&str]) -> Result<PathBuf> {
    if is_on_path(name) {
        return Ok(name.into());
    }
    let (folder, wanted) = match version {
        Some(version) => (format!("{name}-{version}"), format!("{name}@{version}")),
        None => ("cargo".into(), name.into()),
    };
    let folder = cache.folder(folder)?;
    let program = folder.join("bin").join(name);
    let _guard = cache.lock(name)?;
    if !program.exists() {
        progress::say(format_args!("building {wanted}, which takes some minutes"));
        let mut cargo = Command::new("cargo");
        // Not optimised, which would take three times as long.
        cargo.args(["install", "--locked", "--debug"]).args(options).arg(wanted);
        cargo.arg("--root").arg(folder).env("CARGO_PROFILE_DEV_DEBUG", "0");
        ensure!(cargo.status().context("cannot run cargo")?.success(), "cargo install {name} failed");
    }
    Ok(program)
}

pub fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).chain([Path::new("/usr/sbin").into()]).any(|folder| folder.join(program).is_file())
    })
}
