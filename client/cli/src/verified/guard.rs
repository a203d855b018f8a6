//! Nobody gets at a seed but through here.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use nix_seed_attest::{Collected, Kept, collect};
use nix_seed_registry::{Digest, Reference, Repository};
use nix_seed_source::{Found, Location};
use nix_seed_statement::release::IMAGE;
use nix_seed_store::Sha256Hash;
use nix_seed_trust::{Bundle, Decision, Expected, decide};

use super::locked;
use crate::args::Global;
use crate::commands::verify::{Trusted, bundle_files, strict};
use crate::error::Error;
use crate::print;

/// What stands between a seed and its use.
pub(crate) struct Guard {
    rules: Option<Box<Rules>>,
    location: Location,
}

/// What a seed has to prove.
pub(super) struct Rules {
    pub(super) trusted: Trusted,
    /// Bundles instead of those that are attached.
    pub(super) bundles: Vec<PathBuf>,
    /// The flake that the policy is of: its lock files count.
    pub(super) folder: Option<PathBuf>,
    /// What was enough before.
    pub(super) kept: Option<Kept>,
    pub(super) global: Global,
}

impl Guard {
    /// Lets everything through; why, has been said.
    pub(super) fn none(location: Location) -> Self {
        Self { rules: None, location }
    }

    pub(super) fn of(rules: Rules, location: Location) -> Self {
        Self { rules: Some(Box::new(rules)), location }
    }

    /// Where the seed is.
    #[cfg(target_os = "linux")]
    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// Finds a seed, and decides on it; none where nothing is asked. What is attached to it is collected meanwhile, where its digest is
    /// known.
    pub(crate) fn find(
        &self,
        find: impl FnOnce(&Location) -> Result<Found, Error>,
    ) -> Result<(Found, Option<Decision>), Error> {
        let location = &self.location;
        let Some(rules) = &self.rules else { return Ok((find(location)?, None)) };
        let named = match location {
            Location::Registry(reference) if rules.bundles.is_empty() => reference.digest().cloned(),
            _ => None,
        };
        std::thread::scope(|scope| {
            let span = tracing::Span::current();
            let early = named.map(|digest| {
                let collecting = scope.spawn({
                    let digest = digest.clone();
                    move || span.in_scope(|| rules.evidence(&digest, location))
                });
                (digest, collecting)
            });
            let found = find(location)?;
            let digest = parse(&found.digest())?;
            let early = early.map(|(of, collecting)| (of, collecting.join()));
            let collected = match early {
                Some((of, Ok(collected))) if of == digest => collected?,
                // An index was named: statements are on the image in it.
                _ => rules.evidence(&digest, &found.location)?,
            };
            let decision = rules.decide(&digest, collected, &found.location)?;
            Ok((found, Some(decision)))
        })
    }

    /// Decides on a seed that is here already.
    #[cfg(target_os = "linux")]
    pub(crate) fn check(&self, digest: &str) -> Result<Option<Decision>, Error> {
        let Some(rules) = &self.rules else { return Ok(None) };
        let digest = parse(digest)?;
        let collected = rules.evidence(&digest, &self.location)?;
        rules.decide(&digest, collected, &self.location).map(Some)
    }

    /// The policy; none where nothing is asked.
    pub(crate) fn trusted(&self) -> Option<&Trusted> {
        self.rules.as_ref().map(|rules| &rules.trusted)
    }
}

/// What there is to decide by.
enum Evidence {
    Collected(Collected),
    /// It was enough before, and it may be again.
    Kept(Vec<Bundle>),
}

impl Rules {
    fn evidence(&self, digest: &Digest, location: &Location) -> Result<Evidence, Error> {
        if !self.bundles.is_empty() {
            return Ok(Evidence::Collected(Collected { bundles: bundle_files(&self.bundles)?, refused: Vec::new() }));
        }
        match self.kept.as_ref().map(|kept| kept.get(digest)) {
            Some(bundles) if !bundles.is_empty() => Ok(Evidence::Kept(bundles)),
            _ => self.ask(digest, location).map(Evidence::Collected),
        }
    }

    /// What the registry has.
    fn ask(&self, digest: &Digest, location: &Location) -> Result<Collected, Error> {
        let registry = self.global.registry()?;
        let repository: Repository = match location {
            Location::Registry(reference) => registry.repository(reference),
            Location::Layout(_) => {
                let named = self.trusted.cfg.registry.as_ref();
                let named = named.ok_or_else(|| Error::NoBundles { what: location.to_string() })?;
                registry.repository(&named.parse::<Reference>()?)
            }
        };
        Ok(collect(&repository, digest)?)
    }

    fn decide(&self, digest: &Digest, evidence: Evidence, location: &Location) -> Result<Decision, Error> {
        let _span = tracing::info_span!("verify", seed.digest = %digest).entered();
        let expected = self.expected(digest)?;
        let by = |bundles: &[Bundle]| decide(&self.trusted.policy, &self.trusted.root, &expected, bundles);
        let collected = match evidence {
            Evidence::Collected(collected) => collected,
            Evidence::Kept(bundles) => match by(&bundles).and_then(|decision| strict(&self.trusted.cfg, decision)) {
                Ok(decision) => return Ok(told(decision)),
                // The policy or the time is another one; there may be newer ones.
                Err(_) => self.ask(digest, location)?,
            },
        };
        for why in &collected.refused {
            print::note(&format!("not read: {why}"));
        }
        let decision =
            by(&collected.bundles).and_then(|decision| strict(&self.trusted.cfg, decision)).map_err(|refused| {
                for other in &refused.others {
                    print::note(&format!("not believed either: {other}"));
                }
                Error::Refused(Box::new(refused.first))
            })?;
        if let Some(kept) = &self.kept {
            kept.put(digest, &collected.bundles);
        }
        Ok(told(decision))
    }

    fn expected(&self, digest: &Digest) -> Result<Expected, Error> {
        let system = self.global.platform().nix_system();
        let folder = self.folder.as_deref();
        let commit = match folder.map(|folder| locked::entry(folder, &system)).transpose()?.flatten() {
            Some(entry) if entry.digest == digest.as_ref() => Some(entry.commit),
            Some(_) => {
                print::note(&format!(
                    "{} names another seed: which commit this one is of is not asked",
                    locked::LOCK_NAME
                ));
                None
            }
            None => None,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(Expected {
            digest: Sha256Hash::from_hex(digest.digest()).map_err(|_| Error::Digest { text: digest.to_string() })?,
            name: Some(IMAGE.into()),
            commit,
            lock: folder.map(locked::flake_lock).transpose()?.flatten(),
            system: Some(system),
            seed: None,
            now: i64::try_from(now).unwrap_or(i64::MAX),
        })
    }
}

fn told(decision: Decision) -> Decision {
    let builders: Vec<_> = decision.findings.iter().map(|finding| format!("`{}`", finding.builder)).collect();
    let source = &decision.release.release().source;
    print::note(&format!(
        "verified: {} built the seed from {} at {} (level {})",
        builders.join(", "),
        source.uri,
        source.commit,
        decision.level
    ));
    decision
}

fn parse(text: &str) -> Result<Digest, Error> {
    text.parse().map_err(|_| Error::Digest { text: text.into() })
}
