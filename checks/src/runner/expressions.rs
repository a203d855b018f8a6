//! Workflows as GitHub reads them: its own evaluator of expressions, and the library that it reads YAML with.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::machine::cache::Cache;
use crate::machine::node::Node;

/// GitHub's language services, of one version each.
const PACKAGES: [&str; 2] = ["@actions/expressions@0.3.61", "yaml@2.9.0"];

/// Reads and evaluates.
pub struct Expressions {
    node: Node,
}

/// What an evaluation gave.
#[derive(Debug, Deserialize)]
struct Evaluated {
    templates: Vec<String>,
    conditions: Vec<bool>,
}

impl Expressions {
    pub fn open(cache: &Cache) -> Result<Self> {
        Ok(Self { node: Node::open(cache, &PACKAGES)? })
    }

    /// A YAML document.
    pub fn yaml(&self, text: &str) -> Result<Value> {
        let json = exchange(&mut self.node.script(include_str!("yaml.mjs")), text.as_bytes())?;
        Ok(serde_json::from_slice(&json)?)
    }

    /// Texts with what stands in `${{ … }}` in its place, and whether a condition holds after what has gone before (`success`, `failure`).
    pub fn evaluate(
        &self,
        contexts: &Value,
        status: &str,
        templates: &[String],
        condition: Option<&str>,
    ) -> Result<(Vec<String>, bool)> {
        let conditions = [condition.unwrap_or("success()")];
        let ask = json!({ "contexts": contexts, "status": status, "templates": templates, "conditions": conditions });
        let json = exchange(&mut self.node.script(include_str!("expressions.mjs")), ask.to_string().as_bytes())?;
        let Evaluated { templates, conditions } = serde_json::from_slice(&json)?;
        Ok((templates, conditions.first().copied().context("no condition came back")?))
    }
}

fn exchange(command: &mut Command, input: &[u8]) -> Result<Vec<u8>> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.context("cannot run node")?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output()
    })?;
    ensure!(output.status.success(), "node: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}
