//! Carries the steps out, on a Mac.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::plan::{self, Action, FSTAB, Found, SYNTHETIC, Step, VOLUME};
use crate::{Error, Result};

/// Makes `/nix` where there is none.
pub(crate) fn make() -> Result<()> {
    let found = look()?;
    if let Some(why) = plan::refusal(&found, rustix::process::geteuid().is_root()) {
        return Err(Error::Macos { why: why.into() });
    }
    plan::up(&found).iter().try_for_each(carry_out)
}

/// Takes away what [`make`] has made; whether there was anything.
pub(crate) fn unmake() -> Result<bool> {
    let steps = plan::down(&look()?);
    steps.iter().try_for_each(carry_out)?;
    Ok(!steps.is_empty())
}

fn look() -> Result<Found> {
    let info = |what: &str| {
        let output = Command::new("/usr/sbin/diskutil").args(["info", "-plist", what]).output();
        let output = output.map_err(Error::io("running", "/usr/sbin/diskutil"))?;
        Ok::<_, Error>(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    let text = |path: &str| match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => text.map_err(Error::io("reading", path)),
    };
    let point = Path::new("/nix");
    let mounted = info("/nix")?.filter(|plist| plan::is_mounted_at(plist, point));
    let container = info("/")?.as_deref().and_then(plan::container).map(ToOwned::to_owned);
    let id = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let owner = id("SUDO_UID").zip(id("SUDO_GID"));
    let is_of = |user| point.metadata().is_ok_and(|metadata| metadata.uid() == user);
    Ok(Found {
        has_mount_point: point.is_dir(),
        mounted: mounted.map(|plist| plan::volume_name(&plist).unwrap_or_default().to_owned()),
        has_volume: info(VOLUME)?.is_some(),
        container: container.ok_or_else(|| Error::Macos { why: "diskutil names no APFS container of /".into() })?,
        synthetic: text(SYNTHETIC)?,
        fstab: text(FSTAB)?,
        is_given: owner.is_none_or(|(user, _)| is_of(user)),
        owner: owner.map(|(user, group)| format!("{user}:{group}")),
    })
}

fn carry_out(step: &Step) -> Result<()> {
    let start = Instant::now();
    match &step.action {
        Action::Write { path, text } if text.is_empty() => crate::tree::remove(Path::new(path))?,
        Action::Write { path, text } => {
            let aside = PathBuf::from(format!("{path}.nix-seed"));
            std::fs::write(&aside, text).map_err(Error::io("writing", &aside))?;
            std::fs::rename(&aside, path).map_err(Error::io("writing", *path))?;
        }
        Action::Run { program, arguments } => {
            let output = Command::new(program).args(arguments).output().map_err(Error::io("running", *program))?;
            // It ends with an error also where all is well; what comes next shows whether it is.
            if !output.status.success() && arguments != &["-t"] {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return Err(Error::Macos { why: format!("{}: {program} says: {said}", step.name) });
            }
        }
    }
    tracing::warn!("{}: {:.1} s", step.name, start.elapsed().as_secs_f64());
    Ok(())
}
