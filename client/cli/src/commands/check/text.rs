//! An answer of `check --quick`, for a person.

use nix_seed_suit::{Judgement, Reason, Surplus, Verdict};

use super::Flake;
use crate::print;

/// How many paths of a kind are named.
const NAMED: usize = 10;

/// The verdict first, at the end what to do.
pub(super) fn lines(judgement: &Judgement, flake: &Flake) -> Vec<String> {
    let Judgement { verdict, missing, fresher, smaller, bytes } = judgement;
    let better = match (fresher.is_empty(), smaller.is_empty()) {
        (false, false) => "the seed suits, but could be fresher, and smaller",
        (true, false) => "the seed suits, but could be smaller",
        _ => "the seed suits, but could be fresher",
    };
    let mut lines = vec![match verdict {
        Verdict::Suits => "the seed suits".to_owned(),
        Verdict::CouldBeFresher | Verdict::CouldBeSmaller => better.to_owned(),
        Verdict::DoesNotSuit => format!("the seed does not suit: {} that an offline build needs", paths(missing.len())),
    }];
    if !missing.is_empty() {
        lines.push("missing:".into());
        lines.extend(named(missing, tree));
    }
    if !fresher.is_empty() {
        lines.push("built again, in each build that needs it:".into());
        lines.extend(named(fresher, tree));
    }
    if !smaller.is_empty() {
        lines.push(format!("no longer needed, {} in all:", print::bytes(*bytes)));
        lines.extend(named(smaller, |Surplus { path, bytes }| vec![format!("  {:>10}  {path}", print::bytes(*bytes))]));
    }
    if *verdict != Verdict::Suits {
        lines.push(format!("a new seed has what this flake needs, and nothing else: nix build {flake}"));
    }
    lines
}

fn paths(count: usize) -> String {
    if count == 1 { "it lacks a store path".into() } else { format!("it lacks {count} store paths") }
}

fn named<T>(all: &[T], lines: impl Fn(&T) -> Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("  … and {more} more (--json lists them)"));
    all.iter().take(NAMED).flat_map(lines).chain(more).collect()
}

/// The path, and below it what it is needed for.
fn tree(reason: &Reason) -> Vec<String> {
    let mut lines = vec![format!("  {}", reason.path)];
    if !reason.chain.is_empty() {
        lines.push(format!("    needed by {}", reason.chain.join(" → ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use nix_seed_suit::Judgement;

    use super::*;

    fn flake() -> Flake {
        Flake::parse(".", "seed").unwrap()
    }

    fn reason(digit: usize, chain: &[&str]) -> Reason {
        let path = format!("/nix/store/{}-p{digit}", digit.to_string().repeat(32));
        let needs = serde_json::json!({ "reasons": [{ "path": path, "chain": chain }], "results": [] });
        nix_seed_suit::Needs::parse(needs.to_string().as_bytes()).unwrap().required.remove(0)
    }

    #[test]
    fn what_is_missing_has_its_chain() {
        let judgement = Judgement::does_not_suit(vec![reason(1, &["packages.default", "app-1.0"]), reason(2, &[])]);
        assert_eq!(
            lines(&judgement, &flake()),
            [
                "the seed does not suit: it lacks 2 store paths that an offline build needs",
                "missing:",
                "  /nix/store/11111111111111111111111111111111-p1",
                "    needed by packages.default → app-1.0",
                "  /nix/store/22222222222222222222222222222222-p2",
                "a new seed has what this flake needs, and nothing else: nix build .#seed",
            ]
        );
        let many = Judgement::does_not_suit((0..12).map(|_| reason(1, &[])).collect());
        assert!(lines(&many, &flake()).iter().any(|line| line == "  … and 2 more (--json lists them)"));
    }

    #[test]
    fn what_could_be_better_is_said() {
        let fresher = vec![reason(3, &["checks.x"])];
        let smaller = vec![Surplus { path: reason(4, &[]).path, bytes: 1_500_000 }];
        let judgement =
            Judgement { verdict: Verdict::CouldBeFresher, missing: vec![], fresher, smaller, bytes: 1_600_000 };
        let said = lines(&judgement, &flake());
        assert_eq!(said[0], "the seed suits, but could be fresher, and smaller");
        assert!(said.contains(&"no longer needed, 1.60 MB in all:".into()), "{said:?}");
        assert!(said.contains(&"     1.50 MB  /nix/store/44444444444444444444444444444444-p4".into()), "{said:?}");
        let suits = Judgement { verdict: Verdict::Suits, fresher: vec![], smaller: vec![], bytes: 0, ..judgement };
        assert_eq!(lines(&suits, &flake()), ["the seed suits"]);
    }
}
