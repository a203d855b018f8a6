use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

const AFTER: &str = "\
Exit codes:
  0  done
  1  a file cannot be read or written (disk full, no such file, no rights, --out exists)
  2  the command line is wrong
  3  the input is wrong: closure graph, store content, image spec, request, a path that the seed has not
  4  a seed is damaged or lies about itself
  5  a limit is exceeded: maxSize, maxLayers, or what a seed can hold at all
  6  a seed is not complete: after an edit, something is missing
  7  Nix failed: an output cannot be evaluated or built (results)";

/// Writes seeds (OCI images that hold Nix and the closure that a flake's outputs are built from) and looks into them.
#[derive(Debug, Parser)]
#[command(name = "nix-seed-helper", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How a list of files is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PathsFormat {
    /// One a line
    Plain,
    /// A JSON array
    Json,
    /// The part of a GitHub workflow that lists paths
    Workflow,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Be a derivation's builder: do what the attribute `seed` in $NIX_ATTRS_JSON_FILE asks for
    Derivation,
    /// Check a closure graph and its size, and write it sorted
    #[command(after_help = "Example:\n  nix path-info --json --recursive ./result > graph.json\n  \
        nix-seed-helper closure --graph graph.json --max-size 2000000000 --out closure.json")]
    Closure {
        /// The closure graph: what `nix path-info --json --recursive` prints
        #[arg(long, value_name = "FILE")]
        graph: PathBuf,
        /// The most bytes that the NARs of the closure may have
        #[arg(long, value_name = "BYTES")]
        max_size: Option<u64>,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Write the layers of one group of store paths
    #[command(after_help = "Example:\n  nix path-info --json --recursive ./result > graph.json\n  \
        nix-seed-helper layers --graph graph.json --group app --out app-layers")]
    Layers {
        /// The closure graph of the group's roots
        #[arg(long, value_name = "FILE")]
        graph: PathBuf,
        /// The closure graph of what earlier groups hold; it is left out
        #[arg(long, value_name = "FILE")]
        earlier: Option<PathBuf>,
        /// The group's name
        #[arg(long, default_value = "store")]
        group: String,
        /// The most layers to write
        #[arg(long, value_name = "N", default_value_t = 99)]
        max_layers: usize,
        /// The folder that nix/store lies in
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
        /// The threads to use; where not given all cores, but at most 8
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
        threads: Option<u16>,
        /// The folder to write
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Put groups together to an OCI image layout
    #[command(
        after_help = "Example:\n  echo '{\"name\":\"app\",\"tag\":\"latest\",\"os\":\"linux\",\"architecture\":\"amd64\"}' > spec.json\n  \
        nix-seed-helper image --spec spec.json --group app-layers --out app-image"
    )]
    Image {
        /// Name, tag, os, architecture, config, gcRoots, root, maxLayers… as JSON: doc/helper.md
        #[arg(long, value_name = "FILE")]
        spec: PathBuf,
        /// A folder that `layers` wrote, in the order of the image; may be given many times
        #[arg(long = "group", value_name = "DIR")]
        groups: Vec<PathBuf>,
        /// The folder to write
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Decide what has to be in a seed so that a flake's outputs can be built
    #[command(
        after_help = "Example:\n  echo '{\"flake\":\"/nix/store/…-source\",\"outputs\":[{\"label\":\"hello\",\"derivation\":\"/nix/store/…-hello.drv\"}]}' > request.json\n  \
        nix-seed-helper plan --request request.json --out plan.json"
    )]
    Plan {
        /// The flake's tree and its outputs' derivations, as JSON: doc/helper.md
        #[arg(long, value_name = "FILE")]
        request: PathBuf,
        /// The folder that nix/store lies in
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Write the release statement of a seed: what was built, from what
    #[command(
        after_help = "Example:\n  nix eval --json .#seed.release.seed --apply 'seed: removeAttrs seed [ \"step\" ]' > request.json\n  \
        nix-seed-helper release --request request.json --out release.json"
    )]
    Release {
        /// Image, bills of materials, source, system, outputs and inputs, as JSON: doc/helper.md
        #[arg(long, value_name = "FILE")]
        request: PathBuf,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Build outputs of a flake, in its seed, and write what builders sign of them
    ///
    /// Nix and its store have to be the seed's. `nix-seed build` brings them about.
    #[command(
        after_help = "Writes release.json, bom.cdx.json, bom.spdx.json, and nix.json, which says how Nix was set.\n\n\
        Example:\n  nix-seed run --no-network --complete SEED -- nix-seed-helper results --digest sha256:… --out results packages.default"
    )]
    Results {
        /// The outputs: packages.default is that of this system, and default a package
        #[arg(required = true, value_name = "OUTPUT")]
        outputs: Vec<String>,
        /// The flake
        #[arg(long, default_value = ".")]
        flake: String,
        /// The attribute of its seed
        #[arg(long, default_value = "seed", value_name = "ATTRIBUTE")]
        seed: String,
        /// The digest of the seed that this runs in
        #[arg(long, value_name = "sha256:…")]
        digest: String,
        /// The repository that the flake is of, where it does not say so itself
        #[arg(long, value_name = "git+https://…")]
        source: Option<String>,
        /// Leave out what is no output of the flake, as long as something is left
        #[arg(long)]
        existing: bool,
        /// An option of Nix
        #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"])]
        option: Vec<String>,
        /// The folder to write
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write the bill of materials (SBOM) of a seed, or of a store path and all that it refers to
    ///
    /// Two documents, CycloneDX 1.6 and SPDX 2.3, of the same content.
    #[command(after_help = "Examples:\n  nix-seed-helper sbom --image ./result --out sbom\n  \
        nix path-info --json --recursive ./result > graph.json\n  \
        nix eval --json .#seed.metadata > metadata.json\n  \
        nix-seed-helper sbom --graph graph.json --result \"$(realpath result)\" --metadata metadata.json \\\n    \
        --derivation \"$(nix path-info --derivation .#default)\" --time \"$(git log -1 --format=%ct)\" --out sbom")]
    Sbom {
        /// A seed: an OCI image layout
        #[arg(long, value_name = "LAYOUT", required_unless_present = "result", conflicts_with = "result")]
        image: Option<PathBuf>,
        /// The closure graph of the result: what `nix path-info --json --recursive` prints
        #[arg(long, value_name = "FILE", requires = "result", conflicts_with = "image")]
        graph: Option<PathBuf>,
        /// The store path that it is about
        #[arg(long, value_name = "PATH", requires = "graph")]
        result: Option<String>,
        /// The image's name; where not given, what its manifest says
        #[arg(long, conflicts_with = "result")]
        name: Option<String>,
        /// The image's version; where not given, it has none
        #[arg(long, value_name = "VERSION", conflicts_with = "result")]
        image_version: Option<String>,
        /// When it was made, in seconds since 1970: the commit's time; where not given, 1
        #[arg(long, value_name = "SECONDS")]
        time: Option<u64>,
        /// What packages say of themselves: what `nix eval --json .#seed.metadata` prints
        #[arg(long, value_name = "FILE")]
        metadata: Option<PathBuf>,
        /// A .drv file of what is in it, which says what that was built from; may be given many times
        #[arg(long = "derivation", value_name = "DRV")]
        derivations: Vec<String>,
        /// The folder that nix/store lies in
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
        /// The folder to write
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Check, in a seed, that a flake's outputs can be built after any edit that changes no dependency
    ///
    /// Nix and its store have to be the seed's. `nix-seed check` brings them about.
    #[command(
        after_help = "Example:\n  podman run --rm --network none --volume \"$PWD:/src:ro\" IMAGE nix-seed-helper check path:/src#seed"
    )]
    Check {
        /// The flake and its seed's attribute
        #[arg(default_value = ".#seed", value_name = "FLAKE#SEED")]
        seed: String,
        /// What the seed holds: a closure graph. Where not given, what the index of the seed at /nix says
        #[arg(long, value_name = "FILE")]
        closure: Option<PathBuf>,
        /// The folder that nix/store lies in
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
        /// Take another flake for an input, as `nix eval` does
        #[arg(long, num_args = 2, value_names = ["INPUT", "FLAKE"])]
        override_input: Vec<String>,
        /// Print the files whose edits may change dependencies
        #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "plain")]
        paths: Option<PathsFormat>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is in a seed
    #[command(after_help = "Example:\n  nix build .#seed\n  nix-seed-helper inspect --verify ./result\n  \
        nix-seed-helper inspect --why glibc-2.41 ./result")]
    Inspect {
        /// An OCI image layout: the result of `nix build .#seed`
        layout: PathBuf,
        /// Read every byte: digests, frames, NAR hashes, database
        #[arg(long)]
        verify: bool,
        /// List every store path, not only the largest
        #[arg(long)]
        paths: bool,
        /// Show only why a store path is in the seed: a path, base name, hash or name; may be given many times
        #[arg(long, value_name = "PATH", conflicts_with = "paths")]
        why: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
