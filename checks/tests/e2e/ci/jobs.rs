//! Jobs, as pushes and pull requests start them.

use std::collections::BTreeSet;

use super::*;

/// A quickstart's first day: no seed yet, then a seed, then a build in it; then a dependency changes.
#[test]
fn from_no_seed_to_attested_builds_and_through_a_changed_dependency() {
    let forge = Forge::open();
    let runner = runner(&forge);

    // Nobody has made a seed: the job makes one for itself, and signs nothing.
    let first = forge.run(&runner, "build", |_| ());
    succeeded(&first);
    assert_eq!(output(&first, BUILD, "how"), "built");
    assert_eq!(output(&first, BUILD, "attested"), "false");
    assert!(first.summary.contains("names no seed for x86"), "{}", first.summary);

    let made = forge.run(&runner, "seed", |_| ());
    succeeded(&made);
    assert!(made.summary.contains("signed, logged and attached"), "{}", made.summary);
    let built_from = forge.head();
    let recorded = forge.pull();
    assert_ne!(built_from, recorded, "{}", made.log);
    assert_eq!(output(&made, SEED, "commit"), recorded);
    let entry = forge.locked();
    assert_eq!(entry["commit"], built_from);
    assert_eq!(entry["digest"], output(&made, SEED, "digest"));
    assert_eq!(entry["image"], forge.name());

    // The seed's workflow has ended, which starts this one, on a machine with nothing.
    let event = json!({ "workflow_run": { "conclusion": "success", "head_repository": { "full_name": "owner/app" } } });
    let seeded = forge.run(&runner, "build", |given| {
        given.event = ("workflow_run".into(), event.clone());
        given.is_bare = true;
    });
    succeeded(&seeded);
    assert_eq!(output(&seeded, BUILD, "how"), "seed", "{}", seeded.log);
    assert_eq!(output(&seeded, BUILD, "attested"), "true", "{}", seeded.log);
    assert!(seeded.log.contains("verified: `github` built the seed"), "{}", seeded.log);
    let seed = format!("{}@{}", forge.name(), entry["digest"].as_str().unwrap());
    for line in [
        &*format!("| seed | `{seed}`, verified |"),
        "| attested | yes: signed, logged and published |",
        "| `packages.x86_64-linux.default` | `/nix/store/",
        "| `apps.x86_64-linux.default` | `/nix/store/",
    ] {
        assert!(seeded.summary.contains(line), "{line}: {}", seeded.summary);
    }
    // Of the default, what the flake has; and no cache was named.
    assert!(!seeded.summary.contains("devShells"), "{}", seeded.summary);
    let skipped = seeded.steps.iter().find(|(name, _)| name == "Push to Cachix").unwrap();
    assert_eq!(skipped.1, nix_seed_checks::runner::Conclusion::Skipped);
    // Whoever has the policy believes what was built.
    let path = output(&seeded, BUILD, "paths").lines().next().unwrap();
    assert!(path.starts_with("/nix/store/"), "{path}");
    // One trace, of all steps.
    let traces = fs::read_to_string(runner.state().join("trace.jsonl")).unwrap();
    for name in
        ["nix-seed ci start", "nix-seed up", "nix-seed check", "nix-seed ci build", "nix-seed build", "complete"]
    {
        assert!(traces.contains(&format!("\"{name}\"")), "{name} in {traces}");
    }

    let ids: BTreeSet<_> = traces.split("\"traceId\":\"").skip(1).map(|rest| &rest[..32]).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");

    // Who only wants the seed up goes on with steps of his own: so does the workflow that measures.
    assert_eq!(forge.init(&["--benchmark", "--force"]).code, Some(0));
    let recorded = forge.commit();
    let measured = forge.run(&runner, "nix-seed-benchmark", |given| {
        given.event = ("workflow_dispatch".into(), json!({}));
        given.job = Some("nix-seed".into());
        given.is_bare = true;
    });
    succeeded(&measured);
    assert_eq!(output(&measured, BUILD, "how"), "seed");
    assert!(measured.summary.contains("ms from an empty runner to the end of nix develop"), "{}", measured.summary);

    // The same seed again: nothing to sign, nothing to record.
    let same = forge.run(&runner, "seed", |_| ());
    succeeded(&same);
    assert!(same.summary.contains("it is the one that is locked"), "{}", same.summary);
    assert_eq!(forge.pull(), recorded);

    // A dependency more.
    let with = "src = ./tally;\n            nativeBuildInputs = [ pkgs.which ];";
    edit(forge.example.source(), "flake.nix", "src = ./tally;", with).unwrap();
    forge.commit();
    let lacking = forge.run(&runner, "build", |_| ());
    succeeded(&lacking);
    assert_eq!(output(&lacking, BUILD, "how"), "built", "{}", lacking.log);
    assert!(lacking.summary.contains("lacks what this commit needs"), "{}", lacking.summary);
    succeeded(&forge.run(&runner, "seed", |_| ()));
    forge.pull();
    assert_ne!(forge.locked()["digest"], entry["digest"]);
    let renewed = forge.run(&runner, "build", |given| given.is_bare = true);
    succeeded(&renewed);
    assert_eq!(output(&renewed, BUILD, "attested"), "true", "{}", renewed.log);
}

#[test]
fn a_fork_builds_and_gets_no_rights() {
    let forge = Forge::open();
    let runner = runner(&forge);
    succeeded(&forge.run(&runner, "seed", |_| ()));
    forge.pull();
    let fork = json!({ "pull_request": { "head": { "repo": { "full_name": "stranger/app" } } } });

    // As GitHub starts it: no identity, a token that reads.
    let read = forge.run(&runner, "build", |given| {
        given.event = ("pull_request".into(), fork.clone());
        given.reference = "refs/pull/1/merge".into();
        given.job = Some("pull-request".into());
        given.has_identity = false;
        given.is_bare = true;
    });
    succeeded(&read);
    assert_eq!(output(&read, BUILD, "how"), "seed", "{}", read.log);
    assert_eq!(output(&read, BUILD, "attested"), "false");
    assert!(read.summary.contains("| attested | no: it is a pull request"), "{}", read.summary);

    // With rights that a fork must not have, in either action.
    let head = forge.head();
    for (workflow, job, event) in [
        ("build", "pull-request", "pull_request"),
        ("seed", "seed", "pull_request_target"),
        ("seed", "seed", "issue_comment"),
    ] {
        let refused = forge.run(&runner, workflow, |given| {
            given.event = (event.into(), fork.clone());
            given.job = Some(job.into());
        });
        assert!(refused.ran && !refused.success, "{workflow} {event}: {}", refused.log);
        assert!(refused.log.contains("code of a fork would be built by a job that may sign"), "{}", refused.log);
        assert!(!refused.log.contains("+ nix --extra"), "{}", refused.log);
    }
    // The job that signs does not begin for a request at all.
    let begun = forge.run(&runner, "build", |given| given.event = ("pull_request".into(), fork.clone()));
    assert!(!begun.ran);
    assert_eq!(forge.pull(), head, "nothing was recorded");

    // The seed's own workflow, where it only reads: it is built, and stays there.
    let read = forge.run(&runner, "seed", |given| {
        given.event = ("pull_request".into(), fork);
        given.reference = "refs/pull/1/merge".into();
        given.has_identity = false;
    });
    succeeded(&read);
    assert!(read.summary.contains("| published | no: it is a pull request"), "{}", read.summary);
    assert_eq!(forge.pull(), head);
}

#[test]
fn whoever_is_no_builder_of_the_policy_signs_nothing() {
    let forge = Forge::open();
    let runner = runner(&forge);
    // Called by another workflow: the token has this one's name, and the variable that one's.
    let called = forge.run(&runner, "seed", |given| {
        let caller = "owner/app/.github/workflows/all.yaml@refs/heads/main";
        given.variables.push(("GITHUB_WORKFLOW_REF".into(), caller.into()));
    });
    succeeded(&called);
    assert!(called.summary.contains("signed, logged and attached"), "{}", called.summary);
    forge.pull();
    // The action twice in one job: what the first has mounted is served by the program, which the second fetches again.
    let twice = json!({ "uses": "0compute/nix-seed@v1", "with": { "outputs": "packages.default" } });
    let steps = json!([{ "uses": "actions/checkout@v6" }, twice, twice]);
    let file = forge.folder.path().join("twice.yaml");
    fs::write(&file, json!({ "on": "push", "jobs": { "build": { "steps": steps } } }).to_string()).unwrap();
    succeeded(&forge.run_file(&runner, &file, "build", |given| given.is_bare = true));
    forge.git(&["push", "--quiet", "origin", "HEAD:refs/heads/other"]);
    for workflow in ["build", "seed"] {
        let other = forge.run(&runner, workflow, |given| given.reference = "refs/heads/other".into());
        succeeded(&other);
        assert!(other.summary.contains("no: this job would sign as https://github.com/owner/app"), "{}", other.summary);
    }
}

#[test]
fn a_token_without_rights_is_said_and_nothing_is_recorded() {
    let forge = Forge::open();
    let runner = runner(&forge);
    let head = forge.head();
    let denied = forge.run(&runner, "seed", |given| given.token = "a-token-that-may-nothing".into());
    assert!(!denied.success, "{}", denied.log);
    assert!(denied.log.contains("packages: write"), "{}", denied.log);
    let unnamed = forge.run(&runner, "seed", |given| given.has_identity = false);
    assert!(!unnamed.success, "{}", unnamed.log);
    assert!(unnamed.log.contains("id-token: write"), "{}", unnamed.log);
    assert_eq!(forge.pull(), head);
    // A summary of what there was is written all the same.
    assert!(
        unnamed
            .steps
            .iter()
            .any(|(name, how)| name == "Sum up" && *how == nix_seed_checks::runner::Conclusion::Success)
    );
}

#[test]
fn attack_a_program_of_another_digest_is_not_run() {
    let forge = Forge::open();
    let runner = runner(&forge);
    forge.pin(&"0".repeat(64));
    let refused = forge.run(&runner, "build", |_| ());
    assert!(!refused.success && refused.log.contains("FAILED"), "{}", refused.log);
    assert!(!refused.log.contains("+ n") && !refused.log.contains("not found"), "{}", refused.log);
    fs::write(forge.folder.path().join("action/action/programs"), "").unwrap();
    let refused = forge.run(&runner, "build", |_| ());
    assert!(!refused.success && refused.log.contains("has no program for Linux-X64"), "{}", refused.log);
}

#[test]
fn results_are_built_and_attested_in_the_seed_that_is_up() {
    let forge = Forge::open();
    let runner = runner(&forge);
    succeeded(&forge.run(&runner, "seed", |_| ()));
    forge.pull();
    let login = format!("export NIX_SEED_REGISTRY_USERNAME=me NIX_SEED_REGISTRY_PASSWORD={TOKEN};");
    let here = format!("{login} nix-seed build --here --out results packages.default checks.counts");
    let start = format!("{login} nix-seed ci start");
    let built = by_hand(
        &forge,
        &runner,
        true,
        &[
            &start,
            &here,
            "readlink results/packages.x86_64-linux.default && results/packages.x86_64-linux.default/bin/tally < /dev/null",
            &format!(
                "{login} nix-seed verify results/packages.x86_64-linux.default --policy .seed.cfg.json --commit \"$(git rev-parse HEAD)\""
            ),
            "nix-seed down --discard",
        ],
    );
    succeeded(&built);
    assert!(built.log.contains("level 1 holds"), "{}", built.log);
    assert!(built.log.contains("verifying ") && built.log.contains("published: "), "{}", built.log);

    // Somebody has written to the store since: nothing is signed.
    let overwrite =
        "file=$(find /nix/store -path '*/share/*' -type f -print -quit); chmod u+w \"$file\"; echo >> \"$file\"";
    let refused = by_hand(&forge, &runner, true, &[&start, overwrite, &here]);
    assert!(!refused.success && refused.log.contains("is not what the seed holds"), "{}", refused.log);
    assert!(!refused.log.contains("published: "), "{}", refused.log);
    // Somebody has built there, in whatever way, and keeps it.
    let planted = "nix build --offline --out-link planted --no-sandbox .#default";
    let refused = by_hand(&forge, &runner, true, &[&start, planted, &here]);
    assert!(!refused.success && refused.log.contains("is in the store, and no part of the seed"), "{}", refused.log);
    // Nothing is up.
    let refused = by_hand(&forge, &runner, true, &[&here]);
    assert!(!refused.success && refused.log.contains("is not up at /nix"), "{}", refused.log);

    // No seed for this flake, and no Nix: a seed that is named for that has one.
    let entry = forge.locked();
    let nix = forge.folder.path().join("nix.lock");
    fs::copy(forge.example.source().join(".seed.lock"), &nix).unwrap();
    fs::copy(forge.example.source().join(".seed.cfg.json"), forge.folder.path().join("nix.lock.policy.json")).unwrap();
    forge.git(&["rm", "--quiet", ".seed.lock"]);
    forge.commit();
    let start = format!("{login} nix-seed ci start --without-seed fallback --nix {}", nix.display());
    let begun = by_hand(&forge, &runner, true, &[&start, "nix --version", "nix-seed down"]);
    succeeded(&begun);
    assert!(begun.log.contains("nix (Nix) 2."), "{}", begun.log);
    assert!(begun.log.contains(entry["digest"].as_str().unwrap()), "{}", begun.log);
    let none = by_hand(&forge, &runner, true, &[&format!("{login} nix-seed ci start --without-seed fallback")]);
    assert!(!none.success && none.log.contains("there is no Nix for x86_64-linux"), "{}", none.log);
}

#[test]
fn a_flake_that_says_nothing_is_of_its_repository_and_can_do_without_a_seed() {
    let forge = Forge::open();
    let runner = runner(&forge);
    fs::remove_file(forge.example.source().join(".seed.cfg.json")).unwrap();
    edit(forge.example.source(), "flake.nix", "      seedCfg =", "      policyOfOthers =").unwrap();
    forge.commit();
    let built = by_hand(
        &forge,
        &runner,
        false,
        &[
            "nix-seed ci start --without-seed fallback",
            "nix-seed ci build --outputs 'packages.default checks.counts'",
            "nix-seed ci summary",
        ],
    );
    succeeded(&built);
    assert!(built.log.contains("believed is this repository's main branch"), "{}", built.log);
    assert!(built.summary.contains("none: built with this machine's Nix, and a network"), "{}", built.summary);
    assert!(built.summary.contains("| `checks.x86_64-linux.counts` | `/nix/store/"), "{}", built.summary);
    let policy = fs::read_to_string(runner.state().join("policy.json")).unwrap();
    assert!(policy.contains("https://github.com/owner/app/.github/workflows/*@refs/heads/main"), "{policy}");
    // What is no output of the flake is told, with what is.
    let wrong = by_hand(
        &forge,
        &runner,
        false,
        &["nix-seed ci start --without-seed fallback", "nix-seed ci build --outputs nothing"],
    );
    assert!(!wrong.success && wrong.log.contains("the flake has: "), "{}", wrong.log);
}
