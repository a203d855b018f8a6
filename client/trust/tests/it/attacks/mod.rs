//! Each reason to refuse something, met by an attack.
//!
//! An attack begins with documents that are believed and changes one thing. What has to be signed to be an attack, is.

mod builds;
mod certificates;
mod documents;
mod logs;
mod statements;

use std::collections::BTreeSet;

use nix_seed_trust::{Decision, Reason, Refused};

type Decided = Result<Decision, Refused>;

/// A test for each attack, named after it, and a list of them.
macro_rules! attacks {
    ($($name:ident: $reason:ident = $decide:expr;)+) => {
        pub(super) const REASONS: &[nix_seed_trust::Reason] = &[$(nix_seed_trust::Reason::$reason),+];

        $(
            #[test]
            fn $name() {
                let decide: fn() -> crate::attacks::Decided = $decide;
                crate::attacks::assert_refused(nix_seed_trust::Reason::$reason, decide());
            }
        )+
    };
}
use attacks;

fn assert_refused(expected: Reason, decided: Decided) {
    match decided {
        Ok(_) => panic!("it is believed"),
        Err(refused) => assert_eq!(refused.first.reason, expected, "{refused:?}"),
    }
}

/// Reasons that no document is refused for, and why.
const NO_ATTACK: [(Reason, &str); 2] = [
    (Reason::Pending, "attest says it of what it signed itself"),
    (Reason::TooFew, "level 1 asks for one builder, and without one there is another reason"),
];

#[test]
fn every_reason_is_met() {
    let lists = [builds::REASONS, certificates::REASONS, documents::REASONS, logs::REASONS, statements::REASONS];
    let met: BTreeSet<_> = lists.into_iter().flatten().copied().collect();
    let excused: BTreeSet<_> = NO_ATTACK.iter().map(|(reason, _)| *reason).collect();
    let all: BTreeSet<_> = Reason::ALL.iter().copied().collect();
    assert_eq!(all.difference(&met).copied().collect::<BTreeSet<_>>(), excused);
}
