//! Registries that nobody here wrote, and the proxy in front of them: what skopeo pushes is what skopeo pulls.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::ferro::FerroRegistry;
use nix_seed_checks::registry::proxy::{Proxy, Speed};
use nix_seed_checks::registry::token::{Accounts, Right, TokenServer, User};
use nix_seed_checks::registry::traffic::Kind;
use nix_seed_checks::seed::layout::Layout;
use nix_seed_checks::seed::podman::Podman;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::client::ask;

/// skopeo, and an image for it.
struct Courier {
    cache: Cache,
    podman: Podman,
    folder: TempDir,
    image: Layout,
}

impl Courier {
    fn open() -> Self {
        let cache = Cache::open().unwrap();
        let podman = Podman::open(&cache).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let image = small_image(&folder.path().join("image"));
        Self { cache, podman, folder, image }
    }

    fn skopeo(&self, options: &[&str], from: &str, to: &str) -> Command {
        let mut command = self.podman.command("skopeo");
        // A login of whoever runs the tests has no place here.
        command.env("REGISTRY_AUTH_FILE", self.folder.path().join("auth.json"));
        command.current_dir(self.folder.path()).args(["--insecure-policy", "copy", "--quiet", "--preserve-digests"]);
        command.args(["--src-tls-verify=false", "--dest-tls-verify=false"]).args(options).args([from, to]);
        command
    }

    fn push(&self, registry: SocketAddr, repository: &str, login: Option<&str>) -> anyhow::Result<String> {
        let to = format!("docker://{registry}/{repository}:latest");
        let option = login.map(|login| format!("--dest-creds={login}"));
        process::output(&mut self.skopeo(&option.as_deref().into_iter().collect::<Vec<_>>(), "oci:image", &to))
    }

    fn pull(&self, registry: SocketAddr, repository: &str, login: Option<&str>) -> anyhow::Result<PathBuf> {
        let from = format!("docker://{registry}/{repository}:latest");
        let option = login.map(|login| format!("--src-creds={login}"));
        let to = tempfile::tempdir_in(self.folder.path())?.keep();
        let to_layout = format!("oci:{}", to.display());
        process::output(&mut self.skopeo(&option.as_deref().into_iter().collect::<Vec<_>>(), &from, &to_layout))?;
        Ok(to)
    }

    /// Pushes and pulls: everything arrives as it was.
    fn travels(&self, registry: SocketAddr, login: Option<&str>) {
        self.push(registry, "team/seed", login).unwrap();
        self.assert_same(&self.pull(registry, "team/seed", login).unwrap());
    }

    fn assert_same(&self, pulled: &Path) {
        let pulled = Layout::open(pulled).unwrap();
        assert_eq!(pulled.manifest_digest, self.image.manifest_digest);
        for (one, other) in pulled.layers().unwrap().iter().zip(self.image.layers().unwrap()) {
            assert!(fs::read(one).unwrap() == fs::read(other).unwrap(), "{}", one.display());
        }
    }
}

/// An image of two layers, which are no archives: registries do not look into them.
fn small_image(folder: &Path) -> Layout {
    fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
    let descriptor = |kind: &str, bytes: &[u8]| {
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
        fs::write(folder.join("blobs/sha256").join(&digest), bytes).unwrap();
        json!({
            "mediaType": format!("application/vnd.oci.image.{kind}"),
            "digest": format!("sha256:{digest}"),
            "size": bytes.len(),
        })
    };
    let layers =
        [1_u8, 2].map(|seed| -> Vec<u8> { (0..=250).cycle().map(|byte: u8| byte ^ seed).take(100_000).collect() });
    let layers = layers.map(|bytes| descriptor("layer.v1.tar", &bytes));
    let diffs: Vec<_> = layers.iter().map(|layer| &layer["digest"]).collect();
    let config = json!({ "os": "linux", "architecture": "amd64", "config": {},
        "rootfs": { "type": "layers", "diff_ids": diffs } });
    let config = descriptor("config.v1+json", config.to_string().as_bytes());
    let manifest = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": layers });
    let manifest = descriptor("manifest.v1+json", manifest.to_string().as_bytes());
    fs::write(folder.join("index.json"), json!({ "schemaVersion": 2, "manifests": [manifest] }).to_string()).unwrap();
    fs::write(folder.join("oci-layout"), json!({ "imageLayoutVersion": "1.0.0" }).to_string()).unwrap();
    Layout::open(folder).unwrap()
}

fn accounts() -> Accounts {
    let user = |name: &str, actions: &[&str]| User {
        name: name.to_owned(),
        password: format!("{name}'s password"),
        rights: vec![Right::new("team/*", actions)],
    };
    Accounts { users: vec![user("writer", &["pull", "push"]), user("reader", &["pull"])], ..Accounts::default() }
}

const WRITER: Option<&str> = Some("writer:writer's password");
const READER: Option<&str> = Some("reader:reader's password");

#[test]
fn docker_registry_lets_everybody_in() {
    let courier = Courier::open();
    let registry = DockerRegistry::start(&courier.cache, Auth::Everybody).unwrap();
    courier.travels(registry.address(), None);
    assert!(registry.storage().join("docker/registry/v2/blobs/sha256").is_dir());
}

#[test]
fn docker_registry_asks_for_a_password() {
    let courier = Courier::open();
    let registry = DockerRegistry::start(&courier.cache, Auth::Basic("me", "secret")).unwrap();
    courier.travels(registry.address(), Some("me:secret"));
    for login in [None, Some("me:guessed")] {
        assert!(courier.pull(registry.address(), "team/seed", login).is_err(), "{login:?}");
    }
}

#[test]
fn docker_registry_asks_for_a_token() {
    let courier = Courier::open();
    let tokens = TokenServer::start(accounts()).unwrap();
    let registry = DockerRegistry::start(&courier.cache, Auth::Token(&tokens)).unwrap();
    courier.travels(registry.address(), WRITER);
    courier.assert_same(&courier.pull(registry.address(), "team/seed", READER).unwrap());
    assert!(tokens.issued() > 0);
    let asked = tokens.asked();
    let scopes: Vec<_> = asked.iter().flat_map(|asked| &asked.scopes).collect();
    assert!(scopes.iter().any(|scope| *scope == "repository:team/seed:pull"), "{scopes:?}");
    // Who may not push, or has no password, or asks for another repository.
    for (repository, login) in [("team/seed", READER), ("team/seed", None), ("other/seed", WRITER)] {
        assert!(courier.push(registry.address(), repository, login).is_err(), "{repository} {login:?}");
    }
}

#[test]
fn everybody_pulls_where_that_is_allowed() {
    let courier = Courier::open();
    let tokens = TokenServer::start(Accounts { anonymous: vec![Right::new("*", &["pull"])], ..accounts() }).unwrap();
    let registry = DockerRegistry::start(&courier.cache, Auth::Token(&tokens)).unwrap();
    courier.push(registry.address(), "team/seed", WRITER).unwrap();
    courier.assert_same(&courier.pull(registry.address(), "team/seed", None).unwrap());
    assert!(courier.push(registry.address(), "team/seed", None).is_err());
}

#[test]
fn a_token_ends() {
    let courier = Courier::open();
    let tokens = TokenServer::start(accounts()).unwrap();
    let registry = DockerRegistry::start(&courier.cache, Auth::Token(&tokens)).unwrap();
    tokens.set_lifetime(Duration::ZERO);
    assert!(courier.push(registry.address(), "team/seed", WRITER).is_err());
    assert!(tokens.issued() > 0);
    assert!(registry.log().contains("token"), "{}", registry.log());
    tokens.set_lifetime(Duration::from_secs(300));
    courier.travels(registry.address(), WRITER);
}

#[test]
fn a_registry_may_refuse_to_delete() {
    let cache = Cache::open().unwrap();
    for (delete, status) in [(true, 404), (false, 405)] {
        let registry = DockerRegistry::start_with(&cache, Auth::Everybody, delete).unwrap();
        let path = format!("/v2/seed/blobs/sha256:{}", "0".repeat(64));
        assert_eq!(ask(registry.address(), "DELETE", &path, &[], b"").status, status);
    }
}

#[test]
fn ferro_has_a_referrers_api_and_docker_registry_has_none() {
    let courier = Courier::open();
    let ferro = FerroRegistry::start(&courier.cache).unwrap();
    courier.travels(ferro.address(), None);
    assert!(ferro.storage().join("metadata.json").is_file(), "{}", ferro.log());
    let docker = DockerRegistry::start(&courier.cache, Auth::Everybody).unwrap();
    courier.travels(docker.address(), None);
    let path = format!("/v2/team/seed/referrers/{}", courier.image.manifest_digest);
    let status = |registry| ask(registry, "GET", &path, &[], b"").status;
    assert_eq!((status(ferro.address()), status(docker.address())), (200, 404));
}

#[test]
fn the_proxy_passes_everything_on_and_counts_it() {
    let courier = Courier::open();
    let tokens = TokenServer::start(accounts()).unwrap();
    let registry = DockerRegistry::start(&courier.cache, Auth::Token(&tokens)).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    let layers: u64 = courier.image.layers().unwrap().iter().map(|layer| layer.metadata().unwrap().len()).sum();

    courier.push(proxy.address(), "team/seed", WRITER).unwrap();
    let traffic = proxy.traffic();
    let uploads = traffic.kind(Kind::Upload);
    assert!((layers..layers + 1000).contains(&uploads.up), "{traffic:?}");
    assert!(uploads.authorized > 0, "{traffic:?}");

    proxy.forget_traffic();
    courier.assert_same(&courier.pull(proxy.address(), "team/seed", READER).unwrap());
    let traffic = proxy.traffic();
    let blobs = traffic.of("GET", Kind::Blob);
    assert!((layers..layers + 1000).contains(&blobs.down), "{traffic:?}");
    assert_eq!((blobs.requests, traffic.total().up, traffic.total().faulty), (3, 0, 0), "{traffic:?}");
}

#[test]
fn a_proxy_in_front_of_ferro_may_be_slow() {
    let courier = Courier::open();
    let registry = FerroRegistry::start(&courier.cache).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    courier.push(registry.address(), "team/seed", None).unwrap();
    let speed = Speed { latency: Duration::from_millis(2), bytes_per_second: 1_000_000 };
    proxy.set_speed(speed);
    let begin = std::time::Instant::now();
    courier.assert_same(&courier.pull(proxy.address(), "team/seed", None).unwrap());
    // 200 kB, of which a burst is free.
    assert!(begin.elapsed() > Duration::from_millis(180), "{:?}", begin.elapsed());
}
