//! The job of a CI that a command is a part of. Its commands belong to one trace, whichever step runs them, and nobody passes anything
//! on: the trace's number is made of what the CI says of the job (doc/tracing.md).

use nix_seed_ci::Forge;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanId, TraceId};
use sha2::{Digest, Sha256};

/// What a CI says of a job.
#[derive(Debug, PartialEq)]
pub(super) struct Job {
    pub(super) trace: TraceId,
    /// The span that stands for the job. No command ends it: none knows when the job does.
    pub(super) span: SpanId,
    /// By OpenTelemetry's semantic conventions of CI/CD and VCS.
    pub(super) attributes: Vec<KeyValue>,
}

type Pairs = &'static [(&'static str, &'static str)];

/// How a CI tells its jobs about themselves.
struct Ci {
    name: &'static str,
    /// The variable that is `true` in each job, and the one without which a job is none.
    marks: [&'static str; 2],
    /// What together is of one job and no other, in the order in which it is hashed.
    identity: &'static [&'static str],
    /// Attributes, and the variable of each.
    attributes: Pairs,
}

/// The first whose mark is there counts.
const KNOWN: [Ci; 3] = [
    // Forgejo's and Gitea's runners set the same variables.
    Ci {
        name: "github",
        marks: ["GITHUB_ACTIONS", "GITHUB_RUN_ID"],
        identity: &[
            "GITHUB_SERVER_URL",
            "GITHUB_REPOSITORY",
            "GITHUB_RUN_ID",
            "GITHUB_RUN_ATTEMPT",
            "GITHUB_JOB",
            // Jobs of one matrix differ in nothing else: the second is of one job alone, and not to be seen in a container.
            "RUNNER_NAME",
            "RUNNER_TRACKING_ID",
        ],
        attributes: &[
            ("cicd.pipeline.name", "GITHUB_WORKFLOW"),
            ("cicd.pipeline.run.id", "GITHUB_RUN_ID"),
            ("cicd.pipeline.task.name", "GITHUB_JOB"),
            ("cicd.worker.name", "RUNNER_NAME"),
            ("vcs.owner.name", "GITHUB_REPOSITORY_OWNER"),
            ("vcs.ref.head.name", "GITHUB_REF_NAME"),
            ("vcs.ref.head.revision", "GITHUB_SHA"),
            ("vcs.ref.head.type", "GITHUB_REF_TYPE"),
        ],
    },
    Ci {
        name: "gitlab",
        marks: ["GITLAB_CI", "CI_JOB_ID"],
        identity: &["CI_SERVER_URL", "CI_PROJECT_ID", "CI_PIPELINE_ID", "CI_JOB_ID"],
        attributes: &[
            ("cicd.pipeline.name", "CI_PIPELINE_NAME"),
            ("cicd.pipeline.run.id", "CI_PIPELINE_ID"),
            ("cicd.pipeline.run.url.full", "CI_PIPELINE_URL"),
            ("cicd.pipeline.task.name", "CI_JOB_NAME"),
            ("cicd.pipeline.task.run.id", "CI_JOB_ID"),
            ("cicd.pipeline.task.run.url.full", "CI_JOB_URL"),
            ("cicd.worker.id", "CI_RUNNER_ID"),
            ("cicd.worker.name", "CI_RUNNER_DESCRIPTION"),
            ("vcs.owner.name", "CI_PROJECT_NAMESPACE"),
            ("vcs.ref.head.name", "CI_COMMIT_REF_NAME"),
            ("vcs.ref.head.revision", "CI_COMMIT_SHA"),
            ("vcs.repository.name", "CI_PROJECT_NAME"),
            ("vcs.repository.url.full", "CI_PROJECT_URL"),
        ],
    },
    // BUILDKITE_REPO is no attribute: it may hold a password.
    Ci {
        name: "buildkite",
        marks: ["BUILDKITE", "BUILDKITE_JOB_ID"],
        identity: &["BUILDKITE_BUILD_ID", "BUILDKITE_JOB_ID"],
        attributes: &[
            ("cicd.pipeline.name", "BUILDKITE_PIPELINE_NAME"),
            ("cicd.pipeline.run.id", "BUILDKITE_BUILD_ID"),
            ("cicd.pipeline.run.url.full", "BUILDKITE_BUILD_URL"),
            ("cicd.pipeline.task.name", "BUILDKITE_LABEL"),
            ("cicd.pipeline.task.run.id", "BUILDKITE_JOB_ID"),
            ("cicd.worker.id", "BUILDKITE_AGENT_ID"),
            ("cicd.worker.name", "BUILDKITE_AGENT_NAME"),
            ("vcs.ref.head.name", "BUILDKITE_BRANCH"),
            ("vcs.ref.head.revision", "BUILDKITE_COMMIT"),
        ],
    },
];

impl Job {
    /// The job that this process is a part of; none outside of a CI, and in one that is not known.
    pub(super) fn of_process() -> Option<Self> {
        Self::of(&|name| std::env::var(name).ok())
    }

    fn of(get: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let is_here = |ci: &&Ci| get(ci.marks[0]).as_deref() == Some("true") && get(ci.marks[1]).is_some();
        let ci = KNOWN.iter().find(is_here)?;
        // A line each, and an empty one for what is not there, as a shell's printf makes them.
        let lines = ci.identity.iter().map(|name| get(name).unwrap_or_default());
        let text: String = std::iter::once(ci.name.to_owned()).chain(lines).map(|line| line + "\n").collect();
        let hash: [u8; 32] = Sha256::digest(text).into();
        let (trace, rest) = hash.split_first_chunk()?;
        let mut attributes: Vec<_> = ci
            .attributes
            .iter()
            .filter_map(|(key, variable)| Some(KeyValue::new(*key, get(variable)?)))
            .chain(more(ci.name, &get))
            .collect();
        attributes.sort_by(|a, b| a.key.cmp(&b.key));
        Some(Self { trace: TraceId::from_bytes(*trace), span: SpanId::from_bytes(*rest.first_chunk()?), attributes })
    }
}

/// What no variable says by itself.
fn more(ci: &str, get: &dyn Fn(&str) -> Option<String>) -> Vec<KeyValue> {
    let mut found = Vec::new();
    match ci {
        "github" => {
            let provider = match Forge::of(get) {
                Some(Forge::Forgejo) => "forgejo",
                Some(Forge::Gitea) => "gitea",
                _ => "github",
            };
            found.push(KeyValue::new("vcs.provider.name", provider));
            if let (Some(server), Some(repository)) = (get("GITHUB_SERVER_URL"), get("GITHUB_REPOSITORY")) {
                let name = repository.rsplit('/').next().unwrap_or_default().to_owned();
                found.push(KeyValue::new("vcs.repository.name", name));
                let url = format!("{server}/{repository}");
                // The others number the runs of each repository in their addresses.
                if let (Some(run), "github") = (get("GITHUB_RUN_ID"), provider) {
                    found.push(KeyValue::new("cicd.pipeline.run.url.full", format!("{url}/actions/runs/{run}")));
                }
                found.push(KeyValue::new("vcs.repository.url.full", url));
            }
        }
        "gitlab" => {
            found.push(KeyValue::new("vcs.provider.name", "gitlab"));
            let kind = if get("CI_COMMIT_TAG").is_some() { "tag" } else { "branch" };
            found.push(KeyValue::new("vcs.ref.head.type", kind));
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITHUB: &[(&str, &str)] = &[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "owner/app"),
        ("GITHUB_RUN_ID", "4711"),
        ("GITHUB_RUN_ATTEMPT", "1"),
        ("GITHUB_JOB", "build"),
        ("RUNNER_NAME", "GitHub Actions 7"),
        ("RUNNER_TRACKING_ID", "github_1f3d9475-6c94-40ee-a160-8b3fd282c3a1"),
    ];
    const GITLAB: &[(&str, &str)] = &[
        ("GITLAB_CI", "true"),
        ("CI_SERVER_URL", "https://gitlab.com"),
        ("CI_PROJECT_ID", "278964"),
        ("CI_PIPELINE_ID", "42"),
        ("CI_JOB_ID", "9001"),
        ("CI_JOB_NAME", "build: [arm64]"),
        ("CI_REPOSITORY_URL", "https://gitlab-ci-token:s3cret@gitlab.com/owner/app.git"),
    ];
    const BUILDKITE: &[(&str, &str)] = &[
        ("BUILDKITE", "true"),
        ("BUILDKITE_BUILD_ID", "0190046e-e199-453b-a302-a21a4d649d31"),
        ("BUILDKITE_JOB_ID", "0190046e-e1a9-4a33-b2a6-3d9d9f8e1f2c"),
        ("BUILDKITE_REPO", "https://user:s3cret@git.example/app.git"),
    ];

    fn job(variables: &[(&str, &str)], others: &[(&str, &str)]) -> Option<Job> {
        Job::of(&|name| {
            let found = others.iter().chain(variables).find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn attribute(job: &Job, key: &str) -> Option<String> {
        job.attributes.iter().find(|pair| pair.key.as_str() == key).map(|pair| pair.value.to_string())
    }

    #[test]
    fn a_number_is_what_others_compute_of_the_same_text() {
        // printf '%s\n' github https://github.com owner/app 4711 1 build 'GitHub Actions 7' github_1f3d… | sha256sum
        for (variables, trace, span) in [
            (GITHUB, "94364fd9fc7f84662b80449eb4b974a5", "b6dd323a59363f06"),
            (GITLAB, "eef945b4ceefb849ffb783f726d7c8e4", "198be774c33a036a"),
            (BUILDKITE, "8ce12c2db6fa92955e1d6cda387b3360", "45c510e53645b530"),
        ] {
            let job = job(variables, &[]).unwrap();
            assert_eq!((job.trace.to_string(), job.span.to_string()), (trace.to_owned(), span.to_owned()));
        }
    }

    #[test]
    fn what_makes_another_job_makes_another_trace() {
        for (variables, others) in [(GITHUB, &GITHUB[1..]), (GITLAB, &GITLAB[1..5]), (BUILDKITE, &BUILDKITE[1..3])] {
            let one = job(variables, &[]).unwrap();
            for (name, _) in others {
                let other = job(variables, &[(name, "another")]).unwrap();
                assert!(other.trace != one.trace && other.span != one.span, "{name}");
            }
            // Another step of the same job.
            let step = job(variables, &[("GITHUB_ACTION", "__run_2"), ("GITHUB_STEP_SUMMARY", "/x")]).unwrap();
            assert_eq!((step.trace, step.span), (one.trace, one.span));
        }
    }

    #[test]
    fn a_job_without_what_tells_a_matrix_apart_is_one_all_the_same() {
        let less = [("RUNNER_NAME", ""), ("RUNNER_TRACKING_ID", ""), ("GITHUB_RUN_ATTEMPT", "")];
        assert_ne!(job(GITHUB, &less).unwrap().trace, job(GITHUB, &[]).unwrap().trace);
    }

    #[test]
    fn where_no_ci_says_which_job_there_is_none() {
        assert_eq!(job(&[("CI", "true"), ("GITHUB_RUN_ID", "4711"), ("CI_JOB_ID", "1")], &[]), None);
        for (variables, mark) in [(GITHUB, "GITHUB_RUN_ID"), (GITLAB, "CI_JOB_ID"), (BUILDKITE, "BUILDKITE_JOB_ID")] {
            assert_eq!(job(variables, &[(mark, "")]), None);
        }
        assert_eq!(job(GITHUB, &[("GITHUB_ACTIONS", "no")]), None);
    }

    #[test]
    fn attributes_are_those_of_the_conventions_and_hold_no_secret() {
        let github = job(GITHUB, &[("GITHUB_REF_TYPE", "branch"), ("GITHUB_SHA", "f00d")]).unwrap();
        for (key, value) in [
            ("cicd.pipeline.run.id", "4711"),
            ("cicd.pipeline.run.url.full", "https://github.com/owner/app/actions/runs/4711"),
            ("cicd.pipeline.task.name", "build"),
            ("cicd.worker.name", "GitHub Actions 7"),
            ("vcs.provider.name", "github"),
            ("vcs.ref.head.revision", "f00d"),
            ("vcs.repository.name", "app"),
            ("vcs.repository.url.full", "https://github.com/owner/app"),
        ] {
            assert_eq!(attribute(&github, key).as_deref(), Some(value), "{key}");
        }
        assert_eq!(attribute(&github, "cicd.pipeline.name"), None);
        for (mark, provider) in [("FORGEJO_ACTIONS", "forgejo"), ("GITEA_ACTIONS", "gitea")] {
            let job = job(GITHUB, &[(mark, "true")]).unwrap();
            assert_eq!(attribute(&job, "vcs.provider.name").as_deref(), Some(provider));
            assert_eq!(attribute(&job, "cicd.pipeline.run.url.full"), None);
            // The same variables name the same job.
            assert_eq!(job.trace, github.trace);
        }
        let gitlab = job(GITLAB, &[("CI_COMMIT_TAG", "v1")]).unwrap();
        assert_eq!(attribute(&gitlab, "vcs.ref.head.type").as_deref(), Some("tag"));
        assert_eq!(attribute(&gitlab, "cicd.pipeline.task.name").as_deref(), Some("build: [arm64]"));
        for job in [gitlab, job(BUILDKITE, &[]).unwrap()] {
            assert!(job.attributes.iter().all(|pair| !pair.value.to_string().contains("s3cret")));
        }
    }
}
