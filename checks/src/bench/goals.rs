//! What is to be reached, and whether it was.

use serde::Serialize;

use crate::bench::measure::Measure;
use crate::bench::planning::plan_of;
use crate::bench::start::{AGAIN, ARCHIVE, OURS, PODMAN};
use crate::bench::write::{HELPER, TAR};

/// The most that any of our programs may need.
const MEMORY: u64 = 256 << 20;

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
pub fn judge(measures: &[Measure], missing: f64) -> Vec<Goal> {
    let seconds = |measure: &str, subject: &str| {
        let measure = measures.iter().find(|found| found.name == measure)?;
        measure.row(subject).map(|run| run.seconds)
    };
    let ratio = |measure, one, other| Some(seconds(measure, one)? / seconds(measure, other)?);
    let mut goals = Vec::new();
    let mut compare = |goal, measure, one, other, most: f64| {
        if let Some(ratio) = ratio(measure, one, other) {
            goals.push(Goal { goal, found: format!("{ratio:.2} ×"), met: ratio <= most });
        }
    };
    compare("cold: no slower than the restore of an archive", "cold", OURS, ARCHIVE, 1.0);
    compare("cold: at most 0.6 × podman", "cold", OURS, PODMAN, 0.6);
    compare("write: no slower than `tar | zstd -3 -T2`", "write", HELPER, TAR, 1.0);
    if let (Some(warm), Some(again), Some(cold)) =
        (seconds("warm", OURS), seconds("warm", AGAIN), seconds("cold", OURS))
    {
        let part = (warm - again) / (cold - again);
        let made = |measure: &str| measures.iter().find(|found| found.name == measure)?.row(OURS)?.files;
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
    let ours = |name: &str| ["nix-seed", "plan", "write", "up"].iter().any(|own| name.starts_with(own));
    // What runs a build beside ours is not ours.
    let alone = measures.iter().filter(|measure| measure.name != "build");
    let memory = alone.flat_map(|measure| &measure.rows).filter(|row| ours(&row.subject)).map(|row| row.median.memory);
    if let Some(memory) = memory.max() {
        goals.push(Goal {
            goal: "memory: under 256 MiB at any size",
            found: format!("at most {} MiB", memory >> 20),
            met: memory < MEMORY,
        });
    }
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
    use crate::bench::measure::{Row, Run};

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
        let cold = measure("cold", &[(OURS, 8.0, 90), (ARCHIVE, 9.0, 900), (PODMAN, 10.0, 900)]);
        let warm = measure("warm", &[(OURS, 1.4, 90), (AGAIN, 1.0, 90)]);
        let goals = judge(&[cold, warm], 0.05);
        let met: Vec<_> = goals.iter().map(|goal| goal.met).collect();
        assert_eq!(met, [true, false, true, true], "{goals:?}");
        assert!(!judge(&[measure("growth", &[("up", 1.0, 300)])], 0.05)[0].met);
    }

    #[test]
    fn plans_are_to_be_fast_and_linear() {
        let plan = |count: usize, seconds| measure("planning", &[(&plan_of(count), seconds, 20)]);
        let met = |large| {
            let goals = judge(&[plan(100, 0.1), plan(1000, 0.3), plan(5000, large)], 0.0);
            goals.iter().map(|goal| goal.met).collect::<Vec<_>>()
        };
        assert_eq!(met(1.9), [true, true, true]);
        assert_eq!(met(2.3), [false, false, true]);
        assert_eq!(judge(&[plan(100, 0.1), plan(1000, 0.3)], 0.0).len(), 1);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert!(judge(&[], 0.05).is_empty());
    }
}
