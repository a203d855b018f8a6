//! What a seed of a commit needs, as its evaluation says.

use std::collections::HashMap;

use nix_seed_store::StorePath;
use serde::{Deserialize, Serialize, Serializer};

use crate::{Error, Result};

/// A store path, and what it is needed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The path.
    #[serde(serialize_with = "as_text")]
    pub path: StorePath,
    /// What leads to it: an output of the flake, then names of derivations.
    pub chain: Vec<String>,
}

/// The roots that a seed of a commit has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Those without which an offline build fails.
    pub required: Vec<Reason>,
    /// Those that an offline build would make again: results of the flake's own derivations that are no outputs.
    pub results: Vec<Reason>,
}

/// `nix eval --json .#seed.needs`.
#[derive(Deserialize)]
struct Answer {
    reasons: Vec<AnsweredReason>,
    results: Vec<String>,
}

#[derive(Deserialize)]
struct AnsweredReason {
    path: String,
    chain: Vec<String>,
}

impl Needs {
    /// Reads what an evaluation has answered. Of several chains for a path the first counts.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let wrong = |why: String| Error::Needs { why };
        let answer: Answer = serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        let parse = |path: &str| StorePath::parse(path).map_err(|error| wrong(error.to_string()));
        let mut kinds = HashMap::new();
        for path in &answer.results {
            kinds.insert(parse(path)?, true);
        }
        let mut needs = Self::default();
        for AnsweredReason { path, chain } in answer.reasons {
            let path = parse(&path)?;
            match kinds.insert(path.clone(), false) {
                None => needs.required.push(Reason { path, chain }),
                Some(true) => needs.results.push(Reason { path, chain }),
                // It has been met.
                Some(false) => {}
            }
        }
        // Without a reason it is a result all the same.
        let mut rest: Vec<_> = kinds.into_iter().filter(|(_, is_open)| *is_open).map(|(path, _)| path).collect();
        rest.sort_unstable();
        needs.results.extend(rest.into_iter().map(|path| Reason { path, chain: Vec::new() }));
        Ok(needs)
    }

    /// All roots.
    pub(crate) fn all(&self) -> impl Iterator<Item = &StorePath> {
        self.required.iter().chain(&self.results).map(|reason| &reason.path)
    }
}

pub(crate) fn as_text<S: Serializer>(path: &StorePath, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(digit: char) -> StorePath {
        StorePath::from_base_name(&format!("{}-p{digit}", String::from(digit).repeat(32))).unwrap()
    }

    fn reason(digit: char, chain: &[&str]) -> Reason {
        Reason { path: path(digit), chain: chain.iter().map(|link| (*link).to_owned()).collect() }
    }

    #[test]
    fn a_result_is_not_required_and_the_first_chain_counts() {
        let text = |digit| path(digit).to_string();
        let answer = json!({
            "reasons": [
                { "path": text('0'), "chain": ["a", "b"] },
                { "path": text('1'), "chain": ["c"] },
                { "path": text('0'), "chain": ["d"] },
                { "path": text('1'), "chain": ["e"] },
            ],
            "results": [text('3'), text('1')],
        });
        let needs = Needs::parse(answer.to_string().as_bytes()).unwrap();
        assert_eq!(needs.required, [reason('0', &["a", "b"])]);
        assert_eq!(needs.results, [reason('1', &["c"]), reason('3', &[])]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for bad in [
            json!(null),
            json!({ "reasons": [] }),
            json!({ "reasons": [], "results": ["x"] }),
            json!({ "reasons": [{ "path": "/etc/passwd", "chain": [] }], "results": [] }),
            json!({ "reasons": [{ "path": path('0').to_string() }], "results": [] }),
        ] {
            let message = Needs::parse(bad.to_string().as_bytes()).unwrap_err().to_string();
            assert!(message.contains("nix-seed among its inputs"), "{message}");
        }
    }
}
