//! What a job may do.

use crate::{Event, Forge, Job};

/// What a job may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Build, sign and publish.
    Trusted,
    /// Build, and nothing more.
    ReadOnly {
        /// Why.
        why: &'static str,
    },
    /// Nothing: it holds rights that whoever wrote the code must not have.
    Refused {
        /// Why, and what to change.
        why: &'static str,
    },
}

impl Standing {
    /// Of a job, or of somebody at a terminal, who does as he likes; `head` is the commit that is checked out, where that is known.
    pub fn of(job: Option<&Job>, head: Option<&str>) -> Self {
        let Some(job) = job else { return Self::Trusted };
        match job.event {
            Event::Own => Self::Trusted,
            Event::Other => Self::ReadOnly {
                why: "whose code this event runs is not known, so nothing is signed or published; push, workflow_dispatch and schedule are known",
            },
            // It begins with the code of the default branch; another commit may be anybody's.
            Event::Workflow { is_fork: true } if head.is_none() || head != job.commit.as_deref() => Self::Refused {
                why: "this workflow was started by one that ran for a fork (workflow_run), has this repository's rights, and has checked out \
                      another commit than the one that it was started with; check that out, or let the workflow begin only after a push: \
                      if: github.event.workflow_run.event == 'push'",
            },
            Event::Workflow { .. } => Self::Trusted,
            // A pipeline in a fork on GitLab is the fork's own, with an identity of its own.
            Event::PullRequest { is_fork: true, has_target_rights }
                if has_target_rights || (job.has_identity && job.forge != Forge::GitLab) =>
            {
                Self::Refused {
                    why: "code of a fork would be built by a job that may sign or write as this repository: whoever opened the pull request could \
                      publish under its name; start the workflow on pull_request instead of pull_request_target, issue_comment or a merge \
                      request's pipeline in the parent project, without id-token: write and packages: write",
                }
            }
            Event::PullRequest { .. } => {
                Self::ReadOnly { why: "it is a pull request: nothing is signed or published before it is merged" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(event: Event, has_identity: bool) -> Job {
        Job {
            forge: Forge::GitHub,
            event,
            server: "https://github.com".into(),
            repository: "owner/app".into(),
            commit: Some("4f1c".into()),
            branch: None,
            default_branch: None,
            has_identity,
            subject: None,
            registry: None,
        }
    }

    fn of(event: Event, has_identity: bool, head: Option<&str>) -> &'static str {
        match Standing::of(Some(&job(event, has_identity)), head) {
            Standing::Trusted => "trusted",
            Standing::ReadOnly { .. } => "reads",
            Standing::Refused { .. } => "refused",
        }
    }

    #[test]
    fn who_may_write_is_trusted() {
        assert_eq!(Standing::of(None, None), Standing::Trusted);
        assert_eq!(of(Event::Own, true, None), "trusted");
        assert_eq!(of(Event::Other, true, None), "reads");
    }

    #[test]
    fn attack_a_forks_pull_request_with_rights_is_refused() {
        let event = |is_fork, has_target_rights| Event::PullRequest { is_fork, has_target_rights };
        assert_eq!(of(event(true, false), false, None), "reads");
        assert_eq!(of(event(true, false), true, None), "refused", "it can sign");
        assert_eq!(of(event(true, true), false, None), "refused", "pull_request_target");
        assert_eq!(of(event(false, false), true, None), "reads");
        assert_eq!(of(event(false, true), true, None), "reads");
        let own = Job { forge: Forge::GitLab, ..job(event(true, false), true) };
        assert!(matches!(Standing::of(Some(&own), None), Standing::ReadOnly { .. }), "a pipeline in the fork");
    }

    #[test]
    fn attack_a_workflow_that_follows_a_forks_builds_no_code_of_the_fork() {
        let fork = || Event::Workflow { is_fork: true };
        assert_eq!(of(fork(), true, Some("4f1c")), "trusted", "the default branch");
        assert_eq!(of(fork(), true, Some("beef")), "refused");
        assert_eq!(of(fork(), true, None), "refused", "nobody knows what");
        assert_eq!(of(Event::Workflow { is_fork: false }, true, Some("beef")), "trusted");
    }
}
