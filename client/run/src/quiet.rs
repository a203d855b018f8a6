//! Threads that get no signals: these are for the one that waits for the command.

use nix::sys::signal::SigSet;

/// While there is one, threads that are started get no signals.
pub(crate) struct Quiet(Option<SigSet>);

impl Quiet {
    pub(crate) fn begin() -> Self {
        Self(SigSet::all().thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_SETMASK).ok())
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(before) = self.0 {
            let _ = before.thread_set_mask();
        }
    }
}
