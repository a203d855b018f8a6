//! Whether a seed could do without a root: without it and all that only it brings, `nix-seed-helper check` has to miss something.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;

use crate::bench::graph::Graph;
use crate::closures::roots::{Class, Root, Seed};
use crate::closures::{Judged, Size};
use crate::seed::flake::Workbench;

/// What the helper's exit code says of a seed that is not complete.
const INCOMPLETE: i32 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Without it, a build misses it.
    Indispensable,
    /// It is in the closure of another root: nothing is there for it alone.
    Within,
    /// No build misses it.
    Removable,
    /// Of Nix, the helper and inputs: without them there is no evaluation that could miss anything.
    Given,
}

pub struct Proof<'a> {
    workbench: &'a Workbench,
    helper: PathBuf,
    flake: &'a Path,
    scratch: &'a Path,
}

impl<'a> Proof<'a> {
    pub fn new(workbench: &'a Workbench, flake: &'a Path, scratch: &'a Path) -> Result<Self> {
        Ok(Self { workbench, helper: workbench.helper()?, flake, scratch })
    }

    /// Judges every root of a seed. What is removable by its class is not tried one by one: that the least suffices shows all of it.
    pub fn judge(&self, seed: &Seed) -> Result<Vec<Judged>> {
        let next = Mutex::new(seed.roots.iter().enumerate());
        let judged = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let work = || -> Result<()> {
                while let Some((position, root)) = next.lock().ok().and_then(|mut next| next.next()) {
                    let one = self.judge_one(seed, position, root)?;
                    if let Ok(mut judged) = judged.lock() {
                        judged.push(one);
                    }
                }
                Ok(())
            };
            let workers = [scope.spawn(work), scope.spawn(work)];
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })?;
        let mut judged = judged.into_inner().unwrap_or_default();
        judged.sort_by(|a, b| (a.root.class, &a.root.path).cmp(&(b.root.class, &b.root.path)));
        Ok(judged)
    }

    fn judge_one(&self, seed: &Seed, position: usize, root: &Root) -> Result<Judged> {
        let others = seed.roots.iter().filter(|other| other.path != root.path);
        let rest = seed.graph.closure(others.map(|other| &*other.path));
        let alone = Size::of(&seed.graph).beyond(Size::of(&rest));
        let verdict = match root.class {
            Class::Nix | Class::Helper | Class::Input => Verdict::Given,
            Class::Needed | Class::Unknown if alone.paths == 0 => Verdict::Within,
            Class::Needed | Class::Unknown => {
                let lacks = self.lacks(&rest, &format!("without-{position}"))?;
                match &root.derivation {
                    _ if lacks.is_empty() => Verdict::Removable,
                    Some(derivation) if lacks.contains(derivation) => Verdict::Indispensable,
                    _ => bail!("without {}, check misses {lacks:?}", root.path),
                }
            }
            _ => Verdict::Removable,
        };
        Ok(Judged { root: root.clone(), alone, verdict })
    }

    /// The derivations of whose results builds would miss any in a seed that holds `graph`, unedited or edited.
    pub fn lacks(&self, graph: &Graph, name: &str) -> Result<BTreeSet<String>> {
        let file = self.scratch.join(name).with_extension("json");
        fs::write(&file, graph.to_json())?;
        let nix = &self.workbench.nix;
        let bin = nix.program().parent().map(Path::to_path_buf).unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&path)))?;
        let mut check = Command::new(&self.helper);
        check.envs(nix.environment().iter().map(|(name, value)| (name, value))).env("PATH", path);
        check.arg("check").arg(format!("path:{}#seed", self.flake.display())).arg("--json").arg("--closure").arg(&file);
        let output = check.output().context("cannot run the helper")?;
        if !matches!(output.status.code(), Some(0 | INCOMPLETE)) {
            bail!("the check of {name} failed\n{}", String::from_utf8_lossy(&output.stderr));
        }
        let report: Value = serde_json::from_slice(&output.stdout).context("the report of the check")?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let after = list(&report["incomplete"]).into_iter().flat_map(|finding| list(&finding["missing"]));
        let missing = list(&report["before"]).into_iter().chain(after);
        let lacks: BTreeSet<_> =
            missing.filter_map(|missing| Some(missing["derivation"].as_str()?.to_owned())).collect();
        anyhow::ensure!(lacks.is_empty() == output.status.success(), "the check of {name} contradicts itself");
        Ok(lacks)
    }
}

/// Whether the test of completeness of the seed in a folder passes.
pub fn is_complete(workbench: &Workbench, flake: &Path) -> Result<bool> {
    match workbench.build(flake, "seed.tests.complete") {
        Ok(_) => Ok(true),
        Err(error) if error.to_string().contains("the seed is not complete") => Ok(false),
        Err(error) => Err(error),
    }
}
