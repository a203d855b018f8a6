//! `checks reproduce`: the same closure gives the same digest, whatever else differs.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use crate::machine::{process, programs};
use crate::nix::Nix;
use crate::reproduce::by_hand::{ByHand, Written};
use crate::reproduce::recipe::Recipe;
use crate::reproduce::{fresh, rebuild, variant};
use crate::seed::flake::Workbench;
use crate::seed::layout::Layout;

const EXAMPLES: [&str; 3] = ["hello", "c", "python"];
/// Each begins with an empty store: one Nix twice, then a newer one.
const FRESH_STORES: [&str; 3] = ["trixie", "trixie", "sid"];

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The example whose seed is made again and again
    #[arg(long, default_value = "c", value_parser = EXAMPLES)]
    example: String,
    /// Only print the digest of the seed, made with this Nix in this store, and the flake of nix-seed
    #[arg(long)]
    digest: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    programs::ensure_installed()?;
    let workbench = Workbench::open()?;
    let folder = workbench.cache.scratch()?;
    workbench.copy(&format!("examples/{}", arguments.example), folder.path())?;
    let seed = workbench.build(folder.path(), "seed")?;
    let digest = Layout::open(&seed)?.manifest_digest;
    if arguments.digest {
        println!("{digest} {}", workbench.nix_seed());
        return Ok(());
    }
    let mut count = Count::default();
    println!("The seed of examples/{}:\n\n| variant | digest | same |\n|---|---|---|", arguments.example);
    // What all are compared with.
    println!("| {}, this store | {digest} | – |", version(&workbench.nix)?);
    let mut row = |name: &str, found: Result<String>| {
        let (found, same) = match found {
            Ok(found) => (found.clone(), Ok(found == digest)),
            Err(error) => ("none".into(), Err(error)),
        };
        count.print(&format!("{name} | {found}"), same);
    };
    write_by_hand(&mut row, &ByHand::new(&workbench, Recipe::of_seed(&workbench, folder.path(), usize::MAX)?)?)?;
    build_in_fresh_stores(&mut row, &workbench, &arguments.example)?;

    println!("\n`nix build --rebuild`:\n\n| derivation | same |\n|---|---|");
    for example in EXAMPLES {
        let folder = workbench.cache.scratch()?;
        workbench.copy(&format!("examples/{example}"), folder.path())?;
        for (name, derivation) in rebuild::derivations(&workbench, folder.path())? {
            count.print(&format!("{example}: {name}"), rebuild::rebuild(&workbench, &derivation).map(|()| true));
        }
    }
    println!("\n{} of {} are the same", count.same, count.all);
    ensure!(count.same == count.all, "{} differ, or could not be made", count.all - count.same);
    Ok(())
}

/// How many rows of the tables are as they should be.
#[derive(Default)]
struct Count {
    same: usize,
    all: usize,
}

impl Count {
    fn print(&mut self, row: &str, same: Result<bool>) {
        let same = same.unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            false
        });
        println!("| {row} | {} |", if same { "yes" } else { "**no**" });
        self.same += usize::from(same);
        self.all += 1;
    }
}

fn version(nix: &Nix) -> Result<String> {
    Ok(process::output(nix.command("nix").arg("--version"))?.trim().to_owned())
}

fn write_by_hand(row: &mut impl FnMut(&str, Result<String>), by_hand: &ByHand) -> Result<()> {
    let mut any_reordered = false;
    for variant in variant::ALL {
        let written = by_hand.write(&variant);
        let how = match written {
            Ok(Written { reordered: Some((differing, folders)), .. }) => {
                any_reordered |= differing > 0;
                format!(", {differing} of {folders} folders in another order")
            }
            _ => String::new(),
        };
        row(&format!("helper: {}{how}", variant.name), written.map(|written| written.digest));
    }
    ensure!(any_reordered, "no copy lists any folder in another order, so that nothing was shown");
    Ok(())
}

fn build_in_fresh_stores(
    row: &mut impl FnMut(&str, Result<String>),
    workbench: &Workbench,
    example: &str,
) -> Result<()> {
    let nix_seed = format!(" {}", workbench.nix_seed());
    let mut versions = BTreeSet::new();
    for suite in FRESH_STORES {
        let nix = Nix::of_suite(&workbench.cache, suite)?;
        let version = version(&nix)?;
        let said = fresh::output(&workbench.cache, suite, &["reproduce", "--digest", "--example", example]);
        let digest = said.and_then(|said| {
            let digest = said.trim().strip_suffix(&nix_seed);
            digest.map(str::to_owned).context("this repository was edited meanwhile, and its source is in each seed")
        });
        row(&format!("{version}, a store that began empty"), digest);
        versions.insert(version);
    }
    ensure!(versions.len() > 1, "{FRESH_STORES:?} have one Nix, {versions:?}, so that nothing was shown of another");
    Ok(())
}
