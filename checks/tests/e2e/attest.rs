//! Statements on a seed: signed by real services, attached to real registries, and believed or refused.

mod beside;
mod build;
mod frozen;
mod interoperable;
mod jobs;
mod keys;
mod others;
mod refused;
mod signed;
mod start;
mod theirs;
mod trusted_root;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::ferro::FerroRegistry;
use nix_seed_checks::sigstore::log::Log;
use nix_seed_checks::sigstore::token::Kind;
use nix_seed_checks::sigstore::{Options, Stack};
use serde_json::{Value, json};

use crate::publish::{Make, Publisher, Said, Seed, image};

/// What the tokens of the test issuer say.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const SOURCE: &str = "git+https://github.com/owner/app";
const SYSTEM: &str = "x86_64-linux";
/// The SHA-256 of an empty `flake.lock`.
const LOCK: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The services, a registry with a seed, and its release statement.
struct Ground {
    publisher: Publisher,
    stack: Stack,
    registry: Registry,
    seed: Seed,
    /// The seed by its digest.
    image: String,
}

/// Registries that differ in how they list what is attached.
enum Registry {
    /// Without the referrers API: the list is under a tag.
    Docker(DockerRegistry),
    /// With it.
    Ferro(FerroRegistry),
}

impl Registry {
    fn docker(cache: &Cache) -> Self {
        Self::Docker(DockerRegistry::start(cache, Auth::Everybody).unwrap())
    }

    fn ferro(cache: &Cache) -> Self {
        Self::Ferro(FerroRegistry::start(cache).unwrap())
    }

    const BOTH: [fn(&Cache) -> Self; 2] = [Self::docker, Self::ferro];

    fn address(&self) -> SocketAddr {
        match self {
            Self::Docker(registry) => registry.address(),
            Self::Ferro(registry) => registry.address(),
        }
    }
}

fn only_v2() -> Options {
    Options { rekor_v2: 1, rekor_v1: false, ..Options::default() }
}

fn only_v1() -> Options {
    Options { rekor_v2: 0, rekor_v1: true, ..Options::default() }
}

impl Ground {
    fn open(options: Options) -> Self {
        Self::open_at(Registry::docker, options)
    }

    fn open_at(registry: fn(&Cache) -> Registry, options: Options) -> Self {
        let publisher = Publisher::open();
        let cache = &publisher.journey.workbench.cache;
        let (stack, registry) = (Stack::start_with(cache, options).unwrap(), registry(cache));
        let seed = publisher.seed(&Make::default());
        let image = push(&publisher, registry.address(), &seed);
        let ground = Self { publisher, stack, registry, seed, image };
        ground.write("root.json", &ground.stack.trusted_root().to_string());
        ground.write("policy.json", &ground.policy(|_| ()).to_string());
        ground.release(|_| ());
        ground
    }

    fn at(&self, name: &str) -> PathBuf {
        self.publisher.home().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.at(name), content).unwrap();
    }

    fn log(&self) -> &Log {
        self.stack.logs().next().unwrap()
    }

    /// The release statement of the seed, as the helper writes it of what an evaluation would say.
    fn release(&self, change: impl FnOnce(&mut Value)) {
        let mut request = json!({
            "image": self.seed.dir,
            "source": {
                "uri": SOURCE,
                "commit": COMMIT,
                "narHash": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                "lock": LOCK,
            },
            "system": SYSTEM,
            "outputs": [{
                "attribute": "packages.x86_64-linux.default",
                "paths": [{ "name": "out", "path": "/nix/store/0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-app-1.0" }],
            }],
            "inputs": [],
        });
        change(&mut request);
        self.write("request.json", &request.to_string());
        let _ = fs::remove_file(self.at("release.json"));
        let mut helper = Command::new(self.publisher.journey.workbench.helper().unwrap());
        helper.args(["release", "--request", "request.json", "--out", "release.json"]);
        process::output(helper.current_dir(self.publisher.home())).unwrap();
    }

    /// A policy that believes the test issuer's workflow, and these services.
    fn policy(&self, change: impl FnOnce(&mut Value)) -> Value {
        let log = self.log();
        let mut policy = json!({
            "version": 1,
            "level": 1,
            "source": SOURCE,
            "registry": null,
            "builders": { "github": {
                "issuer": self.stack.issuer(Kind::GitHub),
                "subjects": ["https://github.com/owner/app/.github/workflows/*.yaml@refs/heads/main"],
                "keys": [], "signer": null, "parent": null, "jurisdictions": [], "infrastructure": null,
            } },
            "trustedRoot": self.stack.trusted_root().to_string(),
            "logs": null,
            "services": {
                "fulcio": self.stack.fulcio(),
                "rekor": log.url(),
                "rekorVersion": log.version(),
                "timestamp": self.stack.timestamp(),
            },
            "freshness": { "maxAge": null },
            "build": { "sandbox": true, "substituters": [] },
            "outputs": {},
            "quorum": null,
            "contract": null,
        });
        change(&mut policy);
        policy
    }

    /// The command, in no CI, with a Nix that is set as a builder's.
    fn command(&self, settings: &str, arguments: &[&str]) -> Command {
        let nix = &self.publisher.journey.workbench.nix;
        let mut command = self.publisher.command(arguments);
        command.envs(nix.environment().iter().map(|(name, value)| (name, value)));
        let path = format!("{}:/usr/bin:/bin", nix.program().parent().unwrap().display());
        command.env("PATH", path).env("NIX_CONFIG", settings).env("XDG_STATE_HOME", self.at("state"));
        for variable in CI.into_iter().chain(PASSWORDS) {
            command.env_remove(variable);
        }
        command
    }

    fn say(&self, settings: &str, arguments: &[&str]) -> Said {
        said(&mut self.command(settings, arguments))
    }

    fn attest_command(&self, settings: &str, arguments: &[&str]) -> Command {
        let all = ["attest", &self.image, "--release", "release.json", "--policy", "policy.json", "--out", "bundles"];
        self.command(settings, &[&all[..], arguments].concat())
    }

    fn attest_with(&self, settings: &str, arguments: &[&str]) -> Said {
        said(&mut self.attest_command(settings, arguments))
    }

    fn attest(&self, arguments: &[&str]) -> Said {
        self.attest_with(BUILDER, arguments)
    }

    /// Signs as the test issuer's workflow.
    fn attest_as(&self, kind: Kind, claims: &Value) -> Said {
        self.write("token", &self.stack.mint(kind, claims).unwrap());
        self.attest(&["--identity-token-file", "token"])
    }

    fn verify(&self, arguments: &[&str]) -> Said {
        let all = ["verify", &self.image, "--policy", "policy.json"];
        self.say(BUILDER, &[&all[..], arguments].concat())
    }

    /// Has the policy believe whoever has this key alone.
    fn believe_key(&self, key: &str, signer: &Value) {
        let policy = self.policy(|policy| {
            policy["builders"] = json!({ "own": {
                "issuer": null, "subjects": [], "keys": [key], "signer": signer,
                "parent": null, "jurisdictions": [], "infrastructure": null,
            } });
        });
        self.write("policy.json", &policy.to_string());
    }

    /// Has the policy believe the test issuer's token of this kind alone.
    fn believe(&self, kind: Kind) {
        let policy = self.policy(|policy| {
            policy["builders"]["github"]["issuer"] = json!(self.stack.issuer(kind));
            policy["builders"]["github"]["subjects"] = json!([kind.subject()]);
        });
        self.write("policy.json", &policy.to_string());
    }

    /// That it is refused, and why.
    fn refused(&self, name: &str, arguments: &[&str]) {
        let said = self.verify(&[&["--json"], arguments].concat());
        let found: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
        let refusal = &found["verify"]["refusal"];
        assert_eq!(refusal["name"], name, "{found}");
        assert_eq!(said.code.map(Value::from), Some(refusal["code"].clone()), "{}", said.err);
        assert!(!refusal["mend"].as_str().unwrap().is_empty());
    }
}

/// How a builder's Nix is set.
const BUILDER: &str =
    "experimental-features = nix-command flakes\nsandbox = true\nsandbox-fallback = false\nsubstitute = false";

/// By which a CI is known: these tests may themselves run in one.
const CI: [&str; 6] = [
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "GITHUB_ACTIONS",
    "SIGSTORE_ID_TOKEN",
    "GITLAB_CI",
    "BUILDKITE",
];

/// Where the password of a key is looked for.
const PASSWORDS: [&str; 2] = ["NIX_SEED_PASSWORD", "COSIGN_PASSWORD"];

fn said(command: &mut Command) -> Said {
    said_in(command.output().unwrap())
}

fn said_in(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn succeeded(said: &Said) {
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}

fn push(publisher: &Publisher, registry: SocketAddr, seed: &Seed) -> String {
    publisher.push(seed, &[&image(registry, "owner/seed:main")]);
    image(registry, &format!("owner/seed@{}", seed.layout.manifest_digest))
}
