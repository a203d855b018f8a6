//! What a CI's job is, whether it may sign and publish, whom a flake trusts that says nothing, and what a job's summary says.
//!
//! [`Job::read`] makes a job of the variables and the event that a CI gives to it: GitHub's, Forgejo's, Gitea's or GitLab's. [`Standing::of`]
//! says what it may do. [`default_policy`] is the policy of a repository whose flake has no `seedCfg`. [`Records`] are what the steps of a
//! job have done, and [`Records::markdown`] is the summary. [`workflow`] has the files of a repository's CI.
//!
//! No function here reads or writes anything.

mod event;
mod job;
mod markdown;
mod outputs;
mod policy;
mod records;
mod standing;
pub mod workflow;

pub use event::Event;
pub use job::{Forge, Job};
pub use outputs::{DEFAULT_OUTPUTS, is_default, outputs};
pub use policy::{NoPolicy, default_policy, default_registry};
pub use records::{Built, How, Kept, Output, Recorded, Records, Seeded, Started};
pub use standing::Standing;
