use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, sync_channel};

use proptest::prelude::*;

use super::*;
use crate::testing::{any_index, frame, index};

const PAUSE: Duration = Duration::from_secs(1);

fn queue() -> Queue {
    Queue { most_behind: 2, ..Queue::new(PAUSE) }
}

fn broken() -> Error {
    Error::Broken { what: "it".into(), why: "gone".into() }
}

fn numbers(range: std::ops::Range<u32>) -> impl DoubleEndedIterator<Item = Number> {
    range.map(Number)
}

/// Two layers: frames 0 to 11, each longer than a gap, and 12 to 16, of which the last ones are more than a run.
fn places() -> Places {
    let long = (GAP as u32 + 1, 9);
    Places::new(&index(&[vec![vec![long; 10]], vec![vec![(1 << 20, 9), (1 << 20, 9), (3 << 20, 9)]]]))
}

fn next(queue: &mut Queue) -> Option<Vec<u32>> {
    queue.next(&places(), Instant::now(), |_| false).map(|job| job.numbers.iter().map(|number| number.0).collect())
}

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

#[test]
fn what_is_streamed_keeps_its_order_and_comes_in_runs() {
    let mut queue = queue();
    queue.stream([5, 6, 7, 1].map(Number).into_iter());
    queue.stream(numbers(13..16));
    queue.most_behind = 9;
    let jobs: Vec<_> = std::iter::from_fn(|| next(&mut queue)).collect();
    assert_eq!(jobs, [vec![5, 6, 7], vec![1], vec![13, 14], vec![15]]);
    assert!(!queue.is_idle(), "they are on their way");
}

#[test]
fn what_lies_between_is_fetched_along_where_it_is_little_and_nobody_has_it() {
    let jobs = |gap: u64, wanted: &[u32], rest: std::ops::Range<u32>, busy: &[u32], had: &[u32]| {
        let path = vec![(9, 9), (gap as u32, 9), (9, 9), (4, 9), (5, 9), (9, 9)];
        let places = Places::new(&index(&[vec![path], vec![vec![(9, 9)]]]));
        let mut queue = Queue { most_behind: 9, ..queue() };
        queue.in_flight.extend(busy.iter().map(|number| Number(*number)));
        queue.stream(wanted.iter().copied().map(Number));
        queue.stream_rest(numbers(rest), Instant::now());
        // For as long as somebody waits, the rest does not come.
        queue.pace.reads(Instant::now());
        let next = || queue.next(&places, Instant::now(), |number| had.contains(&number.0));
        let jobs = std::iter::from_fn(next).map(|job| job.numbers.iter().map(|number| number.0).collect());
        jobs.take(4).collect::<Vec<Vec<u32>>>()
    };
    let all = [1, 3, 6, 9];
    assert_eq!(jobs(9, &all, 1..10, &[], &[]), [vec![1, 2, 3, 4, 5, 6], vec![9]]);
    assert_eq!(jobs(GAP, &all, 1..10, &[], &[]), [vec![1, 2, 3, 4, 5, 6], vec![9]]);
    assert_eq!(jobs(GAP + 1, &all, 1..10, &[], &[]), [vec![1], vec![3, 4, 5, 6], vec![9]]);
    assert_eq!(jobs(9, &all, 1..10, &[2], &[5]), [vec![1], vec![3], vec![6], vec![9]]);
    assert_eq!(jobs(9, &all, 3..10, &[], &[]), [vec![1], vec![3, 4, 5, 6], vec![9]], "this machine has it");
}

#[test]
fn what_is_there_is_looked_for_a_part_at_a_time() {
    let places = Places::new(&index(&[vec![vec![(9, 9); 1000]]]));
    let mut queue = queue();
    queue.stream(numbers(1..1001));
    let mut looks = 0;
    while let Some(job) = queue.next(&places, Instant::now(), |number| number != Number(900)) {
        queue.end(&job);
        looks += 1;
        if !job.numbers.is_empty() {
            assert_eq!(job.numbers, [Number(900)]);
            queue.arrived(Number(900), &Arc::new(frame(vec![1])), Instant::now());
        }
    }
    assert!(queue.is_idle());
    assert!((4..6).contains(&looks), "{looks}");
}

#[test]
fn whoever_asks_before_a_frame_is_kept_is_told_when_it_is() {
    let (mut queue, now, bytes) = (queue(), Instant::now(), Arc::new(frame(vec![1])));
    let (early, early_told) = sync_channel(1);
    queue.demand(Number(1), early, now);
    let job = queue.next(&places(), now, |_| false).unwrap();
    queue.deliver(Number(1), &bytes, now);
    assert!(early_told.try_recv().unwrap().is_ok());
    let (late, late_told) = sync_channel(1);
    queue.demand(Number(1), late, now);
    assert!(queue.next(&places(), now, |_| false).is_none(), "it is on its way");
    assert!(late_told.try_recv().is_err());
    queue.arrived(Number(1), &bytes, now);
    assert!(late_told.try_recv().unwrap().is_ok());
    queue.end(&job);
    assert!(queue.is_idle());
}

#[test]
fn what_follows_a_touch_comes_before_what_is_streamed_and_is_bounded() {
    let mut queue = queue();
    queue.stream(numbers(1..3));
    queue.expect(&numbers(8..10).collect::<Vec<_>>());
    queue.expect(&[Number(5)]);
    assert_eq!([next(&mut queue), next(&mut queue)], [Some(vec![5]), Some(vec![8, 9])]);
    assert_eq!(next(&mut queue), None, "two are at it");
    queue.expect(&numbers(0..100_000).collect::<Vec<_>>());
    assert_eq!(queue.urgent.len(), URGENT);
    assert_eq!(queue.urgent.front(), Some(&Number(0)));
}

#[test]
fn what_follows_comes_with_what_somebody_waits_for() {
    let places = Places::new(&index(&[vec![vec![(9, 9); 20]], vec![vec![(9, 9)]]]));
    let mut queue = queue();
    let mut next = |demands: &[u32], expected: &[u32], had: &[u32]| {
        for number in demands {
            queue.demand(Number(*number), sync_channel(1).0, Instant::now());
        }
        queue.expect(&expected.iter().copied().map(Number).collect::<Vec<_>>());
        let job = queue.next(&places, Instant::now(), |number| had.contains(&number.0)).unwrap();
        assert!(!job.is_behind);
        job.numbers.iter().map(|number| number.0).collect::<Vec<_>>()
    };
    assert_eq!(next(&[3, 1], &[4, 5, 7], &[]), [3, 4, 5]);
    assert_eq!(next(&[2], &[], &[]), [1, 2], "what others wait for, too");
    assert_eq!(next(&[6], &[], &[7]), [6], "what is there is not fetched");
    assert_eq!(next(&[21], &[22, 23], &[]), [21], "another layer is another request");
    assert_eq!(queue.in_flight.len(), 7);
}

#[test]
fn for_whoever_reads_much_the_rest_comes_with_what_they_wait_for() {
    let (now, places) = (Instant::now(), Places::new(&index(&[vec![vec![(9, 9); 4], vec![(9, 9); 4]]])));
    let job = |change: &dyn Fn(&mut Queue)| {
        let mut queue = queue();
        queue.stream_rest(numbers(1..7), now);
        queue.pace.demanded(u64::MAX);
        change(&mut queue);
        queue.demand(Number(3), sync_channel(1).0, now);
        let job = queue.next(&places, now, |_| false).unwrap();
        job.numbers.iter().map(|number| number.0).collect::<Vec<_>>()
    };
    assert_eq!(job(&|_| ()), [3, 4, 5, 6], "whatever path it is of; nobody was to stream the others");
    assert_eq!(job(&|queue| queue.pace = Pace::default()), [3], "little was read");
    assert_eq!(job(&|queue| queue.keeps(false)), [3], "it cannot be kept");
    assert_eq!(job(&|queue| queue.rest.clear()), [3], "all has come, and what is gone again made room for others");
    assert_eq!(job(&|queue| queue.tries.extend([(Number(5), TRIES)])), [3, 4], "it is damaged for good");
}

#[test]
fn what_comes_along_for_whoever_reads_much_is_bounded() {
    let (now, places) = (Instant::now(), Places::new(&index(&[vec![vec![(9, 9); 2000]]])));
    let mut queue = queue();
    queue.stream_rest(numbers(1..2001), now);
    queue.pace.demanded(u64::MAX);
    queue.demand(Number(1), sync_channel(1).0, now);
    assert_eq!(queue.next(&places, now, |_| false).unwrap().numbers.len(), LOOKED_AT);
}

#[test]
fn two_requests_for_the_rest_go_beside_whoever_reads_much() {
    let (now, places) = (Instant::now(), Places::new(&index(&[vec![vec![(3 << 20, 9); 9]]])));
    let mut queue = Queue { most_behind: 6, ..queue() };
    queue.stream_rest(numbers(1..10), now);
    queue.demand(Number(9), sync_channel(1).0, now);
    queue.pace.demanded(u64::MAX);
    let jobs = std::iter::from_fn(|| queue.next(&places, now, |_| false)).map(|job| (job.numbers, job.is_behind));
    let expected = [(9, false), (1, true), (2, true)].map(|(number, is_behind)| (vec![Number(number)], is_behind));
    assert_eq!(jobs.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_left_for_others_comes_with_the_rest_once() {
    let (now, places) = (Instant::now(), Places::new(&index(&[vec![vec![(9, 9); 600]]])));
    for reads_much in [false, true] {
        let mut queue = Queue { most_behind: 6, ..queue() };
        queue.stream_rest(numbers(1..601), now);
        queue.pace.demanded(if reads_much { u64::MAX } else { 0 });
        let mut left: Vec<_> = numbers(1..601).collect();
        queue.in_flight.extend(&left);
        queue.demand(Number(601), sync_channel(1).0, now);
        // All have been looked at, and dropped, while they were on their way.
        queue.rest.clear();
        assert!(queue.is_to_leave(&left));
        queue.leave(&left);
        queue.leave(&left);
        assert_eq!(queue.urgent.len(), if reads_much { 0 } else { URGENT });
        left.reverse();
        assert_eq!(queue.rest, left, "none is lost, and none is there twice");
        assert_eq!(queue.next(&places, now, |_| false).unwrap().numbers[0], Number(601));
    }
}

#[test]
fn what_comes_along_is_not_given_up_for_the_failures_of_others() {
    let (now, places) = (Instant::now(), Places::new(&index(&[vec![vec![(9, 9); 4]]])));
    let mut queue = queue();
    queue.stream_rest(numbers(1..5), now);
    queue.pace.demanded(u64::MAX);
    for _ in 0..9 {
        queue.demand(Number(1), sync_channel(1).0, now);
        let job = queue.next(&places, now, |_| false).unwrap();
        assert_eq!(job.numbers.len(), 4);
        queue.failed(&job, &job.numbers, &broken(), now);
        queue.end(&job);
    }
    assert_eq!(queue.rest.len(), 4, "none is lost, and none is there twice");
}

#[test]
fn after_a_failure_streams_rest_and_demands_do_not() {
    let mut queue = queue();
    queue.stream(numbers(1..4));
    let (now, places) = (Instant::now(), places());
    let job = queue.next(&places, now, |_| false).unwrap();
    queue.failed(&job, &job.numbers, &broken(), now);
    queue.end(&job);
    assert!(!queue.is_idle(), "it is to be tried again");
    assert_eq!(queue.pause(now), Some(PAUSE));
    assert!(queue.next(&places, now, |_| false).is_none());
    let (sender, receiver) = sync_channel(1);
    queue.demand(Number(9), sender, Instant::now());
    let demanded = queue.next(&places, now, |_| false).unwrap();
    assert!(!demanded.is_behind);
    // What arrives says that the registry is well.
    queue.arrived(Number(9), &Arc::new(frame(vec![1])), Instant::now());
    queue.end(&demanded);
    assert!(receiver.try_recv().unwrap().is_ok());
    assert_eq!(queue.next(&places, now + PAUSE, |_| false).unwrap().numbers, job.numbers);
}

#[test]
fn a_request_that_fails_after_others_went_well_stops_no_stream() {
    let mut queue = queue();
    queue.stream([1, 3, 5].map(Number).into_iter());
    let (now, places) = (Instant::now(), places());
    let [slow, quick] = [(); 2].map(|()| queue.next(&places, now, |_| false).unwrap());
    queue.arrived(quick.numbers[0], &Arc::new(frame(vec![1])), now);
    queue.end(&quick);
    queue.failed(&slow, &slow.numbers, &broken(), now);
    queue.end(&slow);
    assert!(queue.next(&places, now, |_| false).is_some_and(|job| job.is_behind));
}

#[test]
fn a_frame_that_always_fails_is_tried_a_few_times_and_others_go_before() {
    let mut queue = queue();
    queue.stream(numbers(1..2));
    queue.stream(numbers(7..8));
    let (mut now, places) = (Instant::now(), places());
    let mut tried = Vec::new();
    while let Some(job) = queue.next(&places, now, |_| false) {
        tried.extend(job.numbers.iter().map(|number| number.0));
        queue.failed(&job, &job.numbers, &broken(), now);
        queue.end(&job);
        now += PAUSE * 40;
    }
    assert_eq!(tried, [1, 7, 1, 7, 1, 7]);
    assert!(queue.is_idle());
}

#[test]
fn whoever_waits_for_all_is_let_go_when_a_registry_stays_down_and_streams_go_on_when_it_is_back() {
    let mut queue = queue();
    queue.stream([1, 3, 5, 7, 9].map(Number).into_iter());
    let (mut now, places) = (Instant::now(), places());
    let mut jobs = 0;
    while let Some(job) = queue.next(&places, now, |_| false) {
        jobs += 1;
        assert!(jobs < 20, "it ends");
        queue.failed(&job, &job.numbers, &broken(), now);
        queue.end(&job);
        now += PAUSE * 40;
    }
    assert!(queue.is_idle() && !queue.rest.is_empty());
    queue.demand(Number(2), sync_channel(1).0, Instant::now());
    let job = queue.next(&places, now, |_| false).unwrap();
    queue.arrived(Number(2), &Arc::new(frame(vec![1])), Instant::now());
    queue.end(&job);
    assert!(queue.next(&places, now, |_| false).is_some_and(|job| job.is_behind));
}

#[test]
fn what_nobody_waits_for_any_more_keeps_nobody_waiting() {
    let mut queue = queue();
    let first = queue.demand(Number(1), sync_channel(1).0, Instant::now());
    let second = queue.demand(Number(1), sync_channel(1).0, Instant::now());
    queue.demand(Number(2), sync_channel(1).0, Instant::now());
    queue.withdraw(Number(1), first);
    assert_eq!(queue.demands, [Number(1), Number(2)]);
    queue.withdraw(Number(1), second);
    assert_eq!(next(&mut queue), Some(vec![2]));
    assert_eq!(next(&mut queue), None);
}

#[test]
fn the_rest_comes_when_nobody_waits() {
    let (mut queue, now) = (queue(), Instant::now());
    let at = |queue: &mut Queue, now| {
        let job = queue.next(&places(), now, |_| false);
        job.map(|job| job.numbers.iter().map(|number| number.0).collect::<Vec<_>>())
    };
    queue.stream_rest(numbers(3..5), now);
    queue.stream(numbers(7..9));
    queue.demand(Number(1), sync_channel(1).0, now);
    assert_eq!(at(&mut queue, now), Some(vec![1]));
    assert_eq!(at(&mut queue, now), Some(vec![7, 8]), "what is likely to be wanted does not wait");
    assert_eq!(at(&mut queue, now), None);
    assert!(queue.pause(now).is_some() && !queue.is_idle());
    queue.arrived(Number(1), &Arc::new(frame(vec![1])), now);
    let pause = queue.pause(now).unwrap();
    assert_eq!(at(&mut queue, now), None, "whoever had an answer is likely to ask again");
    assert_eq!((queue.pause(now + pause), at(&mut queue, now + pause)), (None, Some(vec![3, 4])));
}
