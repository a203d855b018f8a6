use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use super::super::TRIES;
use super::super::tests::{next, numbers, queue};
use super::*;
use crate::pace::Pace;
use crate::queue::URGENT;
use crate::testing::{frame, index};

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
