//! What is to be fetched next: what somebody waits for, then what follows that, then what is streamed in behind.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crate::{Number, Places, Result};

/// The most compressed bytes that are asked for at once behind what somebody waits for: so much of the connection's time
/// is taken before it is free for what is more urgent.
const RUN: u64 = 2 << 20;

/// What became of a frame: its compressed bytes, compared with their hash.
pub(crate) type Outcome = Result<Arc<Vec<u8>>>;

/// Frames that are fetched with one request: neighbours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) numbers: Vec<Number>,
    /// Whether nobody waited when it was chosen.
    pub(crate) is_behind: bool,
}

/// Who waits for what, and what comes next.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    demands: VecDeque<Number>,
    waiters: HashMap<Number, Vec<SyncSender<Outcome>>>,
    in_flight: HashSet<Number>,
    /// What follows what was touched.
    urgent: VecDeque<Number>,
    /// What is streamed in behind, the last first.
    behind: Vec<Number>,
    /// How many fetch what nobody waits for.
    behind_now: usize,
    pub(crate) is_stopped: bool,
}

impl Queue {
    /// Somebody waits for a frame.
    pub(crate) fn demand(&mut self, number: Number, waiter: SyncSender<Outcome>) {
        let waiters = self.waiters.entry(number).or_default();
        waiters.push(waiter);
        if waiters.len() == 1 && !self.in_flight.contains(&number) {
            self.demands.push_back(number);
        }
    }

    /// These are likely to be wanted soon.
    pub(crate) fn expect(&mut self, numbers: impl DoubleEndedIterator<Item = Number>) {
        for number in numbers.rev() {
            if !self.urgent.contains(&number) {
                self.urgent.push_front(number);
            }
        }
    }

    /// These are to be streamed in behind, in this order, after what was said before.
    pub(crate) fn stream(&mut self, order: impl DoubleEndedIterator<Item = Number>) {
        let mut behind: Vec<_> = order.rev().collect();
        behind.append(&mut self.behind);
        self.behind = behind;
    }

    /// What to fetch next, of what is not `had`; at most `most` fetch at one time what nobody waits for.
    pub(crate) fn next(&mut self, places: &Places, most: usize, had: impl Fn(Number) -> bool) -> Option<Job> {
        if let Some(number) = self.demands.pop_front() {
            self.in_flight.insert(number);
            return Some(Job { numbers: vec![number], is_behind: false });
        }
        if self.behind_now >= most {
            return None;
        }
        let mut numbers: Vec<Number> = Vec::new();
        let mut bytes = 0;
        while let Some(number) = self.urgent.front().or(self.behind.last()).copied() {
            let Some(place) = places.get(number) else {
                self.drop_first();
                continue;
            };
            if self.in_flight.contains(&number) || numbers.contains(&number) || had(number) {
                self.drop_first();
                continue;
            }
            if let Some(last) = numbers.last() {
                let follows = last.0 + 1 == number.0 && places.get(*last).is_some_and(|last| last.layer == place.layer);
                if !follows || bytes + u64::from(place.frame.length) > RUN {
                    break;
                }
            }
            bytes += u64::from(place.frame.length);
            numbers.push(number);
            self.drop_first();
        }
        if numbers.is_empty() {
            return None;
        }
        self.in_flight.extend(&numbers);
        self.behind_now += 1;
        Some(Job { numbers, is_behind: true })
    }

    fn drop_first(&mut self) {
        if self.urgent.pop_front().is_none() {
            self.behind.pop();
        }
    }

    /// A frame has arrived, or will not.
    pub(crate) fn done(&mut self, number: Number, outcome: &Outcome) {
        self.in_flight.remove(&number);
        for waiter in self.waiters.remove(&number).unwrap_or_default() {
            // Whoever has given up does not listen.
            let _ = waiter.try_send(outcome.clone());
        }
    }

    /// Nothing is to be fetched any more for which nobody waits.
    pub(crate) fn forget(&mut self) {
        self.urgent.clear();
        self.behind.clear();
    }

    pub(crate) fn end(&mut self, job: &Job) {
        self.behind_now -= usize::from(job.is_behind);
    }

    /// Whether all that was to be streamed in behind has been.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.demands.is_empty() && self.urgent.is_empty() && self.behind.is_empty()
    }
}
