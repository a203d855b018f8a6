//! Whoever serves is killed while others read.

use std::time::{Duration, Instant};

use nix_seed_checks::property::random::Random;

use super::{Contents, Found, Machine, ends, part};
use crate::up::Scene;

/// How often, on all machines together.
const KILLS: u32 = 200;

/// How many machines there are at a time: most of what they do is to wait.
const MACHINES: u32 = 4;

/// How many read at a time on each.
const READERS: usize = 3;

/// Within which time each of them has to end once nobody serves: that takes a tenth of a second where nothing else runs.
const SECONDS: Duration = Duration::from_secs(20);

/// What came of the kills on one machine.
#[derive(Default)]
struct Count {
    kills: u32,
    found: Found,
    slowest: Duration,
}

fn killed_again_and_again(scene: &Scene, contents: &Contents, number: u32) -> Count {
    let (machine, mut random) = (Machine::new(&scene.publisher), Random::new(number.into()));
    let mut count = Count::default();
    machine.mounts(&scene.location);
    let began = Instant::now();
    contents.assert_right(&machine, READERS);
    let takes = began.elapsed();
    machine.discards();
    while count.kills < KILLS / MACHINES {
        if random.chance(50) {
            // All comes from the registry again.
            std::fs::remove_dir_all(machine.cache()).unwrap();
        }
        machine.mounts(&scene.location);
        let readers: Vec<_> = (0..READERS).map(|_| contents.reader(&machine, &mut random)).collect();
        std::thread::sleep(part(takes, &mut random));
        machine.kill_server();
        count.kills += 1;
        let killed = Instant::now();
        for reader in readers {
            let Found { right, failed } = contents.check(&ends(reader, SECONDS));
            count.found.right += right;
            count.found.failed += failed;
        }
        count.slowest = count.slowest.max(killed.elapsed());
        if random.chance(25) {
            machine.mounts(&scene.location);
            contents.assert_right(&machine, 1);
        }
        machine.discards();
        machine.assert_gone();
    }
    count
}

#[test]
fn killed_at_any_moment_while_others_read() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    let counts: Vec<_> = std::thread::scope(|scope| {
        let start = |number| {
            scope.spawn({
                let (scene, contents) = (&scene, &contents);
                move || killed_again_and_again(scene, contents, number)
            })
        };
        let machines: Vec<_> = (0..MACHINES).map(start).collect();
        machines.into_iter().map(|machine| machine.join().unwrap()).collect()
    });
    let sum = |of: fn(&Count) -> usize| counts.iter().map(of).sum::<usize>();
    let (right, failed) = (sum(|count| count.found.right), sum(|count| count.found.failed));
    let slowest = counts.iter().map(|count| count.slowest).max().unwrap_or_default();
    let kills: u32 = counts.iter().map(|count| count.kills).sum();
    println!(
        "{kills} kills: {right} files read right, {failed} not at all, none wrong; the last reader ended after {slowest:?}"
    );
    assert_eq!(kills, KILLS);
    assert!(failed > 0, "nobody was disturbed");
}
