//! What a person or a script is shown of a decision.

use nix_seed_trust::sigstore::{Signed, Signer};
use nix_seed_trust::{Check, Finding, Refusal};
use serde_json::{Value, json};

use super::Decided;
use super::subject::Subject;
use crate::error::Error;
use crate::print;

pub(super) fn tell(what: &str, subject: &Subject, decided: &Decided, is_json: bool) -> Result<(), Error> {
    if is_json {
        return print::json(&json!({ "verify": document(what, subject, decided) }));
    }
    match decided {
        Ok(decision) => {
            let builders: Vec<_> = decision.findings.iter().map(|finding| format!("`{}`", finding.builder)).collect();
            print::line(&format!("{what} is what {} built: level {} holds", builders.join(", "), decision.level))?;
            let all = decision.findings.iter().flat_map(|finding| &finding.checks);
            table(decision.checks.iter().chain(all))?;
            for ignored in &decision.ignored {
                print::note(&format!("not believed: {}: {}: {}", ignored.reason.name(), ignored.at, ignored.found));
            }
        }
        Err(refused) => {
            print::line(&format!("{what} is not to be believed"))?;
            table(std::iter::once(&refused.first).chain(&refused.others).map(row).collect::<Vec<_>>().iter())?;
        }
    }
    Ok(())
}

fn row(refusal: &Refusal) -> Check {
    Check { what: refusal.reason.name(), found: refusal.at.clone(), why: refusal.found.clone() }
}

/// Columns: what was looked at, what was found, why that holds. A long column moves the next one, and no further rows.
fn table<'a>(checks: impl Iterator<Item = &'a Check> + Clone) -> Result<(), Error> {
    let width = |of: fn(&Check) -> &str, most: usize| {
        let widths = checks.clone().map(|check| of(check).chars().count());
        widths.filter(|width| *width <= most).max().unwrap_or(0)
    };
    let (what, found) = (width(|check| check.what, 20), width(|check| &check.found, 72));
    for check in checks {
        print::line(format!("  {:what$}  {:found$}  {}", check.what, check.found, check.why).trim_end())?;
    }
    Ok(())
}

fn document(what: &str, subject: &Subject, decided: &Decided) -> Value {
    let digest = format!("sha256:{}", subject.digest.hex());
    match decided {
        Ok(decision) => json!({
            "what": what,
            "digest": digest,
            "verdict": "believed",
            "level": u64::from(decision.level),
            "release": serde_json::to_value(decision.release.release()).unwrap_or_default(),
            "checks": decision.checks.iter().map(check).collect::<Vec<_>>(),
            "builders": decision.findings.iter().map(finding).collect::<Vec<_>>(),
            "ignored": decision.ignored.iter().map(refusal).collect::<Vec<_>>(),
        }),
        Err(refused) => json!({
            "what": what,
            "digest": digest,
            "verdict": "refused",
            "refusal": refusal(&refused.first),
            "others": refused.others.iter().map(refusal).collect::<Vec<_>>(),
        }),
    }
}

fn check(Check { what, found, why }: &Check) -> Value {
    json!({ "what": what, "found": found, "why": why })
}

fn refusal(Refusal { reason, at, found }: &Refusal) -> Value {
    json!({ "name": reason.name(), "code": reason.exit_code(), "at": at, "found": found, "mend": reason.mend() })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "name": finding.builder,
        "knownAs": finding.known_as,
        "release": signed(&finding.release),
        "provenance": signed(&finding.provenance),
        "checks": finding.checks.iter().map(check).collect::<Vec<_>>(),
    })
}

fn signed(signed: &Signed) -> Value {
    let signer = match &signed.signer {
        Signer::Identity { subject, issuer, claims } => json!({
            "subject": subject,
            "issuer": issuer,
            "commit": claims.source_commit,
            "runner": claims.runner,
            "run": claims.run,
        }),
        Signer::Key(key) => json!({ "key": key.fingerprint(), "algorithm": key.algorithm() }),
    };
    let entry = |entry: &nix_seed_trust::sigstore::LogEntry| json!({ "log": entry.log, "index": entry.index });
    json!({ "signer": signer, "logs": signed.entries.iter().map(entry).collect::<Vec<_>>(), "times": signed.times })
}
