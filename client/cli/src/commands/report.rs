//! `nix-seed report`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use nix_seed_report::{Detail, Report as Drawn, Spans, Style};
use serde_json::json;

use crate::args::Global;
use crate::error::Error;
use crate::files::write;
use crate::print;

/// The columns of what is no terminal, and of a terminal that does not say how many it has.
const COLUMNS: usize = 100;

/// Draw where the time went: a bar for each phase of the commands that wrote a trace
#[derive(Args)]
#[command(
    after_help = "A trace is what --trace FILE of any command adds to a file, and what the file exporter of an OpenTelemetry collector writes. \
    Several files are one report, in which all commands of a job are one picture.\n\n\
    Examples:\n  \
    nix-seed up --trace trace ghcr.io/owner/seed@sha256:… && nix-seed report trace\n  \
    nix-seed report --svg report.svg trace\n  \
    nix-seed report --markdown trace >> \"$GITHUB_STEP_SUMMARY\""
)]
pub(crate) struct Report {
    /// The files
    #[arg(required = true, value_name = "TRACE")]
    traces: Vec<PathBuf>,
    /// Draw what is in the phases, too
    #[arg(long)]
    all: bool,
    /// Write the picture to this file as SVG, too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print Markdown, for the summary of a CI job
    #[arg(long)]
    markdown: bool,
}

pub(crate) fn run(args: &Report, global: &Global) -> Result<(), Error> {
    let mut spans = Spans::default();
    for path in &args.traces {
        read(path, &mut spans)?;
    }
    let report = Drawn::of(spans);
    let detail = if args.all { Detail::All } else { Detail::Phases };
    if let Some(path) = &args.svg {
        write(path, report.svg(detail).as_bytes())?;
    }
    if global.json {
        return print::json(&json!({ "report": report.json() }));
    }
    print::whole(&match args.markdown {
        true => report.markdown(detail),
        false => report.text(&style(detail)),
    })
}

fn read(path: &Path, spans: &mut Spans) -> Result<(), Error> {
    let file = File::open(path).map_err(|source| Error::Io { doing: "opening", path: path.into(), source })?;
    spans.read(BufReader::new(file)).map_err(|error| match error {
        nix_seed_report::Error::Io(source) => Error::Io { doing: "reading", path: path.into(), source },
        error => Error::Trace { path: path.into(), error },
    })
}

/// What standard output can show.
fn style(detail: Detail) -> Style {
    let out = std::io::stdout();
    let get = |name: &str| std::env::var_os(name);
    if !out.is_terminal() || !draws(&get) {
        return Style { width: COLUMNS, ascii: true, detail };
    }
    let size = rustix::termios::tcgetwinsize(out).ok().map(|size| usize::from(size.ws_col));
    let width = size.filter(|columns| *columns > 0).unwrap_or(COLUMNS);
    Style { width, ascii: !is_utf8(&get), detail }
}

/// Whether a terminal shows more than letters.
fn draws(get: &dyn Fn(&str) -> Option<OsString>) -> bool {
    get("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Whether texts are UTF-8, as the locale says: the first variable that is set counts.
fn is_utf8(get: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(get).find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
    }

    #[test]
    fn what_cannot_be_shown_is_drawn_in_ascii() {
        assert!(draws(&environment(&[("TERM", "xterm")])));
        assert!(!draws(&environment(&[("TERM", "dumb")])) && !draws(&environment(&[])));
        assert!(is_utf8(&environment(&[("LANG", "C.UTF-8")])) && is_utf8(&environment(&[("LC_CTYPE", "de_DE.utf8")])));
        assert!(!is_utf8(&environment(&[("LANG", "C.UTF-8"), ("LC_ALL", "C")])) && !is_utf8(&environment(&[])));
    }
}
