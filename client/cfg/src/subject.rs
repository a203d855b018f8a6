//! What a pattern of subjects leaves open: refused, or warned of. As `lib/seed-cfg/subject-*.nix` have it.

use crate::Source;
use crate::forms::shown;

/// Forges and CI where anybody may have a place.
const PUBLIC: [&str; 7] =
    ["bitbucket.org", "buildkite.com", "codeberg.org", "g.codefresh.io", "git.sr.ht", "github.com", "gitlab.com"];
/// Those whose subjects always end in a branch or a tag.
const WITH_REF: [&str; 2] = ["github.com", "gitlab.com"];
/// What begins a token's `sub`, which is no certificate's subject.
const TOKEN: [&str; 3] = ["repo:", "project_path:", "organization:"];

/// A pattern, taken apart by what its wildcards may stand for.
enum Kind<'a> {
    /// `SCHEME://HOST/OWNER/…`
    Uri {
        host: &'a str,
        /// Whether a wildcard may stand for the owner, or a part of it.
        is_open: bool,
    },
    /// `NAME@DOMAIN`
    Mail {
        domain: &'a str,
    },
    Other,
}

impl<'a> Kind<'a> {
    fn of(pattern: &'a str) -> Self {
        if let Some((scheme, rest)) = pattern.split_once("://")
            && scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"+.-".contains(&c))
        {
            let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
            let owner = rest.split('/').next().unwrap_or_default();
            return Self::Uri { host, is_open: owner.is_empty() || owner.contains('*') };
        }
        match pattern.rsplit_once('@') {
            Some((name, domain)) if !name.contains('/') && is_domain(domain) => Self::Mail { domain },
            _ => Self::Other,
        }
    }
}

fn is_domain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b".-".contains(&c))
}

/// Why a pattern is refused.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("it is {}, {why}", shown(pattern)));
    if pattern.is_empty() || !pattern.bytes().all(|c| c.is_ascii_graphic()) {
        return refuse("which is empty or has a blank or another character that no subject has");
    }
    if TOKEN.iter().any(|token| pattern.starts_with(token)) {
        return refuse(
            "which is the token's `sub`: a certificate's subject is another, as https://github.com/OWNER/NAME/.github/workflows/\
             FILE@refs/heads/BRANCH",
        );
    }
    if pattern.contains("***") {
        return refuse(
            "which has three `*` in a row: `*` is any run of characters but `/` and `@`, `**` any run of characters",
        );
    }
    if !pattern.contains('*') {
        return Ok(());
    }
    match Kind::of(pattern) {
        Kind::Other => refuse(
            "which matches anybody: before a wildcard, name the place (https://HOST/OWNER/), or after it the domain of addresses \
             (@DOMAIN)",
        ),
        Kind::Mail { domain } if pattern.contains("**") => refuse(&format!(
            "which matches anybody's workflows too, on a branch that is called x@{domain}: write `*`, which matches no `/`"
        )),
        Kind::Uri { host, .. } if host.is_empty() || host.contains('*') => {
            refuse("which leaves the host open, so that anybody may have one that matches")
        }
        Kind::Uri { host, is_open: true } if PUBLIC.contains(&host) => refuse(&format!(
            "which leaves open whose place on {host} it is, where anybody may have one: name the owner, and end it with a `/`"
        )),
        Kind::Uri { .. } | Kind::Mail { .. } => Ok(()),
    }
}

/// What may be meant, and should be known.
pub(crate) fn warnings(pattern: &str, source: &Source) -> Vec<String> {
    match Kind::of(pattern) {
        Kind::Mail { domain } if pattern.contains('*') => {
            vec![format!("allows everybody who has an address at {domain}")]
        }
        Kind::Mail { .. } | Kind::Other => vec![],
        Kind::Uri { host, is_open } => {
            let place = if is_open && pattern.contains('*') {
                Some(format!("allows everything on {host}: name the owner, and end it with a `/`"))
            } else {
                other_place(pattern, host, source)
            };
            place.into_iter().chain(open_ref(pattern, host)).collect()
        }
    }
}

fn other_place(pattern: &str, host: &str, source: &Source) -> Option<String> {
    let (_, authority, path) = source.parts();
    // How subjects of the source's own workflows begin.
    let own = format!("https://{authority}{path}/");
    let head = pattern.split('*').next().unwrap_or_default();
    if host != authority || pattern.starts_with(&own) {
        None
    } else if own.starts_with(head) {
        pattern.contains('*').then(|| format!("allows other repositories than the source's ({own}…)"))
    } else {
        Some(format!(
            "is of another repository than the source ({own}…): everybody whose workflow calls one of there signs as this \
             builder, if it may be called"
        ))
    }
}

fn open_ref(pattern: &str, host: &str) -> Option<String> {
    const FILES: [&str; 2] = ["/.github/workflows/", "/.gitlab-ci.yml"];
    let is_workflow = WITH_REF.contains(&host) || FILES.iter().any(|file| pattern.contains(file));
    let Some((body, reference)) = pattern.rsplit_once('@') else {
        let warning = if pattern.contains("**") {
            "names no branch or tag: whoever may push one signs as this builder; write …@refs/heads/BRANCH"
        } else {
            "names no branch or tag, but subjects of workflows end in one: it matches none; write …@refs/heads/BRANCH"
        };
        return is_workflow.then(|| warning.into());
    };
    if body.contains("**") {
        return Some(
            "has a `**` before its `@`, which matches an `@` too: a branch that is called x@refs/heads/BRANCH is let in; write \
             `*`, which matches neither `@` nor `/`"
                .into(),
        );
    }
    let rest = reference.strip_prefix("refs/").unwrap_or(reference);
    let rest = ["heads/", "tags/", "pull/"].iter().find_map(|kind| rest.strip_prefix(kind)).unwrap_or(rest);
    let is_open =
        reference.contains('*') && (reference.starts_with('*') || rest.bytes().all(|c| matches!(c, b'*' | b'/')));
    is_open.then(|| {
        "allows any branch and tag: whoever may push one signs as this builder; write …@refs/heads/BRANCH".into()
    })
}
