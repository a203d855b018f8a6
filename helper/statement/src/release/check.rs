//! What a release statement may say.

use std::collections::BTreeSet;

use nix_seed_store::STORE_DIR;

use super::{CLOSURE, IMAGE, Kind, Release};
use crate::field::{check_commit, check_sorted, check_system, check_text, check_uri};
use crate::statement::Subject;
use crate::{Error, Result};

pub(super) fn check(subjects: &[Subject], release: &Release) -> Result<()> {
    check_uri("predicate.source.uri", &release.source.uri)?;
    check_commit("predicate.source.commit", &release.source.commit)?;
    check_system("predicate.system", &release.system)?;
    check_outputs(release)?;
    check_sorted("predicate.inputs", &release.inputs, |input| &input.name)?;
    for (at, input) in release.inputs.iter().enumerate() {
        check_text(format!("predicate.inputs[{at}].name"), &input.name)?;
        if let Some(rev) = &input.rev {
            check_commit(format!("predicate.inputs[{at}].rev"), rev)?;
        }
    }
    check_sorted("predicate.sboms", &release.sboms, |sbom| &sbom.media_type)?;
    for (at, sbom) in release.sboms.iter().enumerate() {
        check_text(format!("predicate.sboms[{at}].mediaType"), &sbom.media_type)?;
    }
    match (release.kind, &release.seed) {
        (Kind::Seed, Some(_)) => Err(Error::field("predicate.seed", "", "a seed is not built in a seed")),
        (Kind::Results, None) => {
            Err(Error::field("predicate.seed", "", "results are built in a seed: its digest is missing"))
        }
        _ => check_subjects(subjects, release),
    }
}

fn check_outputs(release: &Release) -> Result<()> {
    check_sorted("predicate.outputs", &release.outputs, |output| &output.attribute)?;
    for (at, output) in release.outputs.iter().enumerate() {
        let field = format!("predicate.outputs[{at}]");
        check_text(format!("{field}.attribute"), &output.attribute)?;
        // The subject of an image has this name, and those of store paths are called by their paths.
        if output.attribute.starts_with(STORE_DIR) {
            return Err(Error::field(format!("{field}.attribute"), &output.attribute, "it is no attribute path"));
        }
        check_sorted(&format!("{field}.paths"), &output.paths, |path| &path.name)?;
        if output.paths.is_empty() {
            return Err(Error::field(format!("{field}.paths"), "", "an output has at least one store path"));
        }
        for (at, path) in output.paths.iter().enumerate() {
            check_text(format!("{field}.paths[{at}].name"), &path.name)?;
        }
        if release.kind == Kind::Seed && output.image.is_some() {
            return Err(Error::field(format!("{field}.image"), "", "a seed's outputs are not built yet"));
        }
    }
    Ok(())
}

/// Refuses subjects that are not just those that follow from the rest.
fn check_subjects(subjects: &[Subject], release: &Release) -> Result<()> {
    check_sorted("subject", subjects, |subject| &subject.name)?;
    let expected: BTreeSet<String> = match release.kind {
        Kind::Seed => [CLOSURE, IMAGE].map(Into::into).into(),
        Kind::Results => {
            let paths = release.outputs.iter().flat_map(|output| &output.paths).map(|path| path.path.to_string());
            let images = release.outputs.iter().filter(|output| output.image.is_some());
            paths.chain(images.map(|output| output.attribute.clone())).collect()
        }
    };
    if expected.is_empty() {
        return Err(Error::field("predicate.outputs", "", "a release of results has at least one output"));
    }
    let found: BTreeSet<String> = subjects.iter().map(|subject| subject.name.clone()).collect();
    if let Some(name) = expected.difference(&found).next() {
        return Err(Error::field("subject", name, "it is built, but not among the subjects"));
    }
    if let Some(name) = found.difference(&expected).next() {
        return Err(Error::field("subject", name, "it is a subject, but not among the outputs"));
    }
    for output in &release.outputs {
        let subject = subjects.iter().find(|subject| subject.name == output.attribute);
        if output.image != subject.map(|subject| subject.digest) {
            return Err(Error::field("subject", &output.attribute, "its digest is not that of the output's image"));
        }
    }
    Ok(())
}
