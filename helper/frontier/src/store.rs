use std::path::Path;

use nix_seed_store::{Derivation, StorePath};

use crate::{Error, Graph, Own, Plan, Request, Result, Texts, Tree, plan, read_derivation};

/// Plans from what lies in the store below `root`.
pub fn plan_store(request: &Request, root: &Path) -> Result<Plan> {
    let graph = read_graph(request, root)?;
    plan(request, &graph, &find_own(request, &graph, root)?)
}

/// The derivations of a request's outputs, and all that they need.
pub fn read_graph(request: &Request, root: &Path) -> Result<Graph> {
    let mut graph = Graph::default();
    for output in &request.outputs {
        let used = output.inputs.iter().map(|used| &used.derivation);
        for derivation in output.derivation.iter().chain(used) {
            graph.add(&store_path(derivation)?, &mut |path| {
                // Where a download is from decides nothing.
                Ok(Derivation { fixed: None, ..read_derivation(root, path)? })
            })?;
        }
    }
    Ok(graph)
}

/// What of a graph is the flake's own.
pub fn find_own(request: &Request, graph: &Graph, root: &Path) -> Result<Own> {
    let flake = request
        .flake
        .strip_prefix('/')
        .ok_or_else(|| Error::Request { why: format!("the flake's tree {:?} is no absolute path", request.flake) })?;
    let tree = Tree::list(&root.join(flake))?;
    let mut marks = request.marks.clone();
    // Its own path without a context is no source of anything.
    marks.extend(Path::new(flake).components().filter_map(|part| {
        let path = StorePath::from_base_name(part.as_os_str().to_str()?).ok()?;
        path.base_name().get(..32).map(ToOwned::to_owned)
    }));
    let texts = Texts::new(&marks, &tree)?;
    Own::find(request, graph, &tree, &texts, root)
}

pub(crate) fn store_path(path: &str) -> Result<StorePath> {
    StorePath::parse(path).map_err(|error| Error::Request { why: error.to_string() })
}

#[cfg(test)]
mod tests;
