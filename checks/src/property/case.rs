//! A flake and an edit of it.

use super::edit::Edit;
use super::flake::Flake;
use super::random::Random;

#[derive(Debug, Clone)]
pub struct Case {
    /// What it is generated from.
    pub seed: u64,
    pub flake: Flake,
    /// One to four edits, made in turn.
    pub edits: Vec<Edit>,
    /// Whether what the seed holds of the flake's own results is there too. A build has to do without it, which is harder.
    pub with_results: bool,
}

impl Case {
    pub fn generate(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let flake = Flake::generate(&mut random, format!("{seed:016x}"));
        let mut edited = flake.clone();
        let mut edits = Vec::new();
        let count = random.within(1, 4);
        // Edits may undo each other.
        while edits.len() < count || edited == flake {
            if let Some(edit) = Edit::generate(&mut random, &edited) {
                edit.apply(&mut edited);
                edits.push(edit);
            }
        }
        Self { seed, flake, edits, with_results: random.chance(25) }
    }

    /// The flake after the edits; none where they cannot be made.
    pub fn edited(&self) -> Option<Flake> {
        let mut flake = self.flake.clone();
        let is_made = self.edits.iter().all(|edit| edit.apply(&mut flake));
        is_made.then_some(flake)
    }

    /// Whether it is one of those that a seed promises.
    pub fn is_promised(&self) -> bool {
        !self.edits.is_empty() && self.flake.is_whole() && self.flake.is_decided() && self.edited().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_cases_are_what_a_seed_promises() {
        for seed in 0..500 {
            let case = Case::generate(seed);
            assert!(case.is_promised(), "{seed}");
            assert_ne!(case.edited().unwrap(), case.flake);
            assert_eq!(case.flake.render(), Case::generate(seed).flake.render());
        }
    }
}
