//! Repositories as small graphs: letters for digests.

use proptest::prelude::*;

use super::*;
use crate::prune::survey::Node;

fn node(content: Content) -> Node {
    Node { content, children: vec![], subjects: vec![], referrers: vec![] }
}

fn index(children: &[&str]) -> Node {
    Node { children: children.iter().map(ToString::to_string).collect(), ..node(Content::Index) }
}

fn refers(to: &str) -> Node {
    Node { subjects: vec![to.into()], ..node(Content::Other) }
}

fn survey(tags: &[(&str, &str)], nodes: Vec<(&str, Node)>) -> Survey {
    Survey {
        tags: tags.iter().map(|(tag, digest)| (tag.to_string(), digest.to_string())).collect(),
        nodes: nodes.into_iter().map(|(digest, node)| (digest.to_owned(), node)).collect(),
    }
}

fn plan(survey: &Survey, roots: &[&str]) -> Plan {
    Plan::of(survey, &roots.iter().map(|root| (root.to_string(), "lock".into())).collect())
}

fn deleted(survey: &Survey, roots: &[&str]) -> Vec<String> {
    plan(survey, roots).delete.into_iter().map(|deletion| deletion.digest).collect()
}

#[test]
fn an_old_seed_goes_with_its_referrers_and_tags() {
    let seeds = survey(
        &[("old", "a"), ("older", "a"), ("new", "b"), ("sha256-a", "t")],
        vec![
            ("a", Node { referrers: vec!["s".into()], ..node(Content::Seed) }),
            ("b", Node { referrers: vec!["u".into()], ..node(Content::Seed) }),
            ("s", refers("a")),
            ("x", refers("s")),
            ("t", refers("a")),
            ("u", refers("b")),
        ],
    );
    let plan = plan(&seeds, &["b"]);
    let lines: Vec<_> = plan.delete.iter().map(|d| format!("{:?} {} {}", d.role, d.digest, d.tags.join(","))).collect();
    assert_eq!(lines, ["Referrer x ", "Referrer s ", "Referrer t sha256-a", "Seed a old,older"]);
    let kept: Vec<_> = plan.keep.iter().map(|kept| format!("{} {}", kept.digest, kept.because)).collect();
    assert_eq!(kept, ["b lock", "u refers to b"]);
}

#[test]
fn what_is_kept_and_a_candidate_is_kept() {
    // One image under two tags; one referrer of two images.
    let shared = survey(
        &[("old", "a"), ("new", "a"), ("other", "b")],
        vec![
            ("a", Node { referrers: vec!["s".into()], ..node(Content::Seed) }),
            ("b", Node { referrers: vec!["s".into()], ..node(Content::Seed) }),
            ("s", refers("b")),
        ],
    );
    assert_eq!(deleted(&shared, &["a"]), ["b"]);
}

#[test]
fn an_index_stays_whole_while_one_of_its_images_is_kept() {
    let indexes = survey(
        &[("1", "i"), ("2", "j"), ("3", "k")],
        vec![
            ("i", index(&["a", "b"])),
            ("j", index(&["a", "c"])),
            ("k", index(&["d", "e"])),
            ("a", node(Content::Seed)),
            ("b", node(Content::Seed)),
            ("c", node(Content::Seed)),
            ("d", node(Content::Seed)),
            ("e", node(Content::Seed)),
        ],
    );
    // The lock names c: j stays, and a, which it names; i does not, although a is in it.
    assert_eq!(deleted(&indexes, &["c"]), ["i", "k", "b", "d", "e"]);
    // A tag of an index keeps all that it names.
    assert_eq!(deleted(&indexes, &["k"]), ["i", "j", "a", "b", "c"]);
}

#[test]
fn what_is_no_seed_stays() {
    let mixed = survey(
        &[("app", "p"), ("mixed", "i"), ("empty", "n"), ("seed", "b")],
        vec![
            ("p", node(Content::Other)),
            ("i", index(&["p", "a"])),
            ("n", index(&["lost"])),
            ("a", node(Content::Seed)),
            ("b", node(Content::Seed)),
            ("s", refers("p")),
            ("o", refers("nobody knows")),
        ],
    );
    assert_eq!(deleted(&mixed, &[]), ["b"]);
}

#[test]
fn referrers_in_a_circle_have_an_end() {
    let circle = survey(
        &[("t", "a")],
        vec![
            ("a", node(Content::Seed)),
            ("s", refers("r")),
            ("r", Node { subjects: vec!["a".into(), "s".into()], ..node(Content::Other) }),
        ],
    );
    let mut deleted = deleted(&circle, &[]);
    deleted.sort();
    assert_eq!(deleted, ["a", "r", "s"]);
}

proptest! {
    #[test]
    fn nothing_that_is_kept_is_deleted(
        nodes in prop::collection::vec((0..3u8, prop::collection::vec(0..12usize, 0..3), prop::collection::vec(0..12usize, 0..2)), 1..12),
        roots in prop::collection::btree_set(0..12usize, 0..4),
    ) {
        let name = |at: usize| format!("{at:02}");
        let survey = Survey {
            tags: BTreeMap::new(),
            nodes: nodes.iter().enumerate().map(|(at, (content, children, subjects))| {
                let names = |all: &[usize]| all.iter().map(|at| name(*at)).collect::<Vec<_>>();
                let content = [Content::Seed, Content::Index, Content::Other][usize::from(*content)];
                let children = if content == Content::Index { names(children) } else { vec![] };
                (name(at), Node { content, children, subjects: names(subjects), referrers: vec![] })
            }).collect(),
        };
        let roots: BTreeMap<_, _> = roots.into_iter().map(|at| (name(at), "lock".to_owned())).collect();
        let plan = Plan::of(&survey, &roots);
        let deleted: BTreeSet<_> = plan.delete.iter().map(|deletion| &*deletion.digest).collect();
        let kept: BTreeSet<_> = plan.keep.iter().map(|kept| &*kept.digest).collect();
        prop_assert_eq!(deleted.len(), plan.delete.len());
        prop_assert!(deleted.is_disjoint(&kept));
        for root in roots.keys() {
            prop_assert!(!deleted.contains(&**root));
        }
        for (digest, node) in survey.nodes.iter().filter(|(digest, _)| kept.contains(&***digest)) {
            for child in &node.children {
                prop_assert!(!deleted.contains(&**child), "{} is in {}, which is kept", child, digest);
            }
            for (referrer, _) in survey.nodes.iter().filter(|(_, node)| node.subjects.contains(digest)) {
                prop_assert!(!deleted.contains(&**referrer), "{} refers to {}, which is kept", referrer, digest);
            }
        }
    }
}
