//! What was found, for people.

#![allow(clippy::cast_precision_loss, reason = "megabytes have fewer digits than an f64")]

use std::fmt::Write as _;

use crate::closures::proof::Verdict;
use crate::closures::roots::Class;
use crate::closures::{Closures, Judged, Size};

pub fn markdown(all: &[Closures]) -> String {
    let mut text = String::from("| example | least | frontier | direct | full |\n|---|---|---|---|---|\n");
    for Closures { example, least, frontier, direct, direct_is_complete, full, not_built, .. } in all {
        let complete = if *direct_is_complete { "complete" } else { "**not complete**" };
        let rest = if *not_built == 0 { String::new() } else { format!(", {not_built} not built") };
        let (least, frontier, direct, full) = (size(*least), size(*frontier), size(*direct), size(*full));
        let _ = writeln!(text, "| {example} | {least} | {frontier} | {direct}, {complete} | {full}{rest} |");
    }
    text += "\nWhat the seed has beyond the least:\n\n";
    text += "| example | results | sources | shell of `nix develop` | contents | tools | anything else | inputs that no output reads |\n";
    text += "|---|---|---|---|---|---|---|---|\n";
    for Closures { example, removable, unread, .. } in all {
        let _ = write!(text, "| {example} |");
        for class in Class::REMOVABLE {
            let found = removable.iter().find(|removable| removable.class == class);
            let _ = write!(text, " {} |", found.map_or("–".into(), |found| size(found.size)));
        }
        let inputs: Vec<_> = unread.iter().map(|unread| format!("{}, {}", unread.input, bytes(unread.bytes))).collect();
        let _ = writeln!(text, " {} |", if inputs.is_empty() { "–".into() } else { inputs.join("; ") });
    }
    text += "\nWhether it could be less:\n\n";
    text += "| example | needed roots | a build misses it | within another root | no build misses it | the least suffices |\n";
    text += "|---|---|---|---|---|---|\n";
    for Closures { example, roots, least_suffices, .. } in all {
        let needed: Vec<_> =
            roots.iter().filter(|judged| matches!(judged.root.class, Class::Needed | Class::Unknown)).collect();
        let count = |verdict| needed.iter().filter(|judged| judged.verdict == verdict).count();
        let removable = needed.iter().filter(|judged| judged.verdict == Verdict::Removable);
        let names: Vec<_> = removable.map(|Judged { root, .. }| root.path.as_str()).collect();
        let _ = writeln!(
            text,
            "| {example} | {} | {} | {} | {} | {} |",
            needed.len(),
            count(Verdict::Indispensable),
            count(Verdict::Within),
            if names.is_empty() { "–".into() } else { names.join(", ") },
            if *least_suffices { "yes" } else { "**no**" }
        );
    }
    text
}

fn size(size: Size) -> String {
    if size.paths == 0 { "–".into() } else { format!("{}: {}", size.paths, bytes(size.bytes)) }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..10_000_000 => format!("{:.2} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closures::roots::Root;
    use crate::closures::{Removable, Unread};

    #[test]
    fn each_table_has_a_row_for_each_example() {
        let size = |bytes| Size { paths: 3, bytes };
        let judged = |verdict| Judged {
            root: Root { path: "/nix/store/x".into(), class: Class::Needed, derivation: None },
            alone: size(1),
            verdict,
        };
        let text = markdown(&[Closures {
            example: "hello".into(),
            least: size(900),
            frontier: size(2_345_678),
            direct: size(23_456_789),
            direct_is_complete: false,
            full: size(123_456_789),
            not_built: 2,
            is_between: true,
            removable: vec![Removable { class: Class::Tool, size: size(12_345) }],
            unread: vec![Unread { input: "systems".into(), bytes: 400 }],
            roots: vec![judged(Verdict::Indispensable), judged(Verdict::Removable), judged(Verdict::Within)],
            least_suffices: true,
        }]);
        for row in [
            "| hello | 3: 0.9 kB | 3: 2.35 MB | 3: 23.5 MB, **not complete** | 3: 123.5 MB, 2 not built |\n",
            "| hello | – | – | – | – | 3: 12.3 kB | – | systems, 0.4 kB |\n",
            "| hello | 3 | 1 | 1 | /nix/store/x | yes |\n",
        ] {
            assert!(text.contains(row), "{text}");
        }
    }
}
