//! Pushes on which something goes wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::fault::{Fault, Rule};
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::token::{Accounts, Right, TokenServer, User};
use nix_seed_checks::registry::traffic::Kind;
use serde_json::json;

use super::{Make, Publisher, blob, image};

#[test]
fn a_push_survives_what_passes() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let seed = publisher.seed(&Make::default());
    let uploads = |method: &str, fault| Rule::new(fault).method(method).kind(Kind::Upload).nth(2);
    for (at, rule) in [
        uploads("POST", Fault::Status { status: 429, retry_after: Some(0) }),
        uploads("PATCH", Fault::status(500)),
        uploads("PATCH", Fault::CutUpload(50_000)),
        uploads("PUT", Fault::status(503)),
        uploads("PUT", Fault::Cut(0)),
        Rule::new(Fault::status(502)).method("PUT").kind(Kind::Manifest).nth(1),
        Rule::new(Fault::status(500)).method("HEAD").kind(Kind::Blob).nth(3),
    ]
    .into_iter()
    .enumerate()
    {
        let proxy = Proxy::start(registry.address()).unwrap();
        proxy.rule(rule);
        // A repository of its own: nothing is there.
        let target = image(proxy.address(), &format!("team/seed-{at}:main"));
        let pushed = publisher.push(&seed, &[&target]);
        assert_eq!(pushed["targets"][0]["uploaded"]["blobs"], 4, "{at}: {pushed}");
        assert_eq!(proxy.traffic().total().faulty, 1, "{at}");
        assert_eq!(publisher.digest(&target).as_ref(), Some(&seed.layout.manifest_digest), "{at}");
    }
}

#[test]
fn an_interrupted_push_goes_on() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let seed = publisher.seed(&Make::default());
    let proxy = Proxy::start(registry.address()).unwrap();
    // The manifest never arrives.
    proxy.rule(Rule::new(Fault::Disappear).method("PUT").kind(Kind::Manifest));
    let target = image(proxy.address(), "team/seed:main");
    let failed = publisher.say(&["push", seed.dir.to_str().unwrap(), &target]);
    assert_eq!(failed.code, Some(1), "{}", failed.err);
    assert_eq!(publisher.tags(&image(registry.address(), "team/seed")), [""; 0]);
    let pushed = publisher.push(&seed, &[&image(registry.address(), "team/seed:main")]);
    assert_eq!(pushed["targets"][0]["present"]["blobs"], 4, "{pushed}");
}

#[test]
fn a_damaged_layer_is_never_tagged() {
    let publisher = Publisher::open();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let seed = publisher.seed(&Make::default());
    let layer = seed.layout.layers().unwrap().remove(1);
    let mut bytes = fs::read(&layer).unwrap();
    bytes[5000] ^= 1;
    fs::set_permissions(&layer, PermissionsExt::from_mode(0o644)).unwrap();
    fs::write(&layer, bytes).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    let target = image(proxy.address(), "team/seed:main");
    let refused = publisher.say(&["push", seed.dir.to_str().unwrap(), &target]);
    assert_eq!(refused.code, Some(4), "{}", refused.err);
    let digest = seed.layout.manifest["layers"][1]["digest"].as_str().unwrap();
    assert!(refused.err.contains(&format!("blob {digest}: its content has another digest")), "{}", refused.err);
    assert_eq!(proxy.traffic().kind(Kind::Manifest).requests, 0);
    assert_eq!(publisher.tags(&image(registry.address(), "team/seed")), [""; 0]);
    // Nor is a layer that lacks its end.
    fs::write(blob(&seed.dir, digest), "short").unwrap();
    assert_ne!(publisher.say(&["push", seed.dir.to_str().unwrap(), &target]).code, Some(0));
    assert_eq!(proxy.traffic().kind(Kind::Manifest).requests, 0);
}

#[test]
fn a_token_that_ends_in_the_middle_is_renewed() {
    let publisher = Publisher::open();
    let user =
        User { name: "me".into(), password: "secret".into(), rights: vec![Right::new("team/*", &["pull", "push"])] };
    let tokens = TokenServer::start(Accounts { users: vec![user], ..Accounts::default() }).unwrap();
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Token(&tokens)).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    // One blob after the other, and not twice in a row: what a new token does not open stays closed.
    for number in [2, 4] {
        proxy.rule(Rule::new(Fault::Unauthorized).method("PATCH").kind(Kind::Upload).nth(number));
    }
    proxy.rule(Rule::new(Fault::Unauthorized).method("PUT").kind(Kind::Manifest).nth(1));
    tokens.set_lifetime(Duration::from_secs(60));
    let auth = data_encoding::BASE64.encode(b"me:secret");
    let file = publisher.home().join("auth.json");
    let name = proxy.address().to_string();
    fs::write(&file, json!({ "auths": { (name): { "auth": auth } } }).to_string()).unwrap();
    let seed = publisher.seed(&Make::default());
    let target = image(proxy.address(), "team/seed:main");
    let mut command = publisher.command(&["push", "--jobs", "1", seed.dir.to_str().unwrap(), &target]);
    let output = command.env("REGISTRY_AUTH_FILE", &file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(proxy.traffic().total().faulty, 3);
    assert!(tokens.issued() > 1);
}
