//! Each fault of the proxy has the effect that it names, as a plain client sees it.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::fault::{Fault, Rule};
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::token::{Accounts, Right, TokenServer, User};
use nix_seed_checks::registry::traffic::Kind;
use sha2::{Digest, Sha256};

use crate::client::{Answer, answer, ask, send};

const LENGTH: usize = 300_000;

/// A registry with one blob, behind a proxy.
struct Scene {
    _registry: DockerRegistry,
    proxy: Proxy,
    blob: Vec<u8>,
    path: String,
}

impl Scene {
    fn open() -> Self {
        let registry = DockerRegistry::start(&Cache::open().unwrap(), Auth::Everybody).unwrap();
        let proxy = Proxy::start(registry.address()).unwrap();
        let blob: Vec<u8> = (0..=252).cycle().take(LENGTH).collect();
        let digest = digest(&blob);
        let scene = Self { _registry: registry, proxy, blob, path: format!("/v2/seed/blobs/{digest}") };
        let done = ask(scene.proxy.address(), "PUT", &scene.upload(&digest), &[], &scene.blob);
        assert_eq!(done.status, 201);
        scene.proxy.forget_traffic();
        scene
    }

    /// As [`Self::open`], with a fault for the first request for the blob.
    fn with(fault: Fault) -> Self {
        let scene = Self::open();
        scene.proxy.rule(Rule::blobs(fault).nth(1));
        scene
    }

    /// Begins an upload: the path that ends it with all of a blob.
    fn upload(&self, digest: &str) -> String {
        let begun = ask(self.proxy.address(), "POST", "/v2/seed/blobs/uploads/", &[], b"");
        let location = begun.header("Location").unwrap();
        // It leads to the proxy, although the registry knows nothing of it.
        let path = location.strip_prefix(&format!("http://{}", self.proxy.address())).expect(location);
        format!("{path}&digest={digest}")
    }

    fn get(&self, headers: &[&str]) -> Answer {
        ask(self.proxy.address(), "GET", &self.path, headers, b"")
    }

    /// From now on everything is as it was without a fault.
    fn assert_well(&self) {
        let answer = self.get(&["Range: bytes=10-19"]);
        assert_eq!((answer.status, answer.body.as_slice()), (206, &self.blob[10..20]));
        let answer = self.get(&[]);
        assert!(answer.status == 200 && answer.body == self.blob && !answer.reset);
        assert_eq!(self.proxy.traffic().kind(Kind::Blob).faulty, 1);
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

#[test]
fn cut() {
    let scene = Scene::with(Fault::Cut(1000));
    let answer = scene.get(&[]);
    assert!(answer.reset && answer.body.len() <= 1000 && scene.blob.starts_with(&answer.body));
    assert_eq!(scene.proxy.traffic().kind(Kind::Blob).down, 1000);
    scene.assert_well();
}

#[test]
fn cut_of_an_upload() {
    let scene = Scene::open();
    let new = vec![7; LENGTH];
    let path = scene.upload(&digest(&new));
    scene.proxy.rule(Rule::new(Fault::CutUpload(1000)).method("PUT").kind(Kind::Upload).nth(1));
    scene.proxy.forget_traffic();
    let answer = ask(scene.proxy.address(), "PUT", &path, &[], &new);
    assert_eq!((answer.status, answer.body.len()), (0, 0));
    assert_eq!(scene.proxy.traffic().kind(Kind::Upload).up, 1000);
    let path = format!("/v2/seed/blobs/{}", digest(&new));
    assert_eq!(ask(scene.proxy.address(), "HEAD", &path, &[], b"").status, 404);
}

#[test]
fn status() {
    let scene = Scene::open();
    for (status, retry_after) in [(429, Some(7)), (429, None), (500, None), (503, Some(1))] {
        let fault = Fault::Status { status, retry_after };
        scene.proxy.rule(Rule::blobs(fault).nth(1));
        let answer = scene.get(&[]);
        let said = answer.header("Retry-After").map(|seconds| seconds.parse::<u64>().unwrap());
        assert_eq!((answer.status, said), (status, retry_after));
    }
    assert!(scene.get(&[]).body == scene.blob);
    assert_eq!(scene.proxy.traffic().kind(Kind::Blob).faulty, 4);
}

#[test]
fn unauthorized() {
    let reader = User { name: "me".into(), password: "secret".into(), rights: vec![Right::new("*", &["pull"])] };
    let tokens = TokenServer::start(Accounts { users: vec![reader], ..Accounts::default() }).unwrap();
    let registry = DockerRegistry::start(&Cache::open().unwrap(), Auth::Token(&tokens)).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    let (host, path) = (tokens.realm(), "/token?service=registry.test&scope=repository:seed:pull");
    let host: SocketAddr = host.trim_start_matches("http://").trim_end_matches("/token").parse().unwrap();
    let login = format!("Authorization: Basic {}", data_encoding::BASE64.encode(b"me:secret"));
    let token: serde_json::Value = serde_json::from_slice(&ask(host, "GET", path, &[&login], b"").body).unwrap();
    let token = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
    proxy.rule(Rule::new(Fault::Unauthorized).kind(Kind::Tags).nth(2));
    let tags = || ask(proxy.address(), "GET", "/v2/seed/tags/list", &[&token], b"");
    // The repository is not there; whoever may not know is not told.
    assert_eq!([tags().status, tags().status, tags().status], [404, 401, 404]);
    assert_eq!(proxy.traffic().kind(Kind::Tags).authorized, 3);
    proxy.rule(Rule::new(Fault::Unauthorized).kind(Kind::Tags));
    assert!(tags().header("WWW-Authenticate").unwrap().contains(&tokens.realm()));
}

#[test]
fn truncate() {
    let scene = Scene::with(Fault::Truncate(1000));
    let answer = scene.get(&[]);
    assert_eq!(answer.header("Content-Length"), Some("300000"));
    assert!(!answer.reset && answer.body == scene.blob[..1000]);
    scene.assert_well();
}

#[test]
fn corrupt() {
    let scene = Scene::with(Fault::Corrupt(123_456));
    let answer = scene.get(&[]);
    let wrong: Vec<_> = (0..LENGTH).filter(|at| answer.body[*at] != scene.blob[*at]).collect();
    assert_eq!((answer.body.len(), wrong), (LENGTH, vec![123_456]));
    scene.assert_well();
}

#[test]
fn stall_until_released() {
    let scene = Scene::with(Fault::Stall(1000));
    let mut stream = send(scene.proxy.address(), "GET", &scene.path, &[], b"");
    scene.proxy.until_stalled().unwrap();
    let traffic = scene.proxy.traffic().kind(Kind::Blob);
    assert_eq!(traffic.down, 1000);
    scene.proxy.release();
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    let answer = answer(stream);
    assert!(byte == *b"H" && answer.body == scene.blob);
    scene.assert_well();
}

#[test]
fn stall_until_dropped() {
    let scene = Scene::with(Fault::Stall(0));
    let stream = send(scene.proxy.address(), "GET", &scene.path, &[], b"");
    scene.proxy.until_stalled().unwrap();
    drop(scene);
    assert!(answer(stream).body.len() < LENGTH);
}

#[test]
fn a_proxy_ends_while_it_waits_for_an_answer() {
    let scene = Scene::with(Fault::Stall(0));
    let outer = Proxy::start(scene.proxy.address()).unwrap();
    let stream = send(outer.address(), "GET", &scene.path, &[], b"");
    scene.proxy.until_stalled().unwrap();
    drop(outer);
    assert!(answer(stream).body.is_empty());
}

#[test]
fn ignore_range() {
    let scene = Scene::with(Fault::IgnoreRange);
    let answer = scene.get(&["Range: bytes=10-19"]);
    assert!(answer.status == 200 && answer.header("Content-Range").is_none() && answer.body == scene.blob);
    assert_eq!(scene.proxy.traffic().requests[0].range.as_deref(), Some("bytes=10-19"));
    scene.assert_well();
}

#[test]
fn other_range() {
    // Honest about another range; says another than is sent; sends another than it says.
    for (sent, said) in [(5, 5), (0, 5), (5, 0)] {
        let scene = Scene::with(Fault::OtherRange { sent, said });
        let answer = scene.get(&["Range: bytes=100-199"]);
        let sent = usize::try_from(sent).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (206, &scene.blob[100 + sent..200 + sent]));
        let range = format!("bytes {}-{}/300000", 100 + said, 199 + said);
        assert_eq!(answer.header("Content-Range"), Some(range.as_str()));
        scene.assert_well();
    }
}

#[test]
fn other_total() {
    let scene = Scene::with(Fault::OtherTotal(-1));
    let answer = scene.get(&["Range: bytes=100-199"]);
    assert_eq!((answer.header("Content-Range"), answer.body.len()), (Some("bytes 100-199/299999"), 100));
    scene.assert_well();
}

#[test]
fn other_length() {
    for by in [-1, 1] {
        let scene = Scene::with(Fault::OtherLength(by));
        let answer = scene.get(&[]);
        let said: i64 = answer.header("Content-Length").unwrap().parse().unwrap();
        assert_eq!((answer.body.len(), said), (LENGTH, 300_000 + by));
        scene.assert_well();
    }
}

#[test]
fn redirect() {
    let scene = Scene::with(Fault::Redirect);
    let answer = scene.get(&[]);
    let location = answer.header("Location").unwrap();
    assert_eq!(answer.status, 307);
    let (storage, address) = (scene.proxy.storage_address(), format!("http://{}", scene.proxy.storage_address()));
    assert_ne!(storage.ip(), scene.proxy.address().ip());
    let path = location.strip_prefix(&address).unwrap();
    let get = |headers: &[&str]| ask(storage, "GET", path, headers, b"");
    assert_eq!(get(&["Authorization: Bearer x"]).status, 400);
    assert!(get(&[]).body == scene.blob);
    assert_eq!(get(&["Range: bytes=1-2"]).status, 206);
    assert_eq!(ask(storage, "GET", &scene.path, &[], b"").status, 404);
    let stored = scene.proxy.traffic().kind(Kind::Storage);
    assert_eq!((stored.requests, stored.authorized), (4, 1));
    scene.assert_well();
}

#[test]
fn disappear() {
    let scene = Scene::with(Fault::Disappear);
    assert_eq!(scene.get(&[]).status, 0);
    for address in [scene.proxy.address(), scene.proxy.storage_address()] {
        assert!(TcpStream::connect(address).is_err());
    }
}
