//! What is attached to an image, at registries that nobody here wrote: with the referrers API, and without.

mod faults;
mod together;

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

use nix_seed_checks::client;
use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::ferro::FerroRegistry;
use nix_seed_checks::registry::token::{Accounts, Right, TokenServer, User};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::client::{Answer, ask};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SPDX: &str = "application/spdx+json";

/// The example of the client's registry crate, and documents for it.
struct Tool {
    program: std::path::PathBuf,
    folder: TempDir,
}

/// What is attached to.
struct Subject {
    registry: SocketAddr,
    digest: String,
}

impl Tool {
    fn open() -> Self {
        Self { program: client::referrers().unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.folder.path()).env("HOME", self.folder.path()).stdin(Stdio::null());
        for variable in ["XDG_RUNTIME_DIR", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        command
    }

    /// What it prints, or why it fails.
    fn say(command: &mut Command) -> Result<Vec<String>, String> {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if status.success() { Ok(text(stdout).lines().map(Into::into).collect()) } else { Err(text(stderr)) }
    }

    fn file(&self, name: &str) -> String {
        fs::write(self.folder.path().join(name), format!("{{\"name\":\"{name}\"}}")).unwrap();
        name.into()
    }

    /// Pushes a document that things can be attached to.
    fn subject(&self, registry: SocketAddr) -> Subject {
        let file = self.file("result");
        let push = ["push", &format!("{registry}/team/seed"), "application/x-result", &file];
        Subject { registry, digest: Self::say(&mut self.command(&push)).unwrap().remove(0) }
    }

    /// The command that attaches some documents.
    fn attach(&self, subject: &Subject, media_type: &str, names: &[&str]) -> Command {
        let files: Vec<_> = names.iter().map(|name| self.file(name)).collect();
        let mut command = self.command(&["attach", &subject.image(), media_type]);
        command.args(files);
        command
    }

    /// The digests of what is attached, of one type where one is given.
    fn list(&self, subject: &Subject, media_type: &[&str]) -> Vec<String> {
        let lines = Self::say(self.command(&["list", &subject.image()]).args(media_type)).unwrap();
        lines.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }
}

impl Subject {
    fn image(&self) -> String {
        format!("{}/team/seed@{}", self.registry, self.digest)
    }

    fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let accept = format!("Accept: {MANIFEST}, {INDEX}");
        ask(self.registry, method, &format!("/v2/team/seed/{path}"), &[headers, &[&accept]].concat(), body)
    }

    /// The tag under which there may be a list.
    fn tag(&self) -> String {
        self.digest.replace(':', "-")
    }

    /// The list there, byte for byte.
    fn list(&self) -> Option<String> {
        let answer = self.ask("GET", &format!("manifests/{}", self.tag()), &[], b"");
        (answer.status == 200).then(|| String::from_utf8(answer.body).unwrap())
    }

    /// The digests that the list there names.
    fn listed(&self) -> Vec<String> {
        let list: Value = serde_json::from_str(&self.list().unwrap()).unwrap();
        list["manifests"].as_array().unwrap().iter().map(|entry| entry["digest"].as_str().unwrap().into()).collect()
    }

    fn put(&self, reference: &str, media_type: &str, document: &str) -> String {
        let header = format!("Content-Type: {media_type}");
        let answer = self.ask("PUT", &format!("manifests/{reference}"), &[&header], document.as_bytes());
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        digest_of(document)
    }

    fn tags(&self) -> Vec<String> {
        let tags: Value = serde_json::from_slice(&self.ask("GET", "tags/list", &[], b"").body).unwrap();
        // docker's registry has no tags, or null, of a repository without tags.
        let mut tags: Vec<String> = serde_json::from_value(tags["tags"].clone()).unwrap_or_default();
        tags.sort();
        tags
    }

    /// A manifest that refers to it, as another program makes one.
    fn referrer(&self, artifact_type: &str) -> String {
        // The empty descriptor: whatever was attached has brought it.
        let empty = json!({ "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of("{}"), "size": 2 });
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "config": empty,
            "layers": [empty], "subject": { "mediaType": MANIFEST, "digest": self.digest, "size": 1 } })
        .to_string()
    }
}

fn digest_of(document: &str) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(document)))
}

fn sorted(mut digests: Vec<String>) -> Vec<String> {
    digests.sort();
    digests
}

/// Attaches, and finds it again; gives the digests.
fn attaches(tool: &Tool, subject: &Subject, list: &str) -> Vec<String> {
    assert_eq!(tool.list(subject, &[]), [""; 0]);
    let mut command = tool.attach(subject, SPDX, &["one.spdx.json", "two.spdx.json"]);
    let lines = Tool::say(&mut command).unwrap();
    let digests: Vec<_> = lines.iter().map(|line| line.strip_suffix(&format!(" {list}")).unwrap().to_owned()).collect();
    let other = Tool::say(&mut tool.attach(subject, "application/x-other", &["other"])).unwrap();
    let other = other[0].split(' ').next().unwrap().to_owned();
    assert_eq!(sorted(tool.list(subject, &[SPDX])), sorted(digests.clone()));
    let all = [digests, vec![other]].concat();
    assert_eq!(sorted(tool.list(subject, &[])), sorted(all.clone()));
    // The same again changes nothing.
    let (before, tags) = (subject.list(), subject.tags());
    assert_eq!(Tool::say(&mut command).unwrap(), lines);
    assert_eq!((subject.list(), subject.tags()), (before, tags));
    assert_eq!(sorted(tool.list(subject, &[])), sorted(all.clone()));
    all
}

#[test]
fn docker_registry_gets_a_list_under_a_tag_and_a_tag_for_each() {
    let tool = Tool::open();
    let registry = DockerRegistry::start(&Cache::open().unwrap(), Auth::Everybody).unwrap();
    let subject = tool.subject(registry.address());
    let all = attaches(&tool, &subject, "tag");
    assert_eq!(subject.listed(), sorted(all.clone()));
    let list: Value = serde_json::from_str(&subject.list().unwrap()).unwrap();
    let types: Vec<_> = list["manifests"].as_array().unwrap().iter().map(|entry| &entry["artifactType"]).collect();
    assert_eq!(types.iter().filter(|kind| **kind == SPDX).count(), 2, "{types:?}");
    let own = |digest: &String| format!("{}.referrer-{}", subject.tag(), &digest["sha256:".len()..][..32]);
    let tags = [vec![subject.tag()], all.iter().map(own).collect()].concat();
    assert_eq!(subject.tags(), sorted(tags));
}

#[test]
fn ferro_lists_by_itself() {
    let tool = Tool::open();
    let registry = FerroRegistry::start(&Cache::open().unwrap()).unwrap();
    let subject = tool.subject(registry.address());
    let all = attaches(&tool, &subject, "api");
    assert_eq!((subject.tags(), subject.list()), (vec![], None));
    let wanted = SPDX.replace('+', "%2B");
    let listed = subject.ask("GET", &format!("referrers/{}?artifactType={wanted}", subject.digest), &[], b"");
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    assert_eq!(listed["manifests"][0]["artifactType"], SPDX, "{listed}");
    // It may have got the API lately: what only the list under the tag has counts too.
    let older = subject.referrer("application/x-older");
    let older = json!({ "mediaType": MANIFEST, "digest": subject.put("older", MANIFEST, &older), "size": older.len() });
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [older] });
    subject.put(&subject.tag(), INDEX, &list.to_string());
    let expected = [all, vec![older["digest"].as_str().unwrap().into()]].concat();
    assert_eq!(sorted(tool.list(&subject, &[])), sorted(expected));
}

#[test]
fn what_another_program_has_listed_stays_as_it_is() {
    let tool = Tool::open();
    let registry = DockerRegistry::start(&Cache::open().unwrap(), Auth::Everybody).unwrap();
    let subject = tool.subject(registry.address());
    let theirs = subject.referrer("application/x-theirs");
    let digest = subject.put("theirs", MANIFEST, &theirs);
    // As cosign 3 has it: the type is wrong. And what nobody here knows.
    let entry = format!(
        "{{\"size\":{}, \"x\" : [1.0,\"\\u0041\"],\"artifactType\":\"application/vnd.oci.empty.v1+json\",\
         \"mediaType\":\"{MANIFEST}\",\"digest\":\"{digest}\"}}",
        theirs.len()
    );
    let list = format!("{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[{entry}]}}");
    subject.put(&subject.tag(), INDEX, &list);
    let attached = Tool::say(&mut tool.attach(&subject, SPDX, &["one"])).unwrap();
    assert!(subject.list().unwrap().contains(&entry), "{:?}", subject.list());
    assert_eq!(tool.list(&subject, &["application/x-theirs"]), [&*digest]);
    assert_eq!(tool.list(&subject, &[]).len(), 2);

    // It is deleted: this registry takes no list that still names it.
    assert_eq!(subject.ask("DELETE", &format!("manifests/{digest}"), &[], b"").status, 202);
    let next = Tool::say(&mut tool.attach(&subject, SPDX, &["two"])).unwrap();
    let expected = [attached, next].concat().iter().map(|line| line.split(' ').next().unwrap().into()).collect();
    assert_eq!(subject.listed(), sorted(expected));
}

#[test]
fn who_may_not_read_gets_an_error_and_no_empty_list() {
    let tool = Tool::open();
    let user = |name: &str, actions: &[&str]| User {
        name: name.to_owned(),
        password: "secret".into(),
        rights: vec![Right::new("team/*", actions)],
    };
    let users = vec![user("writer", &["pull", "push"]), user("reader", &["pull"])];
    let tokens = TokenServer::start(Accounts { users, ..Accounts::default() }).unwrap();
    let registry = DockerRegistry::start(&Cache::open().unwrap(), Auth::Token(&tokens)).unwrap();
    let address = registry.address();
    let run = |mut command: Command, user: &str| {
        if !user.is_empty() {
            command.env("NIX_SEED_REGISTRY_USERNAME", user).env("NIX_SEED_REGISTRY_PASSWORD", "secret");
        }
        Tool::say(&mut command)
    };
    let file = tool.file("result");
    let push = tool.command(&["push", &format!("{address}/team/seed"), "application/x-result", &file]);
    let subject = Subject { registry: address, digest: run(push, "writer").unwrap().remove(0) };
    let attach = || tool.attach(&subject, SPDX, &["one"]);
    let list = || tool.command(&["list", &subject.image()]);
    for refused in [run(attach(), ""), run(attach(), "reader"), run(list(), "")] {
        let why = refused.unwrap_err();
        assert!(why.contains("Unauthorized") || why.contains("Forbidden"), "{why}");
    }
    assert_eq!(run(list(), "reader").unwrap(), [""; 0]);
    run(attach(), "writer").unwrap();
    assert_eq!(run(list(), "reader").unwrap().len(), 1);
}
