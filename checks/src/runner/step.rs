//! The steps of a job or of an action, one after the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::namespace::Namespace;
use super::{Finished, Job, Runner};
use crate::machine::process;

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    Success,
    Failure,
    Skipped,
}

/// What steps run in, and what they have added to it.
pub(super) struct Environment<'a> {
    pub(super) runner: &'a Runner,
    pub(super) job: &'a Job<'a>,
    pub(super) namespace: &'a Namespace,
    /// The runner's own.
    pub(super) variables: Vec<(String, String)>,
    /// What steps have put before PATH, the last first.
    pub(super) path: Vec<String>,
    /// What steps have set.
    pub(super) set: Vec<(String, String)>,
}

/// Steps that are run.
pub(super) struct Steps<'a, 'b> {
    pub(super) contexts: Value,
    pub(super) environment: Environment<'a>,
    pub(super) finished: &'b mut Finished,
    /// The folder of the action that they are of.
    pub(super) in_action: Option<PathBuf>,
}

impl Steps<'_, '_> {
    pub(super) fn run(&mut self, steps: &[Value]) -> Result<()> {
        for (number, step) in steps.iter().enumerate() {
            let name = step["name"].as_str().or(step["uses"].as_str()).or(step["run"].as_str()).unwrap_or_default();
            let status = if self.finished.success { "success" } else { "failure" };
            let (_, holds) = self.runner().expressions.evaluate(&self.contexts, status, &[], step["if"].as_str())?;
            let conclusion =
                if holds { self.step(step).with_context(|| name.to_owned())? } else { Conclusion::Skipped };
            self.finished.steps.push((name.to_owned(), conclusion));
            if conclusion == Conclusion::Failure {
                self.finished.success = false;
            }
            let id = step["id"].as_str().map_or_else(|| format!("__{number}"), ToOwned::to_owned);
            let outputs = std::mem::take(&mut self.contexts["last"]);
            let outcome = format!("{conclusion:?}").to_lowercase();
            self.contexts["steps"][&id] = json!({ "outputs": outputs, "outcome": outcome, "conclusion": outcome });
        }
        Ok(())
    }

    fn runner(&self) -> &Runner {
        self.environment.runner
    }

    fn step(&mut self, step: &Value) -> Result<Conclusion> {
        match (step["run"].as_str(), step["uses"].as_str()) {
            (Some(script), None) => self.script(step, script),
            (None, Some(uses)) if uses.contains("actions/checkout@") => self.checkout(),
            (None, Some(uses)) => self.action(step, uses),
            _ => bail!("a step has either run or uses"),
        }
    }

    /// As `actions/checkout` leaves it: one commit, on a branch of its name where it is one, and the way to push.
    fn checkout(&mut self) -> Result<Conclusion> {
        let (job, folder) = (self.environment.job, self.runner().workspace());
        let git =
            |arguments: &[&str]| process::output(Command::new("git").args(arguments).current_dir(&folder)).map(drop);
        git(&["init", "--quiet"])?;
        git(&["remote", "add", "origin", job.remote])?;
        git(&["fetch", "--quiet", "--no-tags", "--depth=1", "origin", job.commit])?;
        match job.reference.strip_prefix("refs/heads/") {
            Some(branch) => git(&["checkout", "--quiet", "-B", branch, job.commit])?,
            None => git(&["checkout", "--quiet", "--detach", job.commit])?,
        }
        Ok(Conclusion::Success)
    }

    fn action(&mut self, step: &Value, uses: &str) -> Result<Conclusion> {
        let folder = Runner::action(self.environment.job, uses)?;
        let text = fs::read_to_string(folder.join("action.yaml")).with_context(|| uses.to_owned())?;
        let action = self.runner().expressions.yaml(&text)?;
        let steps = action["runs"]["steps"].as_array().context("not a composite action")?.clone();
        let given = step["with"].as_object().cloned().unwrap_or_default();
        let given = self.rendered(&given)?;
        let mut contexts = self.contexts.clone();
        contexts["github"]["action_path"] = folder.display().to_string().into();
        contexts["inputs"] = self.runner().inputs(&action, &given, &contexts)?;
        contexts["steps"] = json!({});
        // Secrets are the workflow's alone.
        contexts["secrets"] = json!({});
        let before = self.finished.success;
        let outer = std::mem::replace(&mut self.contexts, contexts);
        let was_in = self.in_action.replace(folder);
        self.run(&steps)?;
        let outputs: Map<String, Value> = action["outputs"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, of)| (name.clone(), of["value"].clone()))
            .collect();
        let outputs = self.rendered(&outputs)?;
        self.contexts = outer;
        self.in_action = was_in;
        self.finished.outputs.insert(uses.split('@').next().unwrap_or_default().to_owned(), outputs.clone().into());
        self.contexts["last"] = outputs.into();
        Ok(if before && !self.finished.success { Conclusion::Failure } else { Conclusion::Success })
    }

    /// Values with their expressions in place.
    fn rendered(&self, values: &Map<String, Value>) -> Result<Map<String, Value>> {
        let texts: Vec<_> =
            values.values().map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)).collect();
        let (rendered, _) = self.runner().expressions.evaluate(&self.contexts, "success", &texts, None)?;
        Ok(values.keys().cloned().zip(rendered.into_iter().map(Value::from)).collect())
    }

    fn script(&mut self, step: &Value, script: &str) -> Result<Conclusion> {
        if self.in_action.is_some() && step["shell"].as_str() != Some("bash") {
            bail!("a step of an action says which shell it is for");
        }
        let env = self.rendered(&step["env"].as_object().cloned().unwrap_or_default())?;
        let (scripts, _) = self.runner().expressions.evaluate(&self.contexts, "success", &[script.to_owned()], None)?;
        let files = self.runner().folder.path().join("files");
        let file = files.join("script.sh");
        fs::write(&file, scripts.first().map(String::as_str).unwrap_or_default())?;
        fs::write(files.join("output"), "")?;
        let environment = &self.environment;
        let mut command = environment.namespace.command("bash", &self.runner().workspace());
        // docs.github.com, "Workflow syntax", "Exit codes and error action preference".
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&file);
        command.env_clear().envs(environment.variables.iter().map(|(name, value)| (name, value)));
        let own = environment
            .variables
            .iter()
            .find(|(name, _)| name == "PATH")
            .map_or("/usr/sbin:/usr/bin:/sbin:/bin", |(_, path)| path);
        let path: Vec<_> = environment.path.iter().map(String::as_str).chain([own]).collect();
        command.envs(environment.set.iter().map(|(name, value)| (name, value)));
        command.envs(env.iter().filter_map(|(name, value)| Some((name, value.as_str()?))));
        if let Some(folder) = &self.in_action {
            command.env("GITHUB_ACTION_PATH", folder);
        }
        command.env("PATH", path.join(":")).stdin(Stdio::null());
        // In the order in which it was written.
        let log = files.join("log");
        let to = fs::File::create(&log)?;
        let status = command.stdout(to.try_clone()?).stderr(to).status().context("cannot run bash")?;
        self.finished.log.push_str(&String::from_utf8_lossy(&fs::read(&log)?));
        self.contexts["last"] = outputs(&fs::read_to_string(files.join("output"))?)?;
        self.take(&files)?;
        Ok(if status.success() { Conclusion::Success } else { Conclusion::Failure })
    }

    /// What a step has left in the runner's files is there for those after it.
    fn take(&mut self, files: &Path) -> Result<()> {
        let path = fs::read_to_string(files.join("path"))?;
        for line in path.lines().filter(|line| !line.is_empty()) {
            self.environment.path.insert(0, line.to_owned());
        }
        for (name, value) in values(&fs::read_to_string(files.join("env"))?)? {
            self.environment.set.retain(|(set, _)| *set != name);
            self.environment.set.push((name, value));
        }
        for name in ["env", "path"] {
            fs::write(files.join(name), "")?;
        }
        Ok(())
    }
}

fn outputs(text: &str) -> Result<Value> {
    Ok(values(text)?.into_iter().map(|(name, value)| (name, Value::from(value))).collect::<Map<_, _>>().into())
}

/// `NAME=VALUE`, or `NAME<<END`, lines, and `END` (docs.github.com, "Workflow commands", "Multiline strings").
fn values(text: &str) -> Result<Vec<(String, String)>> {
    let mut values = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let (equals, heredoc) = (line.find('='), line.find("<<"));
        match (equals, heredoc) {
            (_, Some(at)) if equals.is_none_or(|equals| at < equals) => {
                let end = &line[at + 2..];
                let mut value = Vec::new();
                loop {
                    match lines.next() {
                        Some(line) if line == end => break,
                        Some(line) => value.push(line),
                        None => bail!("a value of several lines does not end with {end:?}"),
                    }
                }
                values.push((line[..at].to_owned(), value.join("\n")));
            }
            (Some(at), _) => values.push((line[..at].to_owned(), line[at + 1..].to_owned())),
            _ => bail!("{line:?} is neither NAME=VALUE nor NAME<<END"),
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_runner_does() {
        let text = "a=b=c\nlong<<end\none\ntwo\nend\n\nempty=\n";
        let expected = [("a", "b=c"), ("long", "one\ntwo"), ("empty", "")];
        let found = values(text).unwrap();
        assert_eq!(found.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>(), expected);
        assert!(values("a<<end\nx\n").is_err());
        assert!(values("nonsense\n").is_err());
    }
}
