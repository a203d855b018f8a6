//! A forge: a repository with its actions, a registry, and what signs.

use super::*;

/// An example flake on a forge: a repository, its registry, and what signs.
pub(super) struct Forge {
    pub(super) example: Example,
    pub(super) publisher: Publisher,
    pub(super) stack: Stack,
    pub(super) registry: DockerRegistry,
    /// The remote, and the actions as a runner has them.
    pub(super) folder: TempDir,
    /// Where the actions' program is.
    pub(super) programs: FileServer,
}

impl Forge {
    pub(super) fn open() -> Self {
        Self::open_for("github", Self::policy)
    }

    pub(super) fn open_for(ci: &str, policy: impl FnOnce(&Self) -> Value) -> Self {
        let forge = Self::of("attested");
        forge.for_debian();
        forge.write(".seed.cfg.json", &policy(&forge).to_string());
        let programs = forge.folder.path().join("action/action/programs");
        let init = ["init", "--ci", ci, "--branch", "main", "--runner", "ubuntu-22.04", "--programs"];
        let mut init = forge.publisher.command(&[&init[..], &[programs.to_str().unwrap()]].concat());
        let written = said(init.current_dir(forge.example.source()));
        assert_eq!(written.code, Some(0), "{}", written.err);
        forge.begin();
        forge
    }

    /// A forge without a repository, and an example beside it.
    pub(super) fn of(example: &str) -> Self {
        let example = Example::of_example(example);
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
        forge
    }

    /// Debian's Nix shows builders a shell that is no part of a seed.
    pub(super) fn for_debian(&self) {
        let text = fs::read_to_string(self.example.source().join("flake.nix")).unwrap();
        let all = text.replace("mkSeed {", "mkSeed {\n nixConf.sandbox-paths = [ ];");
        assert_ne!(text, all);
        self.write("flake.nix", &all);
    }

    /// What is in the folder becomes the first commit of a repository on the forge.
    pub(super) fn begin(&self) {
        self.git(&["init", "--quiet", "--initial-branch", "main"]);
        process::output(
            Command::new("git").args(["init", "--quiet", "--bare", "--initial-branch", "main"]).arg(self.remote()),
        )
        .unwrap();
        self.git(&["remote", "add", "origin", &self.remote()]);
        self.commit();
    }

    /// The actions, with the pin that a release would write.
    pub(super) fn actions(&self, program: &Path) {
        let at = self.folder.path().join("action");
        for name in ["action", "seed"] {
            files::copy_tree(&repository::path().join(name), &at.join(name)).unwrap();
        }
        fs::copy(repository::path().join("action.yaml"), at.join("action.yaml")).unwrap();
        let digest = Sha256::digest(fs::read(program).unwrap());
        let digest: String = data_encoding::HEXLOWER.encode(&digest);
        self.pin(&digest);
    }

    pub(super) fn pin(&self, digest: &str) {
        let line = format!("Linux-X64 {digest} http://{}/nix-seed\n", self.programs.address());
        fs::write(self.folder.path().join("action/action/programs"), line).unwrap();
    }

    /// Where seeds and results are.
    pub(super) fn name(&self) -> String {
        image(self.registry.address(), "owner/app-seed")
    }

    pub(super) fn remote(&self) -> String {
        self.folder.path().join("remote.git").display().to_string()
    }

    pub(super) fn policy(&self) -> Value {
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

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.example.source().join(name), text).unwrap();
    }

    pub(super) fn init(&self, options: &[&str]) -> Said {
        let init = ["init", "--ci", "github", "--branch", "main", "--runner", "ubuntu-22.04"];
        let mut command = self.publisher.command(&[&init[..], options].concat());
        said(command.current_dir(self.example.source()))
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=me", "-c", "user.email=me@example.org"]).args(arguments);
        process::output(git.current_dir(self.example.source()).env("HOME", self.publisher.home())).unwrap()
    }

    /// Commits all changes to a branch of the remote.
    pub(super) fn commit_to(&self, branch: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
        self.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        self.head()
    }

    pub(super) fn commit(&self) -> String {
        self.commit_to("main")
    }

    pub(super) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Takes what a job has pushed.
    pub(super) fn pull(&self) -> String {
        self.git(&["pull", "--quiet", "--ff-only", "origin", "main"]);
        self.head()
    }

    /// The lock file's seed for this machine's system.
    pub(super) fn locked(&self) -> Value {
        let text = fs::read_to_string(self.example.source().join(".seed.lock")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["seeds"]["x86_64-linux"].clone()
    }

    /// Runs the job of a workflow, for the commit that is checked out.
    pub(super) fn run(&self, runner: &Runner, workflow: &str, change: impl FnOnce(&mut Given)) -> Finished {
        let file = self.example.source().join(format!(".github/workflows/{workflow}.yaml"));
        self.run_file(runner, &file, workflow, change)
    }

    /// The same, of a file that need not be in the repository.
    pub(super) fn run_file(
        &self,
        runner: &Runner,
        file: &Path,
        workflow: &str,
        change: impl FnOnce(&mut Given),
    ) -> Finished {
        let mut given = Given {
            event: ("push".into(), json!({})),
            reference: "refs/heads/main".into(),
            has_identity: true,
            has_login: true,
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
        // The actions' own token is for ghcr.io alone: this is what a step before them leaves.
        if given.has_login {
            let auth = self.folder.path().join("auth.json");
            let login = data_encoding::BASE64.encode(format!("me:{}", given.token).as_bytes());
            let auths = json!({ "auths": { self.registry.address().to_string(): { "auth": login } } });
            fs::write(&auth, auths.to_string()).unwrap();
            variables.push(("REGISTRY_AUTH_FILE".into(), auth.display().to_string()));
        }
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
