//! `.seed.lock`, written by jobs of several systems at the same time, to branches and by pull requests.

use std::process::Child;

use nix_seed_checks::runner::logins::Logins;
use nix_seed_checks::runner::pulls::PullRequests;

use super::*;

/// What `ci seed` would have left for a system.
fn seeded(folder: &Path, system: &str, digit: char, made_of: &[String; 2]) {
    fs::create_dir_all(folder).unwrap();
    let record = json!({
        "system": system, "digest": format!("sha256:{}", digit.to_string().repeat(64)), "image": "ghcr.io/owner/app-seed",
        "commit": "c".repeat(40), "flake": made_of[0], "lock": made_of[1], "kept": "new", "why": null, "seconds": 1.0,
    });
    fs::write(folder.join("seed.json"), record.to_string()).unwrap();
}

/// A repository with a flake and its lock file, and a remote.
struct Repository {
    folder: TempDir,
    publisher: Publisher,
    made_of: [String; 2],
}

impl Repository {
    fn open() -> Self {
        let (folder, publisher) = (tempfile::tempdir().unwrap(), Publisher::open());
        let repository = Self { folder, publisher, made_of: Default::default() };
        fs::create_dir(repository.at("work")).unwrap();
        fs::write(repository.at("work/flake.nix"), "{ outputs = _: { }; }\n").unwrap();
        fs::write(
            repository.at("work/flake.lock"),
            "{ \"nodes\": { \"root\": { } }, \"root\": \"root\", \"version\": 7 }\n",
        )
        .unwrap();
        repository.git("work", &["init", "--quiet", "--initial-branch", "main"]);
        repository.git("work", &["add", "--all"]);
        repository.git("work", &["commit", "--quiet", "--message", "first"]);
        repository.git(".", &["clone", "--quiet", "--bare", "work", "remote.git"]);
        let remote = repository.at("remote.git").display().to_string();
        repository.git("work", &["remote", "add", "origin", &remote]);
        let hash = |name: &str| data_encoding::HEXLOWER.encode(&Sha256::digest(fs::read(repository.at(name)).unwrap()));
        let made_of = ["work/flake.nix", "work/flake.lock"].map(hash);
        Self { made_of, ..repository }
    }

    fn at(&self, name: &str) -> PathBuf {
        at(self.folder.path(), name)
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=me", "-c", "user.email=me@example.org"]).args(arguments);
        process::output(git.current_dir(self.at(folder))).unwrap()
    }

    fn record(&self, system: &str, options: &[&str]) -> Command {
        let state = self.at(&format!("state-{system}")).display().to_string();
        let mut command =
            self.publisher.command(&[&["ci", "record", "--branch", "main", "--state", &state], options].concat());
        command.current_dir(self.at("work"));
        command
    }

    fn lock(&self, branch: &str) -> Value {
        serde_json::from_str(&self.git("remote.git", &["show", &format!("{branch}:.seed.lock")])).unwrap()
    }
}

const SYSTEMS: [(&str, char); 4] =
    [("x86_64-linux", 'a'), ("aarch64-linux", 'b'), ("x86_64-darwin", 'c'), ("aarch64-darwin", 'd')];

#[test]
fn systems_that_write_at_the_same_time_do_not_conflict() {
    let repository = Repository::open();
    let children: Vec<Child> = SYSTEMS
        .iter()
        .map(|(system, digit)| {
            seeded(&repository.at(&format!("state-{system}")), system, *digit, &repository.made_of);
            repository.record(system, &[]).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let lock = repository.lock("main");
    for (system, digit) in SYSTEMS {
        assert_eq!(lock["seeds"][system]["digest"], format!("sha256:{}", digit.to_string().repeat(64)));
    }
    // A commit each, and nothing but the one file; the working tree is as it was.
    assert_eq!(repository.git("remote.git", &["rev-list", "--count", "main"]).trim(), "5");
    let changed = repository.git("remote.git", &["diff", "--name-only", "main~4", "main"]);
    assert_eq!(changed, ".seed.lock\n");
    assert_eq!(repository.git("work", &["status", "--porcelain"]), "");
    assert_eq!(repository.git("work", &["for-each-ref", "refs/nix-seed"]), "");
    // Once more: nothing is written.
    let again = said(&mut repository.record("x86_64-linux", &["--json"]));
    assert_eq!(again.json()["record"]["why"], "the branch names this seed already");
    assert_eq!(repository.git("remote.git", &["rev-list", "--count", "main"]).trim(), "5");
}

/// Another git in the same repository moves the remote's branch there, whenever it has looked.
#[test]
fn whoever_fetches_in_the_same_repository_does_not_matter() {
    let repository = Repository::open();
    repository.git("work", &["fetch", "--quiet", "origin"]);
    fs::write(repository.at("work/.git/refs/remotes/origin/main.lock"), "").unwrap();
    let another = repository.git("remote.git", &["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "another"]);
    repository.git("remote.git", &["update-ref", "refs/heads/main", another.trim()]);
    seeded(&repository.at("state-x86_64-linux"), "x86_64-linux", 'a', &repository.made_of);
    let said = said(&mut repository.record("x86_64-linux", &[]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(repository.git("remote.git", &["rev-list", "--count", "main"]).trim(), "3");
}

#[test]
fn a_seed_of_another_flake_is_not_recorded() {
    let repository = Repository::open();
    let [flake, lock] = repository.made_of.clone();
    let zeros = "0".repeat(64);
    // Of two jobs the slower is of an older commit.
    for made_of in [[zeros.clone(), lock], [flake, zeros]] {
        seeded(&repository.at("state-x86_64-linux"), "x86_64-linux", 'a', &made_of);
        let said = said(&mut repository.record("x86_64-linux", &["--json"]));
        assert!(said.json()["record"]["why"].as_str().unwrap().contains("or flake.lock by now"), "{}", said.out);
    }
    assert_eq!(repository.git("remote.git", &["rev-list", "--count", "main"]).trim(), "1");
}

#[test]
fn a_branch_that_may_not_be_written_to_is_said() {
    let repository = Repository::open();
    seeded(&repository.at("state-x86_64-linux"), "x86_64-linux", 'a', &repository.made_of);
    let hook = repository.at("remote.git/hooks/update");
    fs::write(&hook, "#!/bin/sh\necho 'protected branch' >&2\nexit 1\n").unwrap();
    process::output(Command::new("chmod").arg("+x").arg(&hook)).unwrap();
    let said = said(&mut repository.record("x86_64-linux", &[]));
    assert_eq!(said.code, Some(5), "{}", said.err);
    assert!(said.err.contains("protected branch") && said.err.contains("--as pull-request"), "{}", said.err);
}

#[test]
fn systems_ask_by_one_pull_request_for_each_commit() {
    let repository = Repository::open();
    for (system, digit) in &SYSTEMS[..2] {
        seeded(&repository.at(&format!("state-{system}")), system, *digit, &repository.made_of);
        // By hand there is no forge to be asked: the branch is what there is.
        let said = said(&mut repository.record(system, &["--as", "pull-request", "--json"]));
        assert_eq!(said.json()["record"]["branch"], format!("nix-seed/main-{}", "c".repeat(12)));
    }
    let branch = format!("nix-seed/main-{}", "c".repeat(12));
    let lock = repository.lock(&branch);
    assert!(lock["seeds"]["x86_64-linux"].is_object() && lock["seeds"]["aarch64-linux"].is_object(), "{lock}");
    assert_eq!(repository.git("remote.git", &["rev-list", "--count", "main"]).trim(), "1");
}

/// A job of GitHub's, whose forge is this one.
fn on_github(mut command: Command, forge: &PullRequests, token: &str) -> Said {
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "owner/app"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_TOKEN", token),
    ];
    command.envs(variables).env("GITHUB_API_URL", format!("http://{}", forge.address()));
    let said = said(&mut command);
    assert!(!said.out.contains(token) && !said.err.contains(token), "the token is shown");
    said
}

#[test]
fn a_forge_is_asked_for_a_pull_request_once() {
    let repository = Repository::open();
    let forge = PullRequests::start("the-token-of-the-job").unwrap();
    let branch = format!("nix-seed/main-{}", "c".repeat(12));
    // A stranger's has the same branch, or one that ends like it.
    forge.open_from("stranger/app", &branch);
    forge.open_from("owner/app", &branch[1..]);
    for (system, digit) in &SYSTEMS[..2] {
        seeded(&repository.at(&format!("state-{system}")), system, *digit, &repository.made_of);
        let command = repository.record(system, &["--as", "pull-request", "--json"]);
        let said = on_github(command, &forge, "the-token-of-the-job");
        assert_eq!(said.json()["record"]["url"], "https://github.com/owner/app/pull/3", "{}", said.err);
    }
    let all = forge.all();
    assert_eq!(all.len(), 3);
    assert_eq!((&all[2]["head"]["ref"], &all[2]["base"]["ref"]), (&json!(branch), &json!("main")));

    seeded(&repository.at("state-x86_64-darwin"), "x86_64-darwin", 'e', &repository.made_of);
    let denied = on_github(repository.record("x86_64-darwin", &["--as", "pull-request"]), &forge, "another-token");
    assert_eq!(denied.code, Some(1), "{}", denied.err);
    assert!(denied.err.contains("pull-requests: write"), "{}", denied.err);
}

/// The setting that lets jobs ask was off. Somebody has switched it on, and the job runs again.
#[test]
fn a_request_that_was_refused_is_asked_again_and_not_once_it_is_merged() {
    let repository = Repository::open();
    let forge = PullRequests::start("the-token-of-the-job").unwrap();
    seeded(&repository.at("state-x86_64-linux"), "x86_64-linux", 'a', &repository.made_of);
    let record =
        |token: &str| on_github(repository.record("x86_64-linux", &["--as", "pull-request", "--json"]), &forge, token);
    assert_eq!(record("another-token").code, Some(1));
    assert_eq!(forge.all().len(), 0);
    for _ in 0..2 {
        let said = record("the-token-of-the-job");
        assert_eq!(said.json()["record"]["url"], "https://github.com/owner/app/pull/1", "{}", said.err);
    }
    let branch = format!("refs/heads/nix-seed/main-{}", "c".repeat(12));
    repository.git("remote.git", &["update-ref", "refs/heads/main", &branch]);
    let merged = record("the-token-of-the-job");
    assert_eq!(merged.json()["record"]["why"], "the branch names this seed already");
    assert_eq!(merged.json()["record"]["url"], Value::Null);
    assert_eq!(forge.all().len(), 1);
}

/// An old job runs again: the branch that it asked with is there, and what it asked for is of no use any more.
#[test]
fn for_a_seed_of_another_flake_nothing_is_asked_again() {
    let repository = Repository::open();
    let forge = PullRequests::start("the-token-of-the-job").unwrap();
    seeded(&repository.at("state-x86_64-linux"), "x86_64-linux", 'a', &repository.made_of);
    let record = || {
        let command = repository.record("x86_64-linux", &["--as", "pull-request", "--json"]);
        on_github(command, &forge, "the-token-of-the-job").json()["record"].clone()
    };
    assert_eq!(record()["url"], "https://github.com/owner/app/pull/1");
    fs::write(
        repository.at("work/flake.lock"),
        "{ \"nodes\": { \"root\": { } }, \"root\": \"root\", \"version\": 7 } \n",
    )
    .unwrap();
    repository.git("work", &["commit", "--quiet", "--all", "--message", "another"]);
    repository.git("work", &["push", "--quiet", "origin", "HEAD:main"]);
    let old = record();
    assert!(old["why"].as_str().unwrap().contains("or flake.lock by now"), "{old}");
    assert_eq!((&old["url"], forge.all().len()), (&Value::Null, 1));
}

#[test]
fn a_token_that_is_given_for_it_goes_before_what_the_checkout_left() {
    let repository = Repository::open();
    let remote = Logins::start().unwrap();
    seeded(&repository.at("state-x86_64-linux"), "x86_64-linux", 'a', &repository.made_of);
    let server = format!("http://{}/", remote.address());
    repository.git("work", &["remote", "set-url", "origin", &format!("{server}owner/app.git")]);
    let basic = |login: &str| format!("Basic {}", data_encoding::BASE64.encode(login.as_bytes()));
    let record = |variables: &[(&str, &str)]| {
        let mut command = repository.record("x86_64-linux", &[]);
        command.envs([("GITHUB_ACTIONS", "true"), ("GITHUB_SERVER_URL", "https://github.com")]);
        command.env("GITHUB_REPOSITORY", "owner/app").env("GIT_TERMINAL_PROMPT", "0");
        assert_eq!(said(command.envs(variables.iter().copied())).code, Some(1));
        remote.take()
    };
    assert_eq!(record(&[("GITHUB_TOKEN", "of-the-job")]), [basic("x-access-token:of-the-job")]);
    // As actions/checkout leaves it.
    let left = format!("AUTHORIZATION: {}", basic("x-access-token:of-the-checkout"));
    repository.git("work", &["config", &format!("http.{server}.extraheader"), &left]);
    assert_eq!(record(&[("GITHUB_TOKEN", "of-the-job")]), [basic("x-access-token:of-the-checkout")]);
    let given = [("GITHUB_TOKEN", "of-the-job"), ("NIX_SEED_GIT_TOKEN", "given")];
    assert_eq!(record(&given), [basic("x-access-token:given")]);
    // And with a setting that somebody else has given in the same way.
    let other = [
        ("NIX_SEED_GIT_TOKEN", "given"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "http.userAgent"),
        ("GIT_CONFIG_VALUE_0", "x"),
    ];
    assert_eq!(record(&other), [basic("x-access-token:given")]);
}

#[test]
fn without_a_seed_there_is_nothing_to_record() {
    let repository = Repository::open();
    let said = said(&mut repository.record("x86_64-linux", &[]));
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("nix-seed ci seed"), "{}", said.err);
}
