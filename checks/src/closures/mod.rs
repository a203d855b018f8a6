//! What is in the seeds of the examples, beside the least that any build needs and all that it was ever made from.
//!
//! [`roots`] says what each root of a seed is there for, [`whole`] what everything was made from, and [`proof`] whether anything less
//! would do. [`table`] tells.

pub mod proof;
pub mod roots;
pub mod table;
pub mod whole;

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::bench::graph::Graph;
use crate::closures::proof::{Proof, Verdict};
use crate::closures::roots::{Class, Root, Seed};
use crate::machine::{process, progress, repository};
use crate::seed::flake::Workbench;

/// Store paths, and the bytes of their NARs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    pub paths: usize,
    pub bytes: u64,
}

impl Size {
    pub fn of(graph: &Graph) -> Self {
        Self { paths: graph.paths().len(), bytes: graph.size() }
    }

    fn beyond(self, less: Self) -> Self {
        Self { paths: self.paths - less.paths, bytes: self.bytes - less.bytes }
    }
}

/// The seed of an example.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Closures {
    pub example: String,
    /// What no build does without: needed results of derivations, Nix, the helper, the flake's inputs.
    pub least: Size,
    /// The seed as it is.
    pub frontier: Size,
    /// With `closure = "direct"`.
    pub direct: Size,
    pub direct_is_complete: bool,
    /// All that everything was made from, and what every seed has besides.
    pub full: Size,
    /// Outputs of derivations that are not counted in it: they cannot be built outside of `nix develop`.
    pub not_built: usize,
    /// Whether the seed has nothing that is not in `full`, and all of `least`.
    pub is_between: bool,
    /// What `frontier` has beyond `least`, each without what is counted before it.
    pub removable: Vec<Removable>,
    /// Inputs in `least` that evaluating the outputs does not read; the seed itself is none of these.
    pub unread: Vec<Unread>,
    pub roots: Vec<Judged>,
    /// Whether every build that the seed serves would find all that it needs in `least`.
    pub least_suffices: bool,
}

#[derive(Debug, Serialize)]
pub struct Removable {
    pub class: Class,
    pub size: Size,
}

#[derive(Debug, Serialize)]
pub struct Unread {
    pub input: String,
    pub bytes: u64,
}

/// A root, and what became of the seed without it.
#[derive(Debug, Serialize)]
pub struct Judged {
    #[serde(flatten)]
    pub root: Root,
    /// What is in the seed for it alone.
    pub alone: Size,
    pub verdict: Verdict,
}

/// The names of all examples, sorted.
pub fn examples() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(repository::path().join("examples"))? {
        let entry = entry?;
        if entry.path().join("flake.nix").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Measures the seed of an example.
pub fn measure(workbench: &Workbench, example: &str) -> Result<Closures> {
    progress::say(format_args!("{example}: its closures"));
    let folder = tempfile::tempdir()?;
    let copy = |name: &str| -> Result<_> {
        let to = folder.path().join(name);
        workbench.copy(&format!("examples/{example}"), &to)?;
        Ok(to)
    };
    let flake = copy("frontier")?;
    let seed = Seed::open(workbench, &flake)?;
    let Seed { graph, roots, .. } = &seed;
    let of = |classes: &[Class]| {
        let kept = roots.iter().filter(|root| classes.contains(&root.class));
        graph.closure(kept.map(|root| &*root.path))
    };
    let least = of(&[Class::Needed, Class::Nix, Class::Helper, Class::Input]);
    let (mut full, not_built) = whole::closure(workbench, &seed.derivations)?;
    full.extend(&of(&[Class::Nix, Class::Helper, Class::Input, Class::Shell, Class::Contents, Class::Tool]));

    let direct = copy("direct")?;
    make_direct(&direct)?;
    let direct_graph = Seed::graph(workbench, &direct)?;
    progress::say(format_args!("{example}: whether closure = \"direct\" is complete"));
    let direct_is_complete = proof::is_complete(workbench, &direct)?;

    progress::say(format_args!("{example}: what it could do without"));
    let proof = Proof::new(workbench, &flake, folder.path())?;
    let judged = proof.judge(&seed)?;
    let is_in = |inner: &Graph, outer: &Graph| inner.paths().all(|path| outer.contains(path));
    Ok(Closures {
        example: example.into(),
        least: Size::of(&least),
        frontier: Size::of(graph),
        direct: Size::of(&direct_graph),
        direct_is_complete,
        full: Size::of(&full),
        not_built,
        is_between: is_in(&least, graph) && is_in(graph, &full),
        removable: removable(graph, roots),
        unread: unread(workbench, &flake, graph, folder.path())?,
        roots: judged,
        least_suffices: proof.lacks(&least, "least")?.is_empty(),
    })
}

/// Takes one class of roots after another away.
fn removable(graph: &Graph, roots: &[Root]) -> Vec<Removable> {
    let mut left: Vec<_> = roots.iter().collect();
    let mut before = Size::of(graph);
    let mut removable = Vec::new();
    for class in Class::REMOVABLE {
        left.retain(|root| root.class != class);
        let after = Size::of(&graph.closure(left.iter().map(|root| &*root.path)));
        removable.push(Removable { class, size: before.beyond(after) });
        before = after;
    }
    removable
}

/// As a user writes it, in whichever file it is.
fn make_direct(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            make_direct(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "nix") {
            let text = fs::read_to_string(&path)?;
            fs::write(&path, text.replace("mkSeed {", "mkSeed { closure = \"direct\";"))?;
        }
    }
    Ok(())
}

/// Inputs in whose place another flake, without anything in it, gives the same derivations.
fn unread(workbench: &Workbench, flake: &Path, graph: &Graph, scratch: &Path) -> Result<Vec<Unread>> {
    const OUTPUTS: &str = r#"flake: map (kind: builtins.mapAttrs (_: output: output.drvPath or output.program)
        (removeAttrs (flake.${kind}.x86_64-linux or { }) [ "seed" ])) [ "packages" "checks" "devShells" "apps" ]"#;
    let empty = scratch.join("empty");
    fs::create_dir_all(&empty)?;
    fs::write(empty.join("flake.nix"), "{ outputs = _: { }; }\n")?;
    let evaluate = |input: Option<&str>| {
        let mut command = workbench.nix.command("nix");
        command.args(["eval", "--json", "--no-write-lock-file", "--apply", OUTPUTS]);
        if let Some(input) = input {
            command.args(["--override-input", input]).arg(format!("path:{}", empty.display()));
        }
        process::output(command.arg(format!("path:{}#.", flake.display())))
    };
    let plain = evaluate(None)?;
    let mut unread = Vec::new();
    for (input, path) in roots::inputs(workbench, flake)? {
        if evaluate(Some(&input)).is_ok_and(|outputs| outputs == plain) {
            unread.push(Unread { input, bytes: graph.size_of(&path) });
        }
    }
    Ok(unread)
}
