use nix_seed_store::{PathInfo, Sha256Hash};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn path(digit: char) -> StorePath {
    StorePath::from_base_name(&format!("{}-p{digit}", String::from(digit).repeat(32))).unwrap()
}

/// A path of ten to the power of its digit in bytes, and of what follows the digit.
fn info(text: &str) -> PathInfo {
    let digit = text.chars().next().unwrap();
    PathInfo {
        path: path(digit),
        nar_hash: Sha256Hash([digit as u8; 32]),
        nar_size: 10_u64.pow(digit.to_digit(10).unwrap()),
        references: text.chars().skip(1).map(path).collect(),
        ca: None,
    }
}

/// A seed: each word a path with its references.
fn held(closure: &str, gc_roots: &str) -> Held {
    Held { closure: closure.split(' ').map(info).collect(), gc_roots: gc_roots.chars().map(path).collect() }
}

fn reasons(digits: &str) -> Vec<Reason> {
    digits.chars().map(|digit| Reason { path: path(digit), chain: vec![format!("needs {digit}")] }).collect()
}

fn needs(required: &str, results: &str) -> Needs {
    Needs { required: reasons(required), results: reasons(results) }
}

/// The verdict, and the digits of what is missing, to be built again, and not needed.
fn judged(needs: &Needs, held: &Held) -> (Verdict, [String; 3], u64) {
    let Judgement { verdict, missing, fresher, smaller, bytes } = judge(needs, held);
    let digits = |paths: &mut dyn Iterator<Item = StorePath>| paths.map(|path| path.name()[1..].to_owned()).collect();
    let missing = digits(&mut missing.into_iter().map(|reason| reason.path));
    let fresher = digits(&mut fresher.into_iter().map(|reason| reason.path));
    let smaller = digits(&mut smaller.into_iter().map(|surplus| surplus.path));
    (verdict, [missing, fresher, smaller], bytes)
}

fn said(verdict: Verdict, [missing, fresher, smaller]: [&str; 3], bytes: u64) -> (Verdict, [String; 3], u64) {
    (verdict, [missing.into(), fresher.into(), smaller.into()], bytes)
}

#[test]
fn a_seed_suits_the_commit_that_it_was_made_of() {
    let seed = held("0 10 21 3", "23");
    assert_eq!(judged(&needs("2", "3"), &seed), said(Verdict::Suits, ["", "", ""], 0));
    // What is needed need not be a root.
    assert_eq!(judged(&needs("210", "3"), &seed), said(Verdict::Suits, ["", "", ""], 0));
}

#[test]
fn what_is_missing_is_named_with_its_chain_and_nothing_else() {
    let seed = held("0 10 21 3", "23");
    assert_eq!(judged(&needs("274", "58"), &seed), said(Verdict::DoesNotSuit, ["74", "", ""], 0));
    assert_eq!(judge(&needs("7", ""), &seed).missing, reasons("7"));
}

#[test]
fn a_result_that_is_missing_makes_it_no_worse_than_fresher() {
    let seed = held("0 10 21 3", "23");
    assert_eq!(judged(&needs("2", "4"), &seed), said(Verdict::CouldBeFresher, ["", "4", "3"], 1000));
}

#[test]
fn what_only_unneeded_roots_lead_to_would_go() {
    let seed = held("0 10 20 312 43 520", "1245");
    // 0 stays, since 1 needs it; 3 goes, with 4 and 5 that alone lead there.
    assert_eq!(judged(&needs("1", ""), &seed), said(Verdict::CouldBeSmaller, ["", "", "542"], 111_100));
    let sizes: Vec<_> = judge(&needs("1", ""), &seed).smaller.into_iter().map(|surplus| surplus.bytes).collect();
    // 2 is counted for each that leads there.
    assert_eq!(sizes, [100_100, 11_100, 100]);
}

#[test]
fn an_unneeded_root_that_something_needs_is_no_surplus() {
    let seed = held("0 10 21", "012");
    assert_eq!(judged(&needs("2", ""), &seed), said(Verdict::Suits, ["", "", ""], 0));
}

#[test]
fn an_input_that_is_not_there_is_named() {
    let seed = held("0 10", "1");
    let input = |name: &str, digit| LockedInput { name: name.into(), path: path(digit) };
    let inputs = [input("nixpkgs", '0'), input("nix-seed/systems", '7')];
    let chain = ["the flake's inputs", "nix-seed/systems"].map(ToOwned::to_owned);
    assert_eq!(lacking(&inputs, &seed), [Reason { path: path('7'), chain: chain.into() }]);
}

#[test]
fn the_json_is_as_documented() {
    let judgement = judge(&needs("1", "7"), &held("0 10 2", "12"));
    let at = |digit| path(digit).to_string();
    assert_eq!(
        serde_json::to_value(judgement).unwrap(),
        json!({
            "verdict": "could-be-fresher",
            "missing": [],
            "fresher": [{ "path": at('7'), "chain": ["needs 7"] }],
            "smaller": [{ "path": at('2'), "bytes": 100 }],
            "bytes": 100,
        })
    );
}

proptest! {
    /// Whatever is in a seed and needed of it: it suits if and only if all that is required is there, what would go is
    /// nothing that is needed, and what is left suits no worse.
    #[test]
    fn what_would_go_is_not_needed(
        references in proptest::collection::vec(proptest::collection::vec(0..8_usize, 0..4), 1..8),
        roots: u8,
        required: u8,
        results: u8,
    ) {
        let digits = |bits: u8| -> String {
            (0..8_u32).filter(|bit| bits & (1 << bit) != 0).filter_map(|bit| char::from_digit(bit, 10)).collect()
        };
        let row = |(digit, references): (usize, &Vec<usize>)| {
            let before = references.iter().filter(|other| **other < digit).map(ToString::to_string);
            format!("{digit}{}", before.collect::<String>())
        };
        let closure: Vec<_> = references.iter().enumerate().map(row).collect();
        let mut seed = held(&closure.join(" "), &digits(roots));
        seed.gc_roots.retain(|root| seed.closure.contains(root));
        let needs = needs(&digits(required), &digits(results & !required));
        let judgement = judge(&needs, &seed);
        let is_there = needs.required.iter().all(|reason| seed.closure.contains(&reason.path));
        prop_assert_eq!(judgement.verdict == Verdict::DoesNotSuit, !is_there);
        if !is_there {
            return Ok(());
        }
        let kept = seed.gc_roots.iter().filter(|root| judgement.smaller.iter().all(|gone| gone.path != **root));
        let kept = kept.cloned().chain(needs.all().cloned());
        let (left, bytes) = reach(&seed.closure, kept, &HashSet::new());
        let all = seed.gc_roots.iter().cloned().chain(needs.all().cloned());
        prop_assert_eq!(reach(&seed.closure, all, &HashSet::new()).1 - bytes, judgement.bytes);
        let smaller = Held {
            closure: seed.closure.iter().filter(|info| left.contains(&info.path)).cloned().collect(),
            gc_roots: seed.gc_roots.iter().filter(|root| left.contains(*root)).cloned().collect(),
        };
        let again = judge(&needs, &smaller);
        prop_assert_eq!((again.missing, again.fresher, again.bytes), (judgement.missing, judgement.fresher, 0));
    }
}
