//! Nix, as the seed has it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use nix_seed_image::Error as ImageError;
use nix_seed_statement::provenance::SETTINGS;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::Error;

/// What makes a build an attested one: sandboxed, from what is here. It goes before every setting of the seed's; who starts this may add to it,
/// and what counts in the end is what Nix says of its settings, which is signed.
const OPTIONS: [(&str, &str); 11] = [
    ("sandbox", "true"),
    ("sandbox-fallback", "false"),
    ("substitute", "false"),
    // No other machine builds, and nothing is run outside of the sandbox when a build is done.
    ("builders", ""),
    ("post-build-hook", ""),
    ("pre-build-hook", ""),
    ("diff-hook", ""),
    // What is not locked is not known to others.
    ("flake-registry", ""),
    ("use-registries", "false"),
    ("pure-eval", "true"),
    ("accept-flake-config", "false"),
];

pub(super) struct Nix<'a> {
    /// Pairs of a name and a value.
    pub(super) options: &'a [String],
}

impl Nix<'_> {
    /// The system that it builds for, and how it is set, as it says itself: `version`, and `settings` with a value each.
    pub(super) fn settings(&self) -> Result<(String, Vec<u8>), Error> {
        let what = "nix config show --json";
        let all: Value = parse(what, &self.output(&["config", "show", "--json"])?)?;
        let system = all["system"]["value"].as_str().ok_or_else(|| Error::request(what, "it names no system"))?;
        let version = self.output(&["--version"])?;
        let version = String::from_utf8_lossy(&version).trim().rsplit(' ').next().unwrap_or_default().to_owned();
        let given = self.options.chunks(2).filter_map(|pair| pair.first().map(String::as_str));
        let names = SETTINGS.into_iter().chain(given);
        let told: BTreeMap<_, _> = names.filter_map(|name| Some((name, all.get(name)?.get("value")?))).collect();
        Ok((system.to_owned(), json!({ "version": version, "settings": told }).to_string().into_bytes()))
    }

    /// A flake's attribute, after a function.
    pub(super) fn evaluate<T: DeserializeOwned>(&self, attribute: &str, function: &str) -> Result<T, Error> {
        let json = self.output(&["eval", "--json", "--no-update-lock-file", attribute, "--apply", function])?;
        parse(attribute, &json)
    }

    /// Builds all of it; gives the derivations.
    pub(super) fn build(&self, installables: &[String]) -> Result<Vec<String>, Error> {
        // With nothing named Nix would build a flake's default.
        if installables.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments = vec!["build", "--json", "--no-link", "--print-build-logs"];
        arguments.extend(installables.iter().map(String::as_str));
        let built: Vec<Value> = parse("nix build --json", &self.output(&arguments)?)?;
        Ok(built.iter().filter_map(|one| one["drvPath"].as_str().map(ToOwned::to_owned)).collect())
    }

    /// What a command prints; what it tells is told.
    fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let mut command = Command::new("nix");
        command.args(["--extra-experimental-features", "nix-command flakes"]);
        // Nix reads options before its subcommand as well.
        for (name, value) in OPTIONS {
            command.args(["--option", name, value]);
        }
        for pair in self.options.chunks(2) {
            command.arg("--option").args(pair);
        }
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().map_err(ImageError::io("running", "nix"))?;
        if !output.status.success() {
            let what = arguments.iter().take(1).copied().collect::<String>();
            return Err(Error::Nix { command: format!("nix {what}"), code: output.status.code().unwrap_or(1) });
        }
        Ok(output.stdout)
    }
}

fn parse<T: DeserializeOwned>(what: &str, json: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(json).map_err(|error| Error::request(what, error))
}
