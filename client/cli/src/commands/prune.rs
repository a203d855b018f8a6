//! `nix-seed prune`.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use nix_seed_publish::lock::LOCK_NAME;
use nix_seed_publish::prune::{Deletion, Locks, Plan, Role, delete, plan};
use nix_seed_registry::Reference;
use serde_json::json;

use crate::args::Global;
use crate::error::Error;
use crate::print;

/// Delete old seeds from a registry, but for those that a .seed.lock on any branch or tag names
#[derive(Args)]
#[command(after_help = "Without --yes, nothing is deleted: what would be is printed.\n\
    Kept is what a lock file on any branch, tag or remote branch names, what --keep names, indexes that name one of these with all \
    that is in them, what refers to any of that (signatures, statements), and what is no seed. Registries list tags alone, so a seed \
    that no tag leads to stays until the registry itself removes it; that is also when the bytes go.\n\n\
    In a clone with all branches and tags:\n  nix-seed prune ghcr.io/owner/seed --keep main")]
pub(crate) struct Prune {
    /// The repository in the registry: HOST/NAME
    #[arg(value_name = "HOST/NAME")]
    image: Reference,
    /// The git repository whose branches and tags are read
    #[arg(long, default_value = ".", value_name = "DIR")]
    repository: PathBuf,
    /// The lock file, from the root of the git repository
    #[arg(long, default_value = LOCK_NAME, value_name = "FILE")]
    file: String,
    /// Keep what this tag stands for
    #[arg(long, value_name = "TAG")]
    keep: Vec<String>,
    /// Only say what would be deleted; so it is without --yes
    #[arg(long)]
    dry_run: bool,
    /// Delete
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// How many requests are made at once
    #[arg(long, default_value = "4", value_name = "N")]
    jobs: NonZero<usize>,
}

pub(crate) fn run(args: &Prune, global: &Global) -> Result<(), Error> {
    if args.image.tag().is_some() || args.image.digest().is_some() {
        return Err(Error::WholeRepository { image: args.image.to_string() });
    }
    let locks = Locks::read(&args.repository, &args.file)?;
    let repository = global.registry()?.repository(&args.image);
    let plan = plan(&repository, &locks, &args.keep, args.jobs.get())?;
    let is_dry = !args.yes;
    if !global.json {
        tell(&plan, &locks, is_dry)?;
    }
    if !is_dry {
        delete(&repository, &plan, &args.keep, &mut |deletion| {
            if !global.json {
                print::note(&format!("deleted {}", line(deletion)));
            }
        })?;
    }
    if global.json {
        print::json(&json!({ "prune": { "deleted": !is_dry, "plan": plan } }))?;
    }
    Ok(())
}

fn tell(plan: &Plan, locks: &Locks, is_dry: bool) -> Result<(), Error> {
    for kept in &plan.keep {
        print::line(&format!("keep    {}{}: {}", kept.digest, tags(&kept.tags), kept.because))?;
    }
    for deletion in &plan.delete {
        print::line(&format!("delete  {}", line(deletion)))?;
    }
    for naming in &plan.missing {
        print::note(&format!("{} names {}, which the registry does not have", naming.at, naming.digest));
    }
    let count = plan.delete.len();
    print::note(&format!("{} lock files read, {} manifests kept, {count} to delete", locks.files(), plan.keep.len()));
    if is_dry && count > 0 {
        print::note("nothing was deleted; to delete, add: --yes");
    }
    Ok(())
}

fn line(deletion: &Deletion) -> String {
    let role = match deletion.role {
        Role::Referrer => "what refers to one",
        Role::Index => "an index",
        Role::Seed => "a seed",
    };
    format!("{}{}: {role}", deletion.digest, tags(&deletion.tags))
}

fn tags(tags: &[String]) -> String {
    if tags.is_empty() { String::new() } else { format!(" ({})", tags.join(", ")) }
}
