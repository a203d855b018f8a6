//! Outputs built as without nix-seed: with this machine's Nix, and a network.

use std::path::Path;

use nix_seed_ci::{Output, is_default};
use nix_seed_statement::attribute;
use serde::Deserialize;
use serde_json::Value;

use super::step::Step;
use crate::error::Error;

/// What Nix builds of an output, as the flake's seed says.
#[derive(Debug, Deserialize)]
struct Targets {
    attribute: String,
    targets: Vec<String>,
}

/// Builds them; a link to each goes into `folder`.
pub(super) fn build(step: &Step<'_>, wanted: &[String], folder: &Path) -> Result<Vec<Output>, Error> {
    let system = step.system();
    let named = wanted.iter().map(|output| {
        let named = attribute(output, &system);
        named.map_err(|why| Error::Output { text: output.clone(), why: why.into() })
    });
    let named: Vec<_> = named.collect::<Result<_, _>>()?;
    let asked = format!("{}.targets", step.flake);
    let json = step.done(step.nix(&["eval", "--json", &asked])?)?;
    let targets: Vec<Targets> = parse(&asked, &json)?;
    let mut outputs = Vec::new();
    for name in &named {
        let Some(found) = targets.iter().find(|targets| targets.attribute == *name) else {
            if is_default(wanted) {
                continue;
            }
            let known: Vec<_> = targets.iter().map(|targets| &*targets.attribute).collect();
            return Err(Error::Output { text: name.clone(), why: format!("the flake has: {}", known.join(", ")) });
        };
        outputs.extend(build_one(step, found, folder)?);
    }
    Ok(outputs)
}

fn build_one(step: &Step<'_>, of: &Targets, folder: &Path) -> Result<Vec<Output>, Error> {
    // With nothing named Nix would build a flake's default.
    if of.targets.is_empty() {
        return Ok(Vec::new());
    }
    std::fs::create_dir_all(folder).map_err(|source| Error::Io { doing: "creating", path: folder.into(), source })?;
    let link = folder.join(of.attribute.replace(['/', '"'], "_")).display().to_string();
    let mut arguments = vec!["build", "--json", "--print-build-logs", "--out-link", &link];
    arguments.extend(of.targets.iter().map(String::as_str));
    let json = step.done(step.nix(&arguments)?)?;
    let built: Vec<Value> = parse("nix build --json", &json)?;
    let paths = built.iter().filter_map(|one| one["outputs"].as_object()).flat_map(|outputs| outputs.values());
    Ok(paths
        .filter_map(Value::as_str)
        .map(|path| Output { name: of.attribute.clone(), path: path.into(), nar: None })
        .collect())
}

fn parse<T: for<'a> Deserialize<'a>>(what: &str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::Io {
        doing: "understanding",
        path: what.into(),
        source: error.into(),
    })
}
