use std::collections::BTreeMap;

use super::*;
use crate::loopback::{Loopback, answer};

const BEARER: &str = "bearer-of-the-job";

fn text(claims: &str) -> String {
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    format!("{}.{}.{}", part("{}"), part(claims), part("signature"))
}

fn token(claims: &str) -> Result<Token> {
    Token::parse(format!("{}\n", text(claims)).into(), "")
}

#[test]
fn a_token_of_github_names_the_workflow_that_the_job_is_written_in() {
    let reusable = "org/ci/.github/workflows/nix.yaml@refs/heads/main";
    let of = token(&format!("{{\"sub\":\"repo:owner/app:ref:refs/heads/main\",\"job_workflow_ref\":\"{reusable}\"}}"));
    assert_eq!(of.unwrap().workflow(), Some(reusable));
    assert_eq!(token("{\"sub\":\"somebody\"}").unwrap().workflow(), None);
}

/// What a job gets whose environment is this.
fn job(variables: &[(&str, &str)]) -> Result<Token> {
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    ci::token(&Http::new().unwrap(), &|name| variables.get(name).map(ToString::to_string))
}

/// What a job of GitHub's gets from this service.
fn github(service: &Loopback) -> Result<Token> {
    let url = format!("{}/job/idtoken?api-version=2.0", service.url());
    job(&[
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER),
        ("GITHUB_ACTIONS", "true"),
    ])
}

/// Why there is none; no secret is in it, and neither is what may be one.
fn refused(token: Result<Token>) -> String {
    let Err(error) = token else { panic!("it was accepted") };
    let (shown, debugged) = (error.to_string(), format!("{error:?}"));
    for text in [&shown, &debugged] {
        assert!(!text.contains(BEARER) && !text.contains("secret") && !text.contains("api-version"), "{text}");
    }
    shown
}

#[test]
fn a_token_says_whom_it_is_for() {
    assert_eq!(token(r#"{"sub":"repo:owner/app"}"#).unwrap().identity(), "repo:owner/app");
    assert_eq!(token(r#"{"sub":"17","email":"me@example.org"}"#).unwrap().identity(), "me@example.org");
}

#[test]
fn what_is_no_token_is_refused_and_not_shown() {
    for text in ["", "secret", "secret.secret", "a.secret.c", "a.b.c.d"] {
        refused(Token::parse(text.to_owned().into(), ""));
    }
    assert!(token("{}").is_err());
    let long = format!("{}{}", text(r#"{"sub":"me"}"#), "s".repeat(64 << 10));
    assert!(refused(Token::parse(long.into(), "")).contains("64 KiB"));
}

#[test]
fn a_file_is_read_to_its_end_or_not_at_all() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let get = || Token::get(&TokenSource::File(file.path().into()), &Http::new().unwrap());
    std::fs::write(file.path(), format!("{}\n", text(r#"{"sub":"me"}"#))).unwrap();
    assert_eq!(get().unwrap().identity(), "me");
    // Cut off, it would be sent to the certificate authority, and be refused for its signature.
    std::fs::write(file.path(), format!("{}{}", text(r#"{"sub":"me"}"#), "s".repeat(64 << 10))).unwrap();
    assert!(refused(get()).contains("64 KiB"));
}

#[test]
fn github_is_asked_for_this_audience_with_the_jobs_bearer() {
    let value = text(r#"{"sub":"repo:owner/app"}"#);
    let body = format!(r#"{{"count":{},"value":"{value}"}}"#, value.len());
    let service = Loopback::start(move |_| answer(200, &[], body.as_bytes()));
    let token = github(&service).unwrap();
    assert_eq!((token.identity(), token.secret().expose_secret()), ("repo:owner/app", value.as_str()));
    let asked = service.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("GET /job/idtoken?api-version=2.0&audience=sigstore HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].to_lowercase().contains(&format!("\r\nauthorization: bearer {BEARER}\r\n")), "{}", asked[0]);
}

#[test]
fn github_refuses() {
    for status in [400, 401, 403, 404] {
        let service = Loopback::start(move |_| answer(status, &[], b"secret"));
        let why = refused(github(&service));
        assert!(why.contains(&status.to_string()), "{why}");
        assert_eq!(why.contains("id-token: write"), matches!(status, 401 | 403), "{why}");
        assert_eq!(service.asked().len(), 1);
    }
}

#[test]
fn github_fails_and_is_asked_again() {
    let service = Loopback::start(|_| answer(500, &[], b"secret"));
    let Err(error) = github(&service) else { panic!("it was accepted") };
    assert!(error.passes());
    assert!(refused(Err(error)).contains("500"));
    assert_eq!(service.asked().len(), 4);
}

#[test]
fn github_answers_what_is_no_token() {
    let long = format!(r#"{{"value":"{}"}}"#, "secret".repeat(1 << 20));
    for (body, expected) in [
        ("<html>secret</html>", "no token"),
        (r#"{"count":6,"token":"secret"}"#, "no token"),
        (r#"{"value":["secret"]}"#, "no token"),
        (r#"{"value":"secret"}"#, "three parts"),
        (&*long, "more than 4 MiB"),
    ] {
        let body = body.to_owned();
        let why = refused(github(&Loopback::start(move |_| answer(200, &[], body.as_bytes()))));
        assert!(why.contains(expected), "{why}");
    }
}

#[test]
fn a_bearer_goes_nowhere_else() {
    let other = Loopback::start(|_| answer(200, &[], b"{}"));
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = format!("{}/secret", other.url());
        let service = Loopback::start(move |_| answer(status, &[("Location", &elsewhere)], b""));
        assert!(refused(github(&service)).contains(&status.to_string()));
    }
    assert_eq!(other.asked(), [""; 0]);
    // Whoever is on the way would see it.
    let url = "http://tokens.example.org/?api-version=2.0";
    let why = refused(job(&[("ACTIONS_ID_TOKEN_REQUEST_URL", url), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER)]));
    assert!(why.contains("neither https"), "{why}");
}

#[test]
fn what_a_job_lacks_is_said() {
    for (variables, expected) in [
        (&[("GITHUB_ACTIONS", "true")][..], "id-token: write"),
        (&[("ACTIONS_ID_TOKEN_REQUEST_URL", "https://example.org/")], "id-token: write"),
        (&[("ACTIONS_ID_TOKEN_REQUEST_URL", "secret"), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER)], "no URL"),
        (&[("GITLAB_CI", "true")], "id_tokens: SIGSTORE_ID_TOKEN"),
        (&[("GITLAB_CI", "true"), ("SIGSTORE_ID_TOKEN", "")], "id_tokens: SIGSTORE_ID_TOKEN"),
        (&[("GITLAB_CI", "true"), ("SIGSTORE_ID_TOKEN", "secret")], "three parts"),
        (&[], "--identity-token-file"),
    ] {
        let why = refused(job(variables));
        assert!(why.contains(expected), "{variables:?}: {why}");
    }
    let none = TokenSource::Variable("NO_SUCH_VARIABLE".into());
    assert!(refused(Token::get(&none, &Http::new().unwrap())).contains("NO_SUCH_VARIABLE"));
}

#[test]
fn which_source_goes_before_which() {
    let value = text(r#"{"sub":"github"}"#);
    let service = Loopback::start(move |_| answer(200, &[], format!(r#"{{"value":"{value}"}}"#).as_bytes()));
    let own = text(r#"{"sub":"own"}"#);
    let (url, own) = (service.url(), ("SIGSTORE_ID_TOKEN", &*own));
    let asks = [("ACTIONS_ID_TOKEN_REQUEST_URL", &*url), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER)];
    let others = [("GITHUB_ACTIONS", "true"), ("GITLAB_CI", "true"), ("BUILDKITE", "true")];
    assert_eq!(job(&[&asks[..], &others, &[own]].concat()).unwrap().identity(), "github");
    // A job without the right to ask may still have been given one.
    assert_eq!(job(&[&others[..], &[own]].concat()).unwrap().identity(), "own");
    assert!(refused(job(&others)).contains("from GitHub"));
}
