//! What each rule of price costs, alone: no book, no ledger.
//!
//! `cargo bench --package maxwell-bench --bench mechanisms`. Rules in which the best win are given as many losers as there are slots;
//! those that look at everybody are given everybody.

use divan::Bencher;
use divan::counter::ItemsCount;
use maxwell_core::auction::Unit;
use maxwell_core::auction::mechanism::{Market, MechanismKind};
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::{Microjoules, Ppm};

fn main() {
    divan::main();
}

/// Units of cells that want `each` slots, best first.
fn units(count: usize, each: usize) -> Vec<Unit> {
    let unit = |index: usize| Unit {
        cell: CellId((index / each) as u32),
        wallet: AccountId((index / each) as u32),
        limit: Microjoules((2 * count - index / each) as i64 * 1_000),
    };
    (0..count).map(unit).collect()
}

/// Three kinds of slots: fast cores, slow cores, siblings.
fn weights(slots: usize) -> Vec<Ppm> {
    (0..slots).map(|slot| Ppm([1_000_000, 700_000, 400_000][slot * 3 / slots])).collect()
}

fn clear(bencher: Bencher<'_, '_>, kind: MechanismKind, slots: usize, units: &[Unit]) {
    let (weights, mut mechanism, mut sales) = (weights(slots), kind.make(), Vec::with_capacity(slots));
    let mut tick = 0;
    bencher.counter(ItemsCount::new(slots)).bench_local(|| {
        tick += 1;
        sales.clear();
        let market = Market { tick, reserve: Microjoules(1), weights: &weights, units };
        mechanism.clear(divan::black_box(&market), &mut sales);
        divan::black_box(sales.len())
    });
}

const BEST_WINS: [MechanismKind; 4] =
    [MechanismKind::Vickrey, MechanismKind::Gsp, MechanismKind::Vcg, MechanismKind::FirstPrice];

#[divan::bench(args = BEST_WINS, consts = [8, 64, 1_024])]
fn best_wins<const SLOTS: usize>(bencher: Bencher<'_, '_>, kind: MechanismKind) {
    clear(bencher, kind, SLOTS, &units(2 * SLOTS, 1));
}

/// The worst: one wallet wins everything, so that every unit looks past all that are behind it.
#[divan::bench(args = BEST_WINS, consts = [8, 64, 1_024])]
fn one_wallet_wins_all<const SLOTS: usize>(bencher: Bencher<'_, '_>, kind: MechanismKind) {
    clear(bencher, kind, SLOTS, &units(2 * SLOTS, SLOTS));
}

#[divan::bench(args = [MechanismKind::ProportionalShare, MechanismKind::Karma], consts = [100, 10_000])]
fn everybody_in_turn<const CELLS: usize>(bencher: Bencher<'_, '_>, kind: MechanismKind) {
    clear(bencher, kind, 64, &units(CELLS, 1));
}
