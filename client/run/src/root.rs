//! A new root: all of the machine's but for `/nix`, which is the seed's.

use std::ffi::CString;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive,
    mount_change, mount_remount, move_mount, unmount,
};
use rustix::process::pivot_root;

use crate::inside::{Given, mend};
use crate::mounted::mount_served;
use crate::run_folder::{COPY, LOWER, ROOT, UPPER, WORK};
use crate::{Error, Result, tree};

/// Where the machine's root is while the new one is made.
const OLD: &str = "/.machine";

/// Makes the new root this process' own. `run` is the run's folder.
///
/// A root is made in any case: where the machine has no `/nix`, only root could make a place for one, and not undo it
/// whatever happens.
pub(crate) fn change(run: &Path, seed: &Given) -> Result<()> {
    // What is mounted here stays here; what the machine mounts later is seen.
    let propagation = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    mount_change("/", propagation).map_err(refused("keeping mounts to itself"))?;
    let root = run.join(ROOT);
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", &root, "tmpfs", flags, c"mode=0755,size=4m").map_err(refused("mounting a root"))?;
    std::env::set_current_dir(&root).map_err(Error::io("entering", &root))?;
    folder(Path::new(OLD.trim_start_matches('/')))?;
    pivot_root(".", OLD.trim_start_matches('/')).map_err(refused("changing the root"))?;
    std::env::set_current_dir("/").map_err(Error::io("entering", "/"))?;

    for entry in std::fs::read_dir(OLD).map_err(Error::io("reading", "/"))? {
        let name = entry.map_err(Error::io("reading", "/"))?.file_name();
        if name != "nix" && Path::new("/").join(&name) != Path::new(OLD) {
            show(&Path::new(OLD).join(&name), &Path::new("/").join(&name));
        }
    }
    folder(Path::new("/nix"))?;
    let within = |path: &Path| Path::new(OLD).join(path.strip_prefix("/").unwrap_or(path));
    match seed {
        Given::Folder(seed) => store(&within(run), &within(seed).join("nix"))?,
        Given::Mount(number) => attach(*number)?,
        Given::Served => served(&within(run))?,
    }

    std::env::set_current_dir("/").map_err(Error::io("entering", "/"))?;
    unmount(OLD, UnmountFlags::DETACH).map_err(refused("leaving the machine's root"))?;
    std::fs::remove_dir(OLD).map_err(Error::io("removing", OLD))?;
    // A file beside /home would be lost silently.
    mount_remount("/", flags | MountFlags::RDONLY, c"").map_err(refused("making the root read-only"))
}

/// Shows an entry of the machine's root under its name. One that cannot be shown is missing: most commands need few.
fn show(old: &Path, new: &Path) {
    let shown = || -> std::io::Result<()> {
        let metadata = old.symlink_metadata()?;
        if metadata.is_symlink() {
            return std::os::unix::fs::symlink(std::fs::read_link(old)?, new);
        }
        if metadata.is_dir() {
            DirBuilder::new().mode(0o755).create(new)?;
        } else {
            File::create(new)?;
        }
        Ok(mount_bind_recursive(old, new)?)
    };
    if let Err(error) = shown() {
        tracing::warn!("the command does not see {}: {error}", new.display());
    }
}

/// Shows a store that is mounted, and open as the file of this number, which the command does not get.
fn attach(number: i32) -> Result<()> {
    let mount = format!("/proc/self/fd/{number}");
    move_mount(CWD, mount, CWD, "/nix", MoveMountFlags::MOVE_MOUNT_F_SYMLINKS)
        .map_err(|errno| Error::NotMounted { why: format!("the kernel does not attach the mount: {errno}") })?;
    nix::unistd::close(number).map_err(Error::io("closing", "/nix"))
}

/// Mounts the store: an overlay over a file system that the first process serves.
fn served(run: &Path) -> Result<()> {
    std::env::set_current_dir(run).map_err(Error::io("entering", run))?;
    mount_served()?;
    lay(format!("lowerdir={LOWER},upperdir={UPPER},workdir={WORK},{}", how()))
        .map_err(|error| Error::NotMounted { why: format!("the kernel mounts no overlay here: {error}") })
}

/// Mounts the store: an overlay, or else a copy.
fn store(run: &Path, seed: &Path) -> Result<()> {
    let overlay = options(run, seed).and_then(|options| {
        // Relative names, since an option may not hold just any.
        std::env::set_current_dir(run)?;
        lay(options)
    });
    let Err(error) = overlay else { return Ok(()) };
    tracing::warn!(
        "the seed is copied for this run, since the kernel refuses an overlay in the cache ({error}); a cache on another file \
         system starts faster: NIX_SEED_CACHE"
    );
    let copy = run.join(COPY);
    tree::copy(seed, &copy)?;
    mount_bind(&copy, "/nix").map_err(refused("mounting /nix"))
}

/// Mounts an overlay at `/nix`.
fn lay(options: String) -> std::io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    let mount = |options: String| Ok(mount("overlay", "/nix", "overlay", flags, &*CString::new(options)?)?);
    // Nothing that goes with the run has to survive a loss of power; older kernels do not know the word (5.10).
    mount(format!("{options},volatile")).or_else(|_: std::io::Error| mount(options))
}

/// How the kernel keeps what it has to know of files that are written.
fn how() -> &'static str {
    if is_in_user_namespace() { "userxattr" } else { "redirect_dir=off,metacopy=off" }
}

/// The overlay's options: what is written lies in the run's folder, as plain files that can be read there.
fn options(run: &Path, seed: &Path) -> std::io::Result<String> {
    // `run` is beside `seeds`, see `Cache`.
    let seeds = run.parent().and_then(Path::parent).map(|cache| cache.join("seeds"));
    let lower = seeds.and_then(|seeds| Some(PathBuf::from("../../seeds").join(seed.strip_prefix(seeds).ok()?)));
    let lower =
        lower.and_then(|lower| lower.to_str().map(ToOwned::to_owned)).ok_or(std::io::ErrorKind::InvalidInput)?;
    Ok(format!("lowerdir={lower},upperdir={UPPER},workdir={WORK},{}", how()))
}

/// Whether this process is not in the machine's own user namespace: there the attributes that overlays keep are others.
fn is_in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().collect::<Vec<_>>() != ["0", "0", "4294967295"]
}

fn folder(path: &Path) -> Result<()> {
    DirBuilder::new().mode(0o755).create(path).map_err(Error::io("creating", path))
}

fn refused(doing: &str) -> impl FnOnce(rustix::io::Errno) -> Error {
    let doing = doing.to_owned();
    move |errno| Error::Mount { doing, source: errno.into(), mend: mend() }
}
