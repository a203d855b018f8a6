use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix_seed_frontier::{Graph, Request, find_own, plan, read_derivation};
use nix_seed_store::{Closure, NarHasher, StorePath};
use serde_json::{Map, Value, json};

use crate::survey::Evaluated;
use crate::{Base, Edit, Error, How, Kind, Missing, Result, Subject, Workspace, find_missing};

const EVALUATE: &str = include_str!("evaluate.nix");

/// Says what an offline build lacks after edits.
pub trait Evaluator {
    /// Makes the edits, evaluates all outputs, and takes the edits back.
    fn evaluate(&mut self, edits: &[Edit]) -> Result<Evaluated>;
    /// Whether an edit changes anything.
    fn can(&self, edit: &Edit) -> bool;
}

/// An [`Evaluator`] that asks Nix, in the store of a seed at `/nix`.
pub struct Nix {
    /// The folder that `nix/store` lies in.
    root: PathBuf,
    subject: Subject,
    workspace: Workspace,
    /// What is called to run Nix: the program, with its environment.
    command: Box<dyn Fn() -> Command>,
    /// Where `evaluate.nix` and what it reads lie, and their NAR's hash.
    script: (PathBuf, String),
    present: HashSet<StorePath>,
    graph: Graph,
    base: Base,
    /// Files of the flake that evaluation has read as Nix code, relative.
    code: BTreeSet<PathBuf>,
    evaluations: usize,
}

impl Nix {
    /// Copies the flake of `subject`, which has been [checked](Subject::check), to the folder `scratch`, and evaluates it as it is. `present` is what the seed holds, `root` the folder that
    /// `nix/store` lies in. Also gives what is
    /// missing already, before any edit.
    pub fn start(
        subject: Subject,
        present: &Closure,
        root: &Path,
        scratch: &Path,
        command: impl Fn() -> Command + 'static,
    ) -> Result<(Self, Vec<Missing>)> {
        let flake = subject.nodes.first().ok_or_else(|| Error::Answer { why: "it lists no flake".into() })?;
        let workspace = Workspace::create(&StorePath::parse(&flake.tree)?.below(root), &scratch.join("flake"))?;
        let script = write_script(&subject, present, root, &scratch.join("script"))?;
        let mut nix = Self {
            root: root.into(),
            workspace,
            command: Box::new(command),
            script,
            present: present.iter().map(|info| info.path.clone()).collect(),
            graph: Graph::default(),
            base: Base::default(),
            code: BTreeSet::new(),
            evaluations: 0,
            subject,
        };
        let found = nix.ask(&[])?;
        let (mut request, log) = found.map_err(|log| Error::Evaluation { log })?;
        nix.code = evaluated_files(&log, &request.flake, nix.workspace.files());
        nix.add(&request)?;
        request.skip = nix.subject.nodes.iter().filter(|node| !node.is_own).filter_map(tree_path).collect();
        request.marks = nix.marks();
        request.own.clone_from(&nix.subject.own);
        let mut own = find_own(&request, &nix.graph, root)?;
        // What the seed holds the inputs of may be built, also where the result is not there.
        for path in plan(&request, &nix.graph, &own)?.own {
            if let Some(node) = nix.graph.position(&StorePath::parse(&path)?)
                && let Some(is_own) = own.derivations.get_mut(node)
            {
                *is_own = true;
            }
        }
        let outputs = request.outputs.iter().filter_map(|output| output.derivation.as_deref());
        let outputs = outputs.filter_map(|path| nix.graph.position(&StorePath::parse(path).ok()?));
        nix.base = Base { length: nix.graph.nodes().len(), own, outputs: outputs.collect() };
        let missing = find_missing(&nix.graph, &request.outputs, &nix.present, &nix.base, false)?;
        Ok((nix, missing))
    }

    /// The flake's files and folders.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Files that evaluation has read as Nix code, relative to the flake's source.
    pub fn code(&self) -> &BTreeSet<PathBuf> {
        &self.code
    }

    /// How often Nix has been asked.
    pub fn evaluations(&self) -> usize {
        self.evaluations
    }

    /// How many derivations the outputs need, before any edit.
    pub fn derivations(&self) -> usize {
        self.base.length
    }

    fn marks(&self) -> Vec<String> {
        let info = self.subject.nodes.first().map(|flake| &flake.info);
        let names = ["rev", "shortRev", "dirtyRev", "dirtyShortRev", "narHash", "lastModified", "lastModifiedDate"];
        let values = names.iter().filter_map(|name| info?.get(*name));
        values.map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)).collect()
    }

    fn add(&mut self, request: &Request) -> Result<()> {
        let root = &self.root;
        for output in &request.outputs {
            let used = output.inputs.iter().map(|used| &used.derivation);
            for derivation in output.derivation.iter().chain(used) {
                self.graph.add(&StorePath::parse(derivation)?, &mut |path| read_derivation(root, path))?;
            }
        }
        Ok(())
    }

    /// Evaluates the edited flake: the derivations of its outputs, or what Nix said instead; and what it said besides.
    fn ask(&mut self, edits: &[Edit]) -> Result<std::result::Result<(Request, String), String>> {
        self.evaluations += 1;
        self.workspace.apply(edits)?;
        let output = self.run(edits);
        // Also after an error: nobody finds an edited copy.
        self.workspace.restore(edits)?;
        let output = output?;
        let log = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let said = log.lines().filter(|line| !line.starts_with(EVALUATING));
            return Ok(Err(said.collect::<Vec<_>>().join("\n")));
        }
        let request =
            serde_json::from_slice(&output.stdout).map_err(|error| Error::Answer { why: error.to_string() })?;
        Ok(Ok((request, log.into_owned())))
    }

    fn run(&self, edits: &[Edit]) -> Result<Output> {
        let hash = NarHasher::of(self.workspace.path())?.0.sri();
        let tree = fetch_tree(self.workspace.path(), &hash);
        let known = self.subject.nodes.first().map(|flake| flake.info.clone()).unwrap_or_default();
        let (script, script_hash) = &self.script;
        let script = fetch_tree(script, script_hash);
        let read = |name| format!("(builtins.fromJSON (builtins.readFile \"${{script}}/{name}\"))");
        let expression = format!(
            "let script = {script}; in import \"${{script}}/evaluate.nix\" {{ subject = {}; hashes = {}; tree = {tree}; info = builtins.fromJSON {}; }}",
            read("subject.json"),
            read("hashes.json"),
            nix_string(&Value::from(info(known, &hash, edits)).to_string()),
        );
        let mut command = (self.command)();
        command.args(["eval", "--offline", "--json", "-v", "--expr", &expression]);
        command.output().map_err(Error::io("running", command.get_program()))
    }
}

/// What evaluation wanted to be built, and could not be: it imports from a derivation. None where Nix speaks of something else.
fn unbuilt(log: &str) -> Option<Missing> {
    const SAID: [&str; 3] = ["dependencies of derivation '", "builder for '", "Cannot build '"];
    let named = |said: &&str| log.rsplit_once(*said)?.1.split('\'').next();
    let derivation = StorePath::parse(SAID.iter().find_map(named)?).ok()?;
    let name = derivation.name().trim_end_matches(".drv").to_owned();
    Some(Missing {
        output: "the evaluation of the flake, which imports from it".into(),
        chain: vec![name],
        derivation: derivation.to_string(),
        path: None,
        how: How::Build,
        is_new: false,
    })
}

/// What evaluation is to know of the edited source, whose NAR's hash is `hash`.
fn info(mut info: Map<String, Value>, hash: &str, edits: &[Edit]) -> Map<String, Value> {
    info.insert("narHash".into(), hash.into());
    for edit in edits {
        match edit.kind {
            Kind::Commit => {
                set_dates(&mut info);
                let rev = "5eed".repeat(10);
                info.retain(|name, _| !name.starts_with("dirty"));
                info.insert("shortRev".into(), rev[..7].into());
                info.insert("rev".into(), rev.into());
                info.insert("revCount".into(), json!(77_777));
            }
            Kind::Dirty => {
                set_dates(&mut info);
                let rev = "d1e7".repeat(10);
                info.retain(|name, _| !matches!(&**name, "rev" | "shortRev" | "revCount"));
                info.insert("dirtyShortRev".into(), format!("{}-dirty", &rev[..7]).into());
                info.insert("dirtyRev".into(), format!("{rev}-dirty").into());
            }
            _ => {}
        }
    }
    info
}

fn set_dates(info: &mut Map<String, Value>) {
    info.insert("lastModified".into(), json!(1_234_567_890));
    info.insert("lastModifiedDate".into(), "20090213233130".into());
}

impl Evaluator for Nix {
    fn evaluate(&mut self, edits: &[Edit]) -> Result<Evaluated> {
        match self.ask(edits)? {
            Err(log) => Ok(unbuilt(&log).map_or(Evaluated::Fails(log), |missing| Evaluated::Follows(vec![missing]))),
            Ok((request, _)) => {
                self.add(&request)?;
                let is_relocked = edits.iter().any(|edit| edit.kind == Kind::Relock);
                let missing = find_missing(&self.graph, &request.outputs, &self.present, &self.base, is_relocked)?;
                let are_fewer = request.outputs.len() < self.subject.outputs.len();
                Ok(if missing.is_empty() && are_fewer { Evaluated::Fewer } else { Evaluated::Follows(missing) })
            }
        }
    }

    fn can(&self, edit: &Edit) -> bool {
        self.workspace.can(edit)
    }
}

/// Writes what `evaluate.nix` is called with. Gives where, and its NAR's hash.
fn write_script(subject: &Subject, present: &Closure, root: &Path, folder: &Path) -> Result<(PathBuf, String)> {
    let mut hashes = BTreeMap::new();
    for node in subject.nodes.iter().filter(|node| !node.is_own) {
        let path = StorePath::parse(&node.tree)?;
        let hash = match present.get(&path) {
            Some(info) => info.nar_hash,
            None => NarHasher::of(&path.below(root))?.0,
        };
        hashes.insert(&node.tree, hash.sri());
    }
    let json = |value: &Value| value.to_string();
    let subject = serde_json::to_value(subject).map_err(|error| Error::Answer { why: error.to_string() })?;
    fs::create_dir_all(folder).map_err(Error::io("creating", folder))?;
    for (name, content) in
        [("evaluate.nix", EVALUATE.to_owned()), ("subject.json", json(&subject)), ("hashes.json", json(&json!(hashes)))]
    {
        let path = folder.join(name);
        fs::write(&path, content).map_err(Error::io("writing", path))?;
    }
    Ok((folder.into(), NarHasher::of(folder)?.0.sri()))
}

/// The store path that an input's source lies in.
fn tree_path(node: &crate::Node) -> Option<String> {
    StorePath::parse(&node.tree).ok().map(|path| path.to_string())
}

/// A Nix expression for a folder as an input that is locked, which a pure evaluation may read.
fn fetch_tree(path: &Path, hash: &str) -> String {
    format!(
        "(builtins.fetchTree {{ type = \"path\"; path = {}; narHash = {}; }}).outPath",
        nix_string(&path.to_string_lossy()),
        nix_string(hash)
    )
}

fn nix_string(text: &str) -> String {
    // Nix takes a carriage return in a string for a line's end.
    let escapes = [('\\', "\\\\"), ('"', "\\\""), ('$', "\\$"), ('\r', "\\r")];
    format!("\"{}\"", escapes.iter().fold(text.to_owned(), |text, (c, escape)| text.replace(*c, escape)))
}

/// What a line begins with in which Nix says that it evaluates a file.
const EVALUATING: &str = "evaluating file '";

/// Those of the flake's `files`, which are sorted, that Nix says to have evaluated; where it says so in words that are not known here, all that may be.
fn evaluated_files(log: &str, tree: &str, files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let said = log.lines().filter_map(|line| line.strip_prefix(EVALUATING)?.strip_suffix('\''));
    let own = said.filter_map(|file| file.strip_prefix(tree)?.strip_prefix('/')).map(Path::new);
    let evaluated: BTreeSet<_> =
        own.filter(|file| files.binary_search_by(|known| (**known).cmp(file)).is_ok()).map(Into::into).collect();
    if evaluated.is_empty() {
        return files.iter().filter(|file| file.extension() == Some("nix".as_ref())).cloned().collect();
    }
    evaluated
}

#[cfg(test)]
mod tests;
