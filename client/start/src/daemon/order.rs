//! In which order paths are given to a daemon: what a path refers to before the path itself.

use std::collections::{BTreeMap, BTreeSet};

use nix_seed_store::{PathInfo, StorePath};

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Give the path at this position.
    Give(u32),
    /// Wait until something has arrived, or was given.
    Wait,
    /// All were given.
    Done,
    /// What is left refers to itself in a circle: no order is right.
    Circle(u32),
}

/// Paths that are missing, by their positions.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// How many of the paths that each refers to are still missing. What was given is no longer in it.
    waits_for: BTreeMap<u32, usize>,
    referrers: BTreeMap<u32, Vec<u32>>,
    arrived: BTreeSet<u32>,
    /// Those that were handed out, and not given yet.
    handed_out: BTreeSet<u32>,
}

impl Order {
    pub(super) fn new<'a>(missing: impl Iterator<Item = (u32, &'a PathInfo)> + Clone) -> Self {
        let positions: BTreeMap<&StorePath, u32> =
            missing.clone().map(|(position, info)| (&info.path, position)).collect();
        let mut order = Self::default();
        for (position, info) in missing {
            let others: BTreeSet<_> = info.references.iter().filter_map(|path| positions.get(path)).collect();
            let others = others.into_iter().filter(|other| **other != position);
            let mut count = 0;
            for other in others {
                order.referrers.entry(*other).or_default().push(position);
                count += 1;
            }
            order.waits_for.insert(position, count);
        }
        order
    }

    /// The path at this position is whole, and may be given once its turn has come.
    pub(super) fn arrived(&mut self, position: u32) {
        self.arrived.insert(position);
    }

    /// Hands out a path that may be given now.
    pub(super) fn next(&mut self) -> Next {
        let is_free = |position: &&u32| self.waits_for.get(position) == Some(&0);
        if let Some(position) = self.arrived.iter().find(is_free).copied() {
            self.arrived.remove(&position);
            self.handed_out.insert(position);
            return Next::Give(position);
        }
        match self.waits_for.first_key_value() {
            None => Next::Done,
            Some((position, _)) if self.handed_out.is_empty() && self.arrived.len() == self.waits_for.len() => {
                Next::Circle(*position)
            }
            Some(_) => Next::Wait,
        }
    }

    /// The daemon has the path at this position.
    pub(super) fn given(&mut self, position: u32) {
        self.handed_out.remove(&position);
        self.waits_for.remove(&position);
        for referrer in self.referrers.remove(&position).unwrap_or_default() {
            if let Some(count) = self.waits_for.get_mut(&referrer) {
                *count -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use nix_seed_store::Sha256Hash;

    use super::*;

    fn infos(references: &[&[u32]]) -> Vec<PathInfo> {
        let path = |number: &u32| StorePath::from_base_name(&format!("{number:0>32}-p")).unwrap();
        let info = |(number, references): (usize, &&[u32])| PathInfo {
            path: path(&(number as u32)),
            nar_hash: Sha256Hash([0; 32]),
            nar_size: 0,
            references: references.iter().map(path).collect(),
            ca: None,
        };
        references.iter().enumerate().map(info).collect()
    }

    fn order(infos: &[PathInfo]) -> Order {
        Order::new((0..).zip(infos))
    }

    #[test]
    fn references_go_first_whatever_arrives_first() {
        // Each refers to the one after it, the first also to itself and to one that is not missing.
        let infos = infos(&[&[0, 1, 9], &[2], &[]]);
        let mut order = order(&infos);
        order.arrived(0);
        assert_eq!(order.next(), Next::Wait);
        order.arrived(2);
        order.arrived(1);
        for position in [2, 1, 0] {
            assert_eq!(order.next(), Next::Give(position));
            assert_eq!(order.next(), Next::Wait);
            order.given(position);
        }
        assert_eq!(order.next(), Next::Done);
    }

    #[test]
    fn what_refers_to_nothing_is_given_at_the_same_time() {
        let infos = infos(&[&[], &[], &[0, 1]]);
        let mut order = order(&infos);
        (0..3).for_each(|position| order.arrived(position));
        assert_eq!((order.next(), order.next(), order.next()), (Next::Give(0), Next::Give(1), Next::Wait));
        order.given(1);
        assert_eq!(order.next(), Next::Wait);
        order.given(0);
        assert_eq!(order.next(), Next::Give(2));
    }

    #[test]
    fn a_seed_whose_paths_need_each_other_is_not_waited_for() {
        let infos = infos(&[&[1], &[0]]);
        let mut order = order(&infos);
        order.arrived(1);
        assert_eq!(order.next(), Next::Wait);
        order.arrived(0);
        assert_eq!(order.next(), Next::Circle(0));
    }
}
