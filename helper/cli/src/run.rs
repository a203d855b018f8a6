use std::path::Path;

use nix_seed_image::image::Spec;
use nix_seed_image::layer::Group;
use nix_seed_image::layout::Layout;
use nix_seed_image::output::write_aside;
use nix_seed_image::seed::Seed;
use nix_seed_image::summary::Summary;
use nix_seed_image::{threads, verify, why};

use crate::args::Command;
use crate::error::Error;
use crate::input::{read_graph, read_json};
use crate::print::TOP;
use crate::{check, derivation, print, release, results, sbom, steps};

pub(crate) fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Derivation => derivation::run(),
        Command::Closure { graph, max_size, out } => {
            let closure = read_graph(&graph)?;
            Ok(write_aside(&out, |out| steps::closure(&closure, max_size, out))?)
        }
        Command::Layers { graph, earlier, group, max_layers, root, threads: count, out } => {
            let closure = read_graph(&graph)?;
            let earlier = earlier.map(|earlier| read_graph(&earlier)).transpose()?.unwrap_or_default();
            let group =
                Group { name: &group, max_layers, root: &root, threads: count.map_or_else(threads, usize::from) };
            aside(&out, |out| steps::layers(&group, &closure, &earlier, out))
        }
        Command::Image { spec, groups, out } => {
            let spec: Spec = read_json(&spec)?;
            aside(&out, |out| steps::image(&spec, &groups, out))
        }
        Command::Plan { request, root, out } => {
            let request = read_json(&request)?;
            write_aside(&out, |out| steps::plan(&request, &root, out))
        }
        Command::Release { request, out } => {
            let request = read_json(&request)?;
            write_aside(&out, |out| release::release(request, out))
        }
        Command::Results { outputs, flake, seed, digest, source, existing, option, out } => {
            let request = results::Request { flake, seed, outputs, existing, digest, source, options: option };
            write_aside(&out, |out| results::write(&request, out))
        }
        Command::Sbom { image, graph, result, name, image_version, time, metadata, derivations, root, out } => {
            let closure = graph.as_deref().map(read_graph).transpose()?;
            let request = sbom::Request { image, result, name, version: image_version, time, metadata, derivations };
            write_aside(&out, |out| sbom::write(&request, closure.as_ref(), &root, out))
        }
        Command::Check { seed, closure, root, override_input, paths, json } => {
            let report = check::by_hand(&seed, closure.as_deref(), &root, &override_input)?;
            check::print(&report, json, paths)
        }
        Command::Inspect { layout, verify, paths, why, json } if why.is_empty() => {
            inspect(&layout, verify, paths, json)
        }
        Command::Inspect { layout, verify, why, json, .. } => explain(&layout, verify, &why, json),
    }
}

fn inspect(dir: &Path, verify: bool, paths: bool, json: bool) -> Result<(), Error> {
    let layout = Layout::open(dir)?;
    let seed = Seed::open(&layout)?;
    let summary = Summary::new(&layout, &seed)?;
    let report = verify.then(|| verify::verify_layers(&layout, &seed)).transpose()?;
    if json {
        print::json(&serde_json::json!({ "seed": summary, "verified": report }))
    } else {
        print::summary(&summary, if paths { usize::MAX } else { TOP })?;
        report.as_ref().map_or(Ok(()), print::report)
    }
}

fn explain(dir: &Path, verify: bool, asked: &[String], json: bool) -> Result<(), Error> {
    let layout = Layout::open(dir)?;
    let seed = Seed::open(&layout)?;
    let positions = asked.iter().map(|given| why::find(&seed.index, given)).collect::<Result<Vec<_>, _>>()?;
    let found = why::explain(&seed.index, &seed.gc_roots, &positions);
    let report = verify.then(|| verify::verify_layers(&layout, &seed)).transpose()?;
    if json {
        print::json(&serde_json::json!({ "why": found, "verified": report }))
    } else {
        print::why(&found)?;
        report.as_ref().map_or(Ok(()), print::report)
    }
}

/// Says what has been written when it is in its place: nothing is announced that is not there.
fn aside(out: &Path, write: impl FnOnce(&Path) -> Result<String, Error>) -> Result<(), Error> {
    print::line(&write_aside(out, write)?)
}
