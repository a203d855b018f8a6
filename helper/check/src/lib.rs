//! Whether a seed has all that a flake's outputs need, after any edit of the flake's own files that changes no dependency.
//!
//! Edits are made in a copy of the flake ([`Workspace`]), its outputs are evaluated by Nix ([`Evaluator`]), and from the derivations
//! that this writes it follows what an offline build would lack ([`find_missing`]): nothing is built. [`survey`] tries all edits, in
//! batches, and takes apart only those that go wrong.

mod edit;
mod error;
mod evaluate;
mod offline;
mod report;
mod subject;
mod survey;
mod workspace;

pub use edit::{Edit, Kind};
pub use error::{Error, Result};
pub use evaluate::{Evaluator, Nix};
pub use offline::{Base, How, Missing, find_missing};
pub use report::{FileReport, Finding, Report, Verdict};
pub use subject::{Node, Output, Subject};
pub use survey::{Evaluated, Files, Outcome, survey};
pub use workspace::Workspace;
