//! Sets of moments, as intervals that neither touch nor overlap, in order.

/// From a moment to another one, in nanoseconds.
pub(crate) type Interval = (u64, u64);

/// The moments that are in any of `intervals`.
pub(crate) fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::new();
    for (start, end) in intervals {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// How long they are together.
pub(crate) fn length(intervals: &[Interval]) -> u64 {
    intervals.iter().map(|(start, end)| end - start).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_or_touches_counts_once() {
        let merged = union(vec![(5, 9), (0, 2), (2, 3), (6, 7), (20, 20)]);
        assert_eq!(merged, [(0, 3), (5, 9), (20, 20)]);
        assert_eq!(length(&merged), 7);
        assert_eq!(length(&[(0, u64::MAX), (0, u64::MAX)]), u64::MAX);
    }
}
