//! `nix-seed man`, and the pages of doc/commands: both are made of what `--help` says.

mod manual;
#[cfg(all(test, target_os = "linux"))]
mod markdown;
pub(crate) mod page;
mod text;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use self::page::Page;
use crate::args::Global;
use crate::error::Error;
use crate::files::write;
use crate::print;

/// Write the man pages of this program and of each of its commands
#[derive(Args)]
#[command(after_help = "The date of the pages is that of SOURCE_DATE_EPOCH, where it is set.\n\n\
    Example:\n  nix-seed man --out man1 && man ./man1/nix-seed-up.1")]
pub(crate) struct Man {
    /// The folder to write to, which is made where it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &Man, global: &Global) -> Result<(), Error> {
    let io = |source| Error::Io { doing: "creating", path: args.out.clone(), source };
    std::fs::create_dir_all(&args.out).map_err(io)?;
    let date = date(std::env::var("SOURCE_DATE_EPOCH").ok().as_deref());
    let root = Page::root();
    let mut names = Vec::new();
    for page in root.all() {
        let name = format!("{}.1", page.title());
        write(&args.out.join(&name), manual::render(page, &root, &date).as_bytes())?;
        names.push(name);
    }
    if global.json {
        return print::json(&json!({ "man": { "out": args.out, "pages": names } }));
    }
    print::note(&format!("{} pages are in {}", names.len(), args.out.display()));
    Ok(())
}

/// The day of a number of seconds since 1970; none where nobody says one, since a page is the same whenever it is made.
fn date(seconds: Option<&str>) -> String {
    let moment = seconds.and_then(|text| Timestamp::from_second(text.trim().parse().ok()?).ok());
    let text = moment.map_or_else(String::new, |moment| moment.to_string());
    text.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_date_of_its_sources() {
        assert_eq!(date(Some("1780000000")), "2026-05-28");
        assert_eq!([date(None), date(Some("soon")), date(Some("99999999999999999"))], ["", "", ""]);
    }
}
