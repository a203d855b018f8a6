//! Workflows that `nix-seed init` writes, with nix-seed's actions, from checkout to summary: run step by step as GitHub's runner does, with a
//! real git remote, registry, certificate authority and log.

mod jobs;
mod lint;
mod others;
mod record;
mod steps;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::client;
use nix_seed_checks::machine::{files, process, repository};
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::files::FileServer;
use nix_seed_checks::runner::{Finished, Job, Runner};
use nix_seed_checks::seed::flake::edit;
use nix_seed_checks::sigstore::token::Kind;
use nix_seed_checks::sigstore::{Options, Stack};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::publish::{Publisher, Said, image};
use crate::seed::Seed as Example;

/// What a job's token is for registry and git.
const TOKEN: &str = "the-token-of-this-job";

/// `examples/attested` on a forge: a repository, its registry, and what signs.
struct Forge {
    example: Example,
    publisher: Publisher,
    stack: Stack,
    registry: DockerRegistry,
    /// The remote, and the actions as a runner has them.
    folder: TempDir,
    /// Where the actions' program is.
    programs: FileServer,
}

impl Forge {
    fn open() -> Self {
        Self::open_for("github", Self::policy)
    }

    fn open_for(ci: &str, policy: impl FnOnce(&Self) -> Value) -> Self {
        let example = Example::of_example("attested");
        // Debian's Nix shows builders a shell that is no part of a seed.
        let seed = "mkSeed { inherit pkgs self; nixConf.sandbox-paths = [ ]; }";
        edit(example.source(), "flake.nix", "mkSeed { inherit pkgs self; }", seed).unwrap();
        let publisher = Publisher::open();
        let cache = &publisher.journey.workbench.cache;
        let options = Options { rekor_v2: 1, rekor_v1: false, ..Options::default() };
        let stack = Stack::start_with(cache, options).unwrap();
        let registry = DockerRegistry::start(cache, Auth::Basic("me", TOKEN)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let program = client::program().unwrap();
        let programs = FileServer::start(program.parent().unwrap()).unwrap();
        let forge = Self { example, publisher, stack, registry, folder, programs };
        forge.actions(&program);
        forge.write(".seed.cfg.json", &policy(&forge).to_string());
        let programs = forge.folder.path().join("action/action/programs");
        let init = ["init", "--ci", ci, "--branch", "main", "--runner", "ubuntu-22.04", "--programs"];
        let mut init = forge.publisher.command(&[&init[..], &[programs.to_str().unwrap()]].concat());
        let written = said(init.current_dir(forge.example.source()));
        assert_eq!(written.code, Some(0), "{}", written.err);
        forge.git(&["init", "--quiet", "--initial-branch", "main"]);
        process::output(
            Command::new("git").args(["init", "--quiet", "--bare", "--initial-branch", "main"]).arg(forge.remote()),
        )
        .unwrap();
        forge.git(&["remote", "add", "origin", &forge.remote()]);
        forge.commit();
        forge
    }

    /// The actions, with the pin that a release would write.
    fn actions(&self, program: &Path) {
        let at = self.folder.path().join("action");
        for name in ["action", "seed"] {
            files::copy_tree(&repository::path().join(name), &at.join(name)).unwrap();
        }
        fs::copy(repository::path().join("action.yaml"), at.join("action.yaml")).unwrap();
        let digest = Sha256::digest(fs::read(program).unwrap());
        let digest: String = data_encoding::HEXLOWER.encode(&digest);
        self.pin(&digest);
    }

    fn pin(&self, digest: &str) {
        let line = format!("Linux-X64 {digest} http://{}/nix-seed\n", self.programs.address());
        fs::write(self.folder.path().join("action/action/programs"), line).unwrap();
    }

    /// Where seeds and results are.
    fn name(&self) -> String {
        image(self.registry.address(), "owner/app-seed")
    }

    fn remote(&self) -> String {
        self.folder.path().join("remote.git").display().to_string()
    }

    fn policy(&self) -> Value {
        let log = self.stack.logs().next().unwrap();
        let subject =
            |name: &str| format!("https://github.com/owner/app/.github/workflows/{name}.yaml@refs/heads/main");
        json!({
            "version": 1, "level": 1, "source": "git+https://github.com/owner/app", "registry": self.name(),
            "builders": { "github": {
                "issuer": self.stack.issuer(Kind::GitHub), "subjects": [subject("build"), subject("seed")],
                "keys": [], "signer": null, "parent": null, "jurisdictions": [], "infrastructure": null,
            } },
            "trustedRoot": self.stack.trusted_root().to_string(), "logs": null,
            "services": {
                "fulcio": self.stack.fulcio(), "rekor": log.url(), "rekorVersion": log.version(),
                "timestamp": self.stack.timestamp(),
            },
            "freshness": { "maxAge": null }, "build": { "sandbox": true, "substituters": [] },
            "outputs": {}, "quorum": null, "contract": null,
        })
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.example.source().join(name), text).unwrap();
    }

    fn init(&self, options: &[&str]) -> Said {
        let init = ["init", "--ci", "github", "--branch", "main", "--runner", "ubuntu-22.04"];
        let mut command = self.publisher.command(&[&init[..], options].concat());
        said(command.current_dir(self.example.source()))
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=me", "-c", "user.email=me@example.org"]).args(arguments);
        process::output(git.current_dir(self.example.source()).env("HOME", self.publisher.home())).unwrap()
    }

    /// Commits all changes to a branch of the remote.
    fn commit_to(&self, branch: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
        self.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        self.head()
    }

    fn commit(&self) -> String {
        self.commit_to("main")
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Takes what a job has pushed.
    fn pull(&self) -> String {
        self.git(&["pull", "--quiet", "--ff-only", "origin", "main"]);
        self.head()
    }

    /// The lock file's seed for this machine's system.
    fn locked(&self) -> Value {
        let text = fs::read_to_string(self.example.source().join(".seed.lock")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["seeds"]["x86_64-linux"].clone()
    }

    /// Runs the job of a workflow, for the commit that is checked out.
    fn run(&self, runner: &Runner, workflow: &str, change: impl FnOnce(&mut Given)) -> Finished {
        let file = self.example.source().join(format!(".github/workflows/{workflow}.yaml"));
        self.run_file(runner, &file, workflow, change)
    }

    /// The same, of a file that need not be in the repository.
    fn run_file(&self, runner: &Runner, file: &Path, workflow: &str, change: impl FnOnce(&mut Given)) -> Finished {
        let mut given = Given {
            event: ("push".into(), json!({})),
            reference: "refs/heads/main".into(),
            has_identity: true,
            token: TOKEN.into(),
            is_bare: false,
            secrets: json!({}),
            variables: Vec::new(),
            job: None,
        };
        change(&mut given);
        let commit = self.head();
        let claims = json!({
            "sha": commit, "workflow_sha": commit, "job_workflow_sha": commit, "ref": given.reference,
            "job_workflow_ref": format!("owner/app/.github/workflows/{workflow}.yaml@{}", given.reference),
        });
        let tokens = self.stack.job_tokens_with(Kind::GitHub, claims).unwrap();
        let mut variables: Vec<(String, String)> = Vec::new();
        if given.has_identity {
            let environment = tokens.environment().into_iter().filter(|(name, _)| name.starts_with("ACTIONS_"));
            variables.extend(environment.map(|(name, value)| (name.to_owned(), value)));
        }
        let mut path = client::program().unwrap().parent().unwrap().display().to_string();
        if !given.is_bare {
            let nix = &self.publisher.journey.workbench.nix;
            variables.extend(nix.environment().iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            path = format!("{}:{path}", nix.program().parent().unwrap().display());
            // What is built here was built by nobody else.
            if let Some((_, config)) = variables.iter_mut().find(|(name, _)| name == "NIX_CONFIG") {
                config.push_str("\nsubstituters =\n");
            }
        }
        variables.push(("PATH".into(), format!("{path}:/usr/sbin:/usr/bin:/sbin:/bin")));
        let auth = self.folder.path().join("auth.json");
        let login = data_encoding::BASE64.encode(format!("me:{}", given.token).as_bytes());
        let auths = json!({ "auths": { self.registry.address().to_string(): { "auth": login } } });
        fs::write(&auth, auths.to_string()).unwrap();
        // The actions' own token is for ghcr.io alone: this is what a step before them leaves.
        variables.push(("REGISTRY_AUTH_FILE".into(), auth.display().to_string()));
        let workflow_ref = format!("owner/app/.github/workflows/{workflow}.yaml@{}", given.reference);
        variables.push(("GITHUB_WORKFLOW_REF".into(), workflow_ref));
        variables.extend(given.variables);
        let mut secrets = given.secrets;
        secrets["GITHUB_TOKEN"] = given.token.into();
        let mut event = given.event.1;
        event["repository"] = json!({ "full_name": "owner/app", "default_branch": "main" });
        let job = Job {
            workflow: file,
            name: given.job.as_deref().unwrap_or(workflow),
            matrix: json!({ "os": "ubuntu-22.04" }),
            secrets,
            event: (&given.event.0, event),
            reference: &given.reference,
            repository: "owner/app",
            remote: &self.remote(),
            commit: &commit,
            variables,
            actions: BTreeMap::from([("0compute/nix-seed".into(), self.folder.path().join("action"))]),
            is_bare: given.is_bare,
        };
        let finished = runner.run(&job).unwrap();
        for secret in [TOKEN, nix_seed_checks::sigstore::job::JobTokens::BEARER] {
            assert!(!finished.log.contains(secret) && !finished.summary.contains(secret), "a secret is shown");
        }
        finished
    }
}

/// How a run differs from others.
struct Given {
    event: (String, Value),
    reference: String,
    has_identity: bool,
    token: String,
    is_bare: bool,
    /// More secrets than the token.
    secrets: Value,
    /// More variables than GitHub's.
    variables: Vec<(String, String)>,
    /// The job, where it is not called as the workflow.
    job: Option<String>,
}

fn said(command: &mut Command) -> Said {
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[allow(clippy::print_stdout, reason = "it is what a person would look at")]
fn succeeded(finished: &Finished) {
    // Seen with --no-capture.
    println!("{}", finished.summary);
    assert!(finished.ran && finished.success, "{:?}\n{}", finished.steps, finished.log);
}

fn output<'a>(finished: &'a Finished, action: &str, name: &str) -> &'a str {
    finished.outputs[action][name].as_str().unwrap()
}

const BUILD: &str = "0compute/nix-seed";
const SEED: &str = "0compute/nix-seed/seed";

fn runner(forge: &Forge) -> Runner {
    Runner::open(&forge.publisher.journey.workbench.cache).unwrap()
}

fn at(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}
