//! What is missing, against a simulation of the build that knows nothing of the walk.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const TWO: [&str; 2] = ["out", "dev"];

/// Random lines, each with needs among those before it.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    let needs = prop::collection::vec((any::<Index>(), 0..2usize), 0..4);
    prop::collection::vec((0..10u8, needs), 1..14).prop_map(|drafts| {
        let mut lines: Vec<Line> = Vec::new();
        for (kind, needs) in drafts {
            let before: Vec<_> = lines.iter().filter(|line| !line.is("run")).collect();
            let needs = needs.iter().filter(|_| !before.is_empty());
            let needs: BTreeSet<_> =
                needs.map(|(index, output)| format!("{}.{}", index.get(&before).name, TWO[*output])).collect();
            let is: &[&str] = match kind {
                0 => &["run"],
                1 => &["fixed"],
                2 => &["fixed", "output"],
                3 | 4 => &["output"],
                5..=7 => &["own"],
                _ => &[],
            };
            lines.push(Line {
                is: is.iter().map(ToString::to_string).collect(),
                name: format!("d{}", lines.len()),
                outputs: TWO.map(Into::into).into(),
                needs: needs.into_iter().collect(),
            });
        }
        lines
    })
}

/// Builds what can be built until nothing more can; then says which lines nobody could build that something wants.
fn simulate(lines: &[Line], present: &[String]) -> BTreeSet<String> {
    let mut wanted: BTreeSet<String> = lines
        .iter()
        .filter(is_wanted)
        .flat_map(|line| {
            if line.is("run") { line.needs.clone() } else { TWO.map(|output| format!("{}.{output}", line.name)).into() }
        })
        .collect();
    let mut missing = BTreeSet::new();
    for line in lines.iter().rev().filter(|line| !line.is("run")) {
        let lacks = |output: &&str| {
            let result = format!("{}.{output}", line.name);
            wanted.contains(&result) && !present.contains(&result)
        };
        if TWO.iter().any(lacks) {
            let is_built = (line.is("own") || line.is("output")) && !line.is("fixed");
            if is_built {
                wanted.extend(line.needs.iter().cloned());
            } else {
                missing.insert(line.name.clone());
            }
        }
    }
    missing
}

proptest! {
    #[test]
    fn what_is_missing_is_what_nobody_could_build(lines in lines(), there in prop::collection::vec(any::<bool>(), 28)) {
        let results = lines.iter().flat_map(|line| TWO.map(|output| format!("{}.{output}", line.name)));
        let present: Vec<_> = results.zip(there).filter(|(_, there)| *there).map(|(result, _)| result).collect();
        let found = find_lines(&lines, &[], &present, false);
        let names: BTreeSet<_> = found.iter().map(|missing| missing.chain.last().unwrap().clone()).collect();
        prop_assert_eq!(names.len(), found.len());
        prop_assert_eq!(names, simulate(&lines, &present));
        for missing in &found {
            prop_assert!(missing.path.is_some() && !missing.is_new);
            for pair in missing.chain.windows(2) {
                let line = lines.iter().find(|line| line.name == pair[0]).unwrap();
                prop_assert!(line.inputs().contains_key(&*pair[1]), "{:?}", missing.chain);
            }
        }
    }
}
