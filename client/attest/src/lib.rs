//! Where signed statements are: attached to what they speak of, in a registry; or on disk, until a log takes them.
//!
//! [`collect`] finds what is attached, and believes nothing of it, and [`Kept`] has it the next time; [`attach`] attaches, and reads back; a
//! [`Queue`] keeps what is signed and not logged.

mod attach;
mod collect;
mod error;
mod kept;
mod queue;

pub use attach::{Attachment, attach, result, tag_of_path, tag_of_path_and_commit};
pub use collect::{Collected, collect};
pub use error::{Error, Result};
pub use kept::Kept;
pub use queue::{Pending, Queue};
