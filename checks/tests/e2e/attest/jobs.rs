//! A job signs with the identity that its CI gives it, and nobody sees by what.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use nix_seed_checks::sigstore::job::JobTokens;

use super::*;

/// That nothing of a token is shown: its claims are no secret, its signature is.
fn hidden(said: &Said, secrets: &[&str]) {
    for secret in secrets.iter().flat_map(|secret| secret.rsplit('.').take(1)) {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "{}{}", said.out, said.err);
    }
}

#[test]
fn of_github() {
    let ground = Ground::open(only_v2());
    let tokens = ground.stack.job_tokens(Kind::GitHub).unwrap();
    let said = said(ground.attest_command(BUILDER, &["--trace", "trace.json"]).envs(tokens.environment()));
    succeeded(&said);
    let given = tokens.given();
    assert_eq!(given.len(), 1);
    assert_eq!(given[0].audience, "sigstore");
    hidden(&said, &[JobTokens::BEARER, &given[0].token]);
    // Nothing that is left behind has them either: bundles, the trace, what waits for a log.
    assert!(ground.at("trace.json").exists());
    let mut grep = Command::new("grep");
    grep.args(["-rlF", "-e", JobTokens::BEARER, "-e", given[0].token.rsplit('.').next().unwrap(), "."]);
    // That none is there is another end than that something went wrong.
    assert_eq!(grep.current_dir(ground.publisher.home()).status().unwrap().code(), Some(1));
    let found = ground.verify(&["--json"]).json();
    assert_eq!(found["verify"]["builders"][0]["release"]["signer"]["subject"], Kind::GitHub.subject(), "{found}");
}

#[test]
fn of_github_that_may_not_ask_or_has_ended() {
    let ground = Ground::open(only_v2());
    let tokens = ground.stack.job_tokens(Kind::GitHub).unwrap();
    let mut command = ground.attest_command(BUILDER, &[]);
    let unpermitted = said(command.env("GITHUB_ACTIONS", "true"));
    let mut command = ground.attest_command(BUILDER, &[]);
    let bearer = "the-bearer-of-another-job";
    let ended = said(command.envs(tokens.environment()).env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", bearer));
    for said in [unpermitted, ended] {
        assert!(said.code == Some(1) && said.err.contains("id-token: write"), "{:?}: {}", said.code, said.err);
        hidden(&said, &[bearer]);
    }
    assert!(tokens.given().is_empty());
    ground.refused("no-statement", &[]);
}

#[test]
fn of_gitlab() {
    let ground = Ground::open(only_v2());
    ground.believe(Kind::GitLab);
    let token = ground.stack.mint(Kind::GitLab, &json!({})).unwrap();
    let mut command = ground.attest_command(BUILDER, &[]);
    let said = said(command.env("GITLAB_CI", "true").env("SIGSTORE_ID_TOKEN", &token));
    succeeded(&said);
    hidden(&said, &[&token]);
    succeeded(&ground.verify(&[]));
}

#[test]
fn of_buildkite() {
    let ground = Ground::open(only_v2());
    ground.believe(Kind::Buildkite);
    let token = ground.stack.mint(Kind::Buildkite, &json!({})).unwrap();
    ground.write("token", &token);
    let agent = |script: &str| {
        let folder = ground.at("agent");
        fs::create_dir_all(&folder).unwrap();
        let program = folder.join("buildkite-agent");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = ground.attest_command(BUILDER, &[]);
        let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_str().unwrap();
        let path = format!("{}:{path}", folder.display());
        command.env("PATH", path).env("BUILDKITE", "true").env("BUILDKITE_AGENT_ACCESS_TOKEN", "secret-of-the-agent");
        said(&mut command)
    };
    // What anybody on the machine may read of those two.
    let seen = agent(r#"echo "$@" >asked; cat /proc/$$/cmdline /proc/$PPID/cmdline >seen; cat token"#);
    succeeded(&seen);
    hidden(&seen, &[&token, "secret-of-the-agent"]);
    assert_eq!(fs::read_to_string(ground.at("asked")).unwrap(), "oidc request-token --audience sigstore\n");
    let lines = fs::read_to_string(ground.at("seen")).unwrap();
    assert!(lines.contains("attest") && !lines.contains("secret-of-the-agent"), "{lines}");
    succeeded(&ground.verify(&[]));
    let failed =
        agent("echo \"> Token $BUILDKITE_AGENT_ACCESS_TOKEN\" >&2; echo 'fatal: the job has ended' >&2; exit 1");
    assert!(failed.code == Some(1) && failed.err.contains("the job has ended"), "{}", failed.err);
    hidden(&failed, &["secret-of-the-agent"]);
}

#[test]
fn a_token_that_is_given_goes_before_the_jobs() {
    let ground = Ground::open(only_v2());
    let tokens = ground.stack.job_tokens(Kind::GitLab).unwrap();
    let token = ground.stack.mint(Kind::GitHub, &json!({})).unwrap();
    for option in ["--identity-token-env=OWN_TOKEN", "--identity-token-stdin"] {
        let mut command = ground.attest_command(BUILDER, &[option]);
        command.envs(tokens.environment()).env("OWN_TOKEN", &token);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Whoever reads it from the environment may have ended before.
        let _ = writeln!(child.stdin.take().unwrap(), "{token}");
        let said = said_in(child.wait_with_output().unwrap());
        succeeded(&said);
        hidden(&said, &[&token, JobTokens::BEARER]);
        succeeded(&ground.verify(&[]));
    }
    assert!(tokens.given().is_empty());
}
