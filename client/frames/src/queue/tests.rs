mod property;

use std::sync::mpsc::sync_channel;

use super::next::GAP;
use super::*;
use crate::Places;
use crate::testing::{frame, index};

const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn queue() -> Queue {
    Queue { most_behind: 2, ..Queue::new(PAUSE) }
}

fn broken() -> Error {
    Error::Broken { what: "it".into(), why: "gone".into() }
}

pub(super) fn numbers(range: std::ops::Range<u32>) -> impl DoubleEndedIterator<Item = Number> {
    range.map(Number)
}

/// Two layers: frames 0 to 11, each longer than a gap, and 12 to 16, of which the last ones are more than a run.
pub(super) fn places() -> Places {
    let long = (GAP as u32 + 1, 9);
    Places::new(&index(&[vec![vec![long; 10]], vec![vec![(1 << 20, 9), (1 << 20, 9), (3 << 20, 9)]]]))
}

pub(super) fn next(queue: &mut Queue) -> Option<Vec<u32>> {
    queue.next(&places(), Instant::now(), |_| false).map(|job| job.numbers.iter().map(|number| number.0).collect())
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
