use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nix_seed_daemon::Error as DaemonError;
use nix_seed_store::{Closure, StorePath};

use super::deliver::user;
use super::order::{Next, Order};
use super::socket::{Daemon, talk};
use super::spool::Spool;
use crate::adopt::{GcRoot, read};
use crate::state::State;
use crate::{Error, Result};

/// Brings paths that were built elsewhere to the store of a daemon, what they refer to first; what the roots name keeps them.
pub(crate) fn adopt(
    root: &Path,
    paths: &Closure,
    lies_at: &dyn Fn(&StorePath) -> PathBuf,
    roots: &[GcRoot],
    mut daemon: Daemon,
) -> Result<usize> {
    let state = State::beside_daemon(root)?;
    let _lock = state.lock()?;
    let spool = Spool::new(state.make_folder("spool")?);
    let names: BTreeSet<_> = paths.iter().map(|info| info.path.clone()).collect();
    let mut ask = || {
        names.iter().try_for_each(|path| daemon.connection.add_temp_root(path))?;
        daemon.connection.valid_paths(&names)
    };
    let valid = ask().map_err(talk(&daemon.socket))?;
    let missing: Vec<_> = paths.iter().filter(|info| !valid.contains(&info.path)).collect();
    let mut order = Order::new((0..).zip(missing.iter().copied()));
    (0..).zip(&missing).for_each(|(position, _)| order.arrived(position));
    while let Next::Give(position) = order.next() {
        let Some(info) = missing.get(position as usize) else { continue };
        let mut writing = spool.begin(&info.path)?;
        read(&lies_at(&info.path), info, &mut |event| writing.event(event))?;
        spool.finish(&info.path, writing)?;
        match daemon.connection.add(info, &mut spool.open(&info.path)?, false) {
            Ok(()) => spool.discard(&info.path)?,
            Err(DaemonError::Signature { path }) => {
                spool.clear()?;
                return Err(Error::NotTrusted { path, user: user() });
            }
            Err(error) => return Err(talk(&daemon.socket)(error)),
        }
        order.given(position);
    }
    spool.clear()?;
    for GcRoot { target, .. } in roots {
        daemon.connection.add_indirect_root(target).map_err(talk(&daemon.socket))?;
    }
    Ok(missing.len())
}
