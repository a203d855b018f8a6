//! `checks sigstore`: Sigstore's services, for trying things by hand.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, Signal};
use serde_json::json;

use crate::machine::cache::Cache;
use crate::sigstore::token::Kind;
use crate::sigstore::{Options, Stack};

/// How long the tokens are of use, in seconds.
const DAY: u64 = 24 * 60 * 60;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many logs of Rekor v2 there are
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=9))]
    rekor_v2: u8,
}

/// Runs them until it is interrupted.
pub fn run(cache: &Cache, arguments: &Arguments) -> Result<()> {
    // Before there are threads and programs, which inherit it: what they are told to do at the end is for this one to say.
    let mut ends = SigSet::empty();
    ends.add(Signal::SIGINT);
    ends.add(Signal::SIGTERM);
    ends.thread_block().context("cannot hold back signals")?;

    let stack = Stack::start_with(cache, Options { rekor_v2: arguments.rekor_v2, ..Options::default() })?;
    let folder = tempfile::tempdir_in(cache.folder("stacks")?).context("cannot make a folder")?;
    let write = |name: &str, text: String| -> Result<String> {
        let file = folder.path().join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file.display().to_string())
    };
    println!("{:<16}{}", "Fulcio", stack.fulcio());
    println!("{:<16}{}", "time stamps", stack.timestamp());
    for log in stack.logs() {
        println!("{:<16}{}", format!("Rekor v{}", log.version()), log.url());
    }
    println!("{:<16}{}", "trusted root", write("trusted_root.json", stack.trusted_root().to_string())?);
    println!("{:<16}{}", "signing config", write("signing_config.json", stack.signing_config().to_string())?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for kind in Kind::ALL {
        let file = write(&format!("token-{kind:?}").to_lowercase(), stack.mint(kind, &json!({ "exp": now + DAY }))?)?;
        println!("{:<16}{file}", "token");
        println!("{:<16}{} ({})", "", kind.subject(), stack.issuer(kind));
    }
    println!("Ctrl-C ends it.");
    ends.wait().context("cannot wait for a signal")?;
    Ok(())
}
