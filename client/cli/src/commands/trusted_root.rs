//! `nix-seed trusted-root`.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use nix_seed_trust::sigstore::PUBLIC_GOOD_DATE;
use nix_seed_tuf::{PUBLIC_GOOD, PUBLIC_GOOD_ROOT, fetch};
use serde_json::json;
use url::Url;

use crate::args::Global;
use crate::error::Error;
use crate::files::{read, write};
use crate::print;

/// A TUF root has at most so many bytes.
const ROOT_MAX: u64 = 512 << 10;

/// Fetch Sigstore's trusted root as it is now, by The Update Framework
#[derive(Args)]
#[command(
    after_help = "No other command fetches one: without --trusted-root, and `trustedRoot` in seedCfg, what is built in counts.\n\n\
    Example:\n  nix-seed trusted-root --out trusted-root.json && nix-seed verify IMAGE --trusted-root trusted-root.json"
)]
pub(crate) struct TrustedRoot {
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The TUF repository
    #[arg(long, value_name = "URL", default_value = PUBLIC_GOOD)]
    tuf: Url,
    /// A TUF root of this repository, by which it is believed [default: that of the public-good instance, which is built in]
    #[arg(long, value_name = "FILE")]
    tuf_root: Option<PathBuf>,
}

pub(crate) fn run(args: &TrustedRoot, global: &Global) -> Result<(), Error> {
    let root = match &args.tuf_root {
        Some(path) => read(path, ROOT_MAX)?,
        None => PUBLIC_GOOD_ROOT.to_vec(),
    };
    let fetched = fetch(&args.tuf, &root, Timestamp::now())?;
    write(&args.out, &fetched.json)?;
    if global.json {
        let document = json!({ "file": args.out, "url": args.tuf.as_str(), "rootVersion": fetched.root_version });
        return print::json(&json!({ "trustedRoot": document }));
    }
    print::line(&format!(
        "{}: the trusted root of {}, by version {} of its TUF root; the one that is built in is of {PUBLIC_GOOD_DATE}",
        args.out.display(),
        args.tuf,
        fetched.root_version
    ))
}
