//! What a client made of all cases.

use std::fmt::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::case::{Case, Input, Verdict};
use super::client::{Answer, Client};
use crate::machine::parallel;

pub struct Report {
    rows: Vec<Row>,
}

struct Row {
    case: String,
    expected: Verdict,
    /// In the order of the case's inputs.
    answers: Vec<(Input, Answer)>,
}

/// How often a client did what was expected, and how often not. Each way of asking counts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub as_expected: usize,
    pub wrongly_accepted: usize,
    pub wrongly_refused: usize,
    pub crashed: usize,
}

impl Counts {
    pub fn differing(self) -> usize {
        self.wrongly_accepted + self.wrongly_refused + self.crashed
    }
}

impl Report {
    /// Asks the client about every case.
    pub fn of(client: &Client, cases: &[Case]) -> Result<Self> {
        let rows = parallel::map(cases, |case| {
            let answers = case.inputs().iter().map(|input| Ok((*input, client.ask(case, *input)?)));
            let answers = answers.collect::<Result<_>>()?;
            Ok(Row { case: case.name.clone(), expected: case.expected, answers })
        })?;
        Ok(Self { rows })
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            for (_, answer) in &row.answers {
                *match answer.verdict {
                    verdict if verdict == row.expected => &mut counts.as_expected,
                    Verdict::Accepted => &mut counts.wrongly_accepted,
                    Verdict::Refused => &mut counts.wrongly_refused,
                    Verdict::Crashed => &mut counts.crashed,
                } += 1;
            }
        }
        counts
    }

    /// A row for each case.
    pub fn markdown(&self) -> String {
        let mut text = "| case | expected | by path | by digest | |\n|---|---|---|---|---|\n".to_owned();
        for row in &self.rows {
            let cell = |wanted: Input| {
                let answer = row.answers.iter().find(|(input, _)| *input == wanted);
                answer.map_or("", |(_, answer)| word(answer.verdict))
            };
            let wrong = row.answers.iter().find(|(_, answer)| answer.verdict != row.expected);
            let remark =
                wrong.map_or(String::new(), |(_, answer)| format!("**differs**: {}", answer.said.replace('|', "\\|")));
            let [path, digest] = [Input::Path, Input::Digest].map(cell);
            let _ = writeln!(text, "| {} | {} | {path} | {digest} | {remark} |", row.case, word(row.expected));
        }
        let counts = self.counts();
        let _ = write!(
            text,
            "\n{} cases, asked {} times: {} as expected, {} wrongly accepted, {} wrongly refused, {} crashed\n",
            self.rows.len(),
            counts.as_expected + counts.differing(),
            counts.as_expected,
            counts.wrongly_accepted,
            counts.wrongly_refused,
            counts.crashed,
        );
        text
    }

    pub fn json(&self) -> Value {
        let answer = |(input, answer): &(Input, Answer)| {
            let input = match input {
                Input::Path => "path",
                Input::Digest => "digest",
            };
            json!({ "input": input, "got": word(answer.verdict), "said": answer.said })
        };
        let rows = self.rows.iter().map(|row| {
            let answers: Vec<_> = row.answers.iter().map(answer).collect();
            json!({ "case": row.case, "expected": word(row.expected), "answers": answers })
        });
        let counts = self.counts();
        json!({
            "cases": rows.collect::<Vec<_>>(),
            "asExpected": counts.as_expected,
            "wronglyAccepted": counts.wrongly_accepted,
            "wronglyRefused": counts.wrongly_refused,
            "crashed": counts.crashed,
        })
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Refused => "refused",
        Verdict::Crashed => "crashed",
    }
}
