//! Who is told which secret.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::server::{Answer, Asked, Server, answer, options};
use nix_seed_registry::{Credentials, Environment, Error, Options};

const PASSWORD: &str = "hunter2";
/// The base64 of "user:hunter2".
const BASIC: &str = "Basic dXNlcjpodW50ZXIy";

fn with_login() -> Options {
    let credentials = Credentials::Basic { username: "user".into(), password: PASSWORD.into() };
    Options { credentials: Some(credentials), ..options() }
}

fn tags(answer: Answer) -> Answer {
    answer.body(r#"{"name":"owner/name","tags":["a","b"]}"#)
}

fn challenge(asked: &Asked) -> Answer {
    let host = asked.header("host").unwrap();
    let value = format!(r#"Bearer realm="http://{host}/token?x=1",service="s",scope="repository:owner/name:pull""#);
    answer(401).header("www-authenticate", value)
}

/// Hands out the tokens t0, t1, … and takes the one that `good` accepts.
fn token_server(good: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    Server::new(move |asked, number| {
        if asked.target.starts_with("/token") {
            return answer(200).body(format!(r#"{{"token":"t{number}","expires_in":300}}"#));
        }
        match asked.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
            Some(token) if good(token) => tags(answer(200)),
            _ => challenge(asked),
        }
    })
}

#[test]
fn a_token_is_asked_for_once_and_kept() {
    let server = token_server(|_| true);
    let repository = server.repository(with_login());
    for _ in 0..3 {
        assert_eq!(repository.tags().unwrap(), ["a", "b"]);
    }
    let lines = server.lines();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[1], "GET /token?x=1&account=user&service=s&scope=repository%3Aowner%2Fname%3Apull");
    let asked = server.asked();
    assert_eq!(asked[0].header("authorization"), None);
    assert_eq!(asked[1].header("authorization"), Some(BASIC));
    assert_eq!(asked[2].header("authorization"), Some("Bearer t1"));
}

#[test]
fn threads_that_start_together_ask_for_few_tokens() {
    let server = token_server(|_| true);
    let repository = server.repository(with_login());
    repository.tags().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| repository.tags().unwrap());
        }
    });
    assert_eq!(server.lines().iter().filter(|line| line.contains("/token")).count(), 1);
}

#[test]
fn a_new_token_that_is_refused_is_not_renewed() {
    let server = token_server(|_| false);
    let error = server.repository(with_login()).tags().unwrap_err();
    assert!(error.to_string().contains("does not accept the credentials"), "{error}");
    assert_eq!(server.lines().len(), 3, "{:?}", server.lines());
}

#[test]
fn an_old_token_is_renewed_when_it_is_refused() {
    let old = AtomicBool::new(false);
    let server = Server::new(move |asked, number| {
        if asked.target.starts_with("/token") {
            return answer(200).body(format!(r#"{{"access_token":"t{number}"}}"#));
        }
        match asked.header("authorization") {
            Some("Bearer t1") if !old.swap(true, Ordering::Relaxed) => tags(answer(200)),
            Some("Bearer t4") => tags(answer(200)),
            _ => challenge(asked),
        }
    });
    let repository = server.repository(with_login());
    repository.tags().unwrap();
    repository.tags().unwrap();
    assert_eq!(server.asked()[5].header("authorization"), Some("Bearer t4"));
}

#[test]
fn an_identity_token_is_posted() {
    let server = token_server(|_| true);
    let credentials = Some(Credentials::Identity("id&".into()));
    server.repository(Options { credentials, ..options() }).tags().unwrap();
    let post = &server.asked()[1];
    assert_eq!(post.line(), "POST /token?x=1");
    assert_eq!(
        String::from_utf8_lossy(&post.body),
        "grant_type=refresh_token&client_id=nix-seed&refresh_token=id%26&scope=repository%3Aowner%2Fname%3Apull&service=s"
    );
    assert_eq!(post.header("authorization"), None);
}

#[test]
fn attack_a_token_service_that_has_the_identity_token_sent_elsewhere() {
    let evil = Server::new(|_, _| answer(200).body(r#"{"token":"t"}"#));
    let target = format!("http://{}/token", evil.host);
    let server = Server::new(move |asked, _| {
        if asked.target.starts_with("/token") {
            return answer(307).header("location", &target);
        }
        challenge(asked)
    });
    let credentials = Some(Credentials::Identity("id".into()));
    let error = server.repository(Options { credentials, ..options() }).tags().unwrap_err().to_string();
    assert!(error.contains("holds credentials"), "{error}");
    assert_eq!(evil.asked().len(), 0);
}

#[test]
fn a_registry_with_basic_alone_gets_the_password() {
    let server = Server::new(|asked, _| match asked.header("authorization") {
        Some(BASIC) => tags(answer(200)),
        _ => answer(401).header("www-authenticate", r#"Basic realm="r""#),
    });
    let repository = server.repository(with_login());
    repository.tags().unwrap();
    repository.tags().unwrap();
    assert_eq!(server.lines().len(), 3);
    let error = server.repository(options()).tags().unwrap_err().to_string();
    assert!(error.contains(&format!("podman login {}", server.host)) && error.contains("no credentials"), "{error}");
}

#[test]
fn a_wrong_password_is_not_tried_again() {
    let server = Server::new(|_, _| answer(401).header("www-authenticate", r#"Basic realm="r""#));
    let error = server.repository(with_login()).tags().unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }));
    assert!(!format!("{error} {error:?}").contains(PASSWORD));
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn a_realm_over_plain_http_elsewhere_gets_nothing() {
    let server = Server::new(|_, _| {
        answer(401).header("www-authenticate", r#"Bearer realm="http://evil.invalid/token",service="s""#)
    });
    let error = server.repository(with_login()).tags().unwrap_err().to_string();
    assert!(error.contains("realm leads to http://evil.invalid: it is not https"), "{error}");
}

#[test]
fn a_redirect_to_another_host_drops_the_authorization() {
    let storage = Server::new(|_, _| answer(200).body("hello"));
    let target = format!("http://{}/storage?signature=x", storage.host);
    let server = Server::new(move |asked, _| match asked.header("authorization") {
        Some(BASIC) => answer(307).header("location", &target),
        _ => answer(401).header("www-authenticate", r#"Basic realm="r""#),
    });
    let digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".parse().unwrap();
    assert_eq!(server.repository(with_login()).blob(&digest, 5, 100_000).unwrap(), b"hello");
    assert_eq!(storage.asked()[0].header("authorization"), None);
}

#[test]
fn a_redirect_to_plain_http_elsewhere_is_refused() {
    let server = Server::new(|_, _| answer(307).header("location", "http://evil.invalid/secret-path"));
    let error = server.repository(options()).tags().unwrap_err().to_string();
    assert!(error.contains("http://evil.invalid: it is not https") && !error.contains("secret-path"), "{error}");
}

#[test]
fn a_circle_of_redirects_ends() {
    let server = Server::new(|_, _| answer(302).header("location", "/again"));
    assert!(server.repository(options()).tags().unwrap_err().to_string().contains("circle"));
    assert_eq!(server.lines().len(), 6);
}

#[test]
fn the_token_of_a_variable_goes_to_the_registry() {
    let server = Server::new(|asked, _| match asked.header("authorization") {
        Some("Bearer abc") => tags(answer(200)),
        _ => challenge(asked),
    });
    let environment = |token: &'static str| {
        Environment::from_fn(move |name| (name == "NIX_SEED_REGISTRY_TOKEN").then(|| token.into()))
    };
    server.repository(Options { environment: environment("abc"), ..options() }).tags().unwrap();
    let wrong = Options { environment: environment("wrong"), ..options() };
    assert!(!format!("{wrong:?}").contains("wrong"));
    assert!(matches!(server.repository(wrong).tags().unwrap_err(), Error::Unauthorized { .. }));
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn a_helper_is_given_the_host() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("docker-credential-test");
    let script = "#!/bin/sh\nread -r host || true\n[ \"$1\" = get ] && printf '{\"Username\":\"user\",\"Secret\":\"hunter2\",\"ServerURL\":\"%s\"}' \"$host\" && printf %s \"$host\" > \"$0.host\"\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(dir.path().join("config.json"), r#"{"credsStore":"test"}"#).unwrap();
    let server = Server::new(|asked, _| match asked.header("authorization") {
        Some(BASIC) => tags(answer(200)),
        _ => answer(401).header("www-authenticate", "Basic"),
    });
    let (config, path) = (dir.path().to_owned(), format!("{}:/usr/bin:/bin", dir.path().display()));
    let environment = Environment::from_fn(|name| match name {
        "DOCKER_CONFIG" => Some(config.clone().into()),
        "PATH" => Some(path.clone().into()),
        _ => None,
    });
    server.repository(Options { environment, ..options() }).tags().unwrap();
    assert_eq!(std::fs::read_to_string(format!("{}.host", program.display())).unwrap(), server.host);
}

#[test]
fn secrets_are_in_no_debug() {
    let options = with_login();
    assert!(!format!("{options:?}").contains(PASSWORD));
    let registry = nix_seed_registry::Registry::new(options).unwrap();
    assert!(!format!("{registry:?}").contains(PASSWORD));
}

#[test]
fn a_busy_registry_is_asked_again() {
    let server = Server::new(|_, number| match number {
        0 => answer(429).header("retry-after", "1"),
        1 => answer(503).header("retry-after", httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60))),
        2 => answer(502),
        _ => tags(answer(200)),
    });
    assert_eq!(server.repository(options()).tags().unwrap(), ["a", "b"]);
    let server = Server::new(|_, _| answer(503).body("overloaded"));
    let error = server.repository(options()).tags().unwrap_err().to_string();
    assert!(error.contains("503: overloaded") && error.contains("try again later"), "{error}");
    assert_eq!(server.lines().len(), 4);
}

#[test]
fn what_is_no_registry_is_named() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let reference = format!("{closed}/owner/name").parse().unwrap();
    let registry = nix_seed_registry::Registry::new(options()).unwrap();
    let error = registry.repository(&reference).tags().unwrap_err().to_string();
    assert!(error.contains("nothing listens there"), "{error}");
    let error = Server::new(|_, _| answer(403)).repository(options()).tags().unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }));
}
