//! What a picture is drawn of.

use std::collections::BTreeMap;

use crate::intervals::Interval;

/// Where the time went: one trace for each job.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The traces, by their beginnings.
    pub traces: Vec<Trace>,
    /// What is not among them.
    pub left: Left,
}

/// What was read and is not in the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    /// Traces, commands and rows beyond what anybody looks at.
    pub many: usize,
    /// Spans that were there more than once.
    pub twice: usize,
    /// Lines that end too early.
    pub cut: usize,
}

/// What one job, or one command by itself, has spent its time with.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Its number.
    pub id: u128,
    /// What the CI says of the job, by OpenTelemetry's names.
    pub job: BTreeMap<String, String>,
    /// When it began, in nanoseconds since 1970.
    pub began: u64,
    /// From its beginning to its end, in nanoseconds.
    pub took: u64,
    /// The time in which a command ran, in nanoseconds; shares are of that.
    pub busy: u64,
    /// Its commands, by their beginnings.
    pub commands: Vec<Command>,
}

/// A command.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The command itself, and what it did.
    pub phase: Phase,
    /// How it ended, where it says so.
    pub exit_code: Option<u64>,
    /// From its beginning until a seed was ready, in nanoseconds.
    pub ready: Option<u64>,
    /// From its beginning to that of the command that it ran, in nanoseconds.
    pub build: Option<u64>,
    /// What it asked registries.
    pub requests: Requests,
}

/// All requests of a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// How many.
    pub count: u64,
    /// What they took, one after the other, in nanoseconds.
    pub sum: u64,
    /// How many bytes their answers had, as far as these say.
    pub received: u64,
    /// How many were asked again.
    pub retries: u64,
}

/// What took time: spans of one name below the same phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// The spans' name.
    pub name: String,
    /// What ran, where it was one program.
    pub program: Option<String>,
    /// How many spans.
    pub count: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The time in which any of them was there, in nanoseconds.
    pub took: u64,
    /// What they took one after the other, in nanoseconds.
    pub sum: u64,
    /// What threads spent with it, in nanoseconds; of phases that have no time of their own, since several go on at once.
    pub busy: Option<u64>,
    /// What is in it, by its beginning.
    pub below: Vec<Phase>,
    /// When it was, in nanoseconds since 1970.
    pub(crate) when: Vec<Interval>,
}

impl Phase {
    /// When it began, in nanoseconds since 1970.
    pub fn began(&self) -> u64 {
        self.when.first().map_or(0, |first| first.0)
    }
}
