//! The same steps in other CIs: Forgejo's workflows, and GitLab's jobs, which a program that others wrote runs.

use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::machine::node::Node;
use nix_seed_checks::runner::Namespace;

use super::*;

/// Runs the jobs of a `.gitlab-ci.yml`.
const GITLAB_CI_LOCAL: &str = "gitlab-ci-local@4.75.1";

/// A policy in which this builder is believed, of this source, which the flake has, too.
fn believing(forge: &Forge, source: &str, builder: &Value) -> Value {
    edit(forge.example.source(), "flake.nix", "source = \"github:owner/app\"", &format!("source = \"{source}\""))
        .unwrap();
    let mut policy = forge.policy();
    policy["source"] = source.into();
    policy["builders"] = json!({ "builder": builder });
    policy
}

#[test]
fn forgejos_workflows_sign_with_a_key() {
    let keys = tempfile::tempdir().unwrap();
    let openssl =
        |arguments: &[&str]| process::output(Command::new("openssl").args(arguments).current_dir(keys.path())).unwrap();
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem"]);
    let public = openssl(&["pkey", "-in", "key.pem", "-pubout"]);
    let private = fs::read_to_string(keys.path().join("key.pem")).unwrap();
    let forge = Forge::open_for("forgejo", |forge| {
        let builder = json!({
            "issuer": null, "subjects": [], "keys": [public], "signer": null, "parent": null, "jurisdictions": [],
            "infrastructure": null,
        });
        believing(forge, "git+https://code.example.org/owner/app", &builder)
    });
    let runner = runner(&forge);
    let run = |workflow: &str, job: &str, is_bare: bool| {
        let file = forge.example.source().join(format!(".forgejo/workflows/{workflow}.yaml"));
        let finished = forge.run_file(&runner, &file, workflow, |given| {
            given.job = Some(job.into());
            given.has_identity = false;
            // The secret is all that the registry takes.
            given.has_login = false;
            given.token = "a-token-that-may-nothing".into();
            given.is_bare = is_bare;
            given.secrets = json!({ "PACKAGES_TOKEN": TOKEN, "SIGNING_KEY": private });
            given.variables = vec![
                ("FORGEJO_ACTIONS".into(), "true".into()),
                ("GITHUB_SERVER_URL".into(), "https://code.example.org".into()),
            ];
        });
        succeeded(&finished);
        let secret = private.lines().nth(1).unwrap();
        assert!(!finished.log.contains(secret) && !finished.summary.contains(secret), "the key is shown");
        finished
    };
    let made = run("seed", "seed", false);
    assert!(made.summary.contains("signed, logged and attached"), "{}", made.summary);
    forge.pull();
    let seed = format!("{}@{}", forge.name(), forge.locked()["digest"].as_str().unwrap());
    let mut verify = forge.publisher.command(&["verify", &seed, "--policy", ".seed.cfg.json"]);
    verify.current_dir(forge.example.source()).env("NIX_SEED_REGISTRY_USERNAME", "me");
    let verified = said(verify.env("NIX_SEED_REGISTRY_PASSWORD", TOKEN));
    assert_eq!(verified.code, Some(0), "{}", verified.err);
    assert!(verified.out.contains("https://code.forgejo.org/forgejo/runner"), "{}", verified.out);
    // In the workflow that made the seed, and in each later one.
    for workflow in ["seed", "build"] {
        let built = run(workflow, "build", true);
        assert!(built.summary.contains("| attested | yes"), "{}{}", built.summary, built.log);
    }
}

/// What GitLab tells of a project and its pipelines.
fn gitlab(forge: &Forge, token: &str) -> Vec<String> {
    let variables = [
        ("GITLAB_CI", "true"),
        ("CI_SERVER_URL", "https://gitlab.com"),
        ("CI_PROJECT_PATH", "owner/app"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_REGISTRY", &forge.registry.address().to_string()),
        ("CI_REGISTRY_IMAGE", &forge.name()),
        ("CI_REGISTRY_USER", "me"),
        ("CI_REGISTRY_PASSWORD", TOKEN),
        ("SIGSTORE_ID_TOKEN", token),
    ];
    variables.iter().flat_map(|(name, value)| ["--variable".to_owned(), format!("{name}={value}")]).collect()
}

#[test]
fn gitlabs_jobs_sign_as_the_pipeline() {
    let forge = Forge::open_for("gitlab", |forge| {
        let builder = json!({
            "issuer": forge.stack.issuer(Kind::GitLab), "subjects": [Kind::GitLab.subject()], "keys": [], "signer": null,
            "parent": null, "jurisdictions": [], "infrastructure": null,
        });
        believing(forge, "git+https://gitlab.com/owner/app", &builder)
    });
    let node = Node::open(&Cache::open().unwrap(), &[GITLAB_CI_LOCAL]).unwrap();
    let job = |name: &str, is_bare: bool| {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        process::output(Command::new("git").args(["clone", "--quiet", &forge.remote()]).arg(&project)).unwrap();
        let token =
            forge.stack.mint(Kind::GitLab, &json!({ "sha": forge.head(), "ci_config_sha": forge.head() })).unwrap();
        let program = node.package("gitlab-ci-local/dist/index.js");
        let namespace = Namespace::open(is_bare).unwrap();
        let mut command = namespace.command(program.get_program().to_str().unwrap(), &project);
        command.args(program.get_args()).args([
            name,
            "--force-shell-executor",
            "--no-shell-isolation",
            "--ignore-predefined-vars",
        ]);
        command.arg("GITLAB_CI,CI_SERVER_URL,CI_PROJECT_PATH,CI_PIPELINE_SOURCE,CI_REGISTRY,CI_REGISTRY_IMAGE,CI_REGISTRY_USER,CI_REGISTRY_PASSWORD");
        command.args(gitlab(&forge, &token)).env_clear().env("HOME", folder.path());
        let mut path = "/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
        if !is_bare {
            let nix = &forge.publisher.journey.workbench.nix;
            let of = |name: &str, value: &str| {
                if name == "NIX_CONFIG" { format!("{value}\nsubstituters =") } else { value.into() }
            };
            command.envs(nix.environment().iter().map(|(name, value)| (name, of(name, value))));
            path = format!("{}:{path}", nix.program().parent().unwrap().display());
        }
        let said = said(command.env("PATH", path));
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        let all = said.out + &said.err;
        assert!(!all.contains(token.rsplit('.').next().unwrap()), "the token is shown");
        all
    };
    let made = job("seed", false);
    assert!(made.contains("signed, logged and attached"), "{made}");
    forge.pull();
    let built = job("build", true);
    assert!(built.contains("attested | yes"), "{built}");
}
