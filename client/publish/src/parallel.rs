use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, Result};

/// Tells work on other threads that it is no longer wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does `work` with each item, on at most `jobs` threads; gives the results in the items' order. After a failure nothing
/// new begins, and what has begun may ask its [`Stop`]; the failure that came first is the one to show.
pub(crate) fn each<T: Sync, R: Send>(
    jobs: usize,
    items: &[T],
    work: impl Fn(&T, &Stop) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let (next, stop) = (AtomicUsize::new(0), Stop::default());
    let failure = Mutex::new(None);
    let span = tracing::Span::current();
    let run = || {
        let _span = span.enter();
        let mut done = Vec::new();
        while !stop.is_set() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            match work(item, &stop) {
                Ok(result) => done.push((at, result)),
                Err(error) => {
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    stop.0.store(true, Ordering::Relaxed);
                }
            }
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.clamp(1, items.len().max(1))).map(|_| scope.spawn(run)).collect();
        let mut done = Vec::new();
        for thread in threads {
            done.extend(thread.join().map_err(|_| Error::Stopped)?);
        }
        Ok::<_, Error>(done)
    })?;
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    done.sort_unstable_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_the_items() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(each(4, &items, |item, _| Ok(item * 2)).unwrap()[99], 198);
        assert!(each(4, &[] as &[u32], |_, _| Ok(())).unwrap().is_empty());
    }

    #[test]
    fn a_failure_ends_what_has_not_begun() {
        let begun = AtomicUsize::new(0);
        let failed = each(1, &[1, 2, 3], |item, _| {
            begun.fetch_add(1, Ordering::Relaxed);
            if *item == 2 { Err(Error::Target { text: "x".into(), why: "no".into() }) } else { Ok(()) }
        });
        assert!(matches!(failed, Err(Error::Target { .. })));
        assert_eq!(begun.into_inner(), 2);
    }
}
