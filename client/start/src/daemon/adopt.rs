use std::collections::BTreeSet;
use std::path::Path;

use nix_seed_daemon::Error as DaemonError;
use nix_seed_store::Closure;

use super::deliver::user;
use super::order::{Next, Order};
use super::socket::{Daemon, talk};
use super::spool::{RESULTS, Spool};
use crate::adopt::{GcRoot, LiesAt, read};
use crate::state::State;
use crate::{Error, Result};

/// Brings paths that were built elsewhere to the store of a daemon, what they refer to first; what the roots name keeps them.
pub(crate) fn adopt(
    root: &Path,
    paths: &Closure,
    lies_at: &LiesAt,
    roots: &[GcRoot],
    mut daemon: Daemon,
) -> Result<usize> {
    let state = State::beside_daemon(root)?;
    let _lock = state.lock()?;
    for GcRoot { target, .. } in roots {
        daemon.root(root, target)?;
    }
    let spool = Spool::new(state.make_folder(RESULTS)?);
    let given = give(paths, lies_at, &mut daemon, &spool);
    // Also what was not given: it is here anyway.
    spool.clear()?;
    given
}

fn give(paths: &Closure, lies_at: &LiesAt, daemon: &mut Daemon, spool: &Spool) -> Result<usize> {
    let names: BTreeSet<_> = paths.iter().map(|info| info.path.clone()).collect();
    let mut ask = || {
        names.iter().try_for_each(|path| daemon.connection.add_temp_root(path))?;
        daemon.connection.valid_paths(&names)
    };
    let valid = ask().map_err(talk(&daemon.socket))?;
    let missing: Vec<_> = paths.iter().filter(|info| !valid.contains(&info.path)).collect();
    let mut order = Order::new((0..).zip(missing.iter().copied()));
    (0..).zip(&missing).for_each(|(position, _)| order.arrived(position));
    loop {
        let position = match order.next() {
            Next::Give(position) => position,
            Next::Done | Next::Wait => return Ok(missing.len()),
            Next::Circle(position) => {
                let path = missing.get(position as usize).map(|info| info.path.clone());
                return path.map_or(Ok(missing.len()), |path| Err(Error::Circle { path }));
            }
        };
        let Some(info) = missing.get(position as usize) else { continue };
        let mut writing = spool.begin(&info.path)?;
        read(lies_at(&info.path), info, &mut |event| writing.event(event))?;
        spool.finish(&info.path, writing)?;
        match daemon.connection.add(info, &mut spool.open(&info.path)?, false) {
            Ok(()) => spool.discard(&info.path)?,
            Err(DaemonError::Signature { path }) => return Err(Error::NotTrusted { path, user: user() }),
            Err(error) => return Err(talk(&daemon.socket)(error)),
        }
        order.given(position);
    }
}
