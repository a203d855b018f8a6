//! The time of a trace on a line, without what lies between commands where that is long: the steps of a job that are somebody else's.

use crate::intervals::{Interval, length, union};
use crate::model::Trace;

/// A pause is left out where it is longer than this part of the time in which commands run.
const PAUSE: f64 = 0.1;
/// What stands for it, as a part of that time.
const GAP: f64 = 0.02;
/// The most marks of a ruler.
const MARKS_MAX: f64 = 6.0;

/// Where a moment lies, from 0 to 1.
pub(crate) struct Axis {
    pieces: Vec<Piece>,
    /// How long a gap is, in nanoseconds of the line.
    gap: f64,
    total: f64,
}

/// A part of the line without gaps.
struct Piece {
    from: u64,
    to: u64,
    /// Where it begins, in nanoseconds of the line.
    at: f64,
}

/// A moment that is named.
pub(crate) struct Mark {
    pub(crate) at: f64,
    /// In nanoseconds since the trace began.
    pub(crate) since: u64,
}

impl Axis {
    pub(crate) fn new(trace: &Trace) -> Self {
        let when = union(trace.commands.iter().flat_map(|command| command.phase.when.iter().copied()).collect());
        let busy = length(&when) as f64;
        let mut joined: Vec<Interval> = Vec::new();
        for (from, to) in when {
            match joined.last_mut() {
                Some(last) if (from - last.1) as f64 <= busy * PAUSE => last.1 = to,
                _ => joined.push((from, to)),
            }
        }
        let gap = busy * GAP;
        let mut pieces = Vec::new();
        let mut total = 0.0;
        for (from, to) in joined {
            let at = if pieces.is_empty() { 0.0 } else { total + gap };
            total = at + (to - from) as f64;
            pieces.push(Piece { from, to, at });
        }
        Self { pieces, gap, total }
    }

    /// Where `moment` lies.
    pub(crate) fn at(&self, moment: u64) -> f64 {
        let next = self.pieces.partition_point(|piece| piece.from <= moment);
        let Some(piece) = next.checked_sub(1).and_then(|piece| self.pieces.get(piece)) else { return 0.0 };
        self.part(piece.at + (moment.min(piece.to) - piece.from) as f64)
    }

    fn part(&self, at: f64) -> f64 {
        if self.total > 0.0 { (at / self.total).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Where what is left out would be: the middle of each gap.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = f64> {
        self.pieces.iter().skip(1).map(|piece| self.part(piece.at - self.gap / 2.0))
    }

    /// How long what is left out is.
    pub(crate) fn left_out(&self) -> u64 {
        self.pieces.windows(2).map(|pair| pair[1].from - pair[0].to).fold(0, u64::saturating_add)
    }

    /// Moments to name: where each piece begins, and round ones within, from left to right.
    pub(crate) fn marks(&self) -> Vec<Mark> {
        let Some(began) = self.pieces.first().map(|piece| piece.from) else { return Vec::new() };
        let step = step(self.total / MARKS_MAX);
        let mut marks = Vec::new();
        for piece in &self.pieces {
            let since = piece.from - began;
            marks.push(Mark { at: self.part(piece.at), since });
            let mut round = (since / step + 1).checked_mul(step);
            while let Some(next) = round.filter(|next| *next <= piece.to - began) {
                marks.push(Mark { at: self.at(began.saturating_add(next)), since: next });
                round = next.checked_add(step);
            }
        }
        marks
    }
}

/// The first of 1, 2, 5, 10, 20, … milliseconds that is not less, in nanoseconds.
fn step(least: f64) -> u64 {
    let mut unit = 1_000_000_u64;
    loop {
        for step in [unit, 2 * unit, 5 * unit] {
            if step as f64 >= least {
                return step;
            }
        }
        match unit.checked_mul(10) {
            // As long as any clock goes.
            Some(next) if next <= u64::MAX / 10 => unit = next,
            _ => return u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Command, Phase, Requests};

    const MS: u64 = 1_000_000;

    fn axis(commands: &[Interval]) -> Axis {
        let command = |when: &Interval| Command {
            phase: Phase {
                name: "nix-seed up".into(),
                program: None,
                count: 1,
                failed: 0,
                took: when.1 - when.0,
                sum: 0,
                busy: None,
                below: vec![],
                when: vec![*when],
            },
            exit_code: None,
            ready: None,
            build: None,
            requests: Requests::default(),
        };
        let commands = commands.iter().map(command).collect();
        Axis::new(&Trace { id: 1, job: Default::default(), began: 0, took: 0, busy: 0, commands })
    }

    fn since(axis: &Axis) -> Vec<u64> {
        axis.marks().iter().map(|mark| mark.since / MS).collect()
    }

    #[test]
    fn one_command_fills_the_line() {
        let axis = axis(&[(1000 * MS, 1500 * MS)]);
        assert_eq!(
            [0, 1000 * MS, 1250 * MS, 1500 * MS, u64::MAX].map(|moment| axis.at(moment)),
            [0.0, 0.0, 0.5, 1.0, 1.0]
        );
        assert_eq!(since(&axis), [0, 100, 200, 300, 400, 500]);
        assert_eq!((axis.gaps().count(), axis.left_out()), (0, 0));
    }

    #[test]
    fn a_long_pause_is_left_out_and_a_short_one_is_not() {
        let axis = axis(&[(0, 500 * MS), (520 * MS, 600 * MS), (9000 * MS, 9400 * MS)]);
        assert_eq!((axis.gaps().count(), axis.left_out()), (1, 8400 * MS));
        assert!(axis.at(600 * MS) < axis.at(9000 * MS) && axis.at(5000 * MS) == axis.at(600 * MS));
        assert_eq!(since(&axis), [0, 200, 400, 600, 9000, 9200, 9400]);
    }

    #[test]
    fn times_that_are_none_or_absurd_have_a_place_too() {
        assert_eq!((axis(&[]).at(5), axis(&[]).marks().len()), (0.0, 0));
        assert_eq!(axis(&[(5, 5)]).at(5), 0.0);
        let absurd = axis(&[(0, u64::MAX)]);
        assert!(absurd.at(u64::MAX / 2) > 0.49 && absurd.marks().len() < 10);
        let apart = axis(&[(0, 1), (u64::MAX - 1, u64::MAX)]);
        assert!((0.0..=1.0).contains(&apart.at(u64::MAX)) && apart.marks().len() < 10);
    }
}
