//! A `seedCfg`: the input is the JSON of its normal form.

use nix_seed_cfg::{Builder, Cfg, Level};
use nix_seed_trust::Policy;
use serde_json::Value;

use crate::bundle::POLICY;

/// Who is meant by nobody: as GitHub, GitLab and Buildkite call their jobs, and a person.
const STRANGERS: [&str; 5] = [
    "",
    "https://github.com/stranger/app/.github/workflows/build.yaml@refs/heads/main",
    "https://gitlab.com/stranger/app//.gitlab-ci.yml@refs/heads/main",
    "https://buildkite.com/stranger/app",
    "me@stranger.example",
];

/// A configuration with a trusted root and services of its own.
pub fn honest() -> Vec<u8> {
    POLICY.to_vec()
}

/// What is accepted says what anybody reads in it, no field more and none less, and can be decided by.
pub fn run(data: &[u8]) -> bool {
    let Ok(cfg) = Cfg::from_json(data) else { return false };
    assert_eq!(serde_json::from_slice::<Value>(data).unwrap(), serde_json::to_value(&cfg).unwrap());
    assert_eq!(Cfg::from_json(&serde_json::to_vec_pretty(&cfg).unwrap()).unwrap(), cfg);

    let is_somebody = |builder: &Builder| !builder.keys.is_empty() || builder.issuer.is_some();
    assert!(!cfg.builders.is_empty() && cfg.builders.values().all(is_somebody));
    assert!(cfg.builders.values().all(|builder| builder.issuer.is_some() != builder.subjects.is_empty()));
    // No pattern means somebody whom it does not name.
    let subjects = cfg.builders.values().flat_map(|builder| &builder.subjects);
    for pattern in subjects.filter(|pattern| !pattern.as_str().contains("stranger")) {
        assert!(!STRANGERS.iter().any(|stranger| pattern.matches(stranger)), "{pattern}");
    }
    let levels = cfg.outputs.values().map(|output| output.level).chain([cfg.level]);
    if levels.max() > Some(Level::One) {
        let quorum = cfg.quorum.as_ref().unwrap();
        assert!(2 * quorum.n > quorum.m && quorum.n <= quorum.m && quorum.m == cfg.builders.len() as u64);
    }
    // A key that is too weak to be believed is a refusal, here or there.
    if let Ok(policy) = Policy::of(&cfg) {
        assert_eq!(policy.builders.len(), cfg.builders.len());
        assert_eq!(policy.keys().len(), cfg.builders.values().map(|builder| builder.keys.len()).sum::<usize>());
    }
    true
}
