//! A FUSE session of this process: what the kernel asks, and threads that answer.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyEntry, ReplyOpen, Request, Session, SessionACL,
};
use rustix::fs::{Mode, OFlags, open};
use rustix::mount::{MountFlags, mount};

use crate::device::Device;
use crate::{Error, Result, apart};

/// How many reads are answered at one time: each may wait for the network.
const THREADS: usize = 16;

/// For how long the kernel need not ask again: nothing ever changes.
pub(crate) const FOREVER: Duration = Duration::from_secs(1 << 30);

/// The name of the device's file.
pub(crate) const FILE: &str = "device";

const ROOT: INodeNo = INodeNo(1);
const DEVICE: INodeNo = INodeNo(2);

/// A session that goes on until nobody uses what it serves, or this process ends.
#[derive(Debug)]
pub struct Serving(JoinHandle<io::Result<()>>);

impl Serving {
    /// Waits until nobody uses what is served.
    pub fn wait(self) {
        // How it ends makes no difference: there is nobody left to tell.
        let _ = self.0.join();
    }
}

/// Opens the kernel's side of a new session.
pub(crate) fn open_fuse() -> Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    open("/dev/fuse", flags, Mode::empty()).map_err(Error::refused("there is no FUSE, or not for this user"))
}

/// Mounts what the session `fuse` will serve; to whoever is told to, the kernel checks modes itself.
pub(crate) fn mount_fuse(fuse: &OwnedFd, at: &Path, owner: (u32, u32)) -> Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::RDONLY;
    let (fd, (user, group)) = (fuse.as_raw_fd(), owner);
    let options = format!(
        "fd={fd},rootmode=40000,user_id={user},group_id={group},allow_other,default_permissions,max_read=1048576"
    );
    let options = std::ffi::CString::new(options).map_err(|error| Error::io("mounting at", at)(error.into()))?;
    mount("nix-seed", at, "fuse.nix-seed", flags, &*options).map_err(Error::refused("the kernel mounts no FUSE"))
}

/// Starts to answer what comes over `fuse`, by threads that have nothing else open.
///
/// Other threads of this process ask as well, while they mount. If it is killed meanwhile, they do not end before they have an
/// answer; nobody gives one, and the kernel says so as soon as nobody has `fuse` open any more. In a table that all threads
/// share, it would be open for as long as they wait.
pub(crate) fn serve<F: Filesystem>(fuse: OwnedFd, files: F) -> Result<Serving> {
    let failed = || Error::io("serving", "/dev/fuse");
    let (said, err) = io::pipe().map_err(failed())?;
    let numbers = [fuse.as_raw_fd(), err.as_raw_fd()];
    let (sender, steps) = channel();
    let answer = move || {
        let left = apart::leave(&fuse, err.into());
        let is_alone = left.is_ok();
        let _ = sender.send(left);
        if !is_alone {
            return Ok(());
        }
        let mut config = Config::default();
        config.n_threads = Some(THREADS);
        config.acl = SessionACL::All;
        let session = Session::from_fd(files, fuse, SessionACL::All, config);
        let (session, begun) = match session {
            Ok(session) => (Some(session), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let _ = sender.send(begun);
        drop(sender);
        session.map_or(Ok(()), Session::run)
    };
    let thread = std::thread::Builder::new().name("fuse".into()).spawn(answer).map_err(failed())?;
    let step = || steps.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into())).map_err(failed());
    step()?;
    apart::forget(numbers);
    let relay = std::thread::Builder::new().name("said".into()).spawn(move || relay(said));
    relay.map_err(failed())?;
    step()?;
    Ok(Serving(thread))
}

/// Passes on what is said by threads that have another standard error: this one's may change.
fn relay(mut said: io::PipeReader) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = said.read(&mut buffer) {
        let mut rest = buffer.get(..length).unwrap_or_default();
        while let Ok(written @ 1..) = rustix::io::write(io::stderr(), rest) {
            rest = rest.get(written..).unwrap_or_default();
        }
    }
}

/// What is told of errors: at most one of a kind, since one that lasts concerns every read.
#[derive(Debug, Default)]
pub(crate) struct Told(AtomicBool);

impl Told {
    /// Tells of an error and gives what the reader gets.
    pub(crate) fn error(&self, error: &nix_seed_frames::Error) -> Errno {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!("a file of the seed cannot be read: {error}");
        }
        Errno::EIO
    }

    /// A read went well: the next error is news.
    pub(crate) fn read(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Asks for what makes reads large and many.
pub(crate) fn configure(config: &mut KernelConfig) {
    // Whatever the kernel does not know is done without.
    for flag in [InitFlags::FUSE_ASYNC_READ, InitFlags::FUSE_ASYNC_DIO, InitFlags::FUSE_PARALLEL_DIROPS] {
        let _ = config.add_capabilities(flag);
    }
    let _ = config.set_max_write(1 << 20);
    let _ = config.set_max_background(64);
}

/// A folder with one file: the device.
pub(crate) struct DeviceFile {
    pub(crate) device: Arc<Device>,
    pub(crate) told: Told,
}

impl DeviceFile {
    fn attributes(&self, inode: INodeNo) -> Option<FileAttr> {
        let (kind, perm, size) = match inode {
            ROOT => (FileType::Directory, 0o500, 0),
            DEVICE => (FileType::RegularFile, 0o400, self.device.size()),
            _ => return None,
        };
        Some(attributes(inode, kind, perm, size, (0, 0), 1))
    }
}

/// Attributes of what never changes.
pub(crate) fn attributes(
    ino: INodeNo,
    kind: FileType,
    perm: u16,
    size: u64,
    (uid, gid): (u32, u32),
    nlink: u32,
) -> FileAttr {
    let time = UNIX_EPOCH + Duration::from_secs(1);
    FileAttr {
        ino,
        size,
        blocks: size.div_ceil(512),
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind,
        perm,
        nlink,
        uid,
        gid,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

impl Filesystem for DeviceFile {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        configure(config);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.attributes(DEVICE).filter(|_| parent == ROOT && name == FILE) {
            Some(attributes) => reply.entry(&FOREVER, &attributes, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(inode) {
            Some(attributes) => reply.attr(&FOREVER, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        // Small files lie side by side: the kernel's cache of this one is where it reads ahead of those who read them in turn.
        // Nothing is written that would have to be flushed.
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE | FopenFlags::FOPEN_NOFLUSH);
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let held = self.device.size().saturating_sub(offset).min(size.into());
        let mut buffer = vec![0; usize::try_from(held).unwrap_or_default()];
        match self.device.read(offset, &mut buffer) {
            Ok(()) => {
                self.told.read();
                reply.data(&buffer);
            }
            Err(error) => reply.error(self.told.error(&error)),
        }
    }
}
