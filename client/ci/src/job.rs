//! The job that this runs in, as its CI describes it.

use serde_json::Value;

use crate::Event;

/// What runs the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forge {
    /// GitHub Actions.
    GitHub,
    /// Forgejo Actions, whose variables are GitHub's.
    Forgejo,
    /// Gitea Actions, whose variables are GitHub's.
    Gitea,
    /// GitLab CI.
    GitLab,
}

impl Forge {
    /// What runs this job, by its variables (`get`).
    pub fn of(get: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let is = |name: &str| get(name).is_some_and(|value| value == "true");
        // Forgejo calls itself Gitea and GitHub, too, and Gitea GitHub.
        match () {
            () if is("FORGEJO_ACTIONS") => Some(Self::Forgejo),
            () if is("GITEA_ACTIONS") => Some(Self::Gitea),
            () if is("GITHUB_ACTIONS") => Some(Self::GitHub),
            () if is("GITLAB_CI") => Some(Self::GitLab),
            () => None,
        }
    }
}

/// A job of a CI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What runs it.
    pub forge: Forge,
    /// Why it runs.
    pub event: Event,
    /// The forge's address, without a slash at its end: `https://github.com`.
    pub server: String,
    /// The repository's path there: `owner/app`.
    pub repository: String,
    /// The commit that the job is for.
    pub commit: Option<String>,
    /// The branch that it runs on; none for a tag or a pull request.
    pub branch: Option<String>,
    /// The repository's main branch, where that is said.
    pub default_branch: Option<String>,
    /// Whether the job can ask for a token that says who it is.
    pub has_identity: bool,
    /// As whom it would sign, as far as variables say: the certificate's subject of the workflow that was started. One that it calls signs as
    /// itself, which the token says.
    pub subject: Option<String>,
    /// GitLab's registry of the project.
    pub registry: Option<String>,
}

impl Job {
    /// Reads it from variables (`get`) and, of those that have one, the event's document. None where nothing says that this is a job.
    pub fn read(get: &dyn Fn(&str) -> Option<String>, event: &Value) -> Option<Self> {
        // An empty variable is one that is not there.
        let get = &|name: &str| get(name).filter(|value| !value.is_empty());
        let forge = Forge::of(get)?;
        if forge == Forge::GitLab {
            return Self::of_gitlab(get);
        }
        let event_name = get("GITHUB_EVENT_NAME").unwrap_or_default();
        let branch = get("GITHUB_REF").and_then(|name| Some(name.strip_prefix("refs/heads/")?.to_owned()));
        // A schedule is of the main branch, and its document names no repository (docs.github.com, "Events that trigger workflows").
        let scheduled = branch.clone().filter(|_| event_name == "schedule");
        Some(Self {
            forge,
            event: Event::of_github(&event_name, event),
            server: get("GITHUB_SERVER_URL")?.trim_end_matches('/').to_owned(),
            repository: get("GITHUB_REPOSITORY")?,
            commit: get("GITHUB_SHA"),
            branch,
            default_branch: event["repository"]["default_branch"].as_str().map(ToOwned::to_owned).or(scheduled),
            has_identity: get("ACTIONS_ID_TOKEN_REQUEST_URL").is_some() || get("SIGSTORE_ID_TOKEN").is_some(),
            subject: get("GITHUB_WORKFLOW_REF")
                .and_then(|workflow| Some(format!("{}/{workflow}", get("GITHUB_SERVER_URL")?))),
            registry: None,
        })
    }

    fn of_gitlab(get: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self {
            forge: Forge::GitLab,
            event: Event::of_gitlab(get),
            server: get("CI_SERVER_URL")?.trim_end_matches('/').to_owned(),
            repository: get("CI_PROJECT_PATH")?,
            commit: get("CI_COMMIT_SHA"),
            branch: get("CI_COMMIT_BRANCH"),
            default_branch: get("CI_DEFAULT_BRANCH"),
            has_identity: get("SIGSTORE_ID_TOKEN").is_some(),
            subject: None,
            registry: get("CI_REGISTRY_IMAGE"),
        })
    }

    /// The forge's host, with a port where it has one.
    pub(crate) fn host(&self) -> &str {
        self.server.split_once("://").map_or(&*self.server, |(_, host)| host)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(variables: &[(&str, &str)], event: &Value) -> Option<Job> {
        let get = |name: &str| Some(variables.iter().find(|(variable, _)| *variable == name)?.1.to_owned());
        Job::read(&get, event)
    }

    const GITHUB: [(&str, &str); 6] = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "owner/app"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/feature/a"),
        ("GITHUB_SHA", "4f1c"),
    ];

    #[test]
    fn a_job_of_github_is_read_from_variables_and_event() {
        let job = read(&GITHUB, &json!({ "repository": { "default_branch": "trunk" } })).unwrap();
        assert_eq!((job.forge, job.event.clone(), job.host()), (Forge::GitHub, Event::Own, "github.com"));
        assert_eq!((job.branch.as_deref(), job.default_branch.as_deref()), (Some("feature/a"), Some("trunk")));
        assert!(!job.has_identity);
        let with = |more| read(&[&GITHUB[..], &[more]].concat(), &Value::Null).unwrap();
        assert!(with(("ACTIONS_ID_TOKEN_REQUEST_URL", "https://x")).has_identity);
        assert!(!with(("ACTIONS_ID_TOKEN_REQUEST_URL", "")).has_identity);
        assert_eq!(with(("GITEA_ACTIONS", "true")).forge, Forge::Gitea);
        assert_eq!(with(("FORGEJO_ACTIONS", "true")).forge, Forge::Forgejo);
    }

    #[test]
    fn a_schedule_is_of_the_main_branch() {
        let mut variables = GITHUB;
        variables[3].1 = "schedule";
        variables[4].1 = "refs/heads/trunk";
        let job = read(&variables, &json!({ "schedule": "0 4 * * *" })).unwrap();
        assert_eq!(job.default_branch.as_deref(), Some("trunk"));
        variables[3].1 = "push";
        assert_eq!(read(&variables, &Value::Null).unwrap().default_branch, None);
    }

    #[test]
    fn a_pull_request_and_a_tag_are_no_branch() {
        for name in ["refs/pull/1/merge", "refs/tags/v1", "main"] {
            let mut variables = GITHUB;
            variables[4].1 = name;
            assert_eq!(read(&variables, &Value::Null).unwrap().branch, None, "{name}");
        }
    }

    #[test]
    fn a_job_of_gitlab_is_read_from_variables() {
        let variables = [
            ("GITLAB_CI", "true"),
            ("CI_SERVER_URL", "https://gitlab.com/"),
            ("CI_PROJECT_PATH", "group/sub/app"),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_REGISTRY_IMAGE", "registry.gitlab.com/group/sub/app"),
            ("SIGSTORE_ID_TOKEN", "x"),
        ];
        let job = read(&variables, &Value::Null).unwrap();
        assert_eq!(
            (job.forge, &*job.server, job.branch.as_deref()),
            (Forge::GitLab, "https://gitlab.com", Some("main"))
        );
        assert!(job.has_identity);
    }

    #[test]
    fn no_job_is_none() {
        assert_eq!(read(&[], &Value::Null), None);
        assert_eq!(read(&[("CI", "true")], &Value::Null), None);
        // It says that it is one, and nothing more.
        assert_eq!(read(&GITHUB[..1], &Value::Null), None);
    }
}
