use std::collections::{HashMap, HashSet};
use std::path::Path;

use nix_seed_store::StorePath;

use crate::graph::is_derivation;
use crate::store::store_path;
use crate::{Graph, Request, Result, Texts, Tree, Verdict};

/// What of a [`Graph`] is the flake's own.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// By position: whether a derivation depends on the flake's own source.
    pub derivations: Vec<bool>,
    /// The flake's own sources.
    pub sources: HashSet<StorePath>,
    /// Sources that hold nothing by which to tell, sorted.
    pub undecided: Vec<StorePath>,
}

impl Own {
    /// Judges every source and every text of `graph`. A fixed-output derivation is nobody's: its result does not depend on what
    /// it is made from.
    pub fn find(request: &Request, graph: &Graph, tree: &Tree, texts: &Texts, root: &Path) -> Result<Self> {
        let skip: HashSet<_> = request.skip.iter().map(|path| store_path(path)).collect::<Result<_>>()?;
        let named: HashSet<_> = request.own.iter().map(String::as_str).collect();
        let mut own = Self::default();
        let mut judged: HashMap<StorePath, Verdict> = HashMap::new();
        for source in request.outputs.iter().flat_map(|output| &output.sources) {
            let source = store_path(source)?;
            if !(is_derivation(&source) || skip.contains(&source)) {
                let verdict = judge(&source.below(root), tree, texts)?;
                judged.insert(source, verdict);
            }
        }
        for node in graph.nodes() {
            // A fixed-output derivation has a name that somebody may have given, but nothing else here.
            let is_named = named.contains(node.name()) || named.contains(node.path.package().trim_end_matches(".drv"));
            let mut is_own = is_named && !node.derivation.is_fixed();
            is_own |= node.inputs.iter().any(|input| own.derivations.get(input.node) == Some(&true));
            for source in &node.derivation.sources {
                if is_derivation(source) {
                    is_own |= graph.position(source).is_some_and(|node| own.derivations.get(node) == Some(&true));
                    continue;
                }
                let verdict = match judged.get(source) {
                    Some(verdict) => *verdict,
                    None if skip.contains(source) => Verdict::Foreign,
                    None => judge(&source.below(root), tree, texts)?,
                };
                judged.insert(source.clone(), verdict);
                is_own |= verdict == Verdict::Own;
            }
            for text in &node.derivation.texts {
                is_own = is_own || texts.are_in(text)?;
            }
            own.derivations.push(is_own);
        }
        for (source, verdict) in judged {
            match verdict {
                Verdict::Own => drop(own.sources.insert(source)),
                Verdict::Undecided => own.undecided.push(source),
                Verdict::Foreign => {}
            }
        }
        own.undecided.sort_unstable();
        Ok(own)
    }
}

/// A file may be a copy, or have been written by evaluation, with what it has read.
fn judge(source: &Path, tree: &Tree, texts: &Texts) -> Result<Verdict> {
    match tree.judge(source)? {
        Verdict::Foreign if texts.are_in_file(source)? => Ok(Verdict::Own),
        verdict => Ok(verdict),
    }
}
