//! The same for many, on all processors.

use std::sync::Mutex;
use std::thread;

use anyhow::{Result, anyhow};

/// Does `work` for each item. Gives the results in the order of the items, or the first error.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let queue = Mutex::new(items.iter().enumerate());
    let worker = || -> Result<Vec<(usize, R)>> {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().map_err(|_| anyhow!("another thread has panicked"))?.next();
            let Some((number, item)) = next else { return Ok(done) };
            done.push((number, work(item)?));
        }
    };
    let mut results = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let mut results = Vec::new();
        for worker in workers {
            results.extend(worker.join().map_err(|_| anyhow!("a thread has panicked"))??);
        }
        anyhow::Ok(results)
    })?;
    results.sort_by_key(|(number, _)| *number);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use anyhow::ensure;

    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(map(&items, |item| Ok(item * 2)).unwrap(), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(map(&[] as &[u32], |_| Ok(())).unwrap(), []);
    }

    #[test]
    fn an_error_is_an_error_of_all() {
        let error = map(&[1, 2, 3], |item| {
            ensure!(*item != 2, "two");
            Ok(())
        });
        assert_eq!(error.unwrap_err().to_string(), "two");
    }
}
