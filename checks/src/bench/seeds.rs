//! The seeds that are measured with: one of a large closure, and others that differ from it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::graph::Graph;
use crate::fixture::Options;
use crate::machine::{process, progress};
use crate::reproduce::recipe::Recipe;
use crate::seed::flake::Workbench;

/// The flake that is built in the seeds.
const EXAMPLE: &str = "examples/c";

/// One in so many store paths is missing where most are present.
const MISSING: usize = 20;

/// What else is in the seeds: packages of the package set.
const LARGE: &[&str] = &["benchmarkClosure"];
const SMALL: &[&str] = &["curl", "jq", "less", "openssl", "sqlite"];

/// Of one group that the example's seed does not have; the layers of two images are only the same where this is. That an image has no more
/// than a hundred is a matter of sizes: few groups have as many as they may, and the helper refuses more.
const MOST_LAYERS: usize = 40;

/// What seeds are made of.
pub struct Seeds {
    pub workbench: Workbench,
    pub helper: PathBuf,
    /// The closure of the whole seed.
    pub all: Graph,
    /// The paths that are missing where 95 % are present.
    pub missing: BTreeSet<String>,
    /// The path that changes.
    leaf: String,
    /// The groups of the example's seed, which stand first in each image, as they do in a user's.
    example: Vec<Part>,
    /// What the images have besides: configuration, files, roots of the garbage collector.
    spec: Value,
    folder: PathBuf,
}

/// A part of an image: these paths, below this folder.
pub struct Group<'a> {
    pub graph: &'a Graph,
    pub root: &'a Path,
}

/// What is written as one group of layers.
struct Part {
    name: String,
    most_layers: usize,
    graph: Graph,
}

impl Seeds {
    /// Builds the closures: a large one, or little more than that of the example. Everything is written to `folder`; the example, as a
    /// user has it, to `folder/work/src`.
    pub fn prepare(folder: &Path, large: bool) -> Result<Self> {
        let workbench = if large { Workbench::open_with(&Options::large())? } else { Workbench::open()? };
        let source = folder.join("work/src");
        fs::create_dir_all(&source)?;
        workbench.copy(EXAMPLE, &source)?;
        progress::say("building the seed of examples/c");
        workbench.build_with_progress(&source, "seed")?;
        let recipe = Recipe::of_seed(&workbench, &source, usize::MAX)?;
        let nix = |arguments: &[&str]| process::output(workbench.nix.command("nix").args(arguments));
        let own: Vec<_> = recipe.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        let mut roots: Vec<_> = own.iter().map(String::as_str).collect();
        let more = workbench.packages(if large { LARGE } else { SMALL })?;
        roots.extend(more.lines());
        let all = Graph::parse(&nix(&[&["path-info", "--json", "--recursive"], &roots[..]].concat())?)?;
        let part = |(name, most_layers, roots): (&str, usize, &[String])| Part {
            name: name.to_owned(),
            most_layers,
            graph: all.closure(roots.iter().map(String::as_str)),
        };
        let example = recipe.groups().map(part).collect();
        let spec = serde_json::from_slice(&fs::read(recipe.folder().join("spec.json"))?)?;

        // What the example needs stays, so that it can be built in each of them.
        let needed: BTreeSet<_> = own.iter().cloned().collect();
        let missing = all.removable(all.paths().len() / MISSING, &needed);
        let mut by_size: Vec<_> =
            missing.iter().filter(|path| !all.is_needed(path)).map(|path| (all.size_of(path), path)).collect();
        by_size.sort();
        let leaf = by_size.get(by_size.len() / 2).context("every path is needed by another")?.1.clone();
        let helper = workbench.helper()?;
        Ok(Self { workbench, helper, all, missing, leaf, example, spec, folder: folder.into() })
    }

    /// The part of all bytes that the missing paths have.
    pub fn missing_part(&self) -> f64 {
        self.missing.iter().map(|path| self.all.size_of(path)).sum::<u64>() as f64 / self.all.size() as f64
    }

    /// The closure without the path that changes, and that path.
    pub fn leaf(&self) -> (Graph, Graph) {
        let leaf = BTreeSet::from([self.leaf.clone()]);
        let rest = self.all.without(&leaf);
        let others = rest.paths().map(str::to_owned).collect();
        (rest, self.all.without(&others))
    }

    /// That path with one file more, in a store of its own below the folder that is returned.
    pub fn changed_leaf(&self) -> Result<(Graph, PathBuf)> {
        let root = self.folder.join("changed");
        let renamed = format!("{}-changed", self.leaf);
        let place = root.join(&renamed[1..]);
        fs::create_dir_all(place.parent().unwrap_or(&root))?;
        process::output(Command::new("cp").args(["--archive", &self.leaf]).arg(&place))?;
        process::output(Command::new("chmod").args(["--recursive", "u+w"]).arg(&place))?;
        let place = if place.is_dir() { place.join("changed") } else { place };
        fs::write(&place, "this path has changed\n")?;
        let place = root.join(&renamed[1..]);
        let nix = &self.workbench.nix;
        let hash = process::output(nix.command("nix").args(["hash", "path"]).arg(&place))?;
        let dump = "\"$0\" --dump \"$1\" | wc --bytes";
        let store = nix.program().with_file_name("nix-store");
        let mut size = Command::new("sh");
        size.envs(nix.environment().iter().map(|(name, value)| (name, value)))
            .args(["-c", dump])
            .arg(store)
            .arg(&place);
        let mut info = self.all.info(&self.leaf).cloned().unwrap_or_default();
        info["narHash"] = hash.trim().into();
        info["narSize"] = process::output(&mut size)?.trim().parse::<u64>()?.into();
        info["ca"] = Value::Null;
        let references = info["references"].as_array().cloned().unwrap_or_default();
        info["references"] = references.into_iter().filter(|path| path.as_str() != Some(&self.leaf)).collect();
        let mut graph = Graph::default();
        graph.insert(renamed, info);
        Ok((graph, root))
    }

    /// All paths once more under other names, in a store of their own below the folder that is returned.
    pub fn twin(&self) -> Result<(Graph, PathBuf)> {
        let root = self.folder.join("twin");
        let twin = |path: &str| format!("{path}-twin");
        fs::create_dir_all(root.join("nix/store"))?;
        for path in self.all.paths() {
            let place = root.join(&twin(path)[1..]);
            let copy = |how: &[&str]| process::output(Command::new("cp").args(how).arg(path).arg(&place));
            // Links take no room; they need one file system.
            if copy(&["--archive", "--link"]).is_err() {
                crate::machine::files::remove(&place)?;
                copy(&["--archive"])?;
            }
        }
        Ok((self.all.renamed(twin), root))
    }

    /// Commands for `sh` that write the image of these groups to `out`.
    pub fn write_script(&self, groups: &[Group], out: &Path) -> Result<String> {
        let name = out.file_name().context("the image has no name")?.to_string_lossy();
        let file = |what: &str| self.folder.join(format!("{name}-{what}"));
        let helper = self.helper.display();
        let (mut script, mut options) = (Vec::new(), Vec::new());
        // A group's graph has all that it refers to; what earlier groups hold is left out.
        let mut closure = Graph::default();
        let parts = groups.iter().enumerate().flat_map(|(number, group)| self.parts(number, group));
        for (number, (Part { name: group, most_layers, graph }, root)) in parts.enumerate() {
            let (list, earlier) = (file(&format!("{number}.json")), file(&format!("{number}-earlier.json")));
            let part = file(&format!("group-{number}"));
            fs::write(&earlier, closure.to_json())?;
            closure.extend(&graph);
            fs::write(&list, closure.to_json())?;
            script.push(format!(
                "'{helper}' layers --graph '{}' --earlier '{}' --group '{group}' --max-layers {most_layers} --root '{}' --out '{}' >/dev/null\n",
                list.display(),
                earlier.display(),
                root.display(),
                part.display()
            ));
            options.push(format!(" --group '{}'", part.display()));
        }
        let mut spec = self.spec.clone();
        let holds = |path: &str| groups.iter().any(|group| group.graph.contains(path));
        let roots = kept(&spec).into_iter().filter(|path| holds(path));
        spec["gcRoots"] = roots.map(Value::String).collect();
        for restriction in ["licenses", "privateSources"] {
            spec[restriction] = json!([]);
        }
        fs::write(file("spec.json"), spec.to_string())?;
        script.push(format!(
            "'{helper}' image --spec '{}'{} --out '{}' >/dev/null\n",
            file("spec.json").display(),
            options.concat(),
            out.display()
        ));
        Ok(script.concat())
    }

    /// What is the example's of a group, as its seed groups it, and the rest.
    fn parts<'a>(&self, number: usize, group: &Group<'a>) -> Vec<(Part, &'a Path)> {
        let mut rest = group.graph.clone();
        let own =
            |own: &Part| Part { name: own.name.clone(), most_layers: own.most_layers, graph: rest.take(&own.graph) };
        let mut parts: Vec<_> = self.example.iter().map(own).collect();
        parts.push(Part { name: format!("group-{number}"), most_layers: MOST_LAYERS, graph: rest });
        parts.retain(|part| part.graph.paths().len() > 0);
        parts.into_iter().map(|part| (part, group.root)).collect()
    }

    /// Removes what [`Self::write_script`] has written, but for the image.
    pub fn remove_parts(&self, out: &Path) -> Result<()> {
        let name = format!("{}-group-", out.file_name().unwrap_or_default().to_string_lossy());
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&name) {
                crate::machine::files::remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Writes the image of these groups to a folder of this name.
    pub fn write(&self, name: &str, groups: &[Group]) -> Result<PathBuf> {
        let out = self.folder.join(name);
        progress::say(format_args!("writing the image {name}"));
        process::output(Command::new("sh").args(["-euc", &self.write_script(groups, &out)?]))?;
        self.remove_parts(&out)?;
        Ok(out)
    }

    /// The PATH of the image.
    pub fn path(&self) -> String {
        let variables = self.spec["config"]["Env"].as_array().into_iter().flatten().filter_map(Value::as_str);
        variables.filter_map(|variable| variable.strip_prefix("PATH=")).collect()
    }
}

/// What the garbage collector of the seed keeps.
fn kept(spec: &Value) -> BTreeSet<String> {
    let roots = spec["gcRoots"].as_array().into_iter().flatten().filter_map(Value::as_str);
    roots.map(str::to_owned).collect()
}
