//! What is to be reached, and whether it was.

use serde::Serialize;

use crate::bench::measure::{Measure, Row};
use crate::bench::planning::plan_of;
use crate::bench::start::{AGAIN, ARCHIVE, COPY, GZIP, MOUNTED, PODMAN, UNPACKED};
use crate::bench::wire::Wire;
use crate::bench::write::{HELPER, TAR};

/// The most that any of our programs may need.
const MEMORY: u64 = 256 << 20;

/// Seconds from nothing to the first command, nearby and far away.
const READY: f64 = 0.3;
const READY_FAR: f64 = 2.0;

/// So many times what unpacking and reading takes, to read all through a mount.
const READ: f64 = 1.3;

/// Seconds for a plan of so many derivations.
const PLAN: (usize, f64) = (5000, 2.0);

/// So many times the time for each derivation, compared to a plan of so many.
const LINEAR: (usize, f64) = (1000, 1.5);

/// What lies between two rounds of one and the same on a machine that does nothing else.
const NOISE: f64 = 0.25;

#[derive(Debug, Serialize)]
pub struct Goal {
    pub goal: &'static str,
    pub found: String,
    pub met: bool,
}

/// Of what was measured, those goals that can be judged. `missing` is the part of the image's bytes that the warm start lacked.
pub fn judge(measures: &[Measure], wire: &[Wire], missing: f64) -> Vec<Goal> {
    let seconds = |measure: &str, subject: &str| {
        let measure = measures.iter().find(|found| found.name == measure)?;
        measure.row(subject).map(|run| run.seconds)
    };
    let ratio = |measure, one, other| Some(seconds(measure, one)? / seconds(measure, other)?);
    let mut goals = judge_mounts(&seconds);
    let mut compare = |goal, measure, one, other, most: f64| {
        if let Some(ratio) = ratio(measure, one, other) {
            goals.push(Goal { goal, found: format!("{ratio:.2} ×"), met: ratio <= most });
        }
    };
    compare("cold, unpacked: no slower than the restore of an archive", "cold", UNPACKED, ARCHIVE, 1.0);
    compare("cold, unpacked: at most 0.6 × podman", "cold", UNPACKED, PODMAN, 0.6);
    compare("write: no slower than `tar | zstd -3 -T2`", "write", HELPER, TAR, 1.0);
    if let (Some(warm), Some(again), Some(cold)) =
        (seconds("warm", UNPACKED), seconds("warm", AGAIN), seconds("cold", UNPACKED))
    {
        let part = (warm - again) / (cold - again);
        let made = |measure: &str| measures.iter().find(|found| found.name == measure)?.row(UNPACKED)?.files;
        let files = match (made("warm"), made("cold")) {
            (Some(warm), Some(cold)) => format!(" and {:.1} % of the files", percent(warm as f64 / cold as f64)),
            _ => String::new(),
        };
        goals.push(Goal {
            goal: "warm: beyond what nothing missing takes, the missing part of the bytes takes that part of the time",
            found: format!("{:.1} % of the bytes{files}, {:.1} % of the time", percent(missing), percent(part)),
            // Hundredths of seconds count where all takes tenths.
            met: part <= missing * (1.0 + NOISE) || warm - again <= 0.1,
        });
    }
    goals.extend(judge_plans(measures));
    let all = measures.iter().chain(wire.iter().map(|wire| &wire.measure));
    let memory = all.flat_map(|measure| &measure.rows).filter_map(memory_of_ours);
    if let Some(memory) = memory.max() {
        goals.push(Goal {
            goal: "memory: under 256 MiB at any size",
            found: format!("at most {} MiB", memory >> 20),
            met: memory < MEMORY,
        });
    }
    goals
}

/// What our programs needed: where others ran beside them, without those.
fn memory_of_ours(row: &Row) -> Option<u64> {
    let ours = ["nix-seed", "plan", "write", "up"].iter().any(|own| row.subject.starts_with(own));
    row.median.own_memory.or(ours.then_some(row.median.memory))
}

/// Seeds that are mounted.
fn judge_mounts(seconds: &dyn Fn(&str, &str) -> Option<f64>) -> Vec<Goal> {
    let mut goals = Vec::new();
    let mut within = |goal, measure, most: f64| {
        if let Some(found) = seconds(measure, MOUNTED) {
            goals.push(Goal { goal, found: format!("{found:.2} s"), met: found < most });
        }
    };
    within("begin, mounted: under 0.3 s", "begin", READY);
    within("cold, mounted: under 0.3 s", "cold", READY);
    within("far, mounted: the first command of a build in under 2 s", "far", READY_FAR);
    let mut compare = |goal, measure, other: Option<f64>, most: f64| {
        if let (Some(one), Some(other)) = (seconds(measure, MOUNTED), other) {
            goals.push(Goal { goal, found: format!("{:.2} ×", one / other), met: one <= other * most });
        }
    };
    compare("begin, mounted: at most 1/10 of podman", "begin", seconds("begin", PODMAN), 0.1);
    compare("begin, mounted: at most 1/10 of `nix copy`", "begin", seconds("begin", COPY), 0.1);
    compare("begin, mounted: at most 1/5 of the restore of an archive", "begin", seconds("begin", ARCHIVE), 0.2);
    compare("cold, mounted: at most 1/10 of podman", "cold", seconds("cold", PODMAN), 0.1);
    compare("cold, mounted: at most 1/10 of `nix copy`", "cold", seconds("cold", COPY), 0.1);
    compare("cold, mounted: at most 1/5 of the restore of an archive", "cold", seconds("cold", ARCHIVE), 0.2);
    let peers = [PODMAN, GZIP, COPY, ARCHIVE].iter().filter_map(|peer| seconds("build", peer));
    compare("build, mounted: at most 1/4 of the best peer", "build", peers.reduce(f64::min), 0.25);
    compare("read, mounted: at most 1.3 × unpacked", "read", seconds("read", UNPACKED), READ);
    goals
}

/// Plans of large flakes.
fn judge_plans(measures: &[Measure]) -> Vec<Goal> {
    let seconds = |count| measures.iter().find_map(|measure| measure.row(&plan_of(count))).map(|run| run.seconds);
    let Some(large) = seconds(PLAN.0) else { return Vec::new() };
    let mut goals = vec![Goal {
        goal: "planning: 5,000 derivations in at most 2 s",
        found: format!("{large:.2} s"),
        met: large <= PLAN.1,
    }];
    goals.extend(seconds(LINEAR.0).map(|small| {
        let growth = (large / PLAN.0 as f64) / (small / LINEAR.0 as f64);
        Goal {
            goal: "planning: linear, for each of 5,000 derivations at most 1.5 × what it takes for each of 1,000",
            found: format!("{growth:.2} ×"),
            met: growth <= LINEAR.1,
        }
    }));
    goals
}

fn percent(part: f64) -> f64 {
    part * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::Run;

    fn measure(name: &'static str, rows: &[(&str, f64, u64)]) -> Measure {
        let row = |(subject, seconds, mib): &(&str, f64, u64)| Row {
            subject: (*subject).into(),
            script: String::new(),
            runs: Vec::new(),
            median: Run { seconds: *seconds, memory: mib << 20, ..Run::default() },
        };
        Measure { name, title: String::new(), rows: rows.iter().map(row).collect() }
    }

    #[test]
    fn goals_are_met_or_missed_by_what_was_measured() {
        let cold = measure("cold", &[(UNPACKED, 8.0, 90), (ARCHIVE, 9.0, 900), (PODMAN, 10.0, 900)]);
        let warm = measure("warm", &[(UNPACKED, 1.4, 90), (AGAIN, 1.0, 90)]);
        let goals = judge(&[cold, warm], &[], 0.05);
        let met: Vec<_> = goals.iter().map(|goal| goal.met).collect();
        assert_eq!(met, [true, false, true, true], "{goals:?}");
        assert!(!judge(&[measure("growth", &[("up", 1.0, 300)])], &[], 0.05)[0].met);
    }

    /// Whether the goals of mounts are met that are judged by this measure.
    fn met(name: &'static str, rows: &[(&str, f64)]) -> Vec<bool> {
        let rows: Vec<_> = rows.iter().map(|(subject, seconds)| (*subject, *seconds, 1)).collect();
        let goals = judge(&[measure(name, &rows)], &[], 0.0);
        let of_mounts = goals.iter().filter(|goal| goal.goal.contains(", mounted: "));
        of_mounts.map(|goal| goal.met).collect()
    }

    #[test]
    fn a_mount_is_to_be_ready_at_once() {
        assert_eq!(met("cold", &[(MOUNTED, 0.29)]), [true]);
        assert_eq!(met("cold", &[(MOUNTED, 0.3)]), [false]);
        assert_eq!(met("far", &[(MOUNTED, 1.9), (PODMAN, 2.0)]), [true]);
        assert_eq!(met("far", &[(MOUNTED, 2.0)]), [false]);
    }

    #[test]
    fn a_mount_is_to_be_ready_in_a_part_of_what_each_peer_takes() {
        let cold =
            |podman, copy, archive| met("cold", &[(MOUNTED, 0.2), (PODMAN, podman), (COPY, copy), (ARCHIVE, archive)]);
        assert_eq!(cold(2.1, 2.1, 1.1), [true; 4]);
        assert_eq!(cold(1.9, 2.1, 1.1), [true, false, true, true]);
        assert_eq!(cold(2.1, 1.9, 1.1), [true, true, false, true]);
        assert_eq!(cold(2.1, 2.1, 0.9), [true, true, true, false]);
    }

    #[test]
    fn a_build_over_a_mount_is_compared_with_the_best_peer() {
        let build = |rows: &[(&str, f64)]| met("build", &[&[(MOUNTED, 2.0), (UNPACKED, 1.0)], rows].concat());
        assert_eq!(build(&[(PODMAN, 30.0), (GZIP, 40.0), (COPY, 8.1), (ARCHIVE, 9.0)]), [true]);
        let peers = [PODMAN, GZIP, COPY, ARCHIVE];
        for best in peers {
            assert_eq!(build(&peers.map(|peer| (peer, if peer == best { 7.9 } else { 20.0 }))), [false], "{best}");
        }
        assert!(build(&[]).is_empty());
    }

    #[test]
    fn a_complete_read_is_compared_with_unpacking() {
        assert_eq!(met("read", &[(MOUNTED, 12.9), (UNPACKED, 10.0)]), [true]);
        assert_eq!(met("read", &[(MOUNTED, 13.1), (UNPACKED, 10.0)]), [false]);
    }

    #[test]
    fn memory_is_that_of_our_programs() {
        let met = |subject: &str, own: Option<u64>| {
            let mut measure = measure("build", &[(subject, 1.0, 300)]);
            measure.rows[0].median.own_memory = own.map(|mib| mib << 20);
            judge(&[measure], &[], 0.0).iter().map(|goal| goal.met).collect::<Vec<_>>()
        };
        assert_eq!(met(MOUNTED, Some(255)), [true], "Nix had the rest");
        assert_eq!(met(MOUNTED, Some(256)), [false]);
        assert_eq!(met(PODMAN, None), [true; 0]);
    }

    #[test]
    fn plans_are_to_be_fast_and_linear() {
        let plan = |count: usize, seconds| measure("planning", &[(&plan_of(count), seconds, 20)]);
        let met = |large| {
            let goals = judge(&[plan(100, 0.1), plan(1000, 0.3), plan(5000, large)], &[], 0.0);
            goals.iter().map(|goal| goal.met).collect::<Vec<_>>()
        };
        assert_eq!(met(1.9), [true, true, true]);
        assert_eq!(met(2.3), [false, false, true]);
        assert_eq!(judge(&[plan(100, 0.1), plan(1000, 0.3)], &[], 0.0).len(), 1);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert!(judge(&[], &[], 0.05).is_empty());
    }
}
