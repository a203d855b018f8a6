//! `nix-seed down`.

use std::path::PathBuf;

use clap::Args;

use crate::args::Global;
use crate::error::Error;
use crate::print;

/// Undo what `up` did: its store paths go, but for those that something else needs now
#[derive(Args)]
#[command(after_help = "Example:\n  nix-seed down")]
pub(crate) struct Down {
    /// The seed's digest, where more than one is up
    digest: Option<String>,
    /// The folder that holds /nix
    #[arg(long, default_value = "/", value_name = "DIR")]
    root: PathBuf,
    /// Give up results that were built over a mounted seed, which go with it
    #[arg(long)]
    discard: bool,
}

pub(crate) fn run(down: &Down, global: &Global) -> Result<(), Error> {
    let undone = nix_seed_start::down(&down.root, down.digest.as_deref(), down.discard)?;
    if global.json {
        return print::json(&serde_json::json!({ "down": undone }));
    }
    let store = if undone.removed_store { ", and /nix with them" } else { "" };
    print::note(&format!("{} is down: {} store paths removed{store}", undone.digest, undone.removed));
    for path in &undone.kept {
        print::note(&format!("kept, since something else needs it: {path}"));
    }
    Ok(())
}
