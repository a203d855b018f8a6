//! What to fetch: ranges of layers that hold the store paths which are missing.

use std::ops::Range;

use nix_seed_image::index::Index;

/// The compressed bytes that one job has at least, where there are as many: large enough for a request's latency not to
/// count, small enough for all threads to have work to the end.
const JOB: u64 = 8 << 20;

/// To make a file takes as long as to fetch, verify and unpack so many compressed bytes: a tenth of a millisecond, on a machine
/// that unpacks at 160 MB a second and core.
const FILE: u64 = 16 << 10;

/// Of the bytes that are asked for, one in so many may be thrown away to make fewer requests.
const WASTE: u64 = 32;

/// Store paths of one layer that are fetched together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The layer's position in the index.
    pub layer: u32,
    /// The paths' positions in the index, in the order in which they lie in the layer.
    pub paths: Vec<u32>,
    /// The bytes of the blob that hold them, sorted and apart, one range per run of neighbours.
    pub wanted: Vec<Range<u64>>,
    /// The bytes to ask for: what is wanted, and small gaps between.
    pub asked: Vec<Range<u64>>,
}

impl Job {
    /// The bytes that are wanted.
    pub fn bytes(&self) -> u64 {
        length(&self.wanted)
    }
}

/// How to fetch the paths of `index` at the positions `missing`: jobs, the longest first, so that none is left for one thread
/// when the others are done. At most 1/32 more bytes are asked for than are wanted.
pub fn plan(index: &Index, missing: &[u32]) -> Vec<Job> {
    let mut paths: Vec<_> = missing
        .iter()
        .filter_map(|position| {
            let path = index.paths.get(*position as usize)?;
            let frames = index.frames(path);
            Some((path.layer, frames.first()?.offset..frames.last()?.end(), *position))
        })
        .collect();
    paths.sort_unstable_by_key(|(layer, range, _)| (*layer, range.start));
    paths.dedup();
    let gap = largest_gap(&paths);

    let mut jobs: Vec<Job> = Vec::new();
    for (layer, range, position) in paths {
        match jobs.last_mut() {
            Some(job) if job.layer == layer && job.bytes() < JOB => {
                job.paths.push(position);
                extend(&mut job.wanted, &range, 0);
                extend(&mut job.asked, &range, gap);
            }
            _ => {
                let range = vec![range];
                jobs.push(Job { layer, paths: vec![position], wanted: range.clone(), asked: range });
            }
        }
    }
    jobs.sort_by_cached_key(|job| std::cmp::Reverse(work(index, job)));
    jobs
}

/// How long a job takes, in compressed bytes.
fn work(index: &Index, job: &Job) -> u64 {
    let paths = job.paths.iter().filter_map(|position| index.paths.get(*position as usize));
    let files: u64 = paths.map(|path| path.entries.len() as u64).sum();
    job.bytes() + files * FILE
}

/// The largest gap that may be read and thrown away, if all gaps that are no larger are.
fn largest_gap(paths: &[(u32, Range<u64>, u32)]) -> u64 {
    let neighbours = paths.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    let mut gaps: Vec<_> = neighbours.map(|pair| pair[1].1.start.saturating_sub(pair[0].1.end)).collect();
    gaps.sort_unstable();
    let mut left = paths.iter().map(|(_, range, _)| range.end - range.start).sum::<u64>() / WASTE;
    let mut largest = 0;
    for gap in gaps.chunk_by(|a, b| a == b) {
        let sum = gap.iter().sum::<u64>();
        if sum > left {
            break;
        }
        left -= sum;
        largest = gap[0];
    }
    largest
}

fn extend(ranges: &mut Vec<Range<u64>>, range: &Range<u64>, gap: u64) {
    match ranges.last_mut() {
        Some(last) if range.start - last.end <= gap => last.end = range.end,
        _ => ranges.push(range.clone()),
    }
}

fn length(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

#[cfg(test)]
mod tests {
    use nix_seed_image::Frame;
    use nix_seed_image::index::{Entry, Layer, Node, SeedPath};
    use nix_seed_store::{PathInfo, Sha256Hash, StorePath};
    use proptest::prelude::*;

    use super::*;

    /// Layers of paths of the given compressed lengths, a frame each.
    fn index(layers: &[Vec<u32>]) -> Index {
        let hash = Sha256Hash([0; 32]);
        let mut index = Index::default();
        for (at, lengths) in layers.iter().enumerate() {
            let mut frames = vec![Frame { offset: 0, length: 100, tar_length: 1024, sha256: hash }];
            for length in lengths {
                let offset = frames[frames.len() - 1].end();
                let number = index.paths.len() as u32;
                let base = format!("{}{number:05}-p", "0".repeat(27));
                index.paths.push(SeedPath {
                    info: PathInfo {
                        path: StorePath::from_base_name(&base).unwrap(),
                        nar_hash: hash,
                        nar_size: 0,
                        references: vec![],
                        ca: None,
                    },
                    layer: at as u32,
                    frames: frames.len() as u32..frames.len() as u32 + 1,
                    entries: vec![Entry { parent: 0, name: vec![], node: Node::Directory }],
                });
                frames.push(Frame { offset, length: *length, tar_length: 512, sha256: hash });
            }
            let size = frames[frames.len() - 1].end();
            index.layers.push(Layer { group: "g".into(), digest: hash, size, diff_id: hash, tar_size: 0, frames });
        }
        index
    }

    proptest! {
        #[test]
        fn what_is_missing_is_asked_for_once_and_hardly_more(
            layers in prop::collection::vec(prop::collection::vec(1u32..(12 << 20), 1..20), 1..5),
            chosen in prop::collection::vec(any::<bool>(), 100),
        ) {
            let index = index(&layers);
            let missing: Vec<u32> = (0..index.paths.len() as u32).filter(|i| chosen[*i as usize % 100]).collect();
            let jobs = plan(&index, &missing);
            let mut found: Vec<u32> = jobs.iter().flat_map(|job| job.paths.clone()).collect();
            found.sort_unstable();
            prop_assert_eq!(&found, &missing);
            let wanted: u64 = missing.iter().map(|i| index.compressed_size(&index.paths[*i as usize])).sum();
            prop_assert_eq!(jobs.iter().map(Job::bytes).sum::<u64>(), wanted);
            let asked: u64 = jobs.iter().map(|job| length(&job.asked)).sum();
            prop_assert!(asked >= wanted && asked - wanted <= wanted / WASTE);
            for job in &jobs {
                prop_assert!(job.asked.windows(2).all(|pair| pair[0].end < pair[1].start));
                prop_assert!(job.asked.len() <= job.wanted.len());
                let inside = |part: &Range<u64>| job.asked.iter().any(|all| all.start <= part.start && part.end <= all.end);
                prop_assert!(job.wanted.iter().all(inside));
            }
        }
    }

    #[test]
    fn what_takes_longest_comes_first() {
        let mut index = index(&[vec![9 << 20, 8 << 20]]);
        let entry = index.paths[1].entries[0].clone();
        index.paths[1].entries = vec![entry; 10_000];
        let jobs = plan(&index, &[0, 1]);
        assert_eq!(jobs.iter().map(|job| job.paths.clone()).collect::<Vec<_>>(), [[1], [0]]);
    }

    #[test]
    fn neighbours_are_one_request() {
        let index = index(&[vec![1000, 1000, 1000]]);
        let jobs = plan(&index, &[0, 1, 2]);
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0].asked, vec![100..3100]);
    }

    #[test]
    fn a_small_gap_is_read_and_a_large_one_is_not() {
        let index = index(&[vec![1000, 20, 1000, 1000, 1000]]);
        let jobs = plan(&index, &[0, 2, 4]);
        assert_eq!(jobs[0].wanted.len(), 3);
        assert_eq!(jobs[0].asked, [100..2120, 3120..4120]);
    }
}
