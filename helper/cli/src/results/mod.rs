//! `results`: builds outputs of a flake in a seed, and writes what all honest builders sign of them.
//!
//! It is the seed's own helper that does so, whatever version of `nix-seed` has started it: so what is written is a function of
//! the commit and the seed.

mod nix;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nix_seed_image::Error as ImageError;
use nix_seed_image::layout::Layout;
use nix_seed_sbom::Subject;
use nix_seed_statement::release::{Input, Kind, Output, Release, ReleaseStatement};
use nix_seed_statement::{Digest, attribute};
use nix_seed_store::{Closure, LiveDatabase, Sha256Hash, StorePath, database_folder};
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::release::{RequestSource, sboms};
use crate::sbom;
use nix::Nix;

/// The files that are written.
const RELEASE: &str = "release.json";
const SETTINGS: &str = "nix.json";

/// What is to be built, and in what.
#[derive(Debug)]
pub(crate) struct Request {
    /// The flake, as Nix takes it.
    pub(crate) flake: String,
    /// The attribute of its seed.
    pub(crate) seed: String,
    /// The outputs, as a person writes them.
    pub(crate) outputs: Vec<String>,
    /// Whether what is no output of the flake is left out.
    pub(crate) existing: bool,
    /// The manifest of the seed that this runs in.
    pub(crate) digest: String,
    /// The repository that the flake is of, where it does not say so.
    pub(crate) source: Option<String>,
    /// Pairs of a name and a value: Nix' options.
    pub(crate) options: Vec<String>,
}

/// What an evaluation says: `seed.results`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Evaluated {
    origin: Origin,
    /// All that the seed is for; the store paths of none but those that were asked for are evaluated.
    attributes: Vec<String>,
    outputs: Vec<Output>,
    targets: Vec<Targets>,
    metadata: Value,
    time: u64,
}

/// What Nix builds of an output.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Targets {
    #[allow(dead_code, reason = "Nix has chosen by it")]
    attribute: String,
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Origin {
    source: RequestSource,
    system: String,
    inputs: Vec<Input>,
}

/// Builds the outputs, in one go, and writes into the folder `out`: `release.json`, the bytes that are signed; both bills of materials;
/// and `nix.json`, how Nix was set, as it says itself.
pub(crate) fn write(request: &Request, out: &Path) -> Result<(), Error> {
    fs::create_dir_all(out).map_err(ImageError::io("creating", out))?;
    let nix = Nix { options: &request.options };
    let (system, settings) = nix.settings()?;
    let named = |output: &String| {
        attribute(output, &system).map_err(|why| Error::request(format!("the output {output:?}"), why))
    };
    let attributes = request.outputs.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let attributes = sorted(attributes);
    let (what, function) = question(request.source.as_deref(), &attributes);
    let seed = format!("{}#{}.{what}", request.flake, request.seed);
    let evaluated: Evaluated = nix.evaluate(&seed, &function)?;
    let others: Vec<_> = attributes.iter().filter(|attribute| !evaluated.attributes.contains(attribute)).collect();
    if let Some(other) = others.first().filter(|_| !request.existing || others.len() == attributes.len()) {
        let known = evaluated.attributes.join(", ");
        return Err(Error::NotOutput { attribute: (*other).clone(), seed, known });
    }
    put(&out.join(SETTINGS), &settings)?;
    let derivations = nix.build(&evaluated.targets.into_iter().flat_map(|one| one.targets).collect::<Vec<_>>())?;

    let outputs: Vec<_> = evaluated.outputs.into_iter().map(with_image).collect();
    let paths = outputs.iter().flat_map(|output| &output.paths).map(|named| named.path.clone());
    let closure = LiveDatabase::open(&database_folder(Path::new("/")))?.closure(paths)?;
    bills(out, &evaluated.origin, &outputs, &closure, derivations, &evaluated.metadata, evaluated.time)?;
    let statement = statement(evaluated.origin, outputs, &closure, &request.digest, out)?;
    put(&out.join(RELEASE), &statement.to_bytes().map_err(|error| Error::request("the release statement", error))?)
}

fn sorted(mut attributes: Vec<String>) -> Vec<String> {
    attributes.sort();
    attributes.dedup();
    attributes
}

/// What is evaluated: an attribute of the seed, and a function that is applied to it.
fn question(source: Option<&str>, attributes: &[String]) -> (&'static str, String) {
    let select = selecting(attributes);
    match source {
        None => ("results", select),
        Some(source) => ("resultsFrom", format!("of: ({select}) (of {})", text(source))),
    }
}

/// One of Nix' strings: a JSON text is one, but for what Nix would put in.
fn text(text: &str) -> String {
    Value::from(text).to_string().replace("${", "\\${")
}

/// A function that leaves out what nobody asked for, before it is evaluated.
fn selecting(attributes: &[String]) -> String {
    let names: Vec<_> = attributes.iter().map(|name| text(name)).collect();
    format!(
        "results: let wanted = builtins.filter (output: builtins.elem output.attribute [ {} ]); in results // {{ \
         attributes = map (output: output.attribute) results.outputs; outputs = wanted results.outputs; \
         targets = wanted results.targets; }}",
        names.join(" ")
    )
}

/// An output that is an OCI image is known by its manifest, too.
fn with_image(mut output: Output) -> Output {
    if let [path] = &output.paths[..]
        && let Ok(layout) = Layout::open(Path::new(&path.path.to_string()))
    {
        output.image = Some(Digest { sha256: layout.documents.digest });
    }
    output
}

fn bills(
    out: &Path,
    origin: &Origin,
    outputs: &[Output],
    closure: &Closure,
    derivations: Vec<String>,
    metadata: &Value,
    time: u64,
) -> Result<(), Error> {
    let paths: Vec<_> = outputs.iter().flat_map(|output| &output.paths).map(|named| named.path.clone()).collect();
    let subject = match &paths[..] {
        [path] => Subject::Result { path: path.clone() },
        _ => Subject::Results { name: origin.source.uri.clone(), paths: paths.iter().cloned().collect() },
    };
    let metadata = serde_json::to_vec(metadata).map_err(|error| Error::request("seed.metadata", error))?;
    sbom::results(subject, time, closure, &metadata, &derivations, out)
}

fn statement(
    origin: Origin,
    outputs: Vec<Output>,
    closure: &Closure,
    seed: &str,
    out: &Path,
) -> Result<ReleaseStatement, Error> {
    let hash = |path: &StorePath| match closure.get(path) {
        Some(info) => Ok((path.clone(), info.nar_hash)),
        None => Err(Error::request("a result", format!("{path} is not in the store after it was built"))),
    };
    let paths = outputs.iter().flat_map(|output| &output.paths).map(|named| &named.path);
    let hashes: BTreeMap<_, _> = paths.map(hash).collect::<Result<_, _>>()?;
    let sha256 = Sha256Hash::from_hex(seed.strip_prefix("sha256:").unwrap_or(seed))?;
    let release = Release {
        kind: Kind::Results,
        source: origin.source.source()?,
        system: origin.system,
        outputs,
        inputs: origin.inputs,
        seed: Some(Digest { sha256 }),
        sboms: sboms(out)?,
    };
    ReleaseStatement::of_results(&hashes, release).map_err(|error| Error::request("the release statement", error))
}

fn put(path: &PathBuf, bytes: &[u8]) -> Result<(), Error> {
    Ok(fs::write(path, bytes).map_err(ImageError::io("writing", path))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_selected_is_a_text_to_nix() {
        let text = selecting(&["packages.x86_64-linux.\"a${b}\"".into()]);
        assert!(text.contains(r#"[ "packages.x86_64-linux.\"a\${b}\"" ]"#), "{text}");
    }
}
