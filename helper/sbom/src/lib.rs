//! Bills of materials (SBOMs) of a seed, and of a result's runtime closure.
//!
//! [`Bom`] is what is known: store paths with their references, what [`Packages`] say of themselves, and what they were built from
//! ([`Origins`]). [`cyclonedx`] and [`spdx`] write it down. Nothing here reads a file, a clock or the environment: the same knowledge
//! gives the same bytes, in whatever order it came. `doc/sbom.md` in the repository lists every field, and what is not claimed.
//!
//! Specifications followed: CycloneDX 1.6 (ECMA-424) as JSON, with the properties of the Nixpkgs manual ("CycloneDX", `nix` namespace);
//! SPDX 2.3 as JSON, with license expressions as its annex D has them; CPE 2.3 (NISTIR 7695); RFC 9562, UUID version 8.
//!
//! Deviations: CycloneDX asks for a serial number that differs with each document, even of the same content. Here it is a hash of the
//! content, so that two builders write the same document.

mod address;
mod bom;
mod component;
mod cyclonedx;
mod error;
mod identifier;
mod identity;
mod license;
mod origins;
mod packages;
mod properties;
mod spdx;
mod text;

pub use bom::{Bom, Subject};
pub use component::{Component, NamedBy};
pub use cyclonedx::cyclonedx;
pub use error::{Error, Result};
pub use license::{Expression, License, OwnLicense};
pub use origins::Origins;
pub use packages::{Package, Packages};
pub use spdx::spdx;

/// The program that writes documents, as they name it.
pub(crate) const TOOL: &str = "nix-seed-helper";
pub(crate) const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");
