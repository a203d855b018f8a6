//! Which store paths share a layer.
//!
//! A pure function of the paths' names and compressed sizes. Two aims pull against each other: layers of a sensible
//! size, and layers that stay the same bytes when another path changes. So paths are laid in a row by name, where a
//! new version of a package stands where the old one stood, and the row is cut where *a package's own name* says so,
//! as content-defined chunking does: a path ends a layer when the hash of its package's name, as a fraction, is less
//! than its share of the middle size. A neighbour's size matters only within the bounds of 8 and 32 MiB.

use std::cmp::Ordering;
use std::ops::Range;

use nix_seed_store::StorePath;
use sha2::{Digest, Sha256};

/// The least compressed size at which a layer may end of its own accord, in bytes.
pub const LAYER_MIN: u64 = 8 << 20;
/// The size that cuts aim at.
const LAYER_MIDDLE: u64 = 16 << 20;
/// The most that a layer of more than one path holds, in bytes.
pub const LAYER_MAX: u64 = 32 << 20;

/// A store path and the compressed size of its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathSize<'a> {
    /// The path.
    pub path: &'a StorePath,
    /// The bytes it adds to a layer.
    pub size: u64,
}

/// Cuts `row`, which is in [`row_order`], into at most `allowance` layers: for each, its places in the row.
///
/// Layers have 8 to 32 MiB, more only where one path has more, less only at the end or before a path that fills a
/// layer by itself. When that makes more layers than allowed, all bounds are doubled until it does not.
pub fn split(row: &[PathSize<'_>], allowance: usize) -> Vec<Range<usize>> {
    split_within(row, allowance, BOUNDS)
}

/// [`split`] for layers of other sizes.
pub(crate) fn split_within(row: &[PathSize<'_>], allowance: usize, bounds: Bounds) -> Vec<Range<usize>> {
    let mut scale = 0;
    loop {
        let layers = cut(row, bounds.scaled(scale));
        // At the last scale no bound is left, so one layer holds everything.
        if layers.len() <= allowance.max(1) || scale >= u64::BITS {
            return layers;
        }
        scale += 1;
    }
}

/// The order of the row: by name, so that a new version stands where the old one stood.
pub fn row_order(a: &StorePath, b: &StorePath) -> Ordering {
    (a.name(), a).cmp(&(b.name(), b))
}

/// The sizes that cuts go by, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) min: u64,
    pub(crate) middle: u64,
    pub(crate) max: u64,
}

/// The bounds of every layer but in tests.
pub(crate) const BOUNDS: Bounds = Bounds { min: LAYER_MIN, middle: LAYER_MIDDLE, max: LAYER_MAX };

impl Bounds {
    /// The bounds, doubled `scale` times; without end where 64 bits are none.
    pub(crate) fn scaled(self, scale: u32) -> Self {
        let factor = 1u64.checked_shl(scale).unwrap_or(0);
        let scaled = |bytes: u64| bytes.checked_mul(factor).filter(|b| *b > 0).unwrap_or(u64::MAX);
        Self { min: scaled(self.min), middle: scaled(self.middle), max: scaled(self.max) }
    }

    /// The scale at which paths of `size` bytes in all are likely to make no more than `allowance` layers.
    pub(crate) fn likely_scale(self, size: u64, allowance: usize) -> u32 {
        if allowance <= 1 {
            // One layer holds everything, and that is no guess.
            return u64::BITS;
        }
        // Most layers end a little above the middle.
        let likely = |scale: &u32| {
            let middle = self.scaled(*scale).middle;
            size / middle.saturating_add(middle / 4) < allowance.max(1) as u64
        };
        (0..u64::BITS).find(likely).unwrap_or(u64::BITS)
    }
}

fn cut(row: &[PathSize<'_>], bounds: Bounds) -> Vec<Range<usize>> {
    let mut layers = Vec::new();
    let (mut start, mut cutter) = (0, Cutter::new(bounds));
    for (i, PathSize { path, size }) in row.iter().enumerate() {
        if cutter.overflows(*size) {
            layers.push(start..i);
            start = i;
        }
        if cutter.ends(path, *size) {
            layers.push(start..i + 1);
            start = i + 1;
        }
    }
    if start < row.len() {
        layers.push(start..row.len());
    }
    layers
}

/// Cuts the row one path at a time.
pub(crate) struct Cutter {
    bounds: Bounds,
    /// The bytes of the open layer; `None` before its first path.
    open: Option<u64>,
}

impl Cutter {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, open: None }
    }

    /// Whether a path that has `size` bytes, or more, is too much for the open layer and begins a new one.
    pub(crate) fn overflows(&self, size: u64) -> bool {
        self.open.is_some_and(|open| open.saturating_add(size) > self.bounds.max)
    }

    /// Adds the next path, to a new layer where it [`overflows`](Self::overflows); whether the layer ends after it.
    pub(crate) fn ends(&mut self, path: &StorePath, size: u64) -> bool {
        let before = if self.overflows(size) { 0 } else { self.open.unwrap_or(0) };
        let layer = before.saturating_add(size);
        let ends = layer >= self.bounds.min && ends_layer(path, size, self.bounds.middle);
        self.open = (!ends).then_some(layer);
        ends
    }
}

/// Whether the package's name, hashed to a fraction of one, is under the path's share of `middle`.
fn ends_layer(path: &StorePath, size: u64, middle: u64) -> bool {
    let hash = Sha256::digest(path.package());
    let fraction = u64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]]);
    u128::from(fraction) * u128::from(middle) < u128::from(size) << 64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    type Piece = (StorePath, u64);

    fn piece((name, version, size): (String, u32, u64)) -> Piece {
        let hash: String = Sha256::digest(format!("{name}{version}{size}"))
            .iter()
            .take(16)
            .map(|b| format!("{:02x}", b & 0xdd))
            .collect();
        (StorePath::from_base_name(&format!("{}-{name}-{version}", hash.replace('e', "f"))).unwrap(), size)
    }

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let size = prop_oneof![4 => 200u64..200_000, 3 => 200_000u64..6_000_000, 1 => 6_000_000u64..60_000_000];
        prop::collection::btree_map("[a-z]{1,6}", (0u32..9, size), 1..200)
            .prop_map(|map| map.into_iter().map(|(name, (version, size))| piece((name, version, size))).collect())
    }

    /// The layers of `pieces`, which are in any order.
    fn layers(mut pieces: Vec<Piece>, allowance: usize) -> Vec<Vec<Piece>> {
        pieces.sort_by(|(one, _), (other, _)| row_order(one, other));
        let row: Vec<_> = pieces.iter().map(|(path, size)| PathSize { path, size: *size }).collect();
        split(&row, allowance).into_iter().map(|places| pieces[places].to_vec()).collect()
    }

    fn size(layer: &[Piece]) -> u64 {
        layer.iter().map(|(_, size)| size).sum()
    }

    proptest! {
        #[test]
        fn every_path_is_in_one_layer_and_layers_keep_their_bounds(pieces in pieces()) {
            let layers = layers(pieces.clone(), 1000);
            let all: BTreeSet<_> = layers.iter().flatten().collect();
            prop_assert_eq!(all.len(), layers.iter().map(Vec::len).sum::<usize>());
            prop_assert_eq!(all, pieces.iter().collect());
            for (i, layer) in layers.iter().enumerate() {
                prop_assert!(layer.len() == 1 || size(layer) <= LAYER_MAX);
                let before_large = layers.get(i + 1).is_none_or(|next| size(layer) + next[0].1 > LAYER_MAX);
                prop_assert!(size(layer) >= LAYER_MIN || before_large);
            }
        }

        #[test]
        fn the_allowance_is_kept(pieces in pieces(), allowance in 1usize..20) {
            prop_assert!(layers(pieces, allowance).len() <= allowance);
        }

        #[test]
        fn a_new_version_of_equal_size_changes_one_layer(pieces in pieces(), at: prop::sample::Index) {
            let mut edited = pieces.clone();
            let (path, _) = at.get_mut(&mut edited);
            let hash = if path.base_name().starts_with('0') { "1" } else { "0" };
            *path = StorePath::from_base_name(&format!("{hash}{}", &path.base_name()[1..])).unwrap();
            let before: BTreeSet<_> = layers(pieces, 1000).into_iter().collect();
            let after: BTreeSet<_> = layers(edited, 1000).into_iter().collect();
            prop_assert_eq!(after.difference(&before).count(), 1);
        }
    }

    #[test]
    fn nothing_makes_no_layer() {
        assert!(layers(Vec::new(), 3).is_empty());
    }
}
