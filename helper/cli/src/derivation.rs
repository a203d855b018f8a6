//! The helper as a derivation's builder.
//!
//! With structured attributes Nix writes the derivation's attributes, and the closure graphs that it exports, into one
//! JSON file. `doc/helper.md` lists the requests.

use std::path::{Path, PathBuf};

use nix_seed_image::image::Spec;
use nix_seed_store::Closure;
use serde::Deserialize;

use crate::error::Error;
use crate::run;

#[derive(Deserialize)]
struct Attributes {
    seed: Request,
    outputs: Outputs,
    #[serde(default)]
    closure: Option<serde_json::Value>,
    #[serde(default)]
    earlier: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Outputs {
    out: PathBuf,
}

#[derive(Deserialize)]
#[serde(tag = "step", rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Request {
    Closure {
        max_size: Option<u64>,
    },
    Layers {
        group: String,
        max_layers: usize,
    },
    Image {
        groups: Vec<PathBuf>,
        #[serde(flatten)]
        spec: Box<Spec>,
    },
    Verify {
        image: PathBuf,
    },
}

pub(crate) fn run() -> Result<(), Error> {
    let path = std::env::var_os("NIX_ATTRS_JSON_FILE").map(PathBuf::from).ok_or_else(|| {
        Error::request(
            "NIX_ATTRS_JSON_FILE",
            "it is not set; `derivation` is for builders with __structuredAttrs = true",
        )
    })?;
    let attributes: Attributes = run::read_json(&path)?;
    let graph = |graph: Option<serde_json::Value>, name| match graph {
        Some(graph) => Ok(Closure::from_json(graph)?),
        None => Err(Error::request(path.display(), format!("exportReferencesGraph.{name} is missing"))),
    };
    let out: &Path = &attributes.outputs.out;
    match attributes.seed {
        Request::Closure { max_size } => run::closure(&graph(attributes.closure, "closure")?, max_size, out),
        Request::Layers { group, max_layers } => {
            let closure = graph(attributes.closure, "closure")?;
            let earlier = attributes.earlier.map(Closure::from_json).transpose()?.unwrap_or_default();
            let group = nix_seed_image::layer::Group::new(&group, max_layers);
            run::layers(&group, &closure, &earlier, out)
        }
        Request::Image { groups, spec } => run::image(&spec, &groups, out),
        Request::Verify { image } => run::verify(&image, out),
    }
}
