//! Which steps make `/nix`, and which take it away again.

use std::path::Path;

/// The volume's name, which no other program gives.
pub(super) const VOLUME: &str = "nix-seed";
/// Names in the root that the system makes when it starts, or when it is asked to.
pub(super) const SYNTHETIC: &str = "/etc/synthetic.conf";
/// What is mounted when the system starts.
pub(super) const FSTAB: &str = "/etc/fstab";
const MOUNT_POINT: &str = "nix";
const FSTAB_LINE: &str = "LABEL=nix-seed /nix apfs rw,nobrowse,suid,owners # made by nix-seed up";
const APFS_UTIL: &str = "/System/Library/Filesystems/apfs.fs/Contents/Resources/apfs.util";
const DISKUTIL: &str = "/usr/sbin/diskutil";

/// What there is before anything is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Whether `/nix` is there.
    pub(super) has_mount_point: bool,
    /// The name of the volume that is mounted there.
    pub(super) mounted: Option<String>,
    /// Whether there is a volume of this program's, mounted or not.
    pub(super) has_volume: bool,
    /// The container of the volume that the system runs from: `disk3`.
    pub(super) container: String,
    /// The text of `/etc/synthetic.conf`, empty where there is none.
    pub(super) synthetic: String,
    /// The text of `/etc/fstab`, empty where there is none.
    pub(super) fstab: String,
    /// Whether `/nix` belongs to whom it is to belong to.
    pub(super) is_given: bool,
    /// Who is to own the store, as `chown` takes it.
    pub(super) owner: Option<String>,
}

/// A step, with the name that people see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) action: Action,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Replace a file; where the text is empty, remove it.
    Write { path: &'static str, text: String },
    /// Run a program.
    Run { program: &'static str, arguments: Vec<String> },
}

fn write(name: &'static str, path: &'static str, text: String) -> Step {
    Step { name, action: Action::Write { path, text } }
}

fn run(name: &'static str, program: &'static str, arguments: &[&str]) -> Step {
    let arguments = arguments.iter().map(ToString::to_string).collect();
    Step { name, action: Action::Run { program, arguments } }
}

/// The steps that make `/nix`; none where there is one. An interrupted run is gone on with.
pub(super) fn up(found: &Found) -> Vec<Step> {
    let mut steps = Vec::new();
    let is_mounted = found.mounted.as_deref() == Some(VOLUME);
    if found.mounted.is_some() && (!is_mounted || found.is_given) {
        return steps;
    }
    // First, since it also says to a `down` who made the rest.
    if !lines(&found.fstab).any(|line| line == FSTAB_LINE) {
        steps.push(write("having a volume mounted when the system starts", FSTAB, with_line(&found.fstab, FSTAB_LINE)));
    }
    if !lines(&found.synthetic).any(|line| line == MOUNT_POINT) {
        let text = with_line(&found.synthetic, MOUNT_POINT);
        steps.push(write("asking the system for the mount point /nix", SYNTHETIC, text));
    }
    if !found.has_mount_point {
        steps.push(run("making the mount point", APFS_UTIL, &["-t"]));
    }
    if !found.has_volume {
        let arguments = ["apfs", "addVolume", &found.container, "APFS", VOLUME, "-nomount"];
        steps.push(run("adding the volume", DISKUTIL, &arguments));
    }
    if !is_mounted {
        steps.push(run("mounting it", DISKUTIL, &["mount", "-mountPoint", "/nix", VOLUME]));
    }
    steps.push(run("having it keep owners", DISKUTIL, &["enableOwnership", "/nix"]));
    if let Some(owner) = &found.owner {
        steps.push(run("giving it to the user", "/usr/sbin/chown", &[owner, "/nix"]));
    }
    steps
}

/// The steps that take away what [`up`] made, and nothing else. The mount point goes when the system starts anew.
pub(super) fn down(found: &Found) -> Vec<Step> {
    let mut steps = Vec::new();
    if found.mounted.as_deref() == Some(VOLUME) {
        steps.push(run("unmounting the volume", DISKUTIL, &["unmount", "force", "/nix"]));
    }
    if found.has_volume {
        steps.push(run("deleting the volume", DISKUTIL, &["apfs", "deleteVolume", VOLUME]));
    }
    // Last what says that this program made the rest.
    if lines(&found.fstab).any(|line| line == FSTAB_LINE) {
        let text = without_line(&found.synthetic, MOUNT_POINT);
        steps.push(write("asking the system for no mount point any more", SYNTHETIC, text));
        steps.push(write(
            "having nothing mounted when the system starts",
            FSTAB,
            without_line(&found.fstab, FSTAB_LINE),
        ));
    }
    steps
}

/// Why `/nix` cannot be made.
pub(super) fn refusal(found: &Found, is_root: bool) -> Option<&'static str> {
    let link = lines(&found.synthetic).any(|line| line.starts_with("nix\t"));
    let by_others =
        lines(&found.fstab).any(|line| line != FSTAB_LINE && line.split_whitespace().nth(1) == Some("/nix"));
    if link {
        Some("/etc/synthetic.conf makes /nix a link; remove that line and restart")
    } else if by_others && found.mounted.is_none() {
        Some("/etc/fstab has another volume for /nix; mount it, or remove that line")
    } else if !is_root && found.mounted.is_none() {
        Some("only root can make /nix on macOS: run this command with sudo")
    } else {
        None
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_end)
}

fn with_line(text: &str, line: &str) -> String {
    let break_before = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{break_before}{line}\n")
}

fn without_line(text: &str, line: &str) -> String {
    lines(text).filter(|other| *other != line).flat_map(|line| [line, "\n"]).collect()
}

/// The container that `diskutil info -plist /` names.
pub(super) fn container(plist: &str) -> Option<&str> {
    let (_, rest) = plist.split_once("<key>APFSContainerReference</key>")?;
    let (_, rest) = rest.split_once("<string>")?;
    let (name, _) = rest.split_once("</string>")?;
    let is_disk = name.strip_prefix("disk").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    is_disk.then_some(name)
}

/// The name of the volume that `diskutil info -plist` describes.
pub(super) fn volume_name(plist: &str) -> Option<&str> {
    let (_, rest) = plist.split_once("<key>VolumeName</key>")?;
    let (_, rest) = rest.split_once("<string>")?;
    rest.split_once("</string>").map(|(name, _)| name)
}

/// Whether what `diskutil info -plist /nix` says speaks of what is mounted there, and not of the volume that `/nix` lies on.
pub(super) fn is_mounted_at(plist: &str, point: &Path) -> bool {
    let mounted = plist.split_once("<key>MountPoint</key>").and_then(|(_, rest)| rest.split_once("<string>"));
    mounted.and_then(|(_, rest)| rest.split_once("</string>")).is_some_and(|(path, _)| Path::new(path) == point)
}

#[cfg(test)]
mod tests;
