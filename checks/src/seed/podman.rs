//! podman and skopeo, with settings that work on every machine and a storage of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use crate::machine::cache::{Cache, key};
use crate::machine::process;
use crate::seed::layout::Layout;

pub struct Podman {
    cache: Cache,
    environment: [(&'static str, PathBuf); 3],
}

impl Podman {
    pub fn open(cache: &Cache) -> Result<Self> {
        let folder = cache.folder("containers")?;
        let podman = Self {
            cache: cache.clone(),
            environment: [
                ("CONTAINERS_CONF", folder.join("containers.conf")),
                ("CONTAINERS_STORAGE_CONF", folder.join("storage.conf")),
                ("PODMAN_IGNORE_CGROUPSV1_WARNING", "1".into()),
            ],
        };
        let _guard = cache.lock("podman")?;
        for ((_, file), text) in podman.environment.iter().zip([engine_settings()?, storage_settings(&folder)?]) {
            let scratch = cache.scratch()?;
            let new = scratch.path().join("settings");
            fs::write(&new, text)?;
            fs::rename(&new, file)?;
        }
        Ok(podman)
    }

    /// What makes any other program use the same settings and storage.
    pub fn environment(&self) -> &[(&'static str, PathBuf)] {
        &self.environment
    }

    /// A command of podman, or of another program that works on its storage.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Gives podman the image in an OCI layout, if it has not got it yet, and returns the image's identifier.
    pub fn load(&self, layout: &Path) -> Result<String> {
        let id = Layout::open(layout)?.id()?;
        let _guard = self.cache.lock("podman")?;
        if !self.has(&id)? {
            // podman makes an image name of the path, and refuses capital letters in it: what lies above is not its concern.
            let (folder, name) = layout.parent().zip(layout.file_name()).context("the layout has no name")?;
            let source = format!("oci:{}", name.display());
            process::output(self.command("podman").current_dir(folder).args(["pull", "--quiet", &source]))?;
        }
        Ok(id)
    }

    /// Undoes [`Self::load`].
    pub fn remove(&self, layout: &Path) -> Result<()> {
        let id = Layout::open(layout)?.id()?;
        let _guard = self.cache.lock("podman")?;
        if self.has(&id)? {
            process::output(self.command("podman").args(["image", "rm", "--force", &id]))?;
        }
        Ok(())
    }

    fn has(&self, id: &str) -> Result<bool> {
        let status = self.command("podman").args(["image", "exists", id]).status().context("cannot run podman")?;
        Ok(status.success())
    }
}

/// runc and cgroupfs need no systemd. podman by itself raises limits, which is not permitted everywhere; and some
/// versions lower their own limit of processes to that of files, so both are the lower of the two.
fn engine_settings() -> Result<String> {
    let limits = fs::read_to_string("/proc/self/limits").context("cannot read /proc/self/limits")?;
    let lowest = ["Max open files", "Max processes"].iter().filter_map(|name| hard_limit(&limits, name)).min();
    let limits = match lowest {
        Some(limit) => json!(["nofile", "nproc"].map(|name| format!("{name}={limit}:{limit}"))),
        None => json!([]),
    };
    Ok(format!(
        "[containers]\ndefault_ulimits = {limits}\n\n[engine]\ncgroup_manager = \"cgroupfs\"\nruntime = \"runc\"\n"
    ))
}

/// From the text of /proc/self/limits; none if it is unlimited.
fn hard_limit(limits: &str, name: &str) -> Option<u64> {
    let values = limits.lines().find_map(|line| line.strip_prefix(name))?;
    values.split_whitespace().nth(1)?.parse().ok()
}

/// The driver is the one that podman chose for this machine.
fn storage_settings(folder: &Path) -> Result<String> {
    let driver = process::output(Command::new("podman").args(["info", "--format", "{{.Store.GraphDriverName}}"]))?;
    let [driver, root, run] =
        [driver.trim().into(), folder.join("storage"), run_root(folder)].map(|value: PathBuf| json!(value));
    Ok(format!("[storage]\ndriver = {driver}\ngraphroot = {root}\nrunroot = {run}\n"))
}

/// Where podman keeps what lasts until the machine restarts. Of a path above 50 characters it starts containers, but does not
/// learn of their end, for which it waits 20 s then.
fn run_root(folder: &Path) -> PathBuf {
    let run = folder.join("run");
    if run.as_os_str().len() <= 50 {
        return run;
    }
    Path::new("/tmp").join(format!("nix-seed-{}", key([run.as_os_str().as_encoded_bytes()])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_root_is_short_and_each_has_its_own() {
        assert_eq!(run_root(Path::new("/cache/containers")), Path::new("/cache/containers/run"));
        let [a, b] = ["a", "b"].map(|name| run_root(&Path::new("/long").join("x".repeat(60)).join(name)));
        assert!(a != b && a.as_os_str().len() <= 50 && b.as_os_str().len() <= 50);
    }

    #[test]
    fn reads_hard_limits() {
        let limits = "\
Limit                     Soft Limit           Hard Limit           Units
Max processes             unlimited            unlimited            processes
Max open files            1024                 20000                files
";
        assert_eq!(hard_limit(limits, "Max open files"), Some(20000));
        assert_eq!(hard_limit(limits, "Max processes"), None);
    }
}
