//! Whatever edits are bad, they are found, and nothing else.

use proptest::prelude::*;

use super::*;

const FILES: usize = 40;

/// What an edit does, whatever others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bad {
    Fails { named: bool },
    Lacks(u8),
    New(u8),
}

fn bad() -> impl Strategy<Value = Bad> {
    prop_oneof![
        any::<bool>().prop_map(|named| Bad::Fails { named }),
        (0..4u8).prop_map(Bad::Lacks),
        (0..4u8).prop_map(Bad::New),
    ]
}

const KINDS: [Kind; 4] = [Kind::Append, Kind::Replace, Kind::Rename, Kind::Delete];

/// A few bad edits, by kind and file.
fn edits() -> impl Strategy<Value = BTreeMap<(Kind, usize), Bad>> {
    prop::collection::btree_map((prop::sample::select(KINDS.to_vec()), 0..FILES), bad(), 0..6)
}

fn evaluate(bad: &BTreeMap<(Kind, PathBuf), Bad>, edits: &[Edit]) -> Evaluated {
    let mut missing = BTreeMap::new();
    for edit in edits {
        match bad.get(&(edit.kind, edit.path.clone())) {
            Some(Bad::Fails { named }) => {
                let path = if *named { &*edit.path } else { Path::new("lib/strings.nix") };
                return Evaluated::Fails(format!("at /nix/store/0-source/{}:1:1", path.display()));
            }
            Some(Bad::Lacks(of)) => missing.insert(format!("old{of}"), false),
            Some(Bad::New(of)) => missing.insert(format!("new{of}"), true),
            None => None,
        };
    }
    Evaluated::Follows(missing.iter().map(|(name, is_new)| self::missing(name, *is_new)).collect())
}

proptest! {
    #[test]
    fn findings_are_exactly_what_is_bad(bad in edits()) {
        let files = numbered(FILES);
        let bad: BTreeMap<_, _> =
            bad.into_iter().map(|((kind, file), bad)| ((kind, PathBuf::from(&files[file])), bad)).collect();
        let rule = bad.clone();
        let (report, fake) = survey_of(&names(&files), move |edits| evaluate(&rule, edits));
        prop_assert_eq!(report.untried, 0);

        // Whoever is not replaced is neither renamed nor deleted.
        let is_read = |path: &PathBuf| matches!(bad.get(&(Kind::Replace, path.clone())), Some(Bad::Fails { .. }));
        let is_tried = |kind: Kind, path: &PathBuf| matches!(kind, Kind::Append | Kind::Replace) || !is_read(path);
        let tried: Vec<_> = bad.iter().filter(|((kind, path), _)| is_tried(*kind, path)).collect();

        let fails = tried.iter().filter(|(_, bad)| matches!(bad, Bad::Fails { .. }));
        prop_assert_eq!(report.invalid, fails.count());
        let lacks: BTreeSet<_> =
            tried.iter().filter_map(|(_, bad)| if let Bad::Lacks(of) = bad { Some(format!("old{of}")) } else { None }).collect();
        let mut told: Vec<_> = Vec::new();
        for finding in &report.incomplete {
            prop_assert_eq!((finding.edits.len(), finding.missing.len()), (1, 1));
            let of = finding.missing[0].derivation.clone();
            let shows = tried.iter().any(|((kind, path), bad)| {
                describe(&Edit { kind: *kind, path: path.clone() }) == finding.edits[0]
                    && matches!(bad, Bad::Lacks(other) if format!("old{other}") == of)
            });
            prop_assert!(shows, "{:?}", finding);
            told.push(of);
        }
        told.sort();
        prop_assert_eq!(told, lacks.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(report.complete, report.incomplete.is_empty());

        let moving: BTreeSet<_> =
            tried.iter().filter(|(_, bad)| matches!(bad, Bad::New(_))).map(|((_, path), _)| path.display().to_string()).collect();
        let listed: BTreeSet<_> =
            listed(&report, Verdict::ChangesDependencies).into_iter().filter(|path| !LOCKS.contains(path)).map(Into::into).collect();
        prop_assert_eq!(&listed, &moving);
        let read: BTreeSet<_> = files.iter().filter(|file| is_read(&file.into()) && !moving.contains(*file)).cloned().collect();
        let listed = self::listed(&report, Verdict::ReadByEvaluation).into_iter().map(Into::into).collect();
        prop_assert_eq!(read, listed);

        // 40 units are halved six times.
        prop_assert!(fake.asked.len() <= 5 + tried.len() * (2 * 6 + 2), "{}", fake.asked.len());
    }
}
