//! How long Nix evaluates all outputs of each example, without its seed and with it: for the first time since a commit, when a plan is
//! made, and from then on.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::bench::measure::{Bench, Measure, Subject};
use crate::bench::pages::Pages;
use crate::closures::examples;
use crate::machine::progress;
use crate::seed::flake::Workbench;

/// In this order, of which the first and the third follow a commit.
pub const WITHOUT: &str = "first, without the seed";
pub const WITHOUT_AGAIN: &str = "later, without the seed";
pub const WITH: &str = "first, with the seed";
pub const WITH_AGAIN: &str = "later, with the seed";

/// How many examples are enough to show that it works.
const FEW: usize = 2;

/// What one example takes.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    pub example: String,
    pub measure: Measure,
}

pub fn measure(workbench: &Workbench, rounds: u32, quick: bool, folder: &Path) -> Result<Vec<Evaluation>> {
    // So short that more rounds are wanted; and what is evaluated has just been written.
    let rounds = if quick { rounds } else { rounds * 2 };
    let bench = Bench { rounds, pages: Pages::Warm, scratch: folder.into() };
    let mut examples = examples()?;
    examples.truncate(if quick { FEW } else { examples.len() });
    examples.into_iter().map(|example| of_example(&bench, workbench, example)).collect()
}

fn of_example(bench: &Bench, workbench: &Workbench, example: String) -> Result<Evaluation> {
    progress::say(format_args!("evaluating examples/{example}"));
    let folder = tempfile::tempdir()?;
    let flake = Flake { folder: folder.path().join("flake"), log: folder.path().join("log"), commits: Cell::new(0) };
    workbench.copy(&format!("examples/{example}"), &flake.folder)?;
    let subject = |name: &str, with_seed: bool, follows_commit: bool| {
        let flake = &flake;
        Subject {
            before: Box::new(move || if follows_commit { flake.commit() } else { Ok(()) }),
            after: Box::new(move || flake.ensure_planned(with_seed && follows_commit)),
            ..Subject::new(name, flake.script(workbench, with_seed))
        }
    };
    let subjects = [
        subject(WITHOUT, false, true),
        subject(WITHOUT_AGAIN, false, false),
        subject(WITH, true, true),
        subject(WITH_AGAIN, true, false),
    ];
    let measure = bench.interleave("evaluation", example.clone(), &subjects)?;
    drop(subjects);
    Ok(Evaluation { example, measure })
}

/// An example that changes.
struct Flake {
    folder: PathBuf,
    log: PathBuf,
    commits: Cell<u32>,
}

impl Flake {
    /// Changes what no derivation but the whole flake's depends on, in a manner that it never had.
    fn commit(&self) -> Result<()> {
        self.commits.set(self.commits.get() + 1);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
        Ok(fs::write(self.folder.join("NOTES"), format!("commit {} at {now}\n", self.commits.get()))?)
    }

    fn script(&self, workbench: &Workbench, with_seed: bool) -> String {
        let expression = format!(
            r#"let
          flake = builtins.getFlake "path:{}";
          of = kind: removeAttrs (flake.${{kind}}.x86_64-linux or {{ }}) (if {with_seed} then [ ] else [ "seed" ]);
          paths = kind: builtins.mapAttrs (_: output: output.drvPath or output.program) (of kind);
        in map paths [ "packages" "checks" "devShells" "apps" ]"#,
            self.folder.display()
        );
        let variables = workbench.nix.environment().iter().map(|(name, value)| format!("export {name}='{value}'\n"));
        format!(
            "{}'{}' eval --json --impure --option eval-cache false --expr '{expression}' > /dev/null 2> '{}'\n",
            variables.collect::<String>(),
            workbench.nix.program().display(),
            self.log.display()
        )
    }

    /// Whether a plan was made is for Nix to say.
    fn ensure_planned(&self, expected: bool) -> Result<()> {
        let log = fs::read_to_string(&self.log)?;
        let planned = log.lines().any(|line| line.starts_with("building '") && line.contains("-plan.json.drv"));
        ensure!(planned == expected, "a plan was expected: {expected}, and Nix said:\n{log}");
        Ok(())
    }
}
