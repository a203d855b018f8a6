//! Why a path was rebuilt: the nearest of what it refers to that changed by itself.

/// The most causes that are kept for one path.
const CAUSES_MAX: usize = 16;

/// The causes of each path, by position. `references` are those among the changed paths, itself left out; `is_root` says
/// of which paths no cause is looked for behind them: they are new, or have another version.
///
/// A path without causes changed by itself: its recipe did, or something that it is built with and does not keep. At most
/// 16 causes are kept for each. Time and memory are linear in the references.
pub(crate) fn causes(references: &[Vec<u32>], is_root: &[bool]) -> Vec<Vec<u32>> {
    let mut causes: Vec<Vec<u32>> = vec![Vec::new(); references.len()];
    let mut distances = vec![0u32; references.len()];
    for at in references_first(references) {
        let (near, distance) = {
            let of = |position: &u32| *position as usize;
            let roots: Vec<u32> =
                references[at].iter().filter(|to| is_root[of(to)] || causes[of(to)].is_empty()).copied().collect();
            if roots.is_empty() {
                let distance = references[at].iter().map(|to| distances[of(to)]).min().unwrap_or(0);
                let nearest = references[at].iter().filter(|to| distances[of(to)] == distance);
                (nearest.flat_map(|to| causes[of(to)].iter().copied()).collect(), distance)
            } else {
                (roots, 0)
            }
        };
        causes[at] = near;
        causes[at].sort_unstable();
        causes[at].dedup();
        causes[at].truncate(CAUSES_MAX);
        distances[at] = distance + 1;
    }
    causes
}

/// All positions, each after what it refers to. A store has no cycles; where there is one, it is cut somewhere.
fn references_first(references: &[Vec<u32>]) -> Vec<usize> {
    let (mut order, mut seen) = (Vec::with_capacity(references.len()), vec![false; references.len()]);
    for start in 0..references.len() {
        let mut stack = vec![(start, 0)];
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        while let Some((at, next)) = stack.last_mut() {
            match references[*at].get(*next) {
                Some(to) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[*to as usize], true) {
                        stack.push((*to as usize, 0));
                    }
                }
                None => {
                    order.push(*at);
                    stack.pop();
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_nearest_root_is_the_cause() {
        // 0 has another version; 1 refers to it, 2 to 1, 3 to 2 and to 0.
        let references = [vec![], vec![0], vec![1], vec![0, 2]];
        assert_eq!(causes(&references, &[true, false, false, false]), [vec![], vec![0], vec![0], vec![0]]);
    }

    #[test]
    fn what_changed_by_itself_is_a_root() {
        assert_eq!(causes(&[vec![], vec![0], vec![1]], &[false; 3]), [vec![], vec![0], vec![0]]);
    }

    #[test]
    fn a_root_hides_what_is_behind_it() {
        // 0 → 1 (another version itself) → 2
        assert_eq!(causes(&[vec![1], vec![2], vec![]], &[false, true, true])[0], [1]);
    }

    #[test]
    fn of_two_ways_the_shorter_counts() {
        // 5 refers to 3, one step from root 0, and to 4, two steps from root 1.
        let references = [vec![], vec![], vec![1], vec![0], vec![2], vec![3, 4]];
        assert_eq!(causes(&references, &[true, true, false, false, false, false])[5], [0]);
    }

    proptest! {
        #[test]
        fn every_path_that_refers_to_a_change_has_a_cause(
            edges in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..40),
            is_root in prop::collection::vec(any::<bool>(), 40),
        ) {
            let references: Vec<Vec<u32>> = edges
                .iter()
                .enumerate()
                .map(|(at, to)| if at == 0 { vec![] } else { to.iter().map(|to| to.index(at) as u32).collect() })
                .collect();
            let found = causes(&references, &is_root[..references.len()]);
            for (at, found) in found.iter().enumerate() {
                prop_assert_eq!(found.is_empty(), references[at].is_empty());
                for cause in found {
                    prop_assert!(is_root[*cause as usize] || references[*cause as usize].is_empty());
                }
            }
        }
    }
}
