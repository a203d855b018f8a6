//! The program under test.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use super::case::{Case, Input, Verdict};

/// What Rust's programs end with when they panic.
const PANICKED: i32 = 101;

pub struct Client {
    program: PathBuf,
}

/// What a client made of a case.
#[derive(Debug, Clone)]
pub struct Answer {
    pub verdict: Verdict,
    /// The last line of what it wrote.
    pub said: String,
}

impl Client {
    /// A program that speaks the suite's protocol.
    pub fn new(program: &Path) -> Result<Self> {
        let program = std::fs::canonicalize(program).with_context(|| format!("there is no {}", program.display()))?;
        Ok(Self { program })
    }

    /// Asks once.
    pub fn ask(&self, case: &Case, input: Input) -> Result<Answer> {
        let mut command = Command::new(&self.program);
        command.args(case.arguments(input)?).stdin(Stdio::null());
        let output = command.output().with_context(|| format!("cannot run {}", self.program.display()))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let said = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned();
        Ok(Answer { verdict: verdict(output.status), said })
    }
}

fn verdict(status: ExitStatus) -> Verdict {
    match status.code() {
        Some(0) => Verdict::Accepted,
        Some(PANICKED) | None => Verdict::Crashed,
        Some(_) => Verdict::Refused,
    }
}
