//! The decision.

mod check;
mod claims;
mod examine;

use nix_seed_cfg::Level;
use nix_seed_statement::release::{Kind, Output, ReleaseStatement};
use nix_seed_store::Sha256Hash;

use crate::sigstore::{Signed, TrustRoot};
use crate::{Policy, Reason, Refusal};
use examine::{Candidate, Evidence};

/// A signed document, and where it was found.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// What a refusal calls it: `bundle sha256:…`, a file's name.
    pub at: String,
    /// Its bytes: a Sigstore bundle.
    pub bytes: Vec<u8>,
}

/// What is asked about, and what has to be said of it. Where something is none, it is not asked for.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The digest of what is asked about: of an image's manifest, or the NAR hash of a store path.
    pub digest: Sha256Hash,
    /// What the statement calls it: `image`, or a store path.
    pub name: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The file `flake.lock`.
    pub lock: Option<Sha256Hash>,
    /// The system, as Nix writes it.
    pub system: Option<String>,
    /// The seed that results were built in.
    pub seed: Option<Sha256Hash>,
    /// Now; seconds since 1970.
    pub now: i64,
}

/// Something is to be believed, and why.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What was built, from what.
    pub release: ReleaseStatement,
    /// The trust level that holds.
    pub level: Level,
    /// Who says so: one for each builder.
    pub findings: Vec<Finding>,
    /// What was looked at for all of them.
    pub checks: Vec<Check>,
    /// What was found besides, and not believed.
    pub ignored: Vec<Refusal>,
}

/// What one builder says.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What the policy calls the builder.
    pub builder: String,
    /// Who signed, as the policy knows it: a pattern or a key.
    pub known_as: String,
    /// The release statement's signature.
    pub release: Signed,
    /// The provenance's signature.
    pub provenance: Signed,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// Something that was looked at, and holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What: "commit".
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// Why it holds.
    pub why: String,
}

impl Check {
    pub(crate) fn new(what: &'static str, found: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what, found: found.into(), why: why.into() }
    }
}

/// Something is not to be believed: the refusal that says most, and all others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first}")]
pub struct Refused {
    /// The refusal of the document that came furthest.
    pub first: Refusal,
    /// What else was refused.
    pub others: Vec<Refusal>,
}

impl From<Refusal> for Refused {
    fn from(first: Refusal) -> Self {
        Self { first, others: Vec::new() }
    }
}

impl Refused {
    /// A level is asked for that does not hold.
    pub fn unless_level(why: String) -> Self {
        Refusal::new(Reason::UnknownLevel, "the policy", why).into()
    }

    /// Of several refusals, the one of the document that came furthest is told first.
    fn of(mut refusals: Vec<Refusal>, otherwise: Refusal) -> Self {
        let Some(furthest) = (0..refusals.len()).max_by_key(|at| (refusals[*at].reason, usize::MAX - at)) else {
            return otherwise.into();
        };
        let first = refusals.remove(furthest);
        Self { first, others: refusals }
    }
}

/// Decides whether something is to be believed, by what `bundles` prove under `policy`.
///
/// Anybody may attach a bundle to a digest; so one that does not count is told and ignored, where another one is enough.
pub fn decide(policy: &Policy, root: &TrustRoot, expected: &Expected, bundles: &[Bundle]) -> Result<Decision, Refused> {
    if policy.level != Level::One {
        let why = format!("it asks for level {}", policy.level);
        return Err(Refusal::new(Reason::UnknownLevel, "the policy", why).into());
    }
    let mut ignored = Vec::new();
    let evidence = Evidence::gather(policy, root, bundles, &mut ignored);
    let mut believed: Vec<(Candidate<'_, ReleaseStatement>, Finding)> = Vec::new();
    let checks = check::Checks { policy, expected };
    for release in evidence.releases {
        let found = checks.release(&release).and_then(|said| {
            let (provenance, how) = checks.built(&release, &evidence.provenances)?;
            Ok((provenance.signed.clone(), said.into_iter().chain(how).collect()))
        });
        match found {
            Ok((provenance, checks)) => {
                let finding = Finding {
                    builder: release.builder.name.clone(),
                    known_as: release.known_as.clone(),
                    release: release.signed.clone(),
                    provenance,
                    checks,
                };
                believed.push((release, finding));
            }
            Err(refusal) => ignored.push(refusal),
        }
    }
    check_agreement(&believed)?;
    // The newest, where nobody asked for one commit.
    let newest = believed.iter().max_by_key(|(release, _)| release.signed.times.last().copied());
    let Some(statement) = newest.map(|(release, _)| release.statement.clone()) else {
        let about = format!("sha256:{}", expected.digest.hex());
        return Err(Refused::of(ignored, Refusal::new(Reason::NoStatement, about, "no signed statement speaks of it")));
    };
    let mut findings: Vec<Finding> = Vec::new();
    for (_, finding) in believed.into_iter().filter(|(release, _)| release.statement == statement) {
        // A builder that signed twice is one builder.
        if findings.iter().all(|other| other.builder != finding.builder) {
            findings.push(finding);
        }
    }
    let checks = checks.all(&statement, root);
    Ok(Decision { release: statement, level: policy.level, findings, checks, ignored })
}

/// Refuses two releases of one source, commit and system that say different things: one of the builders is wrong, and
/// nobody here can say which.
fn check_agreement(believed: &[(Candidate<'_, ReleaseStatement>, Finding)]) -> Result<(), Refused> {
    for (at, (one, _)) in believed.iter().enumerate() {
        for (other, _) in &believed[at + 1..] {
            let (a, b) = (one.statement.release(), other.statement.release());
            let same = (&a.source.commit, &a.system, a.kind) == (&b.source.commit, &b.system, b.kind);
            if same && contradict(&one.statement, &other.statement) {
                let why = format!(
                    "`{}` and `{}` signed two different releases of {} for {}",
                    one.builder.name, other.builder.name, a.source.commit, a.system
                );
                return Err(Refusal::new(Reason::Disagreement, "the release statements", why).into());
            }
        }
    }
    Ok(())
}

/// Whether two releases of one source, commit, system and kind cannot both be right. A seed is one thing; results may have been built in
/// several runs, each with other outputs.
fn contradict(one: &ReleaseStatement, other: &ReleaseStatement) -> bool {
    let (a, b) = (one.release(), other.release());
    if a.kind == Kind::Seed {
        return one != other;
    }
    let shared = |output: &Output| b.outputs.iter().find(|found| found.attribute == output.attribute);
    let outputs_differ = a.outputs.iter().any(|output| shared(output).is_some_and(|found| found != output));
    let hashes_differ = one
        .subjects()
        .iter()
        .any(|subject| other.subject(&subject.name).is_some_and(|hash| hash != subject.digest.sha256));
    outputs_differ || hashes_differ || a.source != b.source || a.inputs != b.inputs
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn results(change: impl FnOnce(&mut Value)) -> ReleaseStatement {
        let text = include_str!("../../../helper/statement/vectors/results.json");
        let mut statement = serde_json::from_str(text).unwrap();
        change(&mut statement);
        // The keys of a serde_json map are sorted.
        ReleaseStatement::from_bytes(statement.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn runs_that_build_other_outputs_do_not_disagree() {
        let all = results(|_| ());
        // A part of it, built in another run.
        let part = results(|statement| {
            let gone = statement["predicate"]["outputs"].as_array_mut().unwrap().remove(0);
            let paths: Vec<_> = gone["paths"].as_array().unwrap().iter().map(|path| path["path"].clone()).collect();
            let is_gone = |name: &Value| paths.contains(name) || *name == gone["attribute"];
            statement["subject"].as_array_mut().unwrap().retain(|subject| !is_gone(&subject["name"]));
        });
        assert!(all != part && !contradict(&all, &part) && !contradict(&part, &all));
        let hash = results(|statement| statement["subject"][0]["digest"]["sha256"] = json!("0".repeat(64)));
        assert!(contradict(&all, &hash));
        let source = results(|statement| {
            statement["predicate"]["source"]["narHash"] = json!("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        });
        assert!(contradict(&part, &source));
    }
}
