//! The mounts, from below to above, in a namespace of their own.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use nix::sched::{CloneFlags, unshare};
use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags, UnmountFlags,
    fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, mount, mount_change, move_mount, unmount,
};

use crate::device::Device;
use crate::files::Files;
use crate::loop_device::LoopDevice;
use crate::session::{DeviceFile, FILE, Serving, Told, mount_fuse, open_fuse, serve};
use crate::{Contents, Error, Result};

/// What the kernel needs for an overlay.
const WORK: &str = "work";
/// Where what is below is mounted, before the overlay has it.
const LOWER: &str = "lower";
const DEVICE: &str = "device";

/// How much the kernel reads ahead of whoever reads what lies in order, in KiB: some requests of the most that one may ask
/// for, so that as many threads decompress. It begins with less, and those who read here and there get what they ask for.
const READ_AHEAD: &str = "4096";

/// What goes over a seed.
#[derive(Debug, Clone, Copy)]
pub struct Above<'a> {
    /// A folder of this mount's own. It has a folder `work`, which is empty.
    pub folder: &'a Path,
    /// The folder in it that takes what is written: empty, or as an earlier overlay over the same seed left it.
    pub upper: &'a str,
    /// What the table of mounts calls it.
    pub name: &'a str,
    /// The user and the group that the seed's files belong to.
    pub owner: (u32, u32),
}

/// A store, mounted, and shown nowhere yet.
#[derive(Debug)]
pub struct Overlay {
    /// The mount: a folder with a `store` in it. Where nothing else holds it, it goes when this is closed.
    pub mount: OwnedFd,
    /// Whoever answers reads.
    pub serving: Serving,
}

/// Mounts a store: below, the seed, on a device, or where the kernel refuses that, which is said, file by file; above, what is
/// written. Only root may do this.
pub fn overlay(contents: &Arc<Contents>, above: Above) -> Result<Overlay> {
    std::thread::scope(|scope| {
        let (sender, sessions) = channel();
        let mounts = move || mounts(contents, above, &sender);
        let thread = std::thread::Builder::new().name("mount".into()).spawn_scoped(scope, mounts);
        let thread = thread.map_err(Error::io("starting", "a thread"))?;
        // Whoever answers must not be in the namespace that is to end: it would go on for as long as they do.
        let mut serving = Ok(None);
        for session in sessions {
            serving = session.serve(contents, above.owner).map(Some);
        }
        let made = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mount = made?;
        let nobody = || Error::refused("nobody answers")(rustix::io::Errno::NOTCONN);
        Ok(Overlay { mount, serving: serving?.ok_or_else(nobody)? })
    })
}

/// A session that somebody has to serve.
enum Session {
    Device(OwnedFd, Arc<Device>),
    Files(OwnedFd),
}

impl Session {
    fn serve(self, contents: &Arc<Contents>, owner: (u32, u32)) -> Result<Serving> {
        match self {
            Self::Device(fuse, device) => serve(fuse, DeviceFile { device, told: Told::default() }),
            Self::Files(fuse) => serve_files(fuse, contents, owner),
        }
    }
}

/// Makes the mounts, in a namespace of this thread's, which ends with it; so does its current folder.
fn mounts(contents: &Arc<Contents>, above: Above, sessions: &Sender<Session>) -> Result<OwnedFd> {
    let Above { folder, owner, .. } = above;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_FS)
        .map_err(Error::refused("this user may not mount, which takes CAP_SYS_ADMIN"))?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(Error::refused("the kernel does not keep mounts to itself"))?;
    // Names in options would have to be escaped.
    std::env::set_current_dir(folder).map_err(Error::io("entering", folder))?;
    let refused = device(contents, owner, sessions).err();
    if refused.is_some() {
        files(owner, sessions)?;
    }
    let mount = stack(above)?;
    if let Some(why) = refused {
        tracing::warn!("the seed is served file by file, which takes longer to list: {why}");
    }
    Ok(mount)
}

/// Whether this user may serve file systems, as far as that is seen before it is tried.
pub fn may_serve_files() -> Result<()> {
    open_fuse().map(drop)
}

/// Mounts a file system at `at`, in this process' namespaces, which [`serve_files`] has to serve: with what this gives, and
/// perhaps in another process. Files will belong to `owner`.
pub fn mount_files(at: &Path, owner: (u32, u32)) -> Result<OwnedFd> {
    let fuse = open_fuse()?;
    mount_fuse(&fuse, at, owner)?;
    Ok(fuse)
}

/// Serves a file system of the seed's files.
pub fn serve_files(fuse: OwnedFd, contents: &Arc<Contents>, owner: (u32, u32)) -> Result<Serving> {
    serve(fuse, Files::new(contents.clone(), owner))
}

/// Shows a mount at `at`, over what is there.
pub fn attach(mount: impl AsFd, at: &Path) -> Result<()> {
    move_mount(mount, "", CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(Error::refused("the kernel does not attach the mount"))
}

/// EROFS at `lower`, from a file that is served.
fn device(contents: &Arc<Contents>, owner: (u32, u32), sessions: &Sender<Session>) -> Result<()> {
    let device = Arc::new(Device::new(contents.clone(), owner)?);
    make_folder(DEVICE)?;
    make_folder(LOWER)?;
    let fuse = open_fuse()?;
    mount_fuse(&fuse, Path::new(DEVICE), (0, 0))?;
    let _ = sessions.send(Session::Device(fuse, device));
    read_ahead(Path::new(DEVICE));
    let path = Path::new(DEVICE).join(FILE);
    // Before 6.12 the kernel's EROFS takes block devices only; one between takes time for every read.
    let mounted = erofs(&path).or_else(|why| match &why {
        Error::Refused { source, .. } if source.raw_os_error() == Some(Errno::NODEV.raw_os_error()) => Err(why),
        _ => erofs(&LoopDevice::of(&path)?.path),
    });
    // Whoever is above has the file; nobody else is to come to it.
    let _ = unmount(DEVICE, UnmountFlags::DETACH);
    mounted
}

/// Sets how much is read ahead of files below `folder` that are opened from now on. Where that fails, they are slower.
fn read_ahead(folder: &Path) {
    if let Ok(folder) = rustix::fs::stat(folder) {
        let (major, minor) = (rustix::fs::major(folder.st_dev), rustix::fs::minor(folder.st_dev));
        let _ = std::fs::write(format!("/sys/class/bdi/{major}:{minor}/read_ahead_kb"), READ_AHEAD);
    }
}

fn erofs(device: &Path) -> Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::RDONLY | MountFlags::NOATIME;
    mount(device, LOWER, "erofs", flags, None).map_err(Error::refused("the kernel mounts no EROFS"))
}

/// FUSE at `lower`, file by file.
fn files(owner: (u32, u32), sessions: &Sender<Session>) -> Result<()> {
    make_folder(LOWER)?;
    let _ = sessions.send(Session::Files(mount_files(Path::new(LOWER), owner)?));
    Ok(())
}

/// The overlay of what is in the current folder.
fn stack(above: Above) -> Result<OwnedFd> {
    let refused = || Error::refused("the kernel mounts no overlay here");
    let make = |is_volatile: bool| -> rustix::io::Result<OwnedFd> {
        let overlay = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        let overlay = overlay.as_fd();
        fsconfig_set_string(overlay, "source", above.name)?;
        for (key, value) in [
            ("lowerdir", LOWER),
            ("upperdir", above.upper),
            ("workdir", WORK),
            ("redirect_dir", "off"),
            ("metacopy", "off"),
        ] {
            fsconfig_set_string(overlay, key, value)?;
        }
        if is_volatile {
            fsconfig_set_flag(overlay, "volatile")?;
        }
        fsconfig_create(overlay)?;
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        fsmount(overlay, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    // What is written has not to survive a loss of power, with which the mount is gone; older kernels do not know the
    // word (5.10).
    make(true).or_else(|_| make(false)).map_err(refused())
}

fn make_folder(name: &str) -> Result<()> {
    match std::fs::create_dir(name) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(Error::io("creating", name)(error)),
        _ => Ok(()),
    }
}
