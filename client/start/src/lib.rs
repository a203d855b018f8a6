//! A seed on a machine: what it lacks, fetched, verified, unpacked, registered, and undone.
//!
//! [`up`] brings a seed's store paths to `/nix`; [`down`] takes away what it brought. The way of a store path: the
//! [`plan`] says which ranges of which layers hold what is missing; `fetch` reads these on several threads, each path
//! verified while it is written beside its place; `store` puts the paths in place and registers them, all at once.
//!
//! A path counts as there when Nix' database says so. Whatever interrupts an `up`, no half path ever does; the next `up`
//! goes on with what is whole. A store that a Nix daemon owns is changed by that daemon only: see `daemon`.

mod adopt;
mod busy;
mod daemon;
mod environment;
mod error;
mod fetch;
mod here;
mod journal;
mod locks;
#[cfg(any(test, target_os = "macos"))]
mod macos;
#[cfg(target_os = "linux")]
mod mounted;
mod plan;
mod progress;
mod state;
mod store;
mod tree;
mod undo;
mod up;

pub use adopt::{GcRoot, Giver, LiesAt, Origin, Steps, adopt, may_adopt};
pub use environment::Environment;
pub use error::{Error, Result};
pub use here::{Here, seed_here};
#[cfg(target_os = "linux")]
pub use mounted::{Attempt, Served, complete, likely, may_mount, mount, stream};
pub use plan::{Job, plan};
pub use progress::{Progress, Snapshot};
pub use undo::{Undone, down, seeds_up};
#[cfg(target_os = "linux")]
pub use up::register;
pub use up::{Options, Started, Through, up, up_read};
