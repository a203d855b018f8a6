//! `nix-seed push`.

use std::num::NonZero;

use clap::Args;
use nix_seed_publish::Progress;
use nix_seed_publish::push::{Options, Publication, Pushed, push, targets};
use nix_seed_registry::{Reference, Registry};
use nix_seed_source::Location;
use serde_json::json;

use crate::args::Global;
use crate::error::Error;
use crate::{print, progress};

/// Push a seed to registries; print its digest
#[derive(Args)]
#[command(
    after_help = "What is there is not sent again, so an interrupted push goes on when it is run again. Images that are no seeds are \
    refused: see skopeo copy.\n\n\
    One tag for several systems, each pushed by its own job:\n  \
    nix-seed push --index ./result ghcr.io/owner/seed:main\n\
    This also writes the tag main-SYSTEM, by which the systems find each other."
)]
pub(crate) struct Push {
    /// A folder with the seed's OCI image layout; or an image in a registry, to tag or join it in its own repository
    #[arg(value_name = "LAYOUT")]
    location: Location,
    /// Where to: HOST/NAME[:TAG]; without a tag, the image is there under its digest
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<Reference>,
    /// Join this system's image to those of others in an image index at each tag
    #[arg(long)]
    index: bool,
    /// Push this although it must not be given to everyone: a store path, its name, or where a private source is from
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,
    /// Take over blobs from this repository of the same registry instead of sending them
    #[arg(long, value_name = "HOST/NAME")]
    mount_from: Vec<Reference>,
    /// How many blobs are pushed at once
    #[arg(long, default_value = "4", value_name = "N")]
    jobs: NonZero<usize>,
}

pub(crate) fn run(args: &Push, global: &Global) -> Result<(), Error> {
    let targets = targets(&args.targets, args.index)?;
    let registry = global.registry()?;
    let seed = Publication::open(&args.location, &registry, &global.platform())?;
    let options = Options {
        index: args.index,
        allow: args.allow.clone(),
        mount_from: args.mount_from.clone(),
        jobs: args.jobs.get(),
    };
    let progress = Progress::default();
    let pushed = progress::show(&progress, || push(&seed, &targets, &options, &registry, &progress))?;
    tell(&seed, &pushed, &registry, global.json)
}

fn tell(seed: &Publication, pushed: &[Pushed], registry: &Registry, json: bool) -> Result<(), Error> {
    let traffic = registry.traffic();
    if json {
        return print::json(&json!({ "push": {
            "digest": seed.digest(),
            "platform": seed.platform().to_string(),
            "targets": pushed,
            "requests": traffic.requests(),
            "sent": traffic.sent(),
            "received": traffic.received(),
        } }));
    }
    for Pushed { repository, tags, indexes, uploaded, mounted, present } in pushed {
        let tags: Vec<_> = tags.iter().chain(indexes.keys()).map(|tag| format!(":{tag}")).collect();
        let counts = [("uploaded", uploaded), ("mounted", mounted), ("there already", present)];
        let counts = counts.iter().filter(|(_, count)| count.blobs > 0);
        let counts: Vec<_> =
            counts.map(|(how, count)| format!("{} {how} ({})", count.blobs, print::bytes(count.bytes))).collect();
        print::note(&format!("{repository}{}: blobs: {}", tags.join(" "), counts.join(", ")));
        for (tag, digest) in indexes {
            print::note(&format!("{repository}:{tag} is the index {digest}, with {}", seed.platform()));
        }
    }
    print::line(seed.digest())
}
