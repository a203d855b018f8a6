//! What a forge is asked for: a pull request.

use nix_seed_ci::{Forge, Job};
use nix_seed_publish::lock::LOCK_NAME;
use nix_seed_registry::{Options, agent, is_loopback};
use serde_json::{Value, json};
use ureq::http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use url::Url;

use super::step::variable;
use crate::error::Error;

/// A token that somebody has given for this alone.
pub(super) const TOKEN: &str = "NIX_SEED_GIT_TOKEN";
/// What a request is called.
pub(super) const TITLE: &str = ".seed.lock: new seeds";
/// The most bytes of an answer.
const ANSWER_MAX: u64 = 16 << 20;

/// The token that a job has for its forge.
fn token(job: Option<&Job>, get: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let own = match job?.forge {
        Forge::GitLab => "CI_JOB_TOKEN",
        Forge::GitHub | Forge::Forgejo | Forge::Gitea => "GITHUB_TOKEN",
    };
    get(TOKEN).or_else(|| get(own))
}

/// The header with which git logs in over http: the name is any with GitHub and its like, and with GitLab says what the token is.
pub(super) fn header(job: Option<&Job>, get: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let token = token(job, get)?;
    let name = match job?.forge {
        Forge::GitLab if get(TOKEN).is_none() => "gitlab-ci-token",
        Forge::GitLab => "oauth2",
        Forge::GitHub | Forge::Forgejo | Forge::Gitea => "x-access-token",
    };
    let login = data_encoding::BASE64.encode(format!("{name}:{token}").as_bytes());
    Some(format!("Authorization: Basic {login}"))
}

/// Asks for a pull request from one branch to another, where there is none yet; gives its address. GitHub's REST API, which Forgejo and
/// Gitea have as well (docs.github.com, "REST API endpoints for pull requests").
pub(super) fn request(job: &Job, base: &str, head: &str) -> Result<String, Error> {
    let failed = |why: String| Error::NoPullRequest { head: head.into(), base: base.into(), why };
    let api = match variable("GITHUB_API_URL") {
        Some(api) => api,
        None if job.forge == Forge::GitHub => "https://api.github.com".into(),
        None => format!("{}/api/v1", job.server),
    };
    let owner = job.repository.split('/').next().unwrap_or_default();
    let mut url = Url::parse(&format!("{}/repos/{}/pulls", api.trim_end_matches('/'), job.repository))
        .map_err(|error| failed(format!("{api}: {error}")))?;
    let ask = json!({
        "title": TITLE,
        "head": head,
        "base": base,
        "body": format!("{LOCK_NAME} names the seeds that were built from `{base}` and its `flake.lock`."),
    });
    let (status, answer) = exchange(job, &url, Some(&ask)).map_err(failed)?;
    if let (200 | 201, Some(address)) = (status, answer["html_url"].as_str()) {
        return Ok(address.into());
    }
    // There is one already.
    if matches!(status, 409 | 422) {
        let named = if job.forge == Forge::GitHub { format!("{owner}:{head}") } else { head.into() };
        url.query_pairs_mut().append_pair("state", "open").append_pair("head", &named);
        let (_, found) = exchange(job, &url, None).map_err(failed)?;
        // Not every forge looks at which branch was asked for.
        let is_it = |one: &&Value| {
            let of = &one["head"];
            let repository = of["repo"]["full_name"].as_str().unwrap_or_default();
            of["ref"] == head && repository.eq_ignore_ascii_case(&job.repository)
        };
        if let Some(address) =
            found.as_array().into_iter().flatten().find(is_it).and_then(|one| one["html_url"].as_str())
        {
            return Ok(address.into());
        }
    }
    let said = answer["message"].as_str().unwrap_or_default();
    Err(failed(format!(
        "{status} {said}; the job needs pull-requests: write, and GitHub's setting that lets Actions create pull requests"
    )))
}

fn exchange(job: &Job, url: &Url, body: Option<&Value>) -> Result<(u16, Value), String> {
    if url.scheme() != "https" && !is_loopback(url) {
        return Err(format!("{url} is neither https nor on this machine"));
    }
    let agent = agent(&Options::default(), is_loopback(url)).map_err(|error| error.to_string())?;
    let token = token(Some(job), &variable).ok_or("there is no token: give one in GITHUB_TOKEN")?;
    let mut bearer = HeaderValue::from_str(&format!("token {token}"))
        .map_err(|_| "the token holds characters that no header may")?;
    bearer.set_sensitive(true);
    let answer = match body {
        Some(body) => agent
            .post(url.as_str())
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json")
            .content_type("application/json")
            .send(body.to_string().as_bytes()),
        None => agent.get(url.as_str()).header(AUTHORIZATION, bearer).header(ACCEPT, "application/json").call(),
    };
    let mut answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().with_config().limit(ANSWER_MAX).read_to_vec().map_err(|error| error.to_string())?;
    Ok((status, serde_json::from_slice(&text).unwrap_or(Value::Null)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_of_the_forge() {
        let job = |forge| Job {
            forge,
            event: nix_seed_ci::Event::Own,
            server: "https://x".into(),
            repository: "o/r".into(),
            commit: None,
            branch: None,
            default_branch: None,
            has_identity: false,
            subject: None,
            registry: None,
        };
        let get = |name: &str| (name == "GITHUB_TOKEN" || name == "CI_JOB_TOKEN").then(|| name.to_owned());
        let login = |forge| {
            let header = header(Some(&job(forge)), &get).unwrap();
            let text = data_encoding::BASE64.decode(header.rsplit(' ').next().unwrap().as_bytes()).unwrap();
            String::from_utf8(text).unwrap()
        };
        assert_eq!(login(Forge::GitHub), "x-access-token:GITHUB_TOKEN");
        assert_eq!(login(Forge::GitLab), "gitlab-ci-token:CI_JOB_TOKEN");
        assert_eq!(header(None, &get), None);
    }
}
