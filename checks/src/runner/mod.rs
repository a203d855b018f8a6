//! A runner of GitHub's workflows, as far as nix-seed's use it: each step's command is run, with the files and variables that GitHub's
//! runner gives to it (docs.github.com, "Workflow commands", "Variables", "Contexts").
//!
//! GitHub's own evaluator evaluates expressions. What others wrote is not run: `actions/checkout` is a `git clone` as it makes one, and any other
//! action is an error where its step would run.

mod expressions;
pub mod logins;
mod namespace;
pub mod pulls;
mod step;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

pub use expressions::Expressions;
pub use namespace::Namespace;
pub use step::Conclusion;
use step::{Environment, Steps};

use crate::machine::cache::Cache;

/// A job that is to be run.
pub struct Job<'a> {
    /// The workflow's file, in the repository that it is of.
    pub workflow: &'a Path,
    /// Which of its jobs.
    pub name: &'a str,
    /// `matrix`.
    pub matrix: Value,
    /// `secrets`.
    pub secrets: Value,
    /// The event's name and document.
    pub event: (&'a str, Value),
    /// The reference that the run is for: `refs/heads/main`.
    pub reference: &'a str,
    /// The repository, as the forge calls it.
    pub repository: &'a str,
    /// Where git clones it from, and pushes to.
    pub remote: &'a str,
    /// The commit that the run is for.
    pub commit: &'a str,
    /// Variables that the runner gives to each step besides: the token service, the certificate file.
    pub variables: Vec<(String, String)>,
    /// Folders of actions, by `OWNER/NAME`.
    pub actions: BTreeMap<String, PathBuf>,
    /// Whether there is no Nix, and no /nix, as on a runner that has just started.
    pub is_bare: bool,
}

/// What came of a job.
#[derive(Debug)]
pub struct Finished {
    /// Whether it ran at all: its `if`.
    pub ran: bool,
    /// Whether all of its steps succeeded.
    pub success: bool,
    /// What all steps wrote, in their order.
    pub log: String,
    /// What the summary has.
    pub summary: String,
    /// Each step that was met, in an action too, and what came of it.
    pub steps: Vec<(String, Conclusion)>,
    /// Each action's outputs, by its name.
    pub outputs: BTreeMap<String, Value>,
}

/// A machine for one job: its folders go with it.
pub struct Runner {
    expressions: Expressions,
    folder: TempDir,
}

impl Runner {
    pub fn open(cache: &Cache) -> Result<Self> {
        Ok(Self { expressions: Expressions::open(cache)?, folder: tempfile::tempdir()? })
    }

    /// The folder that the repository is checked out into.
    pub fn workspace(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// What the job's steps have left for each other.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("temp/nix-seed/job")
    }

    /// Runs a job to its end.
    pub fn run(&self, job: &Job<'_>) -> Result<Finished> {
        for name in ["work", "home", "temp", "files"] {
            let path = self.folder.path().join(name);
            if path.exists() {
                fs::remove_dir_all(&path)?;
            }
            fs::create_dir(&path)?;
        }
        let text = fs::read_to_string(job.workflow).with_context(|| job.workflow.display().to_string())?;
        let workflow = self.expressions.yaml(&text)?;
        let of = &workflow["jobs"][job.name];
        let steps = of["steps"].as_array().with_context(|| format!("no job {} with steps", job.name))?;
        let files = self.folder.path().join("files");
        fs::write(files.join("event.json"), job.event.1.to_string())?;
        for name in ["env", "path", "output", "summary"] {
            fs::write(files.join(name), "")?;
        }
        let github = self.github(job);
        let contexts = json!({
            "github": github, "matrix": job.matrix, "secrets": job.secrets, "inputs": {}, "steps": {}, "env": {},
            "runner": { "os": "Linux", "arch": "X64", "temp": self.folder.path().join("temp") },
            "job": { "status": "success" }, "strategy": {}, "needs": {}, "vars": {},
        });
        let mut finished = Finished {
            ran: false,
            success: true,
            log: String::new(),
            summary: String::new(),
            steps: Vec::new(),
            outputs: BTreeMap::new(),
        };
        let condition = of["if"].as_str();
        if !self.expressions.evaluate(&contexts, "success", &[], condition)?.1 {
            return Ok(finished);
        }
        finished.ran = true;
        let namespace = Namespace::open(job.is_bare)?;
        let environment = Environment {
            runner: self,
            job,
            namespace: &namespace,
            variables: self.variables(job),
            path: Vec::new(),
            set: Vec::new(),
        };
        Steps { contexts, environment, finished: &mut finished, in_action: None }.run(steps)?;
        finished.summary = fs::read_to_string(files.join("summary"))?;
        Ok(finished)
    }

    fn github(&self, job: &Job<'_>) -> Value {
        let (name, event) = &job.event;
        json!({
            "actor": "me", "event_name": name, "event": event, "ref": job.reference, "repository": job.repository, "sha": job.commit,
            "token": job.secrets["GITHUB_TOKEN"], "server_url": "https://github.com", "workspace": self.workspace(), "job": job.name,
        })
    }

    fn variables(&self, job: &Job<'_>) -> Vec<(String, String)> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let mut variables: Vec<(String, String)> = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "me"),
            ("GITHUB_EVENT_NAME", job.event.0),
            ("GITHUB_JOB", job.name),
            ("GITHUB_REF", job.reference),
            ("GITHUB_REPOSITORY", job.repository),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_RUN_ID", "1234567"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_SHA", job.commit),
            ("RUNNER_ARCH", "X64"),
            ("RUNNER_OS", "Linux"),
            ("GITHUB_ENV", &at("files/env")),
            ("GITHUB_EVENT_PATH", &at("files/event.json")),
            ("GITHUB_OUTPUT", &at("files/output")),
            ("GITHUB_PATH", &at("files/path")),
            ("GITHUB_STEP_SUMMARY", &at("files/summary")),
            ("GITHUB_WORKSPACE", &at("work")),
            ("HOME", &at("home")),
            ("RUNNER_TEMP", &at("temp")),
            ("LANG", "C.UTF-8"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        variables.extend(job.variables.iter().cloned());
        variables
    }

    /// The file that is used, and the folder that it lies in: `OWNER/NAME/FOLDER@REFERENCE`.
    fn action(job: &Job<'_>, uses: &str) -> Result<PathBuf> {
        let name = uses.split('@').next().unwrap_or_default();
        let mut parts = name.splitn(3, '/');
        let (owner, repository) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Some(folder) = job.actions.get(&format!("{owner}/{repository}")) else { bail!("{uses} is not run here") };
        Ok(folder.join(parts.next().unwrap_or_default()))
    }

    /// The inputs of an action, with what it has for those that nobody gave.
    fn inputs(&self, action: &Value, given: &Map<String, Value>, contexts: &Value) -> Result<Value> {
        let mut inputs = Map::new();
        for (name, of) in action["inputs"].as_object().into_iter().flatten() {
            let value = given.get(name).unwrap_or(&of["default"]);
            let text = value
                .as_str()
                .map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, ToOwned::to_owned);
            let (rendered, _) = self.expressions.evaluate(contexts, "success", &[text], None)?;
            inputs.insert(name.clone(), rendered.into_iter().next().unwrap_or_default().into());
        }
        if let Some(unknown) = given.keys().find(|name| !inputs.contains_key(*name)) {
            bail!("the action has no input {unknown}");
        }
        Ok(inputs.into())
    }
}
