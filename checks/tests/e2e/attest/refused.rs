//! What a policy does not mean is refused, each for its own reason.

use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};

use super::*;

/// As [`Ground::refused`], under a policy that is changed.
fn under(ground: &Ground, name: &str, change: impl FnOnce(&mut Value)) {
    ground.write("policy.json", &ground.policy(change).to_string());
    ground.refused(name, &[]);
    ground.write("policy.json", &ground.policy(|_| ()).to_string());
}

#[test]
fn other_than_expected() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let zeros = "0".repeat(40);
    ground.refused("other-commit", &["--commit", &zeros]);
    ground.refused("other-system", &["--system", "aarch64-linux"]);
    ground.write("flake.lock", "{}");
    ground.refused("other-lock", &["--flake-lock", "flake.lock"]);
    ground.write("flake.lock", "");
    succeeded(&ground.verify(&["--flake-lock", "flake.lock"]));
    under(&ground, "other-source", |policy| policy["source"] = json!("git+https://github.com/owner/other"));
    let quorum = |policy: &mut Value| {
        policy["quorum"] = json!({ "n": 1, "m": 1 });
        let facts = json!({ "parent": "microsoft", "jurisdictions": ["US"], "infrastructure": "azure" });
        let builder = policy["builders"]["github"].as_object_mut().unwrap();
        builder.extend(facts.as_object().unwrap().clone());
    };
    under(&ground, "unknown-level", |policy| {
        quorum(policy);
        policy["level"] = json!(2);
    });
    // Whoever asks about an output of which more is asked.
    under(&ground, "unknown-level", |policy| {
        quorum(policy);
        policy["outputs"] = json!({ "packages.x86_64-linux.default": { "level": 2 } });
    });
}

#[test]
fn another_signer_issuer_workflow_or_branch() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let subjects = |policy: &mut Value, pattern: &str| policy["builders"]["github"]["subjects"] = json!([pattern]);
    let at = |rest: &str| format!("https://github.com/{rest}");
    for (name, pattern) in [
        ("wrong-signer", at("other/app/.github/workflows/*.yaml@refs/heads/main")),
        ("wrong-workflow", at("owner/app/.github/workflows/release.yaml@refs/heads/main")),
        ("wrong-workflow", at("owner/app/.github/workflows/build.yaml@refs/heads/release")),
    ] {
        under(&ground, name, |policy| subjects(policy, &pattern));
    }
    let other = ground.stack.issuer(Kind::GitLab);
    under(&ground, "wrong-issuer", |policy| policy["builders"]["github"]["issuer"] = json!(other));
}

#[test]
fn attack_a_workflow_that_another_repository_calls_or_a_request_starts() {
    let ground = Ground::open(only_v2());
    // The subject is the workflow's, whoever calls it.
    succeeded(
        &ground.attest_as(Kind::GitHub, &json!({ "repository": "stranger/app", "repository_owner": "stranger" })),
    );
    ground.refused("wrong-workflow", &[]);
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({ "event_name": "pull_request_target" })));
    ground.refused("wrong-workflow", &[]);
}

#[test]
fn a_certificate_for_a_build_of_another_commit() {
    let ground = Ground::open(only_v2());
    let zeros = "0".repeat(40);
    succeeded(&ground.attest_as(Kind::GitHub, &json!({ "sha": zeros })));
    ground.refused("other-commit", &[]);
}

#[test]
fn release_and_provenance_by_different_identities() {
    let ground = Ground::open(only_v2());
    let policy = ground.policy(|policy| {
        policy["builders"]["gitlab"] = policy["builders"]["github"].clone();
        policy["builders"]["gitlab"]["issuer"] = json!(ground.stack.issuer(Kind::GitLab));
        policy["builders"]["gitlab"]["subjects"] = json!([Kind::GitLab.subject()]);
    });
    ground.write("policy.json", &policy.to_string());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    fs::rename(ground.at("bundles"), ground.at("github")).unwrap();
    succeeded(&ground.attest_as(Kind::GitLab, &json!({})));
    let bundle = |path: &'static str| ["--bundle", path];
    let (release, provenance) = (bundle("github/release.sigstore.json"), bundle("bundles/provenance.sigstore.json"));
    ground.refused("different-signers", &[release, provenance].concat());
    ground.refused("no-provenance", &release);
    ground.refused("no-statement", &provenance);
    // Both are there: two builders say the same.
    let found = ground.verify(&["--json"]).json();
    assert_eq!(found["verify"]["builders"].as_array().unwrap().len(), 2, "{found}");
}

#[test]
fn an_unsandboxed_build_and_forbidden_substituters() {
    let ground = Ground::open(only_v2());
    ground.write("token", &ground.stack.mint(Kind::GitHub, &json!({})).unwrap());
    let token = ["--identity-token-file", "token"];
    succeeded(&ground.attest_with(&BUILDER.replace("sandbox = true", "sandbox = false"), &token));
    ground.refused("unsandboxed", &[]);
    let elsewhere = format!("{BUILDER}\nbuilders = ssh://other x86_64-linux");
    succeeded(&ground.attest_with(&elsewhere, &token));
    let bundles = ["--bundle", "bundles/release.sigstore.json", "--bundle", "bundles/provenance.sigstore.json"];
    ground.refused("unsandboxed", &bundles);
    let cache = "substitute = true\nsubstituters = https://cache.example.org/";
    succeeded(&ground.attest_with(&BUILDER.replace("substitute = false", cache), &token));
    ground.refused("substituters", &bundles);
    let allowed = ground.policy(|policy| policy["build"]["substituters"] = json!(["https://cache.example.org"]));
    ground.write("policy.json", &allowed.to_string());
    succeeded(&ground.verify(&bundles));
}

/// A real daemon of Nix', in front of the machine's store, until it is dropped.
struct Daemon(Child);

impl Daemon {
    fn start(ground: &Ground, socket: &Path, settings: &str) -> Self {
        let nix = &ground.publisher.journey.workbench.nix;
        let mut command = nix.command("nix");
        command.arg("daemon").env("NIX_CONFIG", settings).env("NIX_DAEMON_SOCKET_PATH", socket);
        let mut daemon = Self(command.stdin(Stdio::null()).spawn().unwrap());
        while UnixStream::connect(socket).is_err() {
            assert!(daemon.0.try_wait().unwrap().is_none(), "it has ended");
            std::thread::yield_now();
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the user's settings say is nothing to it, so nobody signs that it was so.
#[test]
fn attack_a_daemon_that_does_not_trust_the_user() {
    let ground = Ground::open(only_v2());
    ground.write("token", &ground.stack.mint(Kind::GitHub, &json!({})).unwrap());
    let socket = ground.at("socket");
    for (trusted, is_signed) in [("nobody", false), ("*", true)] {
        let settings = format!("experimental-features = nix-command\ntrusted-users = {trusted}\nallowed-users = *");
        let _daemon = Daemon::start(&ground, &socket, &settings);
        let mut attest = ground.attest_command(BUILDER, &["--identity-token-file", "token"]);
        let said = said(attest.env("NIX_REMOTE", format!("unix://{}", socket.display())));
        if is_signed {
            succeeded(&said);
            succeeded(&ground.verify(&[]));
        } else {
            assert!(said.code == Some(5) && said.err.contains("does not do as this user says"), "{}", said.err);
            ground.refused("no-statement", &[]);
        }
    }
}

#[test]
fn a_statement_on_another_image_is_not_signed() {
    let ground = Ground::open(only_v2());
    let other = ground.publisher.seed(&Make { app: "app-1.1", ..Make::default() });
    ground.release(|request| request["image"] = json!(other.dir));
    let said = ground.attest_as(Kind::GitHub, &json!({}));
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("it speaks of sha256:"), "{}", said.err);
}

#[test]
fn builders_that_disagree() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    // The same commit and system, and another output.
    ground.release(|request| request["outputs"][0]["attribute"] = json!("packages.x86_64-linux.other"));
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    ground.refused("disagreement", &[]);
}

#[test]
fn a_log_that_is_not_trusted() {
    let ground = Ground::open(Options { rekor_v2: 2, rekor_v1: false, ..Options::default() });
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let other = ground.stack.logs().nth(1).unwrap().url();
    under(&ground, "unknown-log", |policy| policy["logs"] = json!([other]));
    let own = ground.log().url();
    let policy = ground.policy(|policy| policy["logs"] = json!([own]));
    ground.write("policy.json", &policy.to_string());
    succeeded(&ground.verify(&[]));
}

#[test]
fn an_authority_that_is_not_trusted() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let other = Stack::start_with(&ground.publisher.journey.workbench.cache, only_v2()).unwrap();
    ground.write("other.json", &other.trusted_root().to_string());
    ground.refused("unknown-log", &["--trusted-root", "other.json"]);
    let part = |name: &str| {
        let mut root = ground.stack.trusted_root();
        root[name] = other.trusted_root()[name].clone();
        ground.write("other.json", &root.to_string());
    };
    part("certificateAuthorities");
    ground.refused("untrusted-certificate", &["--trusted-root", "other.json"]);
    part("ctlogs");
    ground.refused("no-sct", &["--trusted-root", "other.json"]);
    part("timestampAuthorities");
    ground.refused("wrong-time-stamp", &["--trusted-root", "other.json"]);
}
