//! What a certificate says of the run that signed, held against what was signed.

use nix_seed_statement::release::Source;

use crate::sigstore::{Signed, Signer};
use crate::{Reason, Refusal};

/// Whether a run was for the commit that it speaks of, of a repository that may use the workflow's name, and started by somebody who may.
pub(super) fn check(signed: &Signed, said: &Source, policy: &str, at: &str) -> Result<(), Refusal> {
    let Signer::Identity { claims, subject, .. } = &signed.signer else { return Ok(()) };
    let wrong = |why: String| Err(Refusal::new(Reason::WrongWorkflow, at, why));
    if let Some(other) = foreign(claims.source_uri.as_deref(), subject, policy) {
        return wrong(format!(
            "{subject} was run for {other}, which may call that workflow, but is another repository"
        ));
    }
    if let Some(trigger) = claims.trigger.as_deref().filter(|trigger| is_strangers(trigger, subject)) {
        return wrong(format!("{subject} was started by {trigger}, whose code anybody may have written"));
    }
    // A runner that was started for one commit does not build another.
    match &claims.source_commit {
        Some(commit) if *commit != said.commit => {
            let why = format!("it speaks of commit {}, and the certificate is for a build of {commit}", said.commit);
            Err(Refusal::new(Reason::OtherCommit, at, why))
        }
        _ => Ok(()),
    }
}

/// The repository that a run was for, where it is neither the policy's nor the one that the workflow is of: a reusable workflow's subject is the
/// same whoever calls it.
fn foreign<'a>(repository: Option<&'a str>, subject: &str, source: &str) -> Option<&'a str> {
    let repository = repository?;
    let plain = |uri: &str| {
        let uri = uri.strip_prefix("git+").unwrap_or(uri).trim_end_matches('/');
        uri.strip_suffix(".git").unwrap_or(uri).to_lowercase()
    };
    let is_own =
        plain(repository) == plain(source) || subject.to_lowercase().starts_with(&format!("{}/", plain(repository)));
    (!is_own).then_some(repository)
}

/// Whether an event runs code of a request that nobody has agreed to yet, under a subject that names a branch.
fn is_strangers(trigger: &str, subject: &str) -> bool {
    let is_request = trigger.starts_with("pull_request")
        || trigger.starts_with("issue")
        || trigger.starts_with("discussion")
        || ["merge_request_event", "external_pull_request_event"].contains(&trigger);
    // A policy may name requests themselves.
    is_request && !subject.contains("@refs/pull/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_a_reusable_workflow_that_others_call() {
        let subject = "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main";
        let of = |repository| foreign(Some(repository), subject, "git+https://github.com/owner/app");
        assert_eq!(of("https://github.com/stranger/app"), Some("https://github.com/stranger/app"));
        assert_eq!(of("https://github.com/owner/app2"), Some("https://github.com/owner/app2"));
        assert_eq!(of("https://github.com/Owner/App"), None);
        // Whoever builds somebody else's source does so in a repository of his own.
        assert_eq!(
            foreign(
                Some("https://github.com/builder/ci"),
                "https://github.com/builder/ci/x@refs/heads/main",
                "git+https://github.com/owner/app"
            ),
            None
        );
        // As GitLab's subjects are.
        assert_eq!(
            foreign(
                Some("https://gitlab.com/g/p"),
                "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main",
                "git+https://x/y"
            ),
            None
        );
        assert_eq!(foreign(None, subject, "x"), None);
    }

    #[test]
    fn attack_a_request_that_runs_under_the_name_of_a_branch() {
        let main = "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main";
        for trigger in ["pull_request", "pull_request_target", "issue_comment", "merge_request_event"] {
            assert!(is_strangers(trigger, main), "{trigger}");
        }
        for trigger in ["push", "schedule", "workflow_dispatch", "workflow_run", "web"] {
            assert!(!is_strangers(trigger, main), "{trigger}");
        }
        assert!(!is_strangers("pull_request", "https://github.com/o/r/.github/workflows/a.yaml@refs/pull/1/merge"));
    }
}
