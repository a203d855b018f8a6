//! What a person sees. The only place that writes to standard output and standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fmt::Display;
use std::io::Write;

use nix_seed_image::index::Index;
use nix_seed_image::summary::Summary;
use nix_seed_image::verify::Report;

use crate::error::Error;

/// A line on standard output. A reader that went away is not an error.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

pub(crate) fn error(error: &Error) {
    let _ = writeln!(std::io::stderr(), "nix-seed-helper: {error}");
}

/// `1.23 MB`, in powers of ten as disks and registries count.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{:02} {name}", bytes / unit, bytes % unit * 100 / unit),
        None => format!("{bytes} B"),
    }
}

/// A line of a list of contributors: size, share, path.
pub(crate) fn contributor(size: u64, whole: u64, path: &impl Display) -> String {
    let share = u128::from(size) * 1000 / u128::from(whole.max(1));
    format!("  {:>10}  {:>3}.{} %  {path}\n", bytes(size), share / 10, share % 10)
}

pub(crate) fn group(name: &str, index: &Index) {
    let size = index.layers.iter().map(|layer| layer.size).sum();
    line(&format!(
        "{name}: {} store paths, {} compressed to {} in {} layers",
        index.paths.len(),
        bytes(index.closure().nar_size()),
        bytes(size),
        index.layers.len()
    ));
}

pub(crate) fn summary(seed: &Summary, top: usize) {
    let mut text = String::new();
    let name = seed.name.as_deref().unwrap_or("(no name)");
    let tag = seed.tag.as_deref().unwrap_or("(no tag)");
    text += &format!("{name}:{tag}  {}\n", seed.platform);
    text += &format!("{}\n\n", seed.digest);
    text += &format!("layer  {:<14} {:>10} {:>10} {:>6}  digest\n", "group", "compressed", "tar", "paths");
    for (i, layer) in seed.layers.iter().enumerate() {
        let tar = layer.tar_size.map_or_else(|| "-".into(), bytes);
        let digest = layer.digest.get(..19).unwrap_or(&layer.digest);
        text +=
            &format!("{i:>5}  {:<14} {:>10} {tar:>10} {:>6}  {digest}\n", layer.group, bytes(layer.size), layer.paths);
    }
    text += &format!(
        "\n{} store paths, closure {}, image {} in {} layers\n\nlargest:\n",
        seed.paths.len(),
        bytes(seed.nar_size),
        bytes(seed.compressed_size),
        seed.layers.len()
    );
    for path in seed.paths.iter().take(top) {
        text += &contributor(path.nar_size, seed.nar_size, &path.path);
    }
    if seed.paths.len() > top {
        text += &format!("  … and {} more (--paths lists them)\n", seed.paths.len() - top);
    }
    let _ = write!(std::io::stdout(), "{text}");
}

pub(crate) fn report(report: &Report) {
    line(&format!(
        "\nverified: {} layers, {} frames, {} store paths, {} files, {} of NARs; every digest, frame and NAR hash holds",
        report.layers,
        report.frames,
        report.paths,
        report.entries,
        bytes(report.nar_size)
    ));
}
