//! Why a job runs, and whose code it runs.

use serde_json::Value;

/// Why a job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody who may write to the repository did something: pushed, or started the job.
    Own,
    /// Something else: whose code runs is not known.
    Other,
    /// A pull request, or a merge request.
    PullRequest {
        /// Whether its code lies in another repository: anybody may have written it.
        is_fork: bool,
        /// Whether the job has the rights of the repository that it is asked to be merged into (`pull_request_target`).
        has_target_rights: bool,
    },
    /// Another workflow has ended. The job has the rights of the default branch, and begins with its code.
    Workflow {
        /// Whether the other one ran for code of another repository.
        is_fork: bool,
    },
}

impl Event {
    /// By the name and the document of GitHub's events ("Events that trigger workflows"), as Forgejo and Gitea have them too.
    pub(crate) fn of_github(name: &str, event: &Value) -> Self {
        // A fork that is gone has no repository any more.
        let is_fork = |head: &Value| {
            let name = |repository: &Value| repository["full_name"].as_str().map(str::to_lowercase);
            let (own, head) = (name(&event["repository"]), name(head));
            own.is_none() || head != own
        };
        let pull_request = &event["pull_request"];
        match name {
            "pull_request" => {
                Self::PullRequest { is_fork: is_fork(&pull_request["head"]["repo"]), has_target_rights: false }
            }
            "workflow_run" => Self::Workflow { is_fork: is_fork(&event["workflow_run"]["head_repository"]) },
            // Whatever else it is called: reviews, comments on code, labels.
            _ if !pull_request.is_null() || name.starts_with("pull_request") => {
                Self::PullRequest { is_fork: is_fork(&pull_request["head"]["repo"]), has_target_rights: true }
            }
            "push" | "workflow_dispatch" | "schedule" | "repository_dispatch" | "release" | "create" => Self::Own,
            // Comments are anybody's, and so may be what they ask for.
            _ if name.starts_with("issue") || name.starts_with("discussion") || ["fork", "watch"].contains(&name) => {
                Self::PullRequest { is_fork: true, has_target_rights: true }
            }
            _ => Self::Other,
        }
    }

    /// By GitLab's predefined variables.
    pub(crate) fn of_gitlab(get: &dyn Fn(&str) -> Option<String>) -> Self {
        // A child's pipeline has another source, and still the request's variables.
        let is_request =
            ["CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"].iter().any(|name| get(name).is_some());
        match get("CI_PIPELINE_SOURCE").as_deref() {
            Some("merge_request_event" | "external_pull_request_event") => Self::of_request(get),
            _ if is_request => Self::of_request(get),
            Some("push" | "web" | "schedule" | "api" | "trigger" | "pipeline" | "parent_pipeline") => Self::Own,
            _ => Self::Other,
        }
    }

    fn of_request(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let source = get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
        Self::PullRequest {
            is_fork: source.is_none() || source != get("CI_MERGE_REQUEST_PROJECT_ID"),
            // A pipeline in the parent project has its rights; one in the fork has another project.
            has_target_rights: get("CI_PROJECT_ID") == get("CI_MERGE_REQUEST_PROJECT_ID"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whose_code_a_pull_request_is() {
        let event =
            |head: Value| json!({ "repository": { "full_name": "o/r" }, "pull_request": { "head": { "repo": head } } });
        let fork = |name, head| match Event::of_github(name, &event(head)) {
            Event::PullRequest { is_fork, has_target_rights } => (is_fork, has_target_rights),
            other => panic!("{other:?}"),
        };
        assert_eq!(fork("pull_request", json!({ "full_name": "O/r" })), (false, false));
        assert_eq!(fork("pull_request", json!({ "full_name": "x/r" })), (true, false));
        assert_eq!(fork("pull_request_target", json!({ "full_name": "x/r" })), (true, true));
        // A fork that is gone, and an event that says nothing.
        assert_eq!(fork("pull_request", Value::Null), (true, false));
        assert_eq!(
            Event::of_github("pull_request", &Value::Null),
            Event::PullRequest { is_fork: true, has_target_rights: false }
        );
    }

    #[test]
    fn whose_code_another_workflow_ran() {
        let event = |head| json!({ "repository": { "full_name": "o/r" }, "workflow_run": { "head_repository": { "full_name": head } } });
        assert_eq!(Event::of_github("workflow_run", &event("o/r")), Event::Workflow { is_fork: false });
        assert_eq!(Event::of_github("workflow_run", &event("x/r")), Event::Workflow { is_fork: true });
        assert_eq!(Event::of_github("push", &Value::Null), Event::Own);
    }

    #[test]
    fn attack_an_event_that_nobody_knows_has_no_rights() {
        for name in ["", "merge_group", "something_new", "deployment"] {
            assert_eq!(Event::of_github(name, &Value::Null), Event::Other, "{name}");
        }
        let event = json!({ "repository": { "full_name": "o/r" }, "pull_request": { "head": { "repo": { "full_name": "x/r" } } } });
        for name in ["pull_request_review_approved", "push", "something_new"] {
            let expected = Event::PullRequest { is_fork: true, has_target_rights: true };
            assert_eq!(Event::of_github(name, &event), expected, "{name}");
        }
    }

    #[test]
    fn whose_code_a_merge_request_is() {
        let of = |source: &str, project: &str| {
            let variables = [
                ("CI_PIPELINE_SOURCE", "merge_request_event"),
                ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source),
                ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
                ("CI_PROJECT_ID", project),
            ];
            Event::of_gitlab(&|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name)?;
                Some(found.1.to_owned())
            })
        };
        assert_eq!(of("1", "1"), Event::PullRequest { is_fork: false, has_target_rights: true });
        assert_eq!(of("2", "1"), Event::PullRequest { is_fork: true, has_target_rights: true });
        assert_eq!(of("2", "2"), Event::PullRequest { is_fork: true, has_target_rights: false });
        let with = |variables: &'static [(&str, &str)]| {
            Event::of_gitlab(&move |name| Some(variables.iter().find(|(variable, _)| *variable == name)?.1.to_owned()))
        };
        assert_eq!(with(&[("CI_PIPELINE_SOURCE", "push")]), Event::Own);
        assert_eq!(with(&[]), Event::Other);
        let child = with(&[("CI_PIPELINE_SOURCE", "parent_pipeline"), ("CI_MERGE_REQUEST_IID", "1")]);
        assert_eq!(child, Event::PullRequest { is_fork: true, has_target_rights: true });
    }
}
