//! A seed is verified before any byte of it is used, wherever it is used.

use super::*;
use crate::publish::UNVERIFIED;

/// What of a seed could have been used: a store below `root`, and unpacked or mounted seeds of runs.
fn used(ground: &Ground) -> Vec<String> {
    let names = |folder: &str| fs::read_dir(ground.at(folder)).into_iter().flatten();
    let all = names("root").chain(names("cache/seeds")).chain(names("cache/runs"));
    all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

impl Ground {
    /// `nix-seed` in the folder of a flake that has this seed, or not; with no Nix in sight.
    fn start(&self, arguments: &[&str]) -> Said {
        let mut command = self.publisher.command(arguments);
        // The flag is for those who give it.
        let plain: Vec<_> =
            command.get_args().filter(|argument| *argument != UNVERIFIED).map(ToOwned::to_owned).collect();
        let mut plain_command = Command::new(command.get_program());
        let wanted = arguments.contains(&UNVERIFIED).then_some(UNVERIFIED);
        plain_command.args(plain.iter().take(1)).args(wanted).args(plain.iter().skip(1));
        plain_command.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        plain_command.env("NIX_SEED_CACHE", self.at("cache")).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command = plain_command;
        let output = command.current_dir(self.publisher.home()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Each way to use a seed ends so, and nothing of the seed was used.
    fn each_is_refused(&self, options: &[&str], code: i32, why: &str) {
        let rest: [&[&str]; 3] = [&["up", "--root", "root"], &["run"], &["record"]];
        for begin in rest {
            let end: &[&str] = if begin[0] == "up" { &[] } else { &["--", "true"] };
            let said = self.start(&[begin, options, end].concat());
            assert_eq!(said.code, Some(code), "{begin:?}: {}", said.err);
            assert!(said.err.contains(why), "{begin:?}: {}", said.err);
            assert_eq!(used(self), [""; 0], "{begin:?}");
        }
    }

    /// A flake that uses the seed: without Nix, it is what lies beside it that counts.
    fn flake(&self, commit: &str, lock: &str) {
        self.write("flake.nix", "{ }");
        self.write("flake.lock", lock);
        fs::copy(self.at("policy.json"), self.at(".seed.cfg.json")).unwrap();
        let mut update = self.publisher.command(&["lock", "update", &self.image, "--commit", commit]);
        process::output(&mut update).unwrap();
    }
}

#[test]
fn what_nobody_has_signed_is_not_used() {
    let ground = Ground::open(only_v2());
    ground.each_is_refused(&["--policy", "policy.json", &ground.image], 20, "no-statement");
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let up = ["up", "--json", "--root", "root", "--policy", "policy.json", &ground.image];
    let said = ground.start(&up);
    succeeded(&said);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    let verified = json!({ "level": 1, "builders": ["github"], "commit": COMMIT });
    assert_eq!(found["up"]["verified"], verified, "{}", said.out);
    for command in ["run", "record"] {
        let said = ground.start(&[command, "--policy", "policy.json", &ground.image, "--", "true"]);
        succeeded(&said);
        let line = format!("verified: `github` built the seed from {SOURCE} at {COMMIT} (level 1)");
        assert!(said.err.contains(&line), "{}", said.err);
    }
}

#[test]
fn attack_a_policy_that_believes_somebody_else() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let other = ground.policy(|policy| {
        policy["builders"]["github"]["subjects"] =
            json!(["https://github.com/other/app/.github/workflows/*@refs/heads/main"]);
    });
    ground.write("policy.json", &other.to_string());
    ground.each_is_refused(&["--policy", "policy.json", &ground.image], 50, "wrong-signer");
}

#[test]
fn attack_an_older_seed_of_the_same_builder() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    // Its flake.lock is empty, and this is the commit that it is of.
    ground.flake(COMMIT, "{}");
    ground.each_is_refused(&[], 60, "other-lock");
    ground.flake(&"0".repeat(40), "");
    ground.each_is_refused(&[], 59, "other-commit");
    ground.flake(COMMIT, "");
    succeeded(&ground.start(&["run", "--", "true"]));
    let said = ground.start(&["up", "--root", "root"]);
    succeeded(&said);
    assert!(said.err.contains(".seed.lock: "), "{}", said.err);
}

#[test]
fn without_a_policy_nothing_is_used_but_on_demand() {
    let ground = Ground::open(only_v2());
    ground.each_is_refused(&[&ground.image], 5, "nobody says whom to believe");
    for arguments in
        [&["up", UNVERIFIED, "--root", "root", &ground.image][..], &["run", UNVERIFIED, &ground.image, "--", "true"]]
    {
        let said = ground.start(arguments);
        succeeded(&said);
        assert!(said.err.contains("warning: the seed is NOT VERIFIED"), "{}", said.err);
    }
    let both = ["run", UNVERIFIED, "--policy", "policy.json", &ground.image, "--", "true"];
    assert_eq!(ground.start(&both).code, Some(2));
    // A folder is no better than a registry, but a path of the machine's own store is.
    let layout = ground.seed.dir.display().to_string();
    let said = ground.start(&["run", &layout, "--", "true"]);
    assert_eq!(said.code, Some(5), "{}", said.err);
}

#[test]
fn what_is_here_is_verified_again_without_a_registry() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let image = ground.image.clone();
    let run = ["run", "--unpack", "--policy", "policy.json", &image, "--", "true"];
    succeeded(&ground.start(&run));
    let layout = ground.seed.dir.display().to_string();
    let bundles = ["--bundle", "bundles/release.sigstore.json", "--bundle", "bundles/provenance.sigstore.json"];
    let by_bundles = [&["run", "--policy", "policy.json"], &bundles[..], &[&layout, "--", "true"]].concat();
    succeeded(&ground.start(&by_bundles));
    let Ground { publisher, stack, registry, seed, .. } = ground;
    drop(registry);
    let cache = &publisher.journey.workbench.cache;
    let registry = DockerRegistry::start(cache, Auth::Everybody).unwrap();
    let ground = Ground { publisher, stack, registry: Registry::Docker(registry), seed, image: image.clone() };
    let said = ground.start(&run);
    succeeded(&said);
    assert!(said.err.contains("verified: `github`"), "{}", said.err);
    // What was believed once is decided on again.
    let policy = ground.policy(|policy| policy["source"] = json!("git+https://github.com/owner/other"));
    ground.write("policy.json", &policy.to_string());
    let said = ground.start(&run);
    assert!(said.code != Some(0), "{}", said.err);
}
