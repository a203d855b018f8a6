use nix_seed_cfg::{Cfg, Level, Pattern};

use crate::sigstore::{PublicKey, Signer};
use crate::{Reason, Refusal};

/// Who is believed, and on what terms: what `seedCfg` says of one output.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The trust level in force.
    pub level: Level,
    /// The repository that releases are built from, as a URI.
    pub source: String,
    /// Who may build.
    pub builders: Vec<Builder>,
    /// How long a signature is believed, in seconds; none for ever.
    pub max_age: Option<u64>,
    /// Whether builds have to be sandboxed.
    pub sandbox: bool,
    /// The substituters that a build may have had.
    pub substituters: Vec<String>,
}

/// Somebody who builds and signs.
#[derive(Debug, Clone)]
pub struct Builder {
    /// What the policy calls it.
    pub name: String,
    /// Who has to vouch for its identity.
    pub issuer: Option<String>,
    /// The identities that it has.
    pub subjects: Vec<Pattern>,
    /// The managed keys that it has.
    pub keys: Vec<PublicKey>,
}

impl Policy {
    /// What `cfg` says; of one output, where it is that of [`Cfg::for_output`].
    pub fn of(cfg: &Cfg) -> Result<Self, Refusal> {
        let builder = |(name, builder): (&String, &nix_seed_cfg::Builder)| {
            let at = format!("a key of the builder `{name}` in seedCfg");
            let keys = builder.keys.iter().map(|key| PublicKey::from_pem(key).map_err(|refusal| refusal.within(&at)));
            Ok(Builder {
                name: name.clone(),
                issuer: builder.issuer.clone(),
                subjects: builder.subjects.clone(),
                keys: keys.collect::<Result<_, _>>()?,
            })
        };
        Ok(Self {
            level: cfg.level,
            source: cfg.source.as_str().into(),
            builders: cfg.builders.iter().map(builder).collect::<Result<_, Refusal>>()?,
            max_age: cfg.freshness.max_age,
            sandbox: cfg.build.sandbox,
            substituters: cfg.build.substituters.clone(),
        })
    }

    /// All managed keys.
    pub fn keys(&self) -> Vec<&PublicKey> {
        self.builders.iter().flat_map(|builder| &builder.keys).collect()
    }

    /// Which builder a signer is, and by which pattern or key.
    pub(crate) fn who(&self, signer: &Signer, at: &str) -> Result<(&Builder, String), Refusal> {
        match signer {
            Signer::Key(key) => {
                let builder = self.builders.iter().find(|builder| builder.keys.contains(key));
                let builder =
                    builder.ok_or_else(|| Refusal::new(Reason::UnknownKey, at, "its key is of no builder"))?;
                Ok((builder, format!("{} key {}", key.algorithm(), &key.fingerprint()[..16])))
            }
            Signer::Identity { subject, issuer, .. } => self.who_is(subject, issuer, at),
        }
    }

    fn who_is(&self, subject: &str, issuer: &str, at: &str) -> Result<(&Builder, String), Refusal> {
        let patterns =
            || self.builders.iter().flat_map(|builder| builder.subjects.iter().map(move |one| (builder, one)));
        let of_issuer = |builder: &Builder| builder.issuer.as_deref() == Some(issuer);
        let matching = || patterns().filter(|(_, pattern)| pattern.matches(subject));
        if let Some((builder, pattern)) = matching().find(|(builder, _)| of_issuer(builder)) {
            return Ok((builder, pattern.to_string()));
        }
        if let Some((builder, _)) = matching().next() {
            let expected = builder.issuer.as_deref().unwrap_or("nobody");
            let why = format!(
                "it is signed by {subject:?}, for whom {issuer:?} vouches; of the builder `{}` that is {expected:?}",
                builder.name
            );
            return Err(Refusal::new(Reason::WrongIssuer, at, why));
        }
        let repository = repository(subject);
        let same = patterns().find(|(builder, pattern)| {
            let wanted = self::repository(pattern.as_str());
            of_issuer(builder) && repository.is_some() && wanted == repository
        });
        if let Some((builder, pattern)) = same {
            let why =
                format!("it is signed by {subject:?}, and the builder `{}` is {:?}", builder.name, pattern.as_str());
            return Err(Refusal::new(Reason::WrongWorkflow, at, why));
        }
        let known: Vec<_> = patterns().map(|(_, pattern)| pattern.as_str()).collect();
        let why =
            format!("it is signed by {subject:?}, for whom {issuer:?} vouches; believed are: {}", known.join(", "));
        Err(Refusal::new(Reason::WrongSigner, at, why))
    }
}

/// The repository in the address of a workflow: what comes before `/.github/workflows/`, or `//` for GitLab.
fn repository(subject: &str) -> Option<&str> {
    let folders = ["/.github/workflows/", "/.gitea/workflows/", "/.forgejo/workflows/"];
    if let Some(at) = folders.iter().find_map(|folder| subject.find(folder)) {
        return Some(&subject[..at]);
    }
    let host = subject.find("://")? + 3;
    subject[host..].find("//").map(|at| &subject[..host + at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_of_a_workflow_is_found() {
        let github = "https://github.com/owner/app/.github/workflows/seed.yaml@refs/heads/main";
        let gitlab = "https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main";
        assert_eq!(repository(github), Some("https://github.com/owner/app"));
        assert_eq!(repository(gitlab), Some("https://gitlab.com/group/app"));
        assert_eq!(repository("me@example.org"), None);
        assert_eq!(repository("https://buildkite.com/owner/pipeline"), None);
    }
}
