//! What bundles prove, before it is asked what they speak of.

use nix_seed_statement::provenance::{self, ProvenanceStatement};
use nix_seed_statement::release::{self, ReleaseStatement};
use nix_seed_statement::{Error as StatementError, predicate_type};

use super::Bundle;
use crate::policy::Builder;
use crate::sigstore::{self, Signed, TrustRoot};
use crate::{Policy, Reason, Refusal};

/// A statement that a builder of the policy signed.
pub(super) struct Candidate<'a, S> {
    pub(super) at: String,
    pub(super) builder: &'a Builder,
    pub(super) known_as: String,
    pub(super) signed: Signed,
    pub(super) statement: S,
}

/// The statements of builders of the policy.
pub(super) struct Evidence<'a> {
    pub(super) releases: Vec<Candidate<'a, ReleaseStatement>>,
    pub(super) provenances: Vec<Candidate<'a, ProvenanceStatement>>,
}

enum Statement {
    Release(Box<ReleaseStatement>),
    Provenance(Box<ProvenanceStatement>),
}

impl<'a> Evidence<'a> {
    /// What bundles prove; why not, where they do not.
    pub(super) fn gather(policy: &'a Policy, root: &TrustRoot, bundles: &[Bundle], ignored: &mut Vec<Refusal>) -> Self {
        let mut evidence = Self { releases: Vec::new(), provenances: Vec::new() };
        let keys = policy.keys();
        for Bundle { at, bytes } in bundles {
            let examined = sigstore::verify(bytes, root, &keys, at).and_then(|signed| {
                // Others attach statements of theirs, and these say nothing here, whoever signed them.
                let Some(statement) = statement(&signed.payload, at)? else { return Ok(None) };
                let (builder, known_as) = policy.who(&signed.signer, at)?;
                Ok(Some((signed, statement, builder, known_as)))
            });
            match examined {
                Ok(None) => {}
                Ok(Some((signed, Statement::Release(statement), builder, known_as))) => {
                    let statement = *statement;
                    evidence.releases.push(Candidate { at: at.clone(), builder, known_as, signed, statement });
                }
                Ok(Some((signed, Statement::Provenance(statement), builder, known_as))) => {
                    let statement = *statement;
                    evidence.provenances.push(Candidate { at: at.clone(), builder, known_as, signed, statement });
                }
                Err(refusal) => ignored.push(refusal),
            }
        }
        evidence
    }
}

/// The statement in a payload; none where it is one of somebody else's kind.
fn statement(payload: &[u8], at: &str) -> Result<Option<Statement>, Refusal> {
    let refuse = |error: StatementError| sigstore::document(&error, at);
    let kind = predicate_type(payload).map_err(refuse)?;
    match &*kind {
        release::PREDICATE_TYPE => {
            Ok(Some(Statement::Release(Box::new(ReleaseStatement::from_bytes(payload).map_err(refuse)?))))
        }
        provenance::PREDICATE_TYPE => {
            let statement = ProvenanceStatement::from_bytes(payload).map_err(refuse)?;
            Ok(Some(Statement::Provenance(Box::new(statement))))
        }
        _ if is_other_version(&kind, release::PREDICATE_TYPE)
            || is_other_version(&kind, provenance::PREDICATE_TYPE) =>
        {
            Err(Refusal::new(Reason::UnknownPredicate, at, format!("it is a statement of the type {kind:?}")))
        }
        _ => Ok(None),
    }
}

/// Whether a predicate type is another version of `known`, which ends in `/v1`.
fn is_other_version(kind: &str, known: &str) -> bool {
    let family = &known[..known.len() - 1];
    kind.starts_with(family)
}
