//! What the tokens of the test issuer say, where a test does not say otherwise.

use serde_json::{Map, Value, json};

/// Who gives a token: Fulcio reads those of each in another way (its `docs/oidc.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person. The certificate's subject is the `email`.
    Email,
    /// A GitHub workflow. The subject is made of the `job_workflow_ref`.
    GitHub,
    /// A GitLab pipeline. The subject is made of the `ci_config_ref_uri`.
    GitLab,
    /// A Buildkite job. The subject is made of `organization_slug` and `pipeline_slug`.
    Buildkite,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Email, Self::GitHub, Self::GitLab, Self::Buildkite];

    /// The issuer's folder.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Buildkite => "buildkite",
        }
    }

    /// The certificate's subject for a token with [`Self::claims`].
    pub fn subject(self) -> &'static str {
        match self {
            Self::Email => "builder@example.org",
            Self::GitHub => "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main",
            Self::GitLab => "https://gitlab.com/owner/app//.gitlab-ci.yml@refs/heads/main",
            Self::Buildkite => "https://buildkite.com/owner/app",
        }
    }

    /// What a token of this kind says; all that Fulcio asks for among it.
    pub fn claims(self) -> Value {
        match self {
            Self::Email => json!({
                "sub": "1234567890",
                "email": "builder@example.org",
                "email_verified": true,
            }),
            Self::GitHub => json!({
                "sub": "repo:owner/app:ref:refs/heads/main",
                "repository": "owner/app",
                "repository_id": "1001",
                "repository_owner": "owner",
                "repository_owner_id": "2002",
                "repository_visibility": "public",
                "ref": REFERENCE,
                "sha": COMMIT,
                "event_name": "push",
                "workflow": "build",
                "workflow_ref": format!("owner/app/.github/workflows/build.yaml@{REFERENCE}"),
                "workflow_sha": COMMIT,
                "job_workflow_ref": format!("owner/app/.github/workflows/build.yaml@{REFERENCE}"),
                "job_workflow_sha": COMMIT,
                "runner_environment": "github-hosted",
                "run_id": "3003",
                "run_attempt": "1",
            }),
            Self::GitLab => json!({
                "sub": "project_path:owner/app:ref_type:branch:ref:main",
                "project_path": "owner/app",
                "project_id": "1001",
                "project_visibility": "public",
                "namespace_path": "owner",
                "namespace_id": "2002",
                "pipeline_source": "push",
                "pipeline_id": "3003",
                "ci_config_ref_uri": format!("gitlab.com/owner/app//.gitlab-ci.yml@{REFERENCE}"),
                "ci_config_sha": COMMIT,
                "job_id": "4004",
                "ref": "main",
                "ref_type": "branch",
                "sha": COMMIT,
                "runner_environment": "gitlab-hosted",
                "runner_id": 5005,
            }),
            Self::Buildkite => json!({
                "sub": format!("organization:owner:pipeline:app:ref:{REFERENCE}:commit:{COMMIT}:step:build"),
                "organization_slug": "owner",
                "pipeline_slug": "app",
                "build_number": 1,
                "build_branch": "main",
                "build_commit": COMMIT,
                "step_key": "build",
                "job_id": "0184990a-477b-4fa8-9968-496074483cee",
                "agent_id": "0184990a-4782-42b5-afc1-16715b10b8ff",
            }),
        }
    }

    /// [`Self::claims`], with others in their place; what is null is left out.
    pub(super) fn with(self, others: &Value) -> Value {
        let mut claims: Map<String, Value> = self.claims().as_object().cloned().unwrap_or_default();
        for (name, value) in others.as_object().into_iter().flatten() {
            match value {
                Value::Null => claims.remove(name),
                value => claims.insert(name.clone(), value.clone()),
            };
        }
        Value::Object(claims)
    }
}

const REFERENCE: &str = "refs/heads/main";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_replaced_added_and_left_out() {
        let claims = Kind::Email.with(&json!({ "email": "other@example.org", "exp": 7, "sub": null }));
        assert_eq!(claims, json!({ "email": "other@example.org", "email_verified": true, "exp": 7 }));
    }
}
