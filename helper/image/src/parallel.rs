use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::{Error, Result};

/// Locks what a panic leaves as good as any error does.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Does `work` for each of `items` on `threads` threads; results in the order of the items.
///
/// After an error no further item is begun.
pub(crate) fn map<I: Sync, T: Send>(
    items: &[I],
    threads: usize,
    work: impl Fn(usize, &I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let run = || -> Result<()> {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(i) else { return Ok(()) };
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let result = work(i, item).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            lock(&results).push((i, result));
        }
    };
    run_all((0..threads.clamp(1, items.len().max(1))).map(|_| &run).collect())?;
    let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_unstable_by_key(|(i, _)| *i);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// Does both at the same time where the system grants a thread, else one after the other. A panic goes on here.
pub(crate) fn join<A, B: Send>(one: impl FnOnce() -> A, other: impl Fn() -> B + Sync) -> (A, B) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, &other);
        let one = one();
        let other = match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => other(),
        };
        (one, other)
    })
}

/// Does every piece of `work` on a thread of its own, the first on this one. Where the system grants fewer threads, the
/// last pieces are dropped: each has to be enough to do everything.
///
/// Gives the error that stopped the others, if there is one. A panic goes on here.
pub(crate) fn run_all<W: FnOnce() -> Result<()> + Send>(work: Vec<W>) -> Result<()> {
    std::thread::scope(|scope| {
        let mut work = work.into_iter();
        let Some(own) = work.next() else { return Ok(()) };
        let others: Vec<_> =
            work.map_while(|work| std::thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut results = vec![own()];
        results.extend(
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
        );
        results.into_iter().filter_map(Result::err).find(|error| !matches!(error, Error::Stopped)).map_or(Ok(()), Err)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done_and_a_panic_of_either_goes_on() {
        assert_eq!(join(|| 1, || 2), (1, 2));
        let other = std::panic::catch_unwind(|| join(|| 1, || -> u8 { panic!("other") }));
        assert_eq!(other.unwrap_err().downcast_ref(), Some(&"other"));
        let one = std::panic::catch_unwind(|| join(|| -> u8 { panic!("one") }, || 2));
        assert_eq!(one.unwrap_err().downcast_ref(), Some(&"one"));
    }
}
