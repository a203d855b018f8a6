//! How a release was built: by which Nix, and in this run.

mod machine;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use nix_seed_ci::Forge;
use nix_seed_statement::provenance::{
    BUILD_TYPE, BuildDefinition, Builder, Byproduct, Dependency, Metadata, NixSettings, Parameters, Provenance,
    ProvenanceStatement, RunDetails, Settings,
};
use nix_seed_statement::release::{Release, ReleaseStatement};
use nix_seed_store::Sha256Hash;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Variables that builds get from outside, each with what it holds (nix.conf(5)).
const IMPURE_ENV: &str = "impure-env";

/// How a release was built.
pub(crate) struct Built {
    pub(crate) nix: NixSettings,
    /// When that began, where somebody knows.
    pub(crate) began: Option<SystemTime>,
}

/// What Nix says of its settings where it builds results, as the seed's helper writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    version: String,
    settings: BTreeMap<String, Value>,
}

impl Built {
    /// By this machine's Nix.
    pub(crate) fn by_this_machine(began: Option<SystemTime>) -> Result<Self, Error> {
        let (version, settings) = machine::settings()?;
        Self::of(version, settings, began).map_err(|why| Error::Nix { command: machine::SHOW, why })
    }

    /// By a seed's Nix, as it said then.
    pub(crate) fn told(json: &[u8], at: &Path, began: Option<SystemTime>) -> Result<Self, Error> {
        let wrong = |why: String| Error::Statement { path: at.into(), why };
        let Told { version, settings } = serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        Self::of(version, settings, began).map_err(wrong)
    }

    fn of(version: String, mut settings: BTreeMap<String, Value>, began: Option<SystemTime>) -> Result<Self, String> {
        let mut take = |name: &str| settings.remove(name).ok_or_else(|| format!("it says nothing of {name}"));
        let is_true = |value: Value| value.as_bool().ok_or_else(|| format!("{value} is neither true nor false"));
        let sandbox = text(&take("sandbox")?);
        let sandbox_fallback = is_true(take("sandbox-fallback")?)?;
        let substituters = match (is_true(take("substitute")?)?, take("substituters")?) {
            (false, _) => Vec::new(),
            (true, value) => serde_json::from_value(value).map_err(|error| error.to_string())?,
        };
        let other = settings.into_iter().map(|(name, value)| {
            let told = if name == IMPURE_ENV { names(&value) } else { text(&value) };
            (name, told)
        });
        let other = other.collect();
        Ok(Self { nix: NixSettings { version, sandbox, sandbox_fallback, substituters, other }, began })
    }
}

/// The names of variables: what they hold may be secret, and a log is for ever.
fn names(value: &Value) -> String {
    match value {
        Value::Object(all) => all.keys().cloned().collect::<Vec<_>>().join(" "),
        other => {
            let text = text(other);
            let names = text.split_whitespace().filter_map(|item| item.split('=').next());
            names.collect::<Vec<_>>().join(" ")
        }
    }
}

/// A setting as a text: of a list, its words.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// The provenance of a release that was built in this run.
pub(crate) fn of(statement: &ReleaseStatement, bytes: &[u8], built: Built) -> Result<Vec<u8>, Error> {
    let release = statement.release();
    let provenance = Provenance {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.into(),
            external_parameters: Parameters {
                source: release.source.uri.clone(),
                commit: release.source.commit.clone(),
                system: release.system.clone(),
                outputs: release.outputs.iter().map(|output| output.attribute.clone()).collect(),
            },
            internal_parameters: Settings { nix: built.nix },
            resolved_dependencies: dependencies(release),
        },
        run_details: RunDetails {
            builder: Builder {
                id: builder_id(),
                version: [("nix-seed".into(), env!("CARGO_PKG_VERSION").into())].into(),
            },
            metadata: Metadata {
                invocation_id: invocation(),
                started_on: built.began.map(rfc3339),
                finished_on: rfc3339(SystemTime::now()),
            },
            byproducts: vec![Byproduct::release(Sha256Hash(Sha256::digest(bytes).into()))],
        },
    };
    let statement = ProvenanceStatement { subjects: statement.subjects().to_vec(), provenance };
    statement.to_bytes().map_err(|error| Error::Statement { path: "the provenance".into(), why: error.to_string() })
}

fn dependencies(release: &Release) -> Vec<Dependency> {
    let digest = |pairs: Vec<(&str, String)>| pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let source = &release.source;
    let mut all = vec![Dependency {
        name: "source".into(),
        uri: Some(source.uri.clone()),
        digest: digest(vec![("gitCommit", source.commit.clone()), ("sha256", source.nar_hash.hex())]),
    }];
    all.extend(release.seed.map(|seed| Dependency {
        name: "seed".into(),
        uri: None,
        digest: digest(vec![("sha256", seed.sha256.hex())]),
    }));
    all.extend(release.inputs.iter().map(|input| {
        let mut digests = vec![("sha256", input.nar_hash.hex())];
        digests.extend(input.rev.clone().map(|rev| ("gitCommit", rev)));
        Dependency { name: format!("input {}", input.name), uri: None, digest: digest(digests) }
    }));
    all
}

/// The platform, as a URI: doc/provenance.md lists them.
fn builder_id() -> String {
    let id = match Forge::of(&variable) {
        Some(Forge::GitHub) if variable("RUNNER_ENVIRONMENT").as_deref() == Some("github-hosted") => {
            "https://github.com/actions/runner/github-hosted"
        }
        Some(Forge::GitHub) => "https://github.com/actions/runner/self-hosted",
        Some(Forge::Forgejo) => "https://code.forgejo.org/forgejo/runner",
        Some(Forge::Gitea) => "https://gitea.com/gitea/act_runner",
        Some(Forge::GitLab) => "https://gitlab.com/gitlab-org/gitlab-runner",
        None if variable("BUILDKITE").is_some() => "https://buildkite.com/agent",
        None => "https://0compute.github.io/nix-seed/builder/other",
    };
    id.into()
}

/// The run, as the CI calls it.
fn invocation() -> Option<String> {
    let runs = || Some(format!("{}/{}/actions/runs", variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?));
    match Forge::of(&variable) {
        Some(Forge::GitHub) => {
            let attempt = variable("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".into());
            Some(format!("{}/{}/attempts/{attempt}", runs()?, variable("GITHUB_RUN_ID")?))
        }
        // They number the runs of each repository in their addresses.
        Some(Forge::Forgejo | Forge::Gitea) => Some(format!("{}/{}", runs()?, variable("GITHUB_RUN_NUMBER")?)),
        Some(Forge::GitLab) => variable("CI_JOB_URL"),
        None => variable("BUILDKITE_BUILD_URL"),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `2026-11-30T03:15:08Z`
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    jiff::Timestamp::from_second(since.try_into().unwrap_or(i64::MAX)).map(|time| time.to_string()).unwrap_or_default()
}

/// A time that has been, as [`rfc3339`] writes it.
pub(crate) fn time(text: &str) -> Result<SystemTime, String> {
    let time = text.parse::<jiff::Timestamp>().map_err(|_| "write it as 2026-11-30T03:15:08Z".to_owned())?;
    let time = SystemTime::from(time);
    if time > SystemTime::now() || time < UNIX_EPOCH {
        return Err("nothing has begun then: it is not yet, or before 1970".into());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_a_variable_of_a_build_goes_into_no_log() {
        for impure in [serde_json::json!({ "TOKEN": "s3cret", "B": "x" }), "B=x TOKEN=s3cret".into()] {
            let mut settings: BTreeMap<String, Value> = [
                ("sandbox", true.into()),
                ("sandbox-fallback", false.into()),
                ("substitute", false.into()),
                ("substituters", serde_json::json!([])),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
            settings.insert(IMPURE_ENV.into(), impure);
            let built = Built::of("2.26.3".into(), settings, None).unwrap();
            assert_eq!(built.nix.other[IMPURE_ENV], "B TOKEN");
        }
    }

    #[test]
    fn nothing_begins_later_than_now() {
        assert_eq!(rfc3339(time("2026-11-30T03:15:08Z").unwrap()), "2026-11-30T03:15:08Z");
        for wrong in ["9999-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "yesterday", ""] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
