//! Gives paths to the daemon while others are still being fetched.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use nix_seed_daemon::{Connection, Error as DaemonError};
use nix_seed_image::Error as ImageError;
use nix_seed_image::index::{Index, SeedPath};
use nix_seed_store::Event;

use super::order::{Next, Order};
use super::socket::{Daemon, talk};
use super::spool::{Spool, Writing};
use crate::fetch::Target;
use crate::{Error, Result};

/// How many paths a daemon is given at the same time: it unpacks each in a process of its own.
const CONNECTIONS: usize = 4;

/// What is given, and to whom.
pub(super) struct Delivery<'a> {
    pub(super) index: &'a Index,
    pub(super) spool: &'a Spool,
    pub(super) socket: &'a Path,
    /// The positions of paths that the daemon believes it has, though nothing is there.
    pub(super) lost: BTreeSet<u32>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    order: Order,
    has_failed: bool,
}

impl<'a> Delivery<'a> {
    /// Of the paths at the positions `missing`.
    pub(super) fn new(index: &'a Index, missing: &[u32], spool: &'a Spool, socket: &'a Path) -> Self {
        let infos = missing.iter().filter_map(|position| Some((*position, &index.paths.get(*position as usize)?.info)));
        let queue = Mutex::new(Queue { order: Order::new(infos), has_failed: false });
        Self { index, spool, socket, lost: BTreeSet::new(), queue, changed: Condvar::new() }
    }

    /// The NAR of the path at this position is whole.
    pub(super) fn arrived(&self, position: u32) -> Result<()> {
        let mut queue = self.queue();
        queue.order.arrived(position);
        self.changed.notify_all();
        // What fails to be given need not be fetched.
        if queue.has_failed { Err(ImageError::Stopped.into()) } else { Ok(()) }
    }

    /// Gives paths to the daemon as `fetch` brings them, until all are given or something fails.
    pub(super) fn run(&self, fetch: impl FnOnce() -> Result<()> + Send) -> Result<()> {
        std::thread::scope(|scope| {
            let givers: Vec<_> = (0..CONNECTIONS)
                .map_while(|_| std::thread::Builder::new().spawn_scoped(scope, || self.guarded(|| self.give())).ok())
                .collect();
            let fetched = self.guarded(fetch);
            // Where no thread can be had, this one gives what all of them would.
            let mut results = vec![fetched, self.guarded(|| self.give())];
            results.extend(
                givers.into_iter().map(|giver| giver.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
            );
            let errors = results.into_iter().filter_map(Result::err);
            // What stopped since another failed says nothing of the cause.
            errors.min_by_key(|error| matches!(error, Error::Image(ImageError::Stopped))).map_or(Ok(()), Err)
        })
    }

    /// Does `work`; if it fails, nobody waits for what it would have brought.
    fn guarded(&self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        work().inspect_err(|_| {
            self.queue().has_failed = true;
            self.changed.notify_all();
        })
    }

    /// Gives one path after the other, as long as there are any.
    fn give(&self) -> Result<()> {
        let mut connection = None;
        while let Some(position) = self.next()? {
            let connection = match &mut connection {
                Some(connection) => connection,
                None => connection.insert(Daemon::connect(self.socket)?),
            };
            if let Some(path) = self.index.paths.get(position as usize) {
                self.give_one(connection, path, position)?;
            }
            self.queue().order.given(position);
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Waits for a path whose turn it is; none where all are given.
    fn next(&self) -> Result<Option<u32>> {
        let mut queue = self.queue();
        loop {
            if queue.has_failed {
                return Err(ImageError::Stopped.into());
            }
            match queue.order.next() {
                Next::Give(position) => return Ok(Some(position)),
                Next::Done => return Ok(None),
                Next::Wait => queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Next::Circle(position) => {
                    let path = self.index.paths.get(position as usize).map(|path| path.info.path.clone());
                    return path.map_or(Ok(None), |path| Err(Error::Circle { path }));
                }
            }
        }
    }

    fn give_one(&self, connection: &mut Connection, path: &SeedPath, position: u32) -> Result<()> {
        let _span = tracing::info_span!("register", path = path.info.path.base_name()).entered();
        let mut nar = self.spool.open(&path.info.path)?;
        match connection.add(&path.info, &mut nar, self.lost.contains(&position)) {
            Ok(()) => self.spool.discard(&path.info.path),
            Err(DaemonError::Signature { path }) => Err(Error::NotTrusted { path, user: user() }),
            Err(error) => Err(talk(self.socket)(error)),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Target for Delivery<'_> {
    type Writing = Writing;

    fn begin(&self, path: &SeedPath) -> Result<Writing> {
        self.spool.begin(&path.info.path)
    }

    fn event(&self, writing: &mut Writing, event: &Event<'_>) -> Result<()> {
        writing.event(event)
    }

    fn finish(&self, path: &SeedPath, position: u32, writing: Writing) -> Result<()> {
        self.spool.finish(&path.info.path, writing)?;
        self.arrived(position)
    }
}

/// As `trusted-users` names this user.
pub(super) fn user() -> String {
    let id = rustix::process::geteuid().as_raw();
    std::env::var("USER").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| format!("the user with id {id}"))
}
