//! `check --quick`: what the seed at hand holds, and what the flake needs.

use std::path::{Path, PathBuf};

use nix_seed_source::{Found, Location};
use nix_seed_start::seed_here;
use nix_seed_suit::{Held, Judgement, Verdict, judge, lacking, locked_inputs};

use super::{Check, Flake, nix, text};
use crate::args::Global;
use crate::error::Error;
use crate::print;
use crate::verified::locked::{self, LOCK_NAME};

/// The exit code where something is missing.
const DOES_NOT_SUIT: u8 = 6;
/// The exit code where all is there, and something could be better.
const COULD_BE_BETTER: u8 = 7;

/// Where no seed is named, one that is at the machine's own `/nix`.
const MACHINE: &str = "/";

pub(super) fn run(seed: Option<&Location>, flake: &Flake, check: &Check, global: &Global) -> Result<u8, Error> {
    let folder = flake.folder();
    let held = at_hand(seed, folder.as_deref(), global)?;
    let judgement = judged(&held, folder, flake, &check.override_input)?;
    if global.json {
        let json = serde_json::to_value(&judgement).map_err(std::io::Error::from);
        print::json(&json.map_err(|source| Error::Io { doing: "writing", path: "the answer".into(), source })?)?;
    } else {
        text::lines(&judgement, flake).iter().try_for_each(|line| print::line(line))?;
    }
    Ok(match judgement.verdict {
        Verdict::Suits => 0,
        Verdict::CouldBeFresher | Verdict::CouldBeSmaller => COULD_BE_BETTER,
        Verdict::DoesNotSuit => DOES_NOT_SUIT,
    })
}

fn judged(held: &Held, folder: Option<PathBuf>, flake: &Flake, override_input: &[String]) -> Result<Judgement, Error> {
    if let Some(lock) = folder.map(|folder| folder.join("flake.lock")).filter(|lock| lock.exists()) {
        let text = std::fs::read_to_string(&lock);
        let text = text.map_err(|source| Error::Io { doing: "reading", path: lock, source })?;
        let overridden: Vec<_> = override_input.chunks(2).filter_map(|pair| pair.first().map(String::as_str)).collect();
        let missing = lacking(&locked_inputs(&text, &overridden)?, held);
        // Nix would fetch them: there is nothing more to ask.
        if !missing.is_empty() {
            return Ok(Judgement::does_not_suit(missing));
        }
    }
    Ok(judge(&nix::needs(flake, override_input)?, held))
}

/// What the seed holds that is named, or that the lock file beside the flake names, or that is at /nix.
fn at_hand(seed: Option<&Location>, folder: Option<&Path>, global: &Global) -> Result<Held, Error> {
    let lock = folder.map_or_else(|| LOCK_NAME.into(), |folder| folder.join(LOCK_NAME));
    let system = global.platform().nix_system();
    if let Some(location) = seed {
        return found(location, global);
    }
    if let Some(location) = folder.map(|folder| locked::beside(folder, "check --quick", global)).transpose()?.flatten()
    {
        return found(&location, global);
    }
    let lock = lock.display().to_string();
    let here = seed_here(Path::new(MACHINE))?.ok_or(Error::NoSeedAtHand { lock, system })?;
    print::note(&format!("the seed at /nix{}", here.digest.map(|digest| format!(": {digest}")).unwrap_or_default()));
    Ok(Held { closure: here.closure, gc_roots: here.gc_roots })
}

fn found(location: &Location, global: &Global) -> Result<Held, Error> {
    let found = Found::find_seed(location, &global.registry()?, &global.platform(), None)?;
    if let Some(tag) = &found.tag {
        print::note(&format!("{location}: {tag} is {}", found.digest()));
    }
    let seed = found.seed()?;
    Ok(Held { closure: seed.index.closure(), gc_roots: seed.gc_roots })
}
