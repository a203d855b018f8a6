//! The next job: neighbours that come with one request.

use std::time::Instant;

use super::{Queue, TRIES};
use crate::{Number, Places};

/// The most compressed bytes that are asked for at once behind what somebody waits for: so much of the connection's time
/// is taken before it is free for what is more urgent.
pub(crate) const RUN: u64 = 4 << 20;

/// So many compressed bytes between two frames are fetched along: a request costs a registry, and the way there, as much.
pub(super) const GAP: u64 = 512 << 10;

/// So many frames are looked at for one job, while all who ask wait: a frame may be a byte long.
pub(super) const LOOKED_AT: usize = 256;

/// Frames that are fetched with one request: neighbours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) numbers: Vec<Number>,
    /// Whether nobody waited when it was chosen.
    pub(crate) is_behind: bool,
    /// How many frames had arrived then.
    pub(super) arrivals: usize,
}

impl Queue {
    /// What to fetch next, of what is not `had`. A job may be empty: then there is more to look at.
    pub(crate) fn next(&mut self, places: &Places, now: Instant, had: impl Fn(Number) -> bool) -> Option<Job> {
        if let Some(number) = self.demands.pop_front() {
            let numbers = self.with_followers(number, places, had);
            self.in_flight.extend(&numbers);
            return Some(Job { numbers, is_behind: false, arrivals: self.arrivals });
        }
        if self.behind_now >= self.backoff.most(self.most_behind)
            || self.backoff.is_given_up()
            || self.backoff.pause(now).is_some()
        {
            return None;
        }
        let mut numbers: Vec<Number> = Vec::new();
        let mut bytes = 0;
        let is_rest_due = self.pace.pause(now, !self.waiters.is_empty(), self.behind_now).is_none();
        let mut looked_at = 0;
        while let Some(number) = self.first(is_rest_due) {
            looked_at += 1;
            if looked_at > LOOKED_AT {
                break;
            }
            let Some(place) = places.get(number) else {
                self.drop_first();
                continue;
            };
            // They are neighbours.
            let is_chosen = numbers.first().is_some_and(|first| *first <= number) && numbers.last() >= Some(&number);
            if is_chosen || self.in_flight.contains(&number) || had(number) {
                self.drop_first();
                continue;
            }
            if let Some(last) = numbers.last().copied() {
                let gap = places.between(last, number).filter(|gap| *gap <= GAP);
                let Some(gap) = gap.filter(|gap| bytes + gap + u64::from(place.frame.length) <= RUN) else { break };
                let skipped = || (last.0 + 1..number.0).map(Number);
                looked_at += skipped().len();
                let is_wanted =
                    |number| self.streamed.contains(&number) && !self.in_flight.contains(&number) && !had(number);
                if looked_at > LOOKED_AT || !skipped().all(is_wanted) {
                    break;
                }
                bytes += gap;
                numbers.extend(skipped());
            }
            bytes += u64::from(place.frame.length);
            numbers.push(number);
            self.drop_first();
        }
        if numbers.is_empty() && looked_at <= LOOKED_AT {
            return None;
        }
        self.in_flight.extend(&numbers);
        self.behind_now += 1;
        Some(Job { numbers, is_behind: true, arrivals: self.arrivals })
    }

    /// A frame that somebody waits for, and the neighbours behind it that are waited for or expected: they come with the same request.
    fn with_followers(&mut self, number: Number, places: &Places, had: impl Fn(Number) -> bool) -> Vec<Number> {
        let mut numbers = vec![number];
        let mut bytes = places.get(number).map_or(0, |place| u64::from(place.frame.length));
        for next in (number.0 + 1..).map(Number) {
            let Some(place) = places.get(next).filter(|_| places.between(Number(next.0 - 1), next) == Some(0)) else {
                break;
            };
            let length = u64::from(place.frame.length);
            let is_wanted = self.waiters.contains_key(&next)
                || self.urgent.contains(&next)
                || self.is_wanted_by_who_reads_all(next);
            let is_too_much = bytes + length > RUN || numbers.len() >= LOOKED_AT;
            if is_too_much || !is_wanted || self.in_flight.contains(&next) || had(next) {
                break;
            }
            bytes += length;
            self.demands.retain(|other| *other != next);
            self.urgent.retain(|other| *other != next);
            numbers.push(next);
        }
        numbers
    }

    /// Whether a frame is still to be streamed in, for somebody who will ask for it.
    fn is_wanted_by_who_reads_all(&self, number: Number) -> bool {
        let is_streamed = || !self.rest.is_empty() && self.streamed.contains(&number);
        self.pace.is_all_wanted() && is_streamed() && self.tries.get(&number).is_none_or(|tries| *tries < TRIES)
    }

    fn first(&self, is_rest_due: bool) -> Option<Number> {
        let rest = || self.rest.last().filter(|_| is_rest_due);
        self.urgent.front().or(self.behind.last()).or_else(rest).copied()
    }

    fn drop_first(&mut self) {
        if self.urgent.pop_front().is_none() && self.behind.pop().is_none() {
            self.rest.pop();
        }
    }
}

#[cfg(test)]
mod tests;
