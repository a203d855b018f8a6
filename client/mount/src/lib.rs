//! A seed's store, mounted: ready in milliseconds, whatever is in it.
//!
//! The kernel's EROFS answers every question about names, modes and sizes from metadata that is made here, from the
//! verified index. What is in files lies in one file, which a FUSE session of this process serves: that is where frames are
//! fetched, verified and decompressed when somebody reads them. An overlay above takes what is written.
//!
//! ```text
//!   overlay    what builds write          upper: a folder
//!   EROFS      names, modes, sizes        metadata: made from the index
//!   FUSE       one file                   0 … metadata … contents, what is likely first; the kernel reads ahead
//!   process    this one                   frames, fetched, verified, decompressed
//! ```
//!
//! Before 6.12, the kernel's EROFS wants a loop device between. Where there is neither, and in a user namespace, a FUSE
//! session serves the files themselves: every question about a name comes to this process once.
//!
//! All mounts but the overlay live in a mount namespace of the thread that makes them, which ends: what is left is held by
//! the overlay alone, and goes with it. So there is nothing to clean up, whatever ends first; and when this process ends, reads
//! fail, and do not hang: also its own, since the threads that answer have a table of open files of their own, which the
//! kernel closes with the last of them, whatever the others wait for.
#![cfg(target_os = "linux")]

mod apart;
mod contents;
mod device;
mod error;
mod files;
mod heap;
mod loop_device;
mod mount;
mod session;
#[cfg(test)]
mod testing;

pub use contents::{Contents, Local};
pub use error::{Error, Result};
pub use heap::share_heap;
pub use mount::{Above, Overlay, attach, may_serve_files, mount_files, overlay, serve_files};
pub use session::Serving;
