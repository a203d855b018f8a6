//! How time and memory grow with the closure: ours, from a quarter of a gigabyte to four.

use std::path::Path;

use anyhow::Result;

use crate::bench::ground::Ground;
use crate::bench::measure::{Bench, Measure, Subject};
use crate::bench::origins::Origins;
use crate::bench::seeds::{Group, Seeds};
use crate::bench::start::{Way, up};
use crate::machine::files;

/// In NAR bytes; the last takes every path twice.
const SIZES: [u64; 5] = [250_000_000, 500_000_000, 1_000_000_000, 2_000_000_000, 4_000_000_000];

/// Writes and brings up a seed of each size. A small closure ends with itself twice.
pub fn growth(bench: &Bench, seeds: &Seeds, origins: &Origins, folder: &Path) -> Result<Vec<Measure>> {
    let (twin, twin_root) = seeds.twin()?;
    let host = Path::new("/");
    let mut measures = Vec::new();
    let whole = seeds.all.size();
    let parts = SIZES.into_iter().filter(|size| *size < whole).map(|size| seeds.all.of_size(size)).collect::<Vec<_>>();
    // The last of the parts is all but the whole, which comes next.
    let parts = parts.iter().filter(|part| part.size() < whole / 10 * 9);
    let wholes = [vec![Group { graph: &seeds.all, root: host }, Group { graph: &twin, root: &twin_root }]];
    let middle = vec![Group { graph: &seeds.all, root: host }];
    let sets = parts.map(|graph| vec![Group { graph, root: host }]).chain([middle]).chain(wholes);
    for groups in sets {
        let size: u64 = groups.iter().map(|group| group.graph.size()).sum();
        let count: usize = groups.iter().map(|group| group.graph.paths().len()).sum();
        let (image, ground) = (folder.join("grown"), Ground::new(folder.join("grown-root")));
        let root = ground.path();
        let script = seeds.write_script(&groups, &image)?;
        let remove_image = || {
            files::remove(&image)?;
            seeds.remove_parts(&image)
        };
        let title = format!("{count} store paths, {} MB", size / 1_000_000);
        let write =
            Subject { before: Box::new(remove_image), makes: Some(image.clone()), ..Subject::new("write", script) };
        let mut measure = bench.interleave("growth", title.clone(), &[write])?;
        let name = origins.publish(&image, &format!("grown-{}", size / 1_000_000))?;
        let start = Subject {
            before: Box::new(|| ground.renew()),
            after: Box::new(|| ground.remove()),
            proxies: vec![&origins.images],
            makes: Some(root.into()),
            ..Subject::new("up", up(&origins.client, root, Way::Unpack, &name))
        };
        measure.rows.extend(bench.interleave("growth", title, &[start])?.rows);
        measures.push(measure);
        remove_image()?;
        ground.remove()?;
    }
    files::remove(&twin_root)?;
    Ok(measures)
}
