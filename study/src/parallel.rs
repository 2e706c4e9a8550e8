//! The same work for many indices, on all CPUs. Results come back in the order of the indices, so that what is made of
//! them does not depend on who was faster.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How far a part of the study is: name of the part, steps done, steps in all.
pub type Progress<'a> = &'a (dyn Fn(&'static str, usize, usize) + Sync);

/// Does `work` for every index below `count`.
pub(crate) fn each<T: Send>(
    part: &'static str,
    count: usize,
    progress: Progress<'_>,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let take_turns = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return results;
            }
            results.push((index, work(index)));
            progress(part, done.fetch_add(1, Ordering::Relaxed) + 1, count);
        }
    };
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(take_turns)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
