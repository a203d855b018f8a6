use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix_seed_registry::{BUNDLE_TYPE, Descriptor, Digest, Repository};
use nix_seed_statement::json::Limits;
use nix_seed_trust::Bundle;

use crate::Result;

/// How many are read at once: each takes two requests, one after the other.
const AT_ONCE: usize = 8;

/// What is attached to a digest.
#[derive(Debug, Default)]
pub struct Collected {
    /// The bundles, sorted by digest. Nothing of them is believed.
    pub bundles: Vec<Bundle>,
    /// What is listed and cannot be read as one, for people.
    pub refused: Vec<String>,
}

enum Read {
    Bundle(Bundle),
    Other,
    Refused(String),
}

/// Reads all bundles that are attached to a digest. A registry that fails is an error, never a digest without bundles.
///
/// The artifact type in a list is not believed: cosign writes another one there than its manifests have. So every manifest is read.
pub fn collect(repository: &Repository, subject: &Digest) -> Result<Collected> {
    let _span = tracing::info_span!("statements", seed.digest = %subject).entered();
    let listed = repository.referrers(subject, None)?;
    let (next, read) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let span = tracing::Span::current();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(listed.len()) {
            scope.spawn(|| {
                let _entered = span.enter();
                while let Some(descriptor) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = bundle(repository, subject, descriptor);
                    let is_failed = found.is_err();
                    read.lock().unwrap_or_else(PoisonError::into_inner).push((descriptor.digest().to_string(), found));
                    if is_failed {
                        // The first failure is the answer; the others need not find theirs.
                        next.store(listed.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut read = read.into_inner().unwrap_or_else(PoisonError::into_inner);
    read.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut collected = Collected::default();
    for (_, found) in read {
        match found? {
            Read::Bundle(bundle) => collected.bundles.push(bundle),
            Read::Refused(why) => collected.refused.push(why),
            Read::Other => {}
        }
    }
    Ok(collected)
}

fn bundle(repository: &Repository, subject: &Digest, listed: &Descriptor) -> Result<Read> {
    let referrer = match repository.referrer(subject, listed)? {
        Ok(referrer) => referrer,
        Err(why) => return Ok(Read::Refused(format!("{}: {why}", listed.digest()))),
    };
    let [layer] = &referrer.layers[..] else { return Ok(Read::Other) };
    if layer.media_type().as_ref() != BUNDLE_TYPE {
        return Ok(Read::Other);
    }
    let max = Limits::BUNDLE.bytes as u64;
    if layer.size() > max {
        return Ok(Read::Refused(format!(
            "{}: the bundle has {} bytes, more than {max}",
            listed.digest(),
            layer.size()
        )));
    }
    match repository.small_blob(layer.digest(), max) {
        Ok(bytes) => Ok(Read::Bundle(Bundle { at: format!("the bundle {}", layer.digest()), bytes })),
        Err(nix_seed_registry::Error::NotFound { .. }) => {
            Ok(Read::Refused(format!("{}: the bundle is not there", listed.digest())))
        }
        Err(error) => Err(error.into()),
    }
}
