//! A seed that is mounted for a run, and served by the process that waits for it.

use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix_seed_frames::{FrameCache, Frames, Options as FrameOptions};
use nix_seed_image::index::{FrameRef, Node, SeedPath};
use nix_seed_image::recording::Recording;
use nix_seed_image::seed::Seed;
use nix_seed_mount::{Above, Contents, Local, Overlay, mount_files, overlay, serve_files};
use nix_seed_source::Found;
use nix_seed_start::{Giver, Progress, register};
use nix_seed_store::{LiveDatabase, STORE_DIR, StorePath, database_folder};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

use crate::environment::Environment;
use crate::quiet::Quiet;
use crate::run_folder::{LOWER, RunFolder, UPPER};
use crate::{Error, Result};

/// What the table of mounts calls it.
const NAME: &str = "nix-seed";
/// Where the second process hands over its side of a file system.
const SOCKET: &str = "socket";

/// A seed, read and verified, and its contents, which come when they are read.
pub struct Mounted {
    found: Found,
    pub(crate) seed: Arc<Seed>,
    contents: Arc<Contents>,
}

/// Whether what this machine's own store has of a seed is read there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// It is.
    Used,
    /// All is read from the seed.
    Ignored,
}

/// How the second process comes to the store.
pub(crate) enum Shown {
    /// It has a mount, as an open file.
    Mount(Overlay),
    /// It mounts a file system that this process serves.
    Files,
}

impl std::fmt::Debug for Mounted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mounted({})", self.seed.digest())
    }
}

impl Mounted {
    /// The seed that was found; what is fetched of it is kept in `cache`.
    pub fn new(found: Found, cache: FrameCache, own: Own) -> Result<Self> {
        let seed = Arc::new(found.seed()?);
        let _quiet = Quiet::begin();
        let frames = Arc::new(Frames::new(&seed, &found.source, Some(cache), &FrameOptions::of_user()?)?);
        let local = if own == Own::Used { self::local(&seed) } else { Local::new() };
        let is_here = |number| frames.places().owner(number).is_some_and(|path| local.contains_key(&path));
        let likely = nix_seed_start::likely(&seed, frames.places());
        nix_seed_start::stream(&frames, &likely, is_here);
        // Who records reads in an order that no recording has made: what that puts beside what is touched would be read ahead, and
        // stay in every recording to come.
        let likely = if own == Own::Used { likely } else { Vec::new() };
        let contents = Arc::new(Contents::new(seed.clone(), frames, local, likely));
        Ok(Self { found, seed, contents })
    }

    /// Fetches and verifies all of it, before anything is run over it.
    pub fn complete(&self, progress: &Progress) -> Result<()> {
        Ok(nix_seed_start::complete(&self.seed, self.frames(), progress)?)
    }

    /// What was touched, in the order of the first touch.
    pub fn recording(&self) -> Recording {
        let places = self.frames().places();
        let touched = self.frames().touched().into_iter().filter_map(|number| places.in_layer(number));
        let touched: Vec<_> = touched.map(|(layer, frame)| FrameRef { layer, frame }).collect();
        Recording::of(&self.seed.index, &touched)
    }

    fn frames(&self) -> &Frames {
        self.contents.frames()
    }

    /// Where the command finds a program of the seed's own; none where the seed has no such program.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let search = nix_seed_start::Environment::search_path(&self.seed);
        search.iter().map(|folder| Path::new(folder).join(name)).find(|program| self.has(program))
    }

    fn has(&self, file: &Path) -> bool {
        let find = || {
            let mut names = file.strip_prefix(STORE_DIR).ok()?.components();
            let base = names.next()?.as_os_str().to_str()?;
            let path = StorePath::from_base_name(base).ok()?;
            let path = self.seed.index.paths.get(self.seed.index.position(&path)? as usize)?;
            names.try_fold(0, |folder, name| entry(path, folder, name.as_os_str().as_encoded_bytes()))
        };
        find().is_some()
    }

    /// The steps of a path of the seed, each verified; none where it is no path of the seed.
    pub(crate) fn steps(&self, path: &StorePath) -> Option<Giver<'_>> {
        let index = &self.seed.index;
        let path = index.paths.get(index.position(path)? as usize)?;
        Some(Box::new(move |steps| self.frames().path(index, path, &mut |event| steps(event))))
    }

    /// Makes the run's store: its database, its settings, and what is mounted.
    pub(crate) fn prepare(&self, folder: &RunFolder) -> Result<(Shown, Environment)> {
        let _span = tracing::info_span!("mount", seed.paths = self.seed.index.paths.len() as i64).entered();
        let started = register(&self.found, &self.seed, &folder.path)?;
        let shown = self.show(folder)?;
        Ok((shown, started.environment.into()))
    }

    fn show(&self, folder: &RunFolder) -> Result<Shown> {
        let _quiet = Quiet::begin();
        let above = Above { folder: &folder.path, upper: UPPER, name: NAME, owner: (0, 0) };
        let refused = if rustix::process::geteuid().is_root() {
            match overlay(&self.contents, above) {
                Ok(overlay) => {
                    // The second process gets it as it is.
                    fcntl_setfd(&overlay.mount, FdFlags::empty()).map_err(Error::io("passing on", NAME))?;
                    return Ok(Shown::Mount(overlay));
                }
                Err(error) => Some(error),
            }
        } else {
            None
        };
        // Whoever may not mount in the machine's own user namespace may do so in one of its own, but for devices.
        match nix_seed_mount::may_serve_files() {
            Ok(()) => self.serve(folder).map(|()| Shown::Files),
            Err(error) => Err(Error::NotMounted { why: refused.unwrap_or(error).to_string() }),
        }
    }

    /// Waits for the second process to hand over its side of a file system, and serves it.
    fn serve(&self, folder: &RunFolder) -> Result<()> {
        let path = folder.path.join(SOCKET);
        let failed = || Error::io("preparing", &path);
        // The path of a socket has at most 107 bytes.
        let open = std::fs::File::open(&folder.path).map_err(failed())?;
        let short = format!("/proc/self/fd/{}/{SOCKET}", std::os::fd::AsRawFd::as_raw_fd(&open));
        let listener = UnixListener::bind(short).map_err(failed())?;
        let contents = self.contents.clone();
        let owner = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let wait = move || {
            let Ok((stream, _)) = listener.accept() else { return };
            let Some(fuse) = receive(&stream) else { return };
            // Without an answer the second process finds its file system dead, and says so.
            if let Ok(serving) = serve_files(fuse, &contents, owner) {
                drop(stream);
                serving.wait();
            }
        };
        std::thread::Builder::new().name("serve".into()).spawn(wait).map(drop).map_err(failed())
    }
}

/// For the second process, in its own namespaces and the run's folder: mounts the seed at `lower`, which the first serves.
pub(crate) fn mount_served() -> Result<()> {
    let owner = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    std::fs::create_dir_all(LOWER).map_err(Error::io("creating", LOWER))?;
    let refused = |error: nix_seed_mount::Error| Error::NotMounted { why: error.to_string() };
    let fuse = mount_files(Path::new(LOWER), owner).map_err(refused)?;
    let stream = UnixStream::connect(SOCKET).map_err(Error::io("connecting to", SOCKET))?;
    let fds = [fuse.as_fd()];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&fds));
    let sent = sendmsg(&stream, &[std::io::IoSlice::new(&[0])], &mut control, SendFlags::empty());
    sent.map(drop).map_err(Error::io("writing to", SOCKET))
}

fn receive(stream: &UnixStream) -> Option<std::os::fd::OwnedFd> {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(stream, &mut [std::io::IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC).ok()?;
    control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    })
}

/// The entry of this name in a folder of a path.
fn entry(path: &SeedPath, folder: u32, name: &[u8]) -> Option<u32> {
    let is_it = |position: u32| {
        let entry = path.entries.get(position as usize);
        entry.is_some_and(|entry| position > 0 && entry.parent == folder && entry.name == name)
    };
    let found = (0..path.entries.len() as u32).find(|position| is_it(*position))?;
    let is_folder = matches!(path.entries.get(folder as usize)?.node, Node::Directory);
    is_folder.then_some(found)
}

/// What this machine's own store has of a seed. It is believed, as Nix believes it; what cannot be read there is fetched.
fn local(seed: &Seed) -> Local {
    let mut local = Local::new();
    let Ok(database) = LiveDatabase::open_unchanging(&database_folder(Path::new("/"))) else { return local };
    for (position, path) in (0..).zip(&seed.index.paths) {
        let known = database.query(&path.info.path);
        if known.is_ok_and(|known| known == Some((path.info.nar_hash, path.info.nar_size))) {
            local.insert(position, PathBuf::from(path.info.path.to_string()));
        }
    }
    local
}
