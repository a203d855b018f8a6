//! The frontier: the store paths that have to be present so that every derivation which depends on the flake's own
//! source can be built offline. `DESIGN.md`, "The closure", says why it is as it is.
//!
//! [`Graph`] is what Nix has written down of the flake's outputs, [`Tree`] and [`Texts`] know the flake's own files where
//! they are met, and [`plan`] decides. Only reading touches the disk: a plan is a function of a graph.

mod document;
mod error;
mod graph;
mod own;
mod plan;
mod roots;
mod store;
mod texts;
mod tree;

pub use document::{OutputRequest, Plan, PlannedOutput, Refusal, Request, Root, Used};
pub use error::{Error, Result};
pub use graph::{Graph, Input, Node, read_derivation};
pub use own::Own;
pub use plan::plan;
pub use store::{find_own, plan_store, read_graph};
pub use texts::Texts;
pub use tree::{Tree, Verdict};
