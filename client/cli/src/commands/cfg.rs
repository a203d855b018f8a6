//! `nix-seed cfg`.

use clap::{Args, Subcommand};
use nix_seed_cfg::Cfg as SeedCfg;
use serde_json::{Value, json};

use crate::args::Global;
use crate::cfg::Place;
use crate::error::Error;
use crate::print;

/// Show, or check, whom a flake trusts: its output seedCfg
#[derive(Args)]
pub(crate) struct Cfg {
    #[command(subcommand)]
    command: CfgCommand,
}

#[derive(Subcommand)]
enum CfgCommand {
    Show(Show),
    Check(Check),
}

#[derive(Args)]
struct Common {
    /// A flake, and its attribute where that is not seedCfg, or a JSON file of the normal form
    #[arg(value_name = "FLAKE|FILE", default_value = ".")]
    place: String,
    /// Take another flake for an input, as Nix does
    #[arg(long, num_args = 2, value_names = ["INPUT", "FLAKE"])]
    override_input: Vec<String>,
}

/// Print it as a table; with --json in its normal form, which is a policy for machines without Nix
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    nix-seed cfg show\n  \
    nix-seed cfg show --output packages.x86_64-linux.default\n  \
    nix-seed cfg show --json > .seed.cfg.json")]
struct Show {
    #[command(flatten)]
    common: Common,
    /// What holds for this output, named with its system
    #[arg(long, value_name = "ATTRIBUTE")]
    output: Option<String>,
}

/// Say whether it is right, and warn of what is risky; the exit code is 3 if it is not right, and 5 if .seed.cfg.json beside the
/// flake says something else
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    nix-seed cfg check\n  \
    nix-seed cfg check ./.seed.cfg.json")]
struct Check {
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(args: &Cfg, global: &Global) -> Result<(), Error> {
    match &args.command {
        CfgCommand::Show(args) => show(args, global),
        CfgCommand::Check(args) => check(args, global),
    }
}

impl Common {
    fn load(&self) -> Result<SeedCfg, Error> {
        Place::parse(&self.place)?.load(&self.override_input)
    }
}

fn show(args: &Show, global: &Global) -> Result<(), Error> {
    let cfg = args.common.load()?;
    let refuse = |error| Error::Cfg { place: "--output".into(), error };
    let cfg = args.output.as_ref().map_or(Ok(cfg.clone()), |output| cfg.for_output(output)).map_err(refuse)?;
    if global.json {
        return print::json(&normal(&cfg)?);
    }
    cfg.table().iter().try_for_each(|line| print::line(line))
}

fn check(args: &Check, global: &Global) -> Result<(), Error> {
    let cfg = args.common.load()?;
    if let Some(file) = Place::parse(&args.common.place)?.beside()
        && Place::File(file.clone()).load(&[])? != cfg
    {
        return Err(Error::Drifted { file });
    }
    let warnings = cfg.warnings();
    if global.json {
        let builders: Vec<_> = cfg.builders.keys().collect();
        return print::json(&json!({ "cfg": { "level": cfg.level, "builders": builders, "warnings": warnings } }));
    }
    warnings.iter().for_each(|warning| print::warning(warning));
    print::line(&verdict(&cfg, warnings.len()))
}

fn verdict(cfg: &SeedCfg, warnings: usize) -> String {
    let builders: Vec<_> = cfg.builders.keys().map(String::as_str).collect();
    let warnings = match warnings {
        0 => String::new(),
        1 => ", with a warning".into(),
        count => format!(", with {count} warnings"),
    };
    format!("seedCfg is right{warnings}: Level {} for {}, by {}", cfg.level, cfg.source, builders.join(", "))
}

fn normal(cfg: &SeedCfg) -> Result<Value, Error> {
    let json = serde_json::to_value(cfg).map_err(std::io::Error::from);
    json.map_err(|source| Error::Io { doing: "writing", path: "the configuration".into(), source })
}
