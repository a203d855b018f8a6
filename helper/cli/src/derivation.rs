//! The helper as a derivation's builder.
//!
//! With structured attributes Nix writes the derivation's attributes, and the closure graphs that it exports, into one
//! JSON file. `doc/helper.md` lists the requests.

use std::path::{Path, PathBuf};

use nix_seed_check::Subject;
use nix_seed_image::image::Spec;
use nix_seed_store::{Closure, Graph};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::input::read_json;
use crate::{check, print, release, sbom, steps};

#[derive(Deserialize)]
struct Attributes {
    seed: Request,
    outputs: Outputs,
    #[serde(default)]
    closure: Option<Graph>,
    #[serde(default)]
    earlier: Option<Graph>,
    #[serde(default)]
    flake: Option<Graph>,
}

#[derive(Deserialize)]
struct Outputs {
    out: PathBuf,
}

#[derive(Deserialize)]
#[serde(tag = "step", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Request {
    Closure {
        max_size: Option<u64>,
        /// Why nothing can be made of it; said when it is built.
        refused: Option<String>,
    },
    Layers {
        group: String,
        max_layers: usize,
    },
    Image(Image),
    Verify {
        image: PathBuf,
    },
    Plan(nix_seed_frontier::Request),
    Release(release::Request),
    Sbom(sbom::Request),
    Complete {
        subject: Subject,
    },
}

/// A [`Spec`], and the groups to put together.
#[derive(Deserialize)]
#[serde(try_from = "Map<String, Value>")]
struct Image {
    groups: Vec<PathBuf>,
    /// What the groups have to hold, as the step `closure` wrote it.
    closure: Option<PathBuf>,
    spec: Box<Spec>,
}

impl TryFrom<Map<String, Value>> for Image {
    type Error = serde_json::Error;

    /// By hand, since a flattened struct would let unknown fields pass.
    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        let mut take = |name| fields.remove(name).unwrap_or_default();
        let (groups, closure) = (take("groups"), take("closure"));
        Ok(Self {
            groups: serde_json::from_value(groups)?,
            closure: serde_json::from_value(closure)?,
            spec: serde_json::from_value(fields.into())?,
        })
    }
}

pub(crate) fn run() -> Result<(), Error> {
    let path = std::env::var_os("NIX_ATTRS_JSON_FILE").map(PathBuf::from).ok_or_else(|| {
        Error::request(
            "NIX_ATTRS_JSON_FILE",
            "it is not set; `derivation` is for builders with __structuredAttrs = true",
        )
    })?;
    let attributes: Attributes = read_json(&path)?;
    let graph = |graph: Option<Graph>, name| match graph {
        Some(graph) => Ok(Closure::from_graph(graph)?),
        None => Err(Error::request(path.display(), format!("exportReferencesGraph.{name} is missing"))),
    };
    let out: &Path = &attributes.outputs.out;
    match attributes.seed {
        Request::Closure { refused: Some(why), .. } => Err(Error::request("this seed", why)),
        Request::Closure { max_size, refused: None } => {
            steps::closure(&graph(attributes.closure, "closure")?, max_size, out)
        }
        Request::Layers { group, max_layers } => {
            let closure = graph(attributes.closure, "closure")?;
            let earlier = attributes.earlier.map(Closure::from_graph).transpose()?.unwrap_or_default();
            let group = nix_seed_image::layer::Group::new(&group, max_layers);
            print::line(&steps::layers(&group, &closure, &earlier, out)?)
        }
        Request::Image(Image { groups, closure, spec }) => {
            closure.map_or(Ok(()), |closure| steps::check_groups(&groups, &closure))?;
            print::line(&steps::image(&spec, &groups, out)?)
        }
        Request::Verify { image } => steps::verify(&image, out),
        Request::Complete { subject } => {
            let (closure, flake) = (graph(attributes.closure, "closure")?, graph(attributes.flake, "flake")?);
            check::in_derivation(subject, &closure, &flake, out)
        }
        Request::Release(request) => release::release(request, out),
        Request::Plan(request) => steps::plan(&request, Path::new("/"), out),
        Request::Sbom(request) => {
            let closure = attributes.closure.map(Closure::from_graph).transpose()?;
            sbom::write(&request, closure.as_ref(), Path::new("/"), out)
        }
    }
}
