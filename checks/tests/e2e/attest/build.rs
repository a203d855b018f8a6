//! `nix-seed build`: from a seed that is verified to results that are.

use nix_seed_checks::machine::files;
use nix_seed_checks::seed::flake::edit;

use super::*;
use crate::publish::UNVERIFIED;
use crate::seed::Seed as Example;

/// Looks for a token in the environment and the arguments of all that `/proc` shows. The brackets keep it from finding itself.
const NOSY: &str = r#"nosy = pkgs.runCommand "nosy" { } ''
            if grep -qsa -e 'e[y]J[a-zA-Z0-9_-]*[.]' /proc/*/environ /proc/*/cmdline; then echo found; else echo nothing; fi > $out
          '';
          seed = nix-seed.lib.mkSeed"#;

/// `examples/attested` in a repository, its seed in a registry, attested by the services of a stack.
struct Flake {
    example: Example,
    publisher: Publisher,
    stack: Stack,
    registry: DockerRegistry,
    /// The commit that is checked out.
    commit: String,
}

impl Flake {
    fn open() -> Self {
        let example = Example::of_example("attested");
        edit(example.source(), "flake.nix", "seed = nix-seed.lib.mkSeed", NOSY).unwrap();
        let publisher = Publisher::open();
        let cache = &publisher.journey.workbench.cache;
        let stack = Stack::start_with(cache, only_v2()).unwrap();
        let registry = DockerRegistry::start(cache, Auth::Everybody).unwrap();
        let mut flake = Self { example, publisher, stack, registry, commit: String::new() };
        let name = flake.name();
        let log = flake.stack.logs().next().unwrap();
        let policy = json!({
            "version": 1, "level": 1, "source": SOURCE, "registry": name,
            "builders": { "github": {
                "issuer": flake.stack.issuer(Kind::GitHub), "subjects": [Kind::GitHub.subject()],
                "keys": [], "signer": null, "parent": null, "jurisdictions": [], "infrastructure": null,
            } },
            "trustedRoot": flake.stack.trusted_root().to_string(), "logs": null,
            "services": {
                "fulcio": flake.stack.fulcio(), "rekor": log.url(), "rekorVersion": log.version(),
                "timestamp": flake.stack.timestamp(),
            },
            "freshness": { "maxAge": null }, "build": { "sandbox": true, "substituters": [] },
            "outputs": {}, "quorum": null, "contract": null,
        });
        fs::write(flake.example.source().join(".seed.cfg.json"), policy.to_string()).unwrap();
        fs::write(flake.example.source().join(".gitignore"), "results\n").unwrap();
        flake.git(&["init", "--quiet", "--initial-branch", "main"]);
        flake.commit();
        flake.seed();
        flake
    }

    /// Where seed and results are.
    fn name(&self) -> String {
        image(self.registry.address(), "owner/app")
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=me", "-c", "user.email=me@example.org"]).args(arguments);
        process::output(git.current_dir(self.example.source()).env("HOME", self.publisher.home())).unwrap()
    }

    fn commit(&mut self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "change"]);
        let head = self.git(&["rev-parse", "HEAD"]);
        head.trim().clone_into(&mut self.commit);
    }

    /// The seed, as the seed workflow makes it.
    fn seed(&mut self) {
        let nix = &self.publisher.journey.workbench.nix;
        let result = |attribute: &str| {
            let installable = format!("git+file://{}#{attribute}", self.example.source().display());
            let mut command = nix.command("nix");
            let built =
                process::output(command.args(["build", "--print-out-paths", "--no-link", &installable])).unwrap();
            built.trim().to_owned()
        };
        let [seed, release, sbom] = ["seed", "seed.release", "seed.sbom"].map(result);
        let name = self.name();
        let digest = self.say(&["push", "--allow", "unfree", &seed, &format!("{name}:main")]);
        let image = format!("{name}@{}", digest.out.trim());
        let attest = ["attest", &image, "--release", &release, "--sbom", &sbom, "--policy", ".seed.cfg.json"];
        succeeded(&self.signed(&attest));
        succeeded(&self.say(&["lock", "update", &image, "--commit", &self.commit.clone()]));
        self.commit();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let bare = self.publisher.command(arguments);
        // A machine without Nix, and without a store.
        let mut command = Command::new("unshare");
        let path: &[&str] = &["--mount", "sh", "-c", r#"mount -t tmpfs tmpfs "$0" && exec "$@""#];
        // Where results are built in the seed alone; elsewhere the seed lies in the machine's store.
        let (hidden, is_hidden) = ("/nix", arguments[0] == "build");
        if is_hidden {
            command.args(path).arg(hidden).arg(bare.get_program()).args(bare.get_args());
        } else {
            command = Command::new(bare.get_program());
            command.args(bare.get_args());
            let nix = &self.publisher.journey.workbench.nix;
            command.envs(nix.environment().iter().map(|(name, value)| (name, value)));
        }
        command.envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let nix = self.publisher.journey.workbench.nix.program().parent().unwrap().display().to_string();
        let path = if is_hidden { "/usr/sbin:/usr/bin:/sbin:/bin".to_owned() } else { format!("{nix}:/usr/bin:/bin") };
        command.env("PATH", path).env("XDG_STATE_HOME", self.publisher.home().join("state"));
        if !is_hidden {
            command.env("NIX_CONFIG", BUILDER);
        }
        command.env("NIX_SEED_CACHE", self.publisher.home().join("cache")).current_dir(self.example.source());
        command
    }

    fn say(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments))
    }

    /// With the token of the workflow, for this commit, in a variable.
    fn signed(&self, arguments: &[&str]) -> Said {
        let token = self.stack.mint(Kind::GitHub, &json!({ "sha": self.commit })).unwrap();
        let mut command = self.command(&[arguments, &["--identity-token-env", "SECRET_ID_TOKEN"]].concat());
        let said = said(command.env("SECRET_ID_TOKEN", &token));
        for part in token.split('.') {
            assert!(!said.out.contains(part) && !said.err.contains(part), "a part of the token is shown: {}", said.err);
        }
        said
    }

    /// Debian's Nix shows builders a shell that is no part of a seed.
    fn build(&self, arguments: &[&str]) -> Said {
        self.signed(&[&["build", "--option", "sandbox-paths", ""], arguments].concat())
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.example.source().join(file)).unwrap()
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn results_are_built_in_a_verified_seed_and_verified() {
    let mut flake = Flake::open();
    let outputs = ["packages.default", "checks.counts", "apps.default", "nosy"];
    let built = flake.build(&outputs);
    succeeded(&built);
    assert!(built.err.contains("verified: `github` built the seed"), "{}", built.err);
    assert_eq!(flake.read("results/packages.x86_64-linux.nosy"), "nothing\n");
    assert_eq!(flake.read("results/checks.x86_64-linux.counts"), "3 lines\n");
    let release: Value = serde_json::from_str(&flake.read("results/release.json")).unwrap();
    let said: Vec<_> =
        release["predicate"]["outputs"].as_array().unwrap().iter().map(|output| &output["attribute"]).collect();
    let attributes = [
        "apps.x86_64-linux.default",
        "checks.x86_64-linux.counts",
        "packages.x86_64-linux.default",
        "packages.x86_64-linux.nosy",
    ];
    assert_eq!(said, attributes);
    assert_eq!(release["predicate"]["source"]["commit"], flake.commit);
    let lock: Value = serde_json::from_str(&flake.read(".seed.lock")).unwrap();
    let seed = lock["seeds"]["x86_64-linux"]["digest"].as_str().unwrap();
    assert_eq!(format!("sha256:{}", release["predicate"]["seed"]["sha256"].as_str().unwrap()), seed);
    assert_eq!(release["predicate"]["sboms"].as_array().unwrap().len(), 2);

    // By path, with the statements that the registry has; by whoever has a copy of it.
    let verify = ["verify", "--policy", ".seed.cfg.json", "--commit", &flake.commit, "--seed", seed];
    let at = |name: &str| fs::read_link(flake.example.source().join("results").join(name)).unwrap();
    let result = flake.example.source().join("results").join(at(attributes[2])).display().to_string();
    let believed = flake.say(&[&verify[..], &[&result]].concat());
    succeeded(&believed);
    assert!(believed.out.contains("level 1 holds"), "{}", believed.out);
    // Something else under that path is not what was signed.
    let forged = flake.publisher.home().join("forged");
    files::copy_tree(Path::new(&result), &forged.join("nix/store").join(at(attributes[2]).file_name().unwrap()))
        .unwrap();
    let copy = forged.join("nix/store").join(at(attributes[2]).file_name().unwrap());
    fs::write(copy.join("bin/more"), "").unwrap();
    assert_eq!(refusal(&flake.say(&[&verify[..], &["--json", copy.to_str().unwrap()]].concat())), "other-subject");

    // What changes no result is believed of both commits that it is of.
    let first_commit = flake.commit.clone();
    fs::write(flake.example.source().join("README"), "").unwrap();
    flake.commit();
    succeeded(&flake.build(&outputs));
    for commit in [&first_commit, &flake.commit] {
        succeeded(&flake.say(&["verify", "--policy", ".seed.cfg.json", "--commit", commit, &result]));
    }

    // Another builder of the same commit would sign the same bytes, and make the same artifact.
    let built = flake.build(&outputs);
    succeeded(&built);
    let first = (flake.read("results/release.json"), published(&built));
    fs::remove_dir_all(flake.example.source().join("results")).unwrap();
    let again = flake.build(&outputs);
    succeeded(&again);
    assert_eq!((flake.read("results/release.json"), published(&again)), first);

    // What an earlier build has signed does not stay beside what nobody has.
    let quiet = ["build", "--no-attest", "--option", "sandbox-paths", "", "packages.default"];
    assert!(flake.example.source().join("results/release.sigstore.json").exists());
    let trace = flake.publisher.home().join("trace").display().to_string();
    let traced = ["--trace", &trace];
    let is_completed = || fs::read_to_string(&trace).unwrap().contains("\"complete\"");
    succeeded(&flake.say(&[&quiet[..], &traced].concat()));
    assert!(!is_completed(), "nobody signs it");
    for gone in ["release.sigstore.json", "provenance.sigstore.json", "packages.x86_64-linux.nosy"] {
        assert!(flake.example.source().join("results").join(gone).symlink_metadata().is_err(), "{gone}");
    }
    // Before what is signed is built, all of the seed is here and verified.
    succeeded(&flake.build(&[&outputs[..], &traced].concat()));
    assert!(is_completed());
    // Nor is what somebody has changed since taken for what was built.
    let program = Path::new(&result).join("bin/tally");
    process::output(Command::new("chmod").args(["-R", "u+w"]).arg(&result)).unwrap();
    fs::write(program, "").unwrap();
    let said = flake.say(&quiet);
    assert!(said.code == Some(3) && said.err.contains("is not what was built"), "{}", said.err);
}

/// Why something is not believed.
fn refusal(said: &Said) -> String {
    let found: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    found["verify"]["refusal"]["name"].as_str().unwrap().to_owned()
}

fn published(said: &Said) -> String {
    said.err.lines().find(|line| line.starts_with("published: ")).unwrap().to_owned()
}

#[test]
fn attack_a_build_that_leaves_its_sandbox() {
    let flake = Flake::open();
    let refused = flake.build(&["--option", "sandbox", "false", "nosy"]);
    assert!(refused.code == Some(2) && refused.err.contains("not built with --option sandbox"), "{}", refused.err);
    // Outside of a sandbox there is something to find: that is what it is for.
    succeeded(&flake.build(&["--no-attest", "--option", "sandbox", "false", "nosy"]));
    assert_eq!(flake.read("results/packages.x86_64-linux.nosy"), "found\n");
    let path = fs::read_link(flake.example.source().join("results/packages.x86_64-linux.nosy")).unwrap();
    let path = flake.example.source().join("results").join(path).display().to_string();
    let results = ["--release", "results/release.json", "--sbom", "results", "--nix-settings", "results/nix.json"];
    let said = flake.signed(&[&["attest", "--policy", ".seed.cfg.json"], &results[..]].concat());
    succeeded(&said);
    assert!(said.err.contains("this policy does not believe it: unsandboxed"), "{}", said.err);
    assert_eq!(refusal(&flake.say(&["verify", "--json", "--policy", ".seed.cfg.json", &path])), "unsandboxed");
}

#[test]
fn what_cannot_be_built_or_signed_is_said_before() {
    let flake = Flake::open();
    let no_attest = ["build", "--no-attest", "--option", "sandbox-paths", ""];
    let refused = |arguments: &[&str], code: i32, why: &str| {
        let said = flake.say(&[&no_attest, arguments].concat());
        assert_eq!(said.code, Some(code), "{}", said.err);
        assert!(said.err.contains(why), "{}", said.err);
        assert!(!flake.example.source().join("results/release.json").exists());
    };
    refused(&["nonesuch"], 3, "has no output packages.x86_64-linux.nonesuch; it is for: apps.x86_64-linux.default");
    refused(&["packages"], 3, "it is a set of outputs");
    let said = flake.say(&["build", UNVERIFIED]);
    assert!(said.code == Some(2) && said.err.contains("proves nothing"), "{}", said.err);
    // A folder may say any commit of itself.
    let path = format!("path:{}?rev={}", flake.example.source().display(), flake.commit);
    let said = flake.build(&["--flake", &path]);
    assert!(said.code == Some(3) && said.err.contains("not a git repository"), "{}", said.err);
    // Whom the policy does not believe signs, and nothing is published.
    let other = flake.stack.mint(Kind::GitHub, &json!({ "sha": "0".repeat(40) })).unwrap();
    let as_other = ["build", "--option", "sandbox-paths", "", "--identity-token-env", "TOKEN"];
    let said = said_with(&mut flake.command(&as_other), &other);
    assert!(said.code == Some(59) && said.err.contains("other-commit"), "{}", said.err);
    let results = flake.example.source().join("results");
    assert!(!results.join("release.sigstore.json").exists());
    let tagged = nothing_is_tagged(&flake);
    assert!(tagged, "results are tagged that nobody believes");
    fs::remove_dir_all(results).unwrap();
    edit(flake.example.source(), "tally/main.c", "int main", "int main(").unwrap();
    refused(&["packages.default"], 8, "files differ from");
    flake.git(&["commit", "--quiet", "--all", "--message", "broken"]);
    refused(&["packages.default"], 8, "nothing is signed or published");
    // A mistake in the source is mended, and the same seed will do.
    flake.git(&["revert", "--no-edit", "HEAD"]);
    succeeded(&flake.say(&[&no_attest[..], &["packages.default"]].concat()));
    assert!(!flake.example.source().join("results/release.sigstore.json").exists());
    let results = ["--release", "results/release.json", "--sbom", "results", "--nix-settings", "results/nix.json"];
    let head = flake.git(&["rev-parse", "HEAD"]);
    let token = flake.stack.mint(Kind::GitHub, &json!({ "sha": head.trim() })).unwrap();
    let attest = [&["attest", "--policy", ".seed.cfg.json", "--identity-token-env", "TOKEN"], &results[..]].concat();
    succeeded(&said_with(&mut flake.command(&attest), &token));
}

/// Whether no store path leads to results in the registry.
fn nothing_is_tagged(flake: &Flake) -> bool {
    let url = format!("http://{}/v2/owner/app/tags/list", flake.registry.address());
    let tags = process::output(Command::new("curl").args(["--silent", "--fail", &url])).unwrap();
    let tags: Value = serde_json::from_str(&tags).unwrap();
    tags["tags"].as_array().unwrap().iter().all(|tag| !tag.as_str().unwrap().starts_with("nix-"))
}

fn said_with(command: &mut Command, token: &str) -> Said {
    said(command.env("TOKEN", token))
}
