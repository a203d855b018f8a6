//! What Nix has the helper do for a seed, as a shell script that has it do the same by hand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::machine::process;
use crate::seed::flake::Workbench;

/// The requests and graphs of a seed's derivations, in the order of the image.
const REQUESTS: &str = "
  seed:
  let
    layersOf = out: builtins.head (builtins.filter (layers: layers.outPath == out) (builtins.attrValues seed.layers));
    group = layers: { inherit (layers.seed) group maxLayers; inherit (layers.exportReferencesGraph) closure earlier; };
  in
  { image = seed.seed; groups = map (out: group (layersOf out)) seed.seed.groups; }
";

#[derive(Deserialize)]
struct Requests {
    image: Map<String, Value>,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(rename = "group")]
    name: String,
    max_layers: usize,
    /// Roots, whose closures are the graphs.
    closure: Vec<String>,
    earlier: Vec<String>,
}

/// A folder with everything that the helper is given, to be used from inside of it.
pub struct Recipe {
    folder: TempDir,
    groups: Vec<Group>,
    /// The closure.
    pub paths: Vec<PathBuf>,
}

/// How the script calls the helper.
pub struct Call<'a> {
    /// Words before the helper's own: a program that starts it.
    pub prefix: &'a str,
    pub helper: &'a Path,
    pub root: &'a str,
    pub threads: u16,
    /// The folder to write, which is there.
    pub out: &'a str,
}

impl Recipe {
    /// For the seed of the flake in `flake`, which has been built; or for an image of no more than its first groups.
    pub fn of_seed(workbench: &Workbench, flake: &Path, groups: usize) -> Result<Self> {
        let installable = format!("path:{}#seed", flake.display());
        let nix = |arguments: &[&str]| process::output(workbench.nix.command("nix").args(arguments));
        let requests = nix(&["eval", "--json", &installable, "--apply", REQUESTS])?;
        let mut requests: Requests = serde_json::from_str(&requests).context("the seed's requests")?;
        requests.groups.truncate(groups);

        let folder = workbench.cache.scratch()?;
        // For other users, who are let in by a mount.
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        for of_derivation_only in ["step", "groups", "closure"] {
            ensure!(requests.image.remove(of_derivation_only).is_some(), "the request has no {of_derivation_only}");
        }
        let roots: Vec<_> = requests.groups.iter().flat_map(|group| &group.closure).map(String::as_str).collect();
        let paths = nix(&[&["path-info", "--recursive"], &roots[..]].concat())?.lines().map(PathBuf::from).collect();
        let kept =
            requests.image.get_mut("gcRoots").and_then(Value::as_array_mut).context("the request has no gcRoots")?;
        // Nothing may be kept that is only in a group that is left out.
        kept.retain(|root| root.as_str().is_some_and(|root| roots.contains(&root)));
        write("spec.json", &serde_json::to_string(&requests.image)?)?;
        for (i, group) in requests.groups.iter().enumerate() {
            for (name, roots) in [("closure", &group.closure), ("earlier", &group.earlier)] {
                let roots: Vec<_> = roots.iter().map(String::as_str).collect();
                // Nix takes no roots at all for the flake that it is in.
                let graph = match &roots[..] {
                    [] => "[]".into(),
                    roots => nix(&[&["path-info", "--json", "--recursive"], roots].concat())?,
                };
                write(&format!("{name}-{i}.json"), &graph)?;
            }
        }
        Ok(Self { folder, groups: requests.groups, paths })
    }

    /// The groups, in the order of the image: what each is called, how many layers it may have, and the roots of its closure.
    pub fn groups(&self) -> impl Iterator<Item = (&str, usize, &[String])> {
        self.groups.iter().map(|group| (&*group.name, group.max_layers, &*group.closure))
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Commands that write the image's layout to `image` in `call.out`.
    pub fn script(&self, call: &Call) -> String {
        let Call { prefix, helper, root, threads, out } = call;
        let helper = format!("{prefix} '{}'", helper.display());
        let layers = |(i, Group { name, max_layers, .. }): (usize, &Group)| {
            let name = name.replace('\'', r"'\''");
            format!(
                "{helper} layers --graph closure-{i}.json --earlier earlier-{i}.json --group '{name}' \
                --max-layers {max_layers} --root '{root}' --threads {threads} --out '{out}/{i}'\n"
            )
        };
        let layers: String = self.groups.iter().enumerate().map(layers).collect();
        let groups: Vec<_> = (0..self.groups.len()).map(|i| format!("--group '{out}/{i}'")).collect();
        format!("{layers}{helper} image --spec spec.json {} --out '{out}/image'\n", groups.join(" "))
    }
}
