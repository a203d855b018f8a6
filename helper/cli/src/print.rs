//! What a person sees. The only place that writes to standard output and standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use nix_seed_check::Error as CheckError;
use nix_seed_image::Error as ImageError;
use nix_seed_image::index::{Index, RestrictionKind};
use nix_seed_image::summary::{OrderSummary, Summary};
use nix_seed_image::verify::Report;
use nix_seed_image::why::Why;
use serde_json::Value;

use crate::error::Error;

/// How many contributors a report names.
pub(crate) const TOP: usize = 10;

/// A line on standard output.
pub(crate) fn line(text: &str) -> Result<(), Error> {
    whole(&format!("{text}\n"))
}

/// Lines on standard output.
pub(crate) fn text(text: &str) -> Result<(), Error> {
    let lines: Vec<_> = text.split('\n').map(plain).collect();
    whole(&lines.join("\n"))
}

/// What is being done, on standard error.
pub(crate) fn progress(what: &str) {
    let _ = writeln!(std::io::stderr(), "{}", plain(what));
}

/// A JSON document on standard output. What would steer a terminal stands only in strings, where JSON has an escape.
pub(crate) fn json(document: &Value) -> Result<(), Error> {
    let mut text = String::new();
    for c in format!("{document:#}\n").chars() {
        if c != '\n' && steers(c) { text += &format!("\\u{:04x}", u32::from(c)) } else { text.push(c) }
    }
    whole(&text)
}

/// A reader that went away has seen enough; that the disk is full is an error.
fn whole(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(ImageError::io("writing", "standard output")(error).into())
        }
        _ => Ok(()),
    }
}

/// One line, but for what is a list by itself: a stranger's line could be read as a command to CI, also where it is indented.
pub(crate) fn error(error: &Error) {
    let text = error.to_string();
    let lines = |mark: &str| {
        let mut lines = text.trim_end().split('\n').map(plain);
        let first = lines.next().unwrap_or_default();
        lines.fold(first, |text, line| format!("{text}\n{mark}{line}"))
    };
    let text = match error {
        Error::Image(ImageError::TooLarge { .. } | ImageError::Ambiguous { .. }) | Error::Incomplete { .. } => {
            lines("")
        }
        Error::Check(CheckError::Evaluation { .. }) => lines("| "),
        _ => plain(&text),
    };
    let _ = writeln!(std::io::stderr(), "nix-seed-helper: {text}");
}

/// Whether a character would steer a terminal or turn the direction of the text.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` with escapes for what [`steers`]: it may come from a stranger.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { plain.extend(c.escape_unicode()) } else { plain.push(c) }
    }
    plain
}

/// `1.23 MB`, in powers of ten as disks and registries count.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{:02} {name}", bytes / unit, bytes % unit * 100 / unit),
        None => format!("{bytes} B"),
    }
}

/// A line of a list of contributors: size, share, path.
pub(crate) fn contributor(size: u64, whole: u64, path: &impl Display) -> String {
    let share = u128::from(size) * 1000 / u128::from(whole.max(1));
    format!("  {:>10}  {:>3}.{} %  {path}\n", bytes(size), share / 10, share % 10)
}

pub(crate) fn group(name: &str, index: &Index) -> String {
    let size = index.layers.iter().map(|layer| layer.size).sum();
    format!(
        "{}: {} store paths, {} compressed to {} in {} layers",
        plain(name),
        index.paths.len(),
        bytes(index.closure().nar_size()),
        bytes(size),
        index.layers.len()
    )
}

pub(crate) fn summary(seed: &Summary, top: usize) -> Result<(), Error> {
    let mut text = String::new();
    let name = plain(seed.name.as_deref().unwrap_or("(no name)"));
    let tag = plain(seed.tag.as_deref().unwrap_or("(no tag)"));
    text += &format!("{name}:{tag}  {}\n", plain(&seed.platform));
    text += &format!("{}\n\n", seed.digest);
    text += &format!("layer  {:<14} {:>10} {:>10} {:>6}  digest\n", "group", "compressed", "tar", "paths");
    for (i, layer) in seed.layers.iter().enumerate() {
        let tar = layer.tar_size.map_or_else(|| "-".into(), bytes);
        let digest = layer.digest.get(..19).unwrap_or(&layer.digest);
        let group = plain(&layer.group);
        text += &format!("{i:>5}  {group:<14} {:>10} {tar:>10} {:>6}  {digest}\n", bytes(layer.size), layer.paths);
    }
    text += &format!(
        "\n{} store paths, closure {}, image {} in {} layers\n",
        seed.paths.len(),
        bytes(seed.nar_size),
        bytes(seed.compressed_size),
        seed.layers.len()
    );
    if let Some(OrderSummary { frames, compressed_size }) = &seed.order {
        text +=
            &format!("start order: {frames} frames, {} of {}\n", bytes(*compressed_size), bytes(seed.compressed_size));
    }
    text += "\nlargest:\n";
    for path in seed.paths.iter().take(top) {
        text += &contributor(path.nar_size, seed.nar_size, &path.path);
    }
    if seed.paths.len() > top {
        text += &format!("  … and {} more (--paths lists them)\n", seed.paths.len() - top);
    }
    text += &restrictions(seed);
    whole(&text)
}

fn restrictions(seed: &Summary) -> String {
    let mut text = String::new();
    let kinds = [
        (RestrictionKind::License, "not to be redistributed, by license"),
        (RestrictionKind::PrivateSource, "from private sources"),
    ];
    for (kind, title) in kinds {
        let mut lines = seed.restrictions.iter().filter(|restriction| restriction.kind == kind).peekable();
        if lines.peek().is_some() {
            text += &format!("\n{title}:\n");
        }
        for restriction in lines {
            text += &format!("  {}  ({})\n", restriction.path, plain(&restriction.reason));
        }
    }
    text
}

/// How many levels a tree has: a stranger's may be deep, and its lines would grow without end.
const LEVELS: usize = 100;

/// For each path what leads to it, one below the other.
pub(crate) fn why(found: &[Why]) -> Result<(), Error> {
    let trees: Vec<_> = found.iter().map(tree).collect();
    whole(&trees.join("\n"))
}

fn tree(Why { path, chain, references }: &Why) -> String {
    let mut text = match (&chain[..], &references[..]) {
        ([], []) => {
            format!("the seed does not record why {path} is in it, and no root of the garbage collector leads there\n")
        }
        ([], _) => format!(
            "the seed does not record why {path} is in it; from a root of the garbage collector references lead there:\n"
        ),
        _ => String::new(),
    };
    for (level, link) in chain.iter().chain(references).enumerate() {
        let indent = "  ".repeat(level.saturating_sub(1).min(LEVELS));
        let branch = if level == 0 { "" } else { "└ " };
        text += &format!("{indent}{branch}{}\n", plain(link));
    }
    text
}

pub(crate) fn report(report: &Report) -> Result<(), Error> {
    line(&format!(
        "\nverified: {} layers, {} frames, {} store paths, {} files, folders and links, {} of NARs; every digest, frame and NAR hash holds",
        report.layers,
        report.frames,
        report.paths,
        report.entries,
        bytes(report.nar_size)
    ))
}
