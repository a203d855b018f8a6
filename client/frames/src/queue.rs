//! What is to be fetched: what somebody waits for, then what follows that, then what is streamed in behind, and the rest
//! when there is time.

mod next;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use nix_seed_image::Compared;

use crate::backoff::Backoff;
use crate::pace::Pace;
use crate::{Error, Number, Result};

pub(crate) use next::{Job, RUN};

/// The most frames that follow what was touched and are fetched before the rest: what was touched long ago says little.
pub(crate) const URGENT: usize = 256;

/// How often a frame is tried for which nobody waits.
const TRIES: u8 = 3;

/// What became of a frame.
pub(crate) type Outcome = Result<Arc<Compared<Vec<u8>>>>;

/// Who waits for what, and what comes next.
#[derive(Debug)]
pub(crate) struct Queue {
    demands: VecDeque<Number>,
    waiters: HashMap<Number, Vec<(u64, SyncSender<Outcome>)>>,
    /// Numbers those who wait.
    tickets: u64,
    in_flight: HashSet<Number>,
    /// How many have arrived.
    arrivals: usize,
    /// What follows what was touched.
    urgent: VecDeque<Number>,
    /// What a start is likely to touch, the last first.
    behind: Vec<Number>,
    /// The rest, the last first.
    rest: Vec<Number>,
    /// All that was ever to be streamed: what is not, like what the machine has anyway, is not fetched along either.
    streamed: HashSet<Number>,
    pub(crate) pace: Pace,
    /// How often a frame was tried in vain for which nobody waits.
    tries: HashMap<Number, u8>,
    backoff: Backoff,
    /// How many fetch what nobody waits for.
    behind_now: usize,
    /// How many may.
    pub(crate) most_behind: usize,
    /// Whether a frame is kept before it is given to those who wait for it.
    pub(crate) keeps_first: bool,
    /// Whether the last one that was to be kept could not be.
    is_full: bool,
    pub(crate) is_stopped: bool,
}

impl Queue {
    /// After the first failure of what nobody waits for, so long nothing of that is tried.
    pub(crate) fn new(pause: Duration) -> Self {
        Self {
            demands: VecDeque::new(),
            waiters: HashMap::new(),
            tickets: 0,
            in_flight: HashSet::new(),
            arrivals: 0,
            urgent: VecDeque::new(),
            behind: Vec::new(),
            rest: Vec::new(),
            streamed: HashSet::new(),
            pace: Pace::default(),
            tries: HashMap::new(),
            backoff: Backoff::new(pause),
            behind_now: 0,
            most_behind: 0,
            keeps_first: false,
            is_full: false,
            is_stopped: false,
        }
    }

    /// Somebody waits for a frame; what is given is for [`withdraw`](Self::withdraw).
    pub(crate) fn demand(&mut self, number: Number, waiter: SyncSender<Outcome>, now: Instant) -> u64 {
        self.pace.reads(now);
        self.tickets += 1;
        let waiters = self.waiters.entry(number).or_default();
        waiters.push((self.tickets, waiter));
        if waiters.len() == 1 && !self.in_flight.contains(&number) {
            self.demands.push_back(number);
        }
        self.tickets
    }

    /// Somebody waits no more: what nobody waits for keeps nobody waiting.
    pub(crate) fn withdraw(&mut self, number: Number, ticket: u64) {
        let Some(waiters) = self.waiters.get_mut(&number) else { return };
        waiters.retain(|(other, _)| *other != ticket);
        if waiters.is_empty() {
            self.waiters.remove(&number);
            self.demands.retain(|other| *other != number);
        }
    }

    /// These are likely to be wanted soon, at most [`URGENT`] of them. What could not be kept would be fetched in vain.
    pub(crate) fn expect(&mut self, numbers: &[Number]) {
        if self.is_full {
            return;
        }
        for number in numbers.iter().take(URGENT).rev() {
            if !self.urgent.contains(number) {
                self.urgent.push_front(*number);
            }
        }
        self.urgent.truncate(URGENT);
    }

    /// These are to be streamed in behind, in this order, after what was said before.
    pub(crate) fn stream(&mut self, order: impl DoubleEndedIterator<Item = Number>) {
        let mut behind: Vec<_> = order.rev().collect();
        self.streamed.extend(&behind);
        behind.append(&mut self.behind);
        self.behind = behind;
    }

    /// These are to be streamed in when there is time, in this order.
    pub(crate) fn stream_rest(&mut self, order: impl DoubleEndedIterator<Item = Number>, now: Instant) {
        self.pace.reads(now);
        let mut rest: Vec<_> = order.rev().collect();
        self.streamed.extend(&rest);
        rest.append(&mut self.rest);
        self.rest = rest;
    }

    /// For how long nothing is streamed in, where there is something to stream and that is so.
    pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
        let rest = || {
            let is_all = self.urgent.is_empty() && self.behind.is_empty();
            self.pace.pause(now, !self.waiters.is_empty(), self.behind_now).filter(|_| is_all)
        };
        self.backoff.pause(now).or_else(rest).filter(|_| !self.is_idle())
    }

    /// A frame is there for those who wait; whoever asks later is told when it [has arrived](Self::arrived).
    pub(crate) fn deliver(&mut self, number: Number, bytes: &Arc<Compared<Vec<u8>>>, now: Instant) {
        if self.waiters.contains_key(&number) {
            self.pace.reads(now);
        }
        self.backoff.mended();
        self.tries.remove(&number);
        self.tell(number, &Ok(bytes.clone()));
    }

    /// A frame has arrived, and is kept, where that is possible.
    pub(crate) fn arrived(&mut self, number: Number, bytes: &Arc<Compared<Vec<u8>>>, now: Instant) {
        self.deliver(number, bytes, now);
        self.in_flight.remove(&number);
        self.arrivals += 1;
    }

    /// Whether a thread is to leave what is left of a job, since nobody waits for any of it, but somebody for whom no thread is free.
    /// What could not be kept is left at once.
    pub(crate) fn is_to_leave(&self, left: &[Number]) -> bool {
        (self.is_full || !self.demands.is_empty()) && !left.iter().any(|number| self.waiters.contains_key(number))
    }

    /// These frames of a job are not fetched now. Whoever reads all waits for others first, and these come with the rest.
    pub(crate) fn leave(&mut self, left: &[Number]) {
        for number in left {
            self.in_flight.remove(number);
        }
        if !self.is_full {
            let again = self.not_in_rest(left.iter().copied().filter(|number| self.streamed.contains(number)));
            self.rest.extend(again.into_iter().rev());
        }
        if !self.pace.is_all_wanted() {
            self.expect(left);
        }
    }

    /// These frames of a job did not arrive. They may be demanded anew; what is to be streamed is tried again, after all others
    /// and, where nobody waits for it, a few times.
    pub(crate) fn failed(&mut self, job: &Job, numbers: &[Number], error: &Error, now: Instant) {
        for number in numbers {
            self.tell(*number, &Err(error.clone()));
            self.in_flight.remove(number);
        }
        if job.is_behind && !numbers.is_empty() {
            // What others have had since then says more of a registry than a request that took longer.
            let of_others = (self.arrivals - job.arrivals).saturating_sub(job.numbers.len() - numbers.len());
            if of_others == 0 {
                self.backoff.failed(now);
            }
            for number in numbers {
                let tries = self.tries.entry(*number).or_default();
                *tries = tries.saturating_add(1);
            }
        }
        let is_streamed = |number: &Number| job.is_behind || self.streamed.contains(number);
        let is_tried = |number: &Number| self.tries.get(number).is_none_or(|tries| *tries < TRIES);
        let again = numbers.iter().copied().filter(|number| is_streamed(number) && is_tried(number));
        let again = self.not_in_rest(again);
        self.rest.splice(0..0, again.into_iter().rev());
    }

    /// Those that are not among the rest: what is on its way when its turn comes is dropped from that.
    fn not_in_rest(&self, numbers: impl Iterator<Item = Number>) -> Vec<Number> {
        let numbers: Vec<_> = numbers.collect();
        let mut missing: HashSet<_> = numbers.iter().copied().collect();
        if !missing.is_empty() {
            for number in &self.rest {
                missing.remove(number);
            }
        }
        numbers.into_iter().filter(|number| missing.contains(number)).collect()
    }

    fn tell(&mut self, number: Number, outcome: &Outcome) {
        for (_, waiter) in self.waiters.remove(&number).unwrap_or_default() {
            // Whoever has given up does not listen.
            let _ = waiter.try_send(outcome.clone());
        }
    }

    /// A frame is kept, or could not be: then nothing is to be fetched any more for which nobody waits, since it would be fetched
    /// twice.
    pub(crate) fn keeps(&mut self, is_kept: bool) {
        self.is_full = !is_kept;
        if self.is_full {
            self.urgent.clear();
            self.behind.clear();
            self.rest.clear();
        }
    }

    /// A job has ended; all of its frames have arrived or failed.
    pub(crate) fn end(&mut self, job: &Job) {
        self.behind_now -= usize::from(job.is_behind);
    }

    /// Whether all that was to be streamed in behind has been, or cannot be.
    pub(crate) fn is_idle(&self) -> bool {
        let is_done = self.urgent.is_empty() && self.behind.is_empty() && self.rest.is_empty();
        self.in_flight.is_empty() && self.demands.is_empty() && (is_done || self.backoff.is_given_up())
    }
}

#[cfg(test)]
mod tests;
