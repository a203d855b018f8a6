//! `nix-seed diff`.

use clap::Args;
use nix_seed_publish::diff::{Change, Diff as Compared, Kind, What, diff};
use nix_seed_source::{Found, Location};

use crate::args::Global;
use crate::error::Error;
use crate::print;

/// Say what a client that has seed A has to fetch for seed B, and why
#[derive(Args)]
#[command(after_help = "Example:\n  nix-seed diff ghcr.io/owner/seed:main ./result")]
pub(crate) struct Diff {
    /// An image in a registry, or a folder with an OCI image layout
    a: Location,
    /// The other one
    b: Location,
}

/// How many causes a line names.
const CAUSES: usize = 3;

pub(crate) fn run(args: &Diff, global: &Global) -> Result<(), Error> {
    let registry = global.registry()?;
    let find = |location| -> Result<_, Error> {
        let found = Found::find_seed(location, &registry, &global.platform(), None)?;
        Ok((found.seed()?, found.digest()))
    };
    let ((a, a_digest), (b, b_digest)) = (find(&args.a)?, find(&args.b)?);
    let compared = diff(&a, &b)?;
    if global.json {
        let bytes = compared.bytes();
        let diff = serde_json::json!({ "a": a_digest, "b": b_digest, "bytes": bytes, "seeds": compared });
        return print::json(&serde_json::json!({ "diff": diff }));
    }
    print::line(&format!("A  {a_digest}  {}", args.a))?;
    print::line(&format!("B  {b_digest}  {}", args.b))?;
    print::whole("\n")?;
    for line in summary(&compared).iter().chain(&table(&compared.changes)) {
        print::line(line)?;
    }
    Ok(())
}

fn summary(diff: &Compared) -> Vec<String> {
    let Compared { kept, missing, gone, layers_kept, layers_missing, metadata, .. } = diff;
    vec![
        format!(
            "by store path  {:>10}  {} of {} paths, and the metadata layer ({})",
            print::bytes(diff.bytes()),
            missing.paths,
            missing.paths + kept.paths,
            print::bytes(*metadata)
        ),
        format!(
            "by layer       {:>10}  {} of {} layers",
            print::bytes(layers_missing.bytes),
            layers_missing.layers,
            layers_missing.layers + layers_kept.layers
        ),
        format!("no longer in B             {gone} paths"),
        String::new(),
    ]
}

/// A line for each change, in columns.
fn table(changes: &[Change]) -> Vec<String> {
    let rows: Vec<[String; 4]> = changes.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let line = |[kind, what, bytes, because]: &[String; 4]| {
        format!("{kind:<first$}  {what:<second$}  {bytes:>10}  {because}").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn row(change: &Change) -> [String; 4] {
    let (kind, because) = match change.kind {
        Kind::Updated => ("updated", String::new()),
        Kind::New => ("new", String::new()),
        Kind::Gone => ("gone", String::new()),
        Kind::Rebuilt => ("rebuilt", because(&change.because)),
    };
    let paths = change.added.len().max(change.removed.len());
    let paths = if paths == 1 { String::new() } else { format!(" ({paths} paths)") };
    let bytes = if change.kind == Kind::Gone { String::new() } else { print::bytes(change.bytes) };
    [kind.into(), format!("{}{paths}", name(&change.what)), bytes, because]
}

/// `gcc 14.2.0 → 14.3.0`.
fn name(what: &What) -> String {
    let version = match (&*what.from, &*what.to) {
        (from, to) if from == to || from.is_empty() => to.to_owned(),
        (from, "") => from.to_owned(),
        (from, to) => format!("{from} → {to}"),
    };
    format!("{} {version}", what.package).trim_end().to_owned()
}

fn because(causes: &[What]) -> String {
    if causes.is_empty() {
        return "since its own recipe changed, or what it is built with and does not refer to".into();
    }
    let named: Vec<_> = causes.iter().take(CAUSES).map(name).collect();
    let more = causes.len().saturating_sub(CAUSES);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("since {}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(package: &str, from: &str, to: &str) -> What {
        What { package: package.into(), from: from.into(), to: to.into() }
    }

    fn change(kind: Kind, what: What, added: usize, because: Vec<What>) -> Change {
        Change { kind, what, removed: vec![], added: vec!["x".into(); added], bytes: 1500, because }
    }

    #[test]
    fn changes_are_a_table() {
        let changes = [
            change(Kind::Updated, what("gcc", "14.2.0", "14.3.0"), 2, vec![]),
            change(Kind::New, what("app", "", ""), 1, vec![]),
            change(Kind::Rebuilt, what("zlib", "1.3", "1.3"), 1, vec![what("gcc", "14.2.0", "14.3.0")]),
            change(
                Kind::Rebuilt,
                what("x", "1", "1"),
                1,
                ["a", "b", "c", "d", "e"].map(|name| what(name, "", "2")).to_vec(),
            ),
            change(Kind::Gone, what("old", "1", ""), 1, vec![]),
        ];
        assert_eq!(
            table(&changes),
            [
                "updated  gcc 14.2.0 → 14.3.0 (2 paths)     1.50 kB",
                "new      app                               1.50 kB",
                "rebuilt  zlib 1.3                          1.50 kB  since gcc 14.2.0 → 14.3.0",
                "rebuilt  x 1                               1.50 kB  since a 2, b 2, c 2 and 2 more",
                "gone     old 1",
            ]
        );
    }
}
