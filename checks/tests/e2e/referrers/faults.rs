//! A registry that fails while something is attached.

use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::fault::{Fault, Rule};
use nix_seed_checks::registry::ferro::FerroRegistry;
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::traffic::Kind;

use super::{SPDX, Subject, Tool};

#[test]
fn what_passes_is_survived() {
    let tool = Tool::open();
    let cache = Cache::open().unwrap();
    let docker = DockerRegistry::start(&cache, Auth::Everybody).unwrap();
    let ferro = FerroRegistry::start(&cache).unwrap();
    let manifest = |method: &str, fault| Rule::new(fault).method(method).kind(Kind::Manifest);
    // A manifest goes first, on docker-registry then its own tag and the list.
    for (at, rule) in [
        manifest("PUT", Fault::status(503)).nth(1),
        // It is stored, and its answer lost.
        manifest("PUT", Fault::Cut(0)).nth(1),
        manifest("PUT", Fault::Cut(0)).path("/manifests/sha256-").from(1).until(3),
        manifest("PUT", Fault::Status { status: 429, retry_after: Some(0) }).path("/manifests/sha256-").nth(2),
        manifest("GET", Fault::Truncate(10)).nth(1),
        manifest("GET", Fault::status(500)).from(1).until(3),
        Rule::new(Fault::status(502)).kind(Kind::Tags).nth(1),
        Rule::new(Fault::status(503)).kind(Kind::Referrers).nth(1),
        Rule::new(Fault::Cut(0)).method("PUT").kind(Kind::Upload).nth(1),
    ]
    .into_iter()
    .enumerate()
    {
        for registry in [docker.address(), ferro.address()] {
            let subject = tool.subject(registry);
            let proxy = Proxy::start(registry).unwrap();
            proxy.rule(rule.clone());
            let through = Subject { registry: proxy.address(), digest: subject.digest.clone() };
            let attached = Tool::say(&mut tool.attach(&through, SPDX, &[&format!("document-{at}")])).unwrap();
            let digest = attached[0].split(' ').next().unwrap().to_owned();
            assert!(tool.list(&through, &[]).contains(&digest), "{at}");
            // ferro needs fewer requests.
            assert!(proxy.traffic().total().faulty > 0 || registry == ferro.address(), "{at}");
        }
    }
}

#[test]
fn an_error_is_no_empty_list() {
    let tool = Tool::open();
    let docker = DockerRegistry::start(&Cache::open().unwrap(), Auth::Everybody).unwrap();
    let subject = tool.subject(docker.address());
    Tool::say(&mut tool.attach(&subject, SPDX, &["one"])).unwrap();
    for (rule, why) in [
        (Rule::new(Fault::status(403)).kind(Kind::Referrers), "Forbidden"),
        (Rule::new(Fault::status(505)).kind(Kind::Referrers), "505"),
        (Rule::new(Fault::status(505)).method("GET").kind(Kind::Manifest), "505"),
        (Rule::new(Fault::Corrupt(0)).method("GET").path(&subject.tag()), "Listing"),
        (Rule::new(Fault::Corrupt(30)).method("GET").path("/manifests/sha256:"), "Mismatch"),
    ] {
        let proxy = Proxy::start(docker.address()).unwrap();
        proxy.rule(rule);
        let through = Subject { registry: proxy.address(), digest: subject.digest.clone() };
        let refused = Tool::say(&mut tool.command(&["list", &through.image()])).unwrap_err();
        assert!(refused.contains(why), "{why}: {refused}");
    }
}
