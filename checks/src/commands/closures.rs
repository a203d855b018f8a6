//! `checks closures`: what is in the examples' seeds, and that it could hardly be less.

use anyhow::{Result, ensure};

use crate::closures::{examples, measure, table};
use crate::seed::flake::Workbench;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Names of folders below examples/ [default: all]
    examples: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let all = examples()?;
    let wanted = if arguments.examples.is_empty() { &all } else { &arguments.examples };
    for name in wanted {
        ensure!(all.contains(name), "there is no example {name}; there are {}", all.join(", "));
    }
    let workbench = Workbench::open()?;
    let found: Vec<_> = wanted.iter().map(|example| measure(&workbench, example)).collect::<Result<_>>()?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        print!("{}", table::markdown(&found));
    }
    Ok(())
}
