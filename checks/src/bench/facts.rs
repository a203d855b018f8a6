//! The machine that something was measured on, and whether it has room.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::machine::process;
use crate::seed::flake::Workbench;

/// By name, in words.
pub type Facts = BTreeMap<&'static str, String>;

/// What makes times comparable, or not.
pub fn collect(workbench: &Workbench, scratch: &Path) -> Result<Facts> {
    let line = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
        value.unwrap_or("unknown").trim().to_owned()
    };
    let first = |command: &mut Command| -> Result<String> {
        Ok(process::output(command)?.lines().next().unwrap_or_default().to_owned())
    };
    let version = |program: &str| first(Command::new(program).arg("--version"));
    let mut file_system = Command::new("findmnt");
    file_system.args(["--noheadings", "--output", "FSTYPE,OPTIONS", "--target"]).arg(scratch);
    Ok(Facts::from([
        ("processor", line("/proc/cpuinfo", "model name")),
        ("cores", std::thread::available_parallelism()?.to_string()),
        ("memory", line("/proc/meminfo", "MemTotal")),
        ("kernel", fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned()),
        ("file system", first(&mut file_system)?),
        ("load when it began", fs::read_to_string("/proc/loadavg")?.split(' ').take(3).collect::<Vec<_>>().join(" ")),
        ("podman", version("podman")?),
        ("skopeo", version("skopeo")?),
        ("tar", version("tar")?),
        ("zstd", version("zstd")?),
        ("Nix", first(workbench.nix.command("nix").arg("--version"))?),
    ]))
}

/// Refuses to begin where the disk would be full before the end.
pub fn ensure_room(folder: &Path, needed: u64) -> Result<()> {
    let space =
        rustix::fs::statvfs(folder).with_context(|| format!("cannot ask for the room in {}", folder.display()))?;
    let free = space.f_bavail * space.f_frsize;
    ensure!(
        free >= needed,
        "this takes {} GB of disk in {}, and there are {} GB free: free some, or move the cache by XDG_CACHE_HOME",
        needed / 1_000_000_000,
        folder.display(),
        free / 1_000_000_000
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_too_small_is_refused_before_anything_is_done() {
        let error = ensure_room(Path::new("/"), u64::MAX).unwrap_err().to_string();
        assert!(error.contains("GB free"), "{error}");
        ensure_room(Path::new("/"), 1).unwrap();
    }
}
