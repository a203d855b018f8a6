//! Whether a signed release is to be believed.
//!
//! Bundles come in as bytes and a decision goes out: [`decide`] reads no file, asks no network and looks at no clock, so a
//! decision is a function of what it is given. (Sigstore's crates do look at it: a log's time that is still to come is
//! refused, whatever is given as now.) [`verify`](sigstore::verify) finds out who signed a statement, when, and in which logs it
//! stands; [`Policy`] says who may; [`Refusal`] says why not. `doc/refusals.md` lists the reasons.
//!
//! Sigstore's formats and signatures are read by its own crates, behind [`sigstore`] alone.

mod decision;
mod policy;
mod refusal;
pub mod sigstore;

pub use decision::{Bundle, Check, Decision, Expected, Finding, Refused, decide};
pub use policy::{Builder, Policy};
pub use refusal::{Reason, Refusal};
