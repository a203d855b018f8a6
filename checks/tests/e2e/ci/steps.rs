//! Steps, as somebody takes them by hand; and `init`, as its lists drift.

use nix_seed_checks::runner::logins::Logins;

use super::*;

#[test]
fn init_lists_what_outputs_read_and_tells_when_its_list_has_drifted() {
    let (publisher, example) = (Publisher::open(), Example::of_example("crane"));
    let init = |options: &[&str]| {
        let init = ["init", "--ci", "github", "--branch", "main", "--runner", "ubuntu-22.04"];
        let mut command = publisher.command(&[&init[..], options].concat());
        said(command.current_dir(example.source()))
    };
    let seed = example.layout.display().to_string();
    let check = ["--seed", &seed, "--check"];
    let baseline = init(&[]);
    assert_eq!(baseline.code, Some(0), "{}", baseline.err);
    // Found in the seed: what outputs are made of besides the flake's own files. Sources of the program are not among it.
    let drifted = init(&check);
    assert_eq!(drifted.code, Some(5), "{}", drifted.err);
    for file in ["lib.nix", "project.lock", "project.toml"] {
        for workflow in ["seed", "build"] {
            let lacks = format!("{workflow}.yaml lacks {file}");
            assert!(drifted.err.contains(&lacks), "{lacks}: {}", drifted.err);
        }
    }
    assert!(!drifted.err.contains("src/"), "{}", drifted.err);
    let exists = init(&["--seed", &seed, "--output", "packages.default"]);
    assert_eq!(exists.code, Some(5), "{}", exists.err);
    assert!(exists.err.contains("--force"), "{}", exists.err);
    assert_eq!(init(&["--seed", &seed, "--force"]).code, Some(0));
    assert_eq!(init(&check).code, Some(0));
    for workflow in ["seed", "build"] {
        let text = fs::read_to_string(example.source().join(format!(".github/workflows/{workflow}.yaml"))).unwrap();
        assert!(text.contains("      - project.lock\n"), "{text}");
    }
    // Somebody takes a line out of one, and puts one into the other.
    edit(example.source(), ".github/workflows/seed.yaml", "      - project.lock\n", "").unwrap();
    edit(
        example.source(),
        ".github/workflows/build.yaml",
        "      - flake.lock\n",
        "      - flake.lock\n      - README.md\n",
    )
    .unwrap();
    let drifted = init(&check);
    assert_eq!(drifted.code, Some(5), "{}", drifted.err);
    assert!(drifted.err.contains("seed.yaml lacks project.lock"), "{}", drifted.err);
    assert!(drifted.err.contains("build.yaml names README.md"), "{}", drifted.err);
}

#[test]
fn a_step_that_comes_too_early_says_what_comes_before_it() {
    let forge = Forge::open();
    let step = |arguments: &[&str]| said(forge.publisher.command(arguments).current_dir(forge.example.source()));
    let early = step(&["ci", "build"]);
    assert_eq!(early.code, Some(2), "{}", early.err);
    assert!(early.err.contains("nix-seed ci start"), "{}", early.err);
    let none = step(&["ci", "start", "--without-seed", "fail"]);
    assert_eq!(none.code, Some(6), "{}", none.err);
    let high = step(&["ci", "start", "--posture", "2"]);
    assert_eq!(high.code, Some(5), "{}", high.err);
    assert!(high.err.contains("level 1, and this job wants 2"), "{}", high.err);
    let nothing = step(&["ci", "summary"]);
    assert_eq!((nothing.code, &*nothing.out), (Some(0), ""), "{}", nothing.err);
    let elsewhere = said(forge.publisher.command(&["ci", "guard"]).current_dir("/"));
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.err);
}

/// No file beside the flake, no Nix on the machine, and no registry in the policy.
#[test]
fn a_policy_that_only_the_flake_has_counts_and_the_job_says_where_seeds_are() {
    let forge = Forge::open();
    let runner = runner(&forge);
    let source = forge.example.source();
    let mut policy = forge.policy();
    fs::write(forge.folder.path().join("nix.lock.policy.json"), policy.to_string()).unwrap();
    policy["registry"] = Value::Null;
    forge.write("policy.json", &policy.to_string());
    let read = "      seedCfg = builtins.fromJSON (builtins.readFile ./policy.json);\n      policyOfOthers =";
    edit(source, "flake.nix", "      seedCfg =", read).unwrap();
    fs::remove_file(source.join(".seed.cfg.json")).unwrap();
    forge.commit();
    let (login, name) =
        (format!("export NIX_SEED_REGISTRY_USERNAME=me NIX_SEED_REGISTRY_PASSWORD={TOKEN};"), forge.name());
    succeeded(&by_hand(
        &forge,
        &runner,
        false,
        &[&format!("{login} nix-seed ci seed --registry {name}"), "nix-seed ci record"],
    ));
    forge.pull();
    let nix = forge.folder.path().join("nix.lock");
    fs::copy(source.join(".seed.lock"), &nix).unwrap();
    let start = format!("{login} nix-seed ci start --registry {name} --nix {}", nix.display());
    let step = format!("{login} nix-seed ci build --registry {name} --outputs packages.default --attest always");
    let built = by_hand(&forge, &runner, true, &[&start, &step, "nix-seed ci summary"]);
    succeeded(&built);
    assert!(built.summary.contains("| attested | yes: signed, logged and published |"), "{}", built.log);
    assert!(built.log.contains("verified: `github` built the seed"), "{}", built.log);
}

/// The seed with Nix alone is everybody's, and lies in a registry that the repository's login is not for.
#[test]
fn attack_the_login_for_the_repositorys_registry_goes_to_no_other() {
    let forge = Forge::open();
    let runner = runner(&forge);
    let elsewhere = Logins::start().unwrap();
    let nix = forge.folder.path().join("nix.lock");
    fs::copy(forge.example.source().join(".seed.cfg.json"), forge.folder.path().join("nix.lock.policy.json")).unwrap();
    let digest = format!("sha256:{}", "0".repeat(64));
    let file = ["lock", "update", "--file", nix.to_str().unwrap(), "--system", "x86_64-linux", "--digest", &digest];
    let named = ["--image", &image(elsewhere.address(), "0compute/nix"), "--commit", &forge.head()];
    assert_eq!(forge.publisher.say(&[&file[..], &named].concat()).code, Some(0));
    let login = "export NIX_SEED_REGISTRY_USERNAME=me NIX_SEED_REGISTRY_PASSWORD=of-the-repository;";
    let start = format!("nix-seed ci start --without-seed fallback --nix {}", nix.display());
    let asked = |login: &str| {
        assert!(!by_hand(&forge, &runner, true, &[&format!("{login} {start}")]).success);
        elsewhere.take()
    };
    assert_eq!(asked(login), [""]);
    // Who says that it is for that one means it.
    let meant = asked(&format!("{login} export NIX_SEED_REGISTRY={};", elsewhere.address()));
    assert!(meant.contains(&format!("Basic {}", data_encoding::BASE64.encode(b"me:of-the-repository"))), "{meant:?}");
}
