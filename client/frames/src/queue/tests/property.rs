use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, sync_channel};

use proptest::prelude::*;

use super::*;
use crate::Places;
use crate::testing::any_index;

#[derive(Debug, Clone)]
enum Step {
    Demand(u32),
    Withdraw(usize),
    Stream(u32, u32),
    Rest(u32, u32),
    Wait,
    Expect(u32, u32),
    Next,
    Arrive(usize),
    Fail(usize),
    Full,
    Kept,
    Leave(usize),
    Much,
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0..60u32;
    prop_oneof![
        3 => number.clone().prop_map(Step::Demand),
        1 => any::<usize>().prop_map(Step::Withdraw),
        1 => (number.clone(), 0..20u32).prop_map(|(first, count)| Step::Stream(first, first + count)),
        1 => (number.clone(), 0..20u32).prop_map(|(first, count)| Step::Rest(first, first + count)),
        1 => (number, 0..20u32).prop_map(|(first, count)| Step::Expect(first, first + count)),
        2 => Just(Step::Wait),
        5 => Just(Step::Next),
        4 => any::<usize>().prop_map(Step::Arrive),
        1 => any::<usize>().prop_map(Step::Fail),
        1 => prop_oneof![Just(Step::Full), Just(Step::Kept)],
        2 => any::<usize>().prop_map(Step::Leave),
        1 => Just(Step::Much),
    ]
}

/// What is asked, and what has become of it.
struct World {
    places: Places,
    queue: Queue,
    now: Instant,
    had: HashSet<Number>,
    running: Vec<Job>,
    waiters: Vec<(Number, u64, Receiver<Outcome>)>,
    /// What was to be streamed since the cache was full last.
    streamed: HashSet<Number>,
}

impl World {
    fn next(&mut self) -> bool {
        let (had, waits) = (self.had.clone(), |number| self.waiters.iter().any(|(other, ..)| *other == number));
        let in_flight: BTreeSet<_> = self.running.iter().flat_map(|job| job.numbers.clone()).collect();
        let is_demanded = self.waiters.iter().any(|(number, ..)| !in_flight.contains(number));
        let Some(job) = self.queue.next(&self.places, self.now, |number| had.contains(&number)) else {
            assert!(!is_demanded, "what somebody waits for never rests");
            return false;
        };
        assert!(!job.numbers.is_empty());
        assert!(job.numbers.iter().all(|number| !in_flight.contains(number)), "nothing is fetched twice at one time");
        assert_eq!(job.is_behind, !is_demanded, "what somebody waits for comes first");
        if job.is_behind {
            assert!(job.numbers.iter().all(|number| !had.contains(number)), "what is there is not fetched");
        } else {
            assert!(waits(job.numbers[0]));
            assert!(job.numbers[1..].iter().all(|number| !had.contains(number)), "nor what comes with it");
        }
        let found: Vec<_> = job.numbers.iter().map(|number| self.places.get(*number).unwrap()).collect();
        assert!(found.windows(2).all(|pair| pair[0].layer == pair[1].layer), "one layer");
        assert!(found.windows(2).all(|pair| pair[0].frame.end() == pair[1].frame.offset), "neighbours");
        let bytes: u64 = found.iter().map(|place| u64::from(place.frame.length)).sum();
        assert!(bytes <= RUN || found.len() == 1);
        self.running.push(job);
        assert!(self.running.iter().filter(|job| job.is_behind).count() <= 2);
        true
    }

    /// Half of a job arrives, and the rest is left, where that is allowed.
    fn leave(&mut self, job: usize) {
        if self.running.is_empty() {
            return;
        }
        let at = job % self.running.len();
        let half = self.running[at].numbers.len().div_ceil(2);
        let left = self.running[at].numbers.split_off(half);
        if !left.is_empty() && self.queue.is_to_leave(&left) {
            assert!(left.iter().all(|number| self.waiters.iter().all(|(waited, ..)| waited != number)));
            if self.queue.is_full {
                self.streamed.retain(|number| !left.contains(number));
            }
            self.queue.leave(&left);
        } else {
            self.running[at].numbers.extend(left);
        }
        self.end(at, true);
    }

    /// A job ends: all of it arrives, or some does and the rest fails.
    fn end(&mut self, job: usize, arrive: bool) {
        if self.running.is_empty() {
            return;
        }
        let job = self.running.swap_remove(job % self.running.len());
        let arrived = if arrive { job.numbers.len() } else { job.numbers.len() / 2 };
        let bytes = Arc::new(frame(vec![1]));
        for number in &job.numbers[..arrived] {
            self.had.insert(*number);
            self.queue.arrived(*number, &bytes, self.now);
        }
        self.queue.failed(&job, &job.numbers[arrived..], &broken(), self.now);
        self.queue.end(&job);
        // Whoever waited for these has been told, once; nobody else has.
        let (told, waiting): (Vec<_>, _) =
            std::mem::take(&mut self.waiters).into_iter().partition(|(number, ..)| job.numbers.contains(number));
        self.waiters = waiting;
        for (number, _, receiver) in told {
            let outcome = receiver.try_recv().expect("whoever waits is told");
            assert_eq!(outcome.is_ok(), job.numbers[..arrived].contains(&number));
            assert!(receiver.recv().is_err(), "once");
        }
        for (_, _, receiver) in &self.waiters {
            assert!(receiver.try_recv().is_err(), "nobody else is told");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn whatever_is_asked_each_frame_is_fetched_once_and_everybody_is_told(
        index in any_index(1 << 20), steps in prop::collection::vec(step(), 0..80)
    ) {
        let places = Places::new(&index);
        let all = index.layers.iter().map(|layer| layer.frames.len() as u32).sum::<u32>();
        let (now, had) = (Instant::now(), HashSet::new());
        let mut world = World { places, queue: queue(), now, had, running: Vec::new(), waiters: Vec::new(), streamed: HashSet::new() };
        for step in steps {
            match step {
                Step::Demand(number) if number < all => {
                    let (sender, receiver) = sync_channel(1);
                    let ticket = world.queue.demand(Number(number), sender, world.now);
                    world.waiters.push((Number(number), ticket, receiver));
                }
                Step::Withdraw(waiter) if !world.waiters.is_empty() => {
                    let (number, ticket, _) = world.waiters.swap_remove(waiter % world.waiters.len());
                    world.queue.withdraw(number, ticket);
                }
                // Numbers that are none are harmless here.
                Step::Stream(first, end) => {
                    world.queue.stream(numbers(first..end));
                    world.streamed.extend(numbers(first..end));
                }
                Step::Rest(first, end) => {
                    world.queue.stream_rest(numbers(first..end), world.now);
                    world.streamed.extend(numbers(first..end));
                }
                Step::Wait => world.now += PAUSE / 4,
                Step::Expect(first, end) => world.queue.expect(&numbers(first..end).collect::<Vec<_>>()),
                Step::Next => { world.next(); }
                Step::Arrive(job) => world.end(job, true),
                Step::Fail(job) => {
                    world.end(job, false);
                    world.now += PAUSE * 40;
                }
                Step::Full => {
                    world.queue.keeps(false);
                    world.streamed.clear();
                }
                Step::Kept => world.queue.keeps(true),
                Step::Leave(job) => world.leave(job),
                Step::Much => world.queue.pace.demanded(u64::MAX),
                Step::Demand(_) | Step::Withdraw(_) => {}
            }
        }
        // Everybody has had what they waited for long ago.
        world.now += PAUSE;
        while world.next() || !world.running.is_empty() {
            world.end(0, true);
            world.now += PAUSE;
        }
        prop_assert!(world.queue.is_idle(), "{:?}", world.queue);
        prop_assert!(world.waiters.is_empty());
        for number in world.streamed.iter().filter(|number| number.0 < all && !world.had.contains(*number)) {
            prop_assert!(world.queue.tries.get(number).is_some_and(|tries| *tries >= TRIES), "{number:?} was lost");
        }
        prop_assert!(world.queue.waiters.is_empty() && world.queue.behind_now == 0);
    }
}
