use std::collections::{BTreeSet, HashMap};

use nix_seed_store::StorePath;

use crate::document::{PlannedOutput, Root};

/// By path, which no edit of the flake changes, while that of a `.drv` file may.
pub(crate) fn sorted(
    roots: Vec<Root>,
    mut outputs: Vec<PlannedOutput>,
    results: &BTreeSet<usize>,
) -> (Vec<Root>, Vec<PlannedOutput>, Vec<usize>) {
    let mut order: Vec<usize> = (0..roots.len()).collect();
    order.sort_unstable_by(|a, b| roots[*a].path.cmp(&roots[*b].path));
    let mut positions = vec![0; roots.len()];
    for (position, old) in order.iter().enumerate() {
        positions[*old] = position;
    }
    for output in &mut outputs {
        output.roots.iter_mut().for_each(|root| *root = positions[*root]);
        output.roots.sort_unstable();
    }
    let mut results: Vec<_> = results.iter().map(|result| positions[*result]).collect();
    results.sort_unstable();
    let mut roots: Vec<_> = roots.into_iter().map(Some).collect();
    let roots = order.into_iter().filter_map(|old| roots[old].take()).collect();
    (roots, outputs, results)
}

/// Each root once, in the order in which they are met.
#[derive(Default)]
pub(crate) struct Roots {
    pub(crate) list: Vec<Root>,
    positions: HashMap<String, usize>,
}

impl Roots {
    pub(crate) fn put(
        &mut self,
        path: &StorePath,
        from: Option<(&StorePath, &str)>,
        chain: impl FnOnce() -> Vec<String>,
    ) -> usize {
        *self.positions.entry(path.to_string()).or_insert_with(|| {
            self.list.push(Root {
                path: path.to_string(),
                derivation: from.map(|(derivation, _)| derivation.to_string()),
                output: from.map(|(_, output)| output.to_owned()),
                chain: chain(),
            });
            self.list.len() - 1
        })
    }
}
