//! What Nix says that a seed of the flake needs.

use nix_seed_suit::Needs;

use crate::error::Error;
use crate::flake::Flake;
use crate::nix::Question;

/// Evaluates the attribute `needs` of the flake's seed, offline: what would have to be fetched is not in the seed either.
pub(super) fn needs(flake: &Flake, override_input: &[String]) -> Result<Needs, Error> {
    let answer = Question {
        attribute: &format!("{flake}.needs"),
        options: &["--offline"],
        override_input,
        without_nix: "take the seed's: nix-seed run SEED -- nix-seed check --quick SEED",
        hint: "An input that is not here is fetched by: nix flake archive; an attribute that is missing is that of an older \
               nix-seed, see: nix flake update nix-seed",
    }
    .ask()?;
    Ok(Needs::parse(&answer)?)
}
