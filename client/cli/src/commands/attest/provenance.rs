//! How a release was built: by which Nix, and in this run.

mod machine;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

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
        let other = settings.into_iter().map(|(name, value)| (name, text(&value))).collect();
        Ok(Self { nix: NixSettings { version, sandbox, sandbox_fallback, substituters, other }, began })
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
    let is = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // Forgejo and Gitea say that they are GitHub, too.
    let id = if is("FORGEJO_ACTIONS") {
        "https://code.forgejo.org/forgejo/runner"
    } else if is("GITEA_ACTIONS") {
        "https://gitea.com/gitea/act_runner"
    } else if is("GITHUB_ACTIONS") {
        match std::env::var("RUNNER_ENVIRONMENT").as_deref() {
            Ok("github-hosted") => "https://github.com/actions/runner/github-hosted",
            _ => "https://github.com/actions/runner/self-hosted",
        }
    } else if is("GITLAB_CI") {
        "https://gitlab.com/gitlab-org/gitlab-runner"
    } else if is("BUILDKITE") {
        "https://buildkite.com/agent"
    } else {
        "https://0compute.github.io/nix-seed/builder/other"
    };
    id.into()
}

/// The run, as the CI calls it.
fn invocation() -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let (Some(server), Some(repository), Some(run)) =
        (variable("GITHUB_SERVER_URL"), variable("GITHUB_REPOSITORY"), variable("GITHUB_RUN_ID"))
    {
        let attempt = variable("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".into());
        return Some(format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}"));
    }
    variable("CI_JOB_URL").or_else(|| variable("BUILDKITE_BUILD_URL"))
}

/// `2026-11-30T03:15:08Z`
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    jiff::Timestamp::from_second(since.try_into().unwrap_or(i64::MAX)).map(|time| time.to_string()).unwrap_or_default()
}

/// A time as [`rfc3339`] writes it.
pub(crate) fn time(text: &str) -> Result<SystemTime, String> {
    text.parse::<jiff::Timestamp>().map(SystemTime::from).map_err(|_| "write it as 2026-11-30T03:15:08Z".into())
}
