//! What an identity signs is believed, also after a log was down.

use super::*;

#[test]
fn a_workflow_signs_and_is_believed() {
    let ground = Ground::open(only_v2());
    ground.refused("no-statement", &[]);
    let said = ground.attest_as(Kind::GitHub, &json!({}));
    succeeded(&said);
    assert!(said.out.contains("release: sha256:") && said.out.contains("provenance: sha256:"), "{}", said.out);
    let token = fs::read_to_string(ground.at("token")).unwrap();
    for part in token.split('.') {
        assert!(!said.out.contains(part) && !said.err.contains(part), "a part of the token is shown: {}", said.err);
    }

    let said = ground.verify(&["--json", "--commit", COMMIT, "--system", SYSTEM]);
    let found = said.json();
    let found = &found["verify"];
    assert_eq!((&found["verdict"], &found["level"]), (&json!("believed"), &json!(1)), "{found}");
    assert_eq!(found["release"]["source"]["commit"], COMMIT);
    let builder = &found["builders"][0];
    assert_eq!(builder["name"], "github");
    assert_eq!(builder["release"]["signer"]["subject"], Kind::GitHub.subject());
    assert_eq!(builder["release"]["logs"][0]["log"], ground.log().url());
    let said = ground.verify(&[]);
    succeeded(&said);
    assert!(said.out.contains("level 1 holds") && said.out.contains("sandbox"), "{}", said.out);

    // The bundles alone do it, too, with no registry: nothing listens there any more.
    let layout = ground.seed.dir.display().to_string();
    let bundles = ["--bundle", "bundles/release.sigstore.json", "--bundle", "bundles/provenance.sigstore.json"];
    let (publisher, home) = (&ground.publisher, ground.publisher.home().to_owned());
    drop(ground.registry);
    let mut offline = publisher.command(&[&["verify", &layout, "--policy", "policy.json"], &bundles[..]].concat());
    process::output(offline.current_dir(home)).unwrap();
}

#[test]
fn all_services_at_once_and_signing_again_changes_no_decision() {
    let ground = Ground::open(Options::default());
    let services = |name: &str| ground.stack.logs().filter(|log| format!("v{}", log.version()) == name).count();
    assert!(services("v1") > 0 && services("v2") > 0);
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let found = ground.verify(&["--json"]).json();
    assert_eq!(found["verify"]["builders"].as_array().unwrap().len(), 1, "{found}");
}

#[test]
fn a_log_that_is_down_loses_nothing() {
    let ground = Ground::open(only_v2());
    ground.log().stop();
    let said = ground.attest_as(Kind::GitHub, &json!({}));
    assert_eq!(said.code, Some(21), "{}", said.err);
    assert!(said.err.contains("attest --resume"), "{}", said.err);
    let waiting = || fs::read_dir(ground.at("state/nix-seed/pending")).map_or(0, Iterator::count);
    assert_eq!(waiting(), 1);
    // Nothing is called verified meanwhile.
    ground.refused("no-statement", &[]);
    let resume = || ground.say(BUILDER, &["attest", "--resume", "--policy", "policy.json"]);
    assert_eq!(resume().code, Some(21));
    assert_eq!(waiting(), 1);
    ground.log().start().unwrap();
    succeeded(&resume());
    assert_eq!(waiting(), 0);
    succeeded(&ground.verify(&[]));
}
