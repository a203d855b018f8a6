//! Where the time went: traces in OTLP's JSON, as `--trace FILE` and a collector's file exporter write them, as a picture.
//!
//! [`Spans`] reads lines, of several files too; [`Report`] is what they mean: a trace is a job, which has commands, which have
//! phases. It is drawn for a terminal ([`Report::text`]), for a page ([`Report::svg`]) and for the summary of a CI job
//! ([`Report::markdown`]), and serialised for a script. All are functions of the spans, whatever order these came in.
//!
//! Anybody may have written a trace: sizes are limited, times saturate, spans whose parents are missing or form a ring are drawn
//! all the same, and what is not printable is escaped. No function here opens a file.

mod axis;
mod build;
mod draw;
mod escape;
mod intervals;
mod json;
mod markdown;
mod model;
mod otlp;
mod phases;
mod read;
mod svg;
mod text;
mod tree;
mod units;

pub use model::{Command, Left, Phase, Report, Requests, Trace};
pub use read::{LINE_MAX, SPANS_MAX, Spans};
pub use text::Style;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How much is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// The phases of each command.
    #[default]
    Phases,
    /// What is in these, too.
    All,
}

/// Why lines are no trace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A line is something else.
    #[error("line {line} is no trace in OTLP's JSON: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A line is longer than any command writes.
    #[error("line {line} has more than {LINE_MAX} bytes")]
    Long {
        /// Its number, from 1.
        line: usize,
    },
    /// There is none.
    #[error("there is no span in it")]
    Empty,
    /// More than anybody looks at.
    #[error("there are more than {SPANS_MAX} spans; name fewer files at once")]
    Many,
    /// It cannot be read.
    #[error("reading: {0}")]
    Io(#[from] std::io::Error),
}
