//! Whom to believe where the flake says nothing: the workflows of its own repository, on its main branch.

use serde_json::{Value, json};

use crate::{Forge, Job};

/// Why there is no such policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the flake has no seedCfg, and whom else to believe is not known here: {why}; say so in the flake: doc/seed-cfg.md"
)]
pub struct NoPolicy {
    why: String,
}

/// Nix' default.
const SUBSTITUTER: &str = "https://cache.nixos.org/";

/// Whose tokens the public-good certificate authority knows, and what they say of a job's workflow file
/// (Fulcio, docs/oidc.md: the certificate's subject is `job_workflow_ref`, and `ci_config_ref_uri`).
fn identity(job: &Job, branch: &str) -> Option<(&'static str, String)> {
    let at = format!("{}/{}", job.server, job.repository);
    match (job.forge, &*job.server) {
        (Forge::GitHub, "https://github.com") => Some((
            "https://token.actions.githubusercontent.com",
            format!("{at}/.github/workflows/*@refs/heads/{branch}"),
        )),
        (Forge::GitLab, "https://gitlab.com") => {
            Some(("https://gitlab.com", format!("{at}//.gitlab-ci.yml@refs/heads/{branch}")))
        }
        _ => None,
    }
}

/// The policy of a job's repository at level 1, in the normal form of `seedCfg`.
pub fn default_policy(job: Option<&Job>, registry: &str) -> Result<Value, NoPolicy> {
    let no = |why: &str| NoPolicy { why: why.into() };
    let job = job.ok_or_else(|| no("this is no job of a CI"))?;
    let branch = job.default_branch.as_ref().ok_or_else(|| no("the job's event does not name the main branch"))?;
    let (issuer, subject) = identity(job, branch).ok_or_else(|| {
        no(&format!(
            "Sigstore's public-good certificate authority knows no jobs of {}, so a key or another authority signs",
            job.server
        ))
    })?;
    let name = if job.forge == Forge::GitHub { "github" } else { "gitlab" };
    Ok(json!({
        "version": 1,
        "level": 1,
        "source": source(job),
        "registry": registry,
        "builders": { name: {
            "issuer": issuer, "subjects": [subject],
            "keys": [], "signer": null, "parent": null, "jurisdictions": [], "infrastructure": null,
        } },
        "trustedRoot": null,
        "logs": null,
        "services": { "fulcio": null, "rekor": null, "rekorVersion": null, "timestamp": null },
        "freshness": { "maxAge": null },
        // A seed is made of what nixpkgs' own cache has; results are built without any.
        "build": { "sandbox": true, "substituters": [SUBSTITUTER] },
        "outputs": {},
        "quorum": null,
        "contract": null,
    }))
}

/// The repository, as a source is written.
fn source(job: &Job) -> String {
    format!("git+{}/{}", job.server, job.repository)
}

/// Where seeds and statements go where nobody says: the forge's own registry. None where it is not known.
pub fn default_registry(job: Option<&Job>) -> Option<String> {
    let job = job?;
    // A registry takes small letters alone.
    let repository = job.repository.to_lowercase();
    match job.forge {
        Forge::GitHub if job.host() == "github.com" => Some(format!("ghcr.io/{repository}-seed")),
        Forge::GitHub => None,
        Forge::Forgejo | Forge::Gitea => Some(format!("{}/{repository}-seed", job.host())),
        Forge::GitLab => job.registry.as_ref().map(|registry| format!("{registry}/seed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    fn job(forge: Forge, server: &str) -> Job {
        Job {
            forge,
            event: Event::Own,
            server: server.into(),
            repository: "Owner/App".into(),
            commit: None,
            branch: None,
            default_branch: Some("main".into()),
            has_identity: true,
            subject: None,
            registry: Some("registry.gitlab.com/owner/app".into()),
        }
    }

    #[test]
    fn a_repository_on_github_believes_its_own_workflows_on_its_main_branch() {
        let job = job(Forge::GitHub, "https://github.com");
        let registry = default_registry(Some(&job)).unwrap();
        assert_eq!(registry, "ghcr.io/owner/app-seed");
        let policy = default_policy(Some(&job), &registry).unwrap();
        assert_eq!(policy["source"], "git+https://github.com/Owner/App");
        let subject = "https://github.com/Owner/App/.github/workflows/*@refs/heads/main";
        assert_eq!(policy["builders"]["github"]["subjects"], json!([subject]));
    }

    #[test]
    fn a_project_on_gitlab_believes_its_own_pipeline() {
        let job = job(Forge::GitLab, "https://gitlab.com");
        assert_eq!(default_registry(Some(&job)).unwrap(), "registry.gitlab.com/owner/app/seed");
        let policy = default_policy(Some(&job), "x/y").unwrap();
        let subject = "https://gitlab.com/Owner/App//.gitlab-ci.yml@refs/heads/main";
        assert_eq!(policy["builders"]["gitlab"]["subjects"], json!([subject]));
    }

    #[test]
    fn who_is_not_known_to_the_public_is_asked_for() {
        let of = |job: Option<&Job>| default_policy(job, "x/y").unwrap_err().to_string();
        assert!(of(None).contains("no job"));
        assert!(of(Some(&job(Forge::Forgejo, "https://code.example.org"))).contains("code.example.org"));
        assert!(of(Some(&job(Forge::GitHub, "https://github.example.org"))).contains("github.example.org"));
        let nameless = Job { default_branch: None, ..job(Forge::GitHub, "https://github.com") };
        assert!(of(Some(&nameless)).contains("main branch"));
        assert_eq!(
            default_registry(Some(&job(Forge::Gitea, "https://code.example.org:3000"))).unwrap(),
            "code.example.org:3000/owner/app-seed"
        );
        assert_eq!(default_registry(Some(&job(Forge::GitHub, "https://github.example.org"))), None);
    }
}
