//! What the tree over all accounts takes: `cargo run --release -p maxwell-ledger --example sum_tree_figures`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use maxwell_core::units::Microjoules;
use maxwell_ledger::sum_tree::{Leaf, SumTree};

const ACCOUNTS: u64 = 1_000_000;

/// Accounts that change in one epoch.
const CHANGED: u64 = 10_000;

const ROUNDS: u64 = 10;

fn main() {
    let mut leaves: Vec<Leaf> = (0..ACCOUNTS).map(|number| leaf(number, 0)).collect();
    let (unsorted, _) = timed(|| SumTree::with_leaves(leaves.iter().copied()).root());
    leaves.sort_by_key(|leaf| leaf.key);
    let mut tree = SumTree::new();
    let (built, root) = timed(|| {
        tree = SumTree::with_leaves(leaves.iter().copied());
        tree.root()
    });
    println!("{ACCOUNTS} accounts: {built:?} to build from sorted leaves, {unsorted:?} from unsorted");
    assert_eq!(u128::from(ACCOUNTS), root.sums.credit);

    let rounds = (1..=ROUNDS).map(|round| {
        let changed: Vec<Leaf> =
            (0..CHANGED).map(|n| leaf((n * 97 + round * 31) % ACCOUNTS, round)).collect();
        timed(|| {
            for leaf in &changed {
                tree.set(*leaf);
            }
            black_box(tree.root());
        })
    });
    let mut rounds: Vec<Duration> = rounds.map(|(elapsed, ())| elapsed).collect();
    rounds.sort_unstable();
    println!("{CHANGED} changed and the new root: median {:?} of {rounds:?}", rounds[rounds.len() / 2]);

    let asked: Vec<Leaf> = (0..CHANGED).map(|number| leaf(number * 89 + 7, 0)).collect();
    let (proved, paths) = timed(|| asked.iter().map(|leaf| tree.prove(&leaf.key)).collect::<Vec<_>>());
    let paths: Vec<_> = paths.into_iter().flatten().collect();
    let (checked, ()) = timed(|| {
        for (leaf, path) in asked.iter().zip(&paths) {
            black_box(path.root_of(leaf)).expect("the tree's own paths are in order");
        }
    });
    let steps: usize = paths.iter().map(|path| path.steps().len()).sum();
    let each = |all: Duration| all / paths.len() as u32;
    println!("one path: {:?} to make, {:?} to check", each(proved), each(checked));
    println!("{:.1} steps a path", steps as f64 / paths.len() as f64);
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let result = work();
    (started.elapsed(), result)
}

/// Keys are spread like those of wallets, which are public keys.
fn leaf(number: u64, change: u64) -> Leaf {
    let key = *blake3::hash(&number.to_le_bytes()).as_bytes();
    let digest = *blake3::hash(&change.to_le_bytes()).as_bytes();
    Leaf { key, digest, balance: Microjoules(1) }
}
