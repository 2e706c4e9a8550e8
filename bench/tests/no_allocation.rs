//! After warm-up the tick path allocates nothing: counted, on the thread that walks the ticks.
//!
//! The allocator counts per thread, so what cells, sampler and verifier do on theirs does not blur the count.

use maxwell_bench::{node, policy_node, recorded_node, wasm_node};
use maxwell_core::auction::Unit;
use maxwell_core::auction::book::{LadderBook, Order, OrderBook, OrderId};
use maxwell_core::auction::mechanism::{Market, MechanismKind};
use maxwell_core::limits::{CELLS_MAX, SLOTS_MAX};
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::{Microjoules, Ppm};

fn allocations_in(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn the_counter_counts() {
    assert!(allocations_in(|| drop(std::hint::black_box(vec![1_u8]))) > 0);
}

#[test]
fn a_full_book_in_use_allocates_nothing() {
    let mut book = LadderBook::default();
    let order = |cell: usize, round: usize| Order {
        cell: CellId(cell as u32),
        wallet: AccountId(cell as u32),
        limit: Microjoules(1_000 + (cell * 37 + round * 101) as i64 % 5_000),
        slots: 1,
        last_tick: None,
    };
    let mut ids: Vec<OrderId> =
        (0..CELLS_MAX).map(|cell| book.enter(order(cell, 0)).expect("there is room")).collect();
    let used = allocations_in(|| {
        for round in 1..20 {
            book.begin(round as u64);
            for (cell, id) in ids.iter_mut().enumerate() {
                book.change(*id, order(cell, round)).expect("it is there");
                if cell % 7 == round % 7 {
                    book.ran(*id).expect("it is there");
                    book.cancel(*id).expect("it is there");
                    *id = book.enter(order(cell, round)).expect("it has left");
                }
            }
        }
    });
    assert_eq!(used, 0);
}

#[test]
fn a_tick_of_a_hundred_agents_on_eight_slots_allocates_nothing() {
    let mut bench = node(8, 100);
    bench.walk(3_000);
    bench.drain();
    assert_eq!(allocations_in(|| bench.walk(5_000)), 0);
}

#[test]
fn a_tick_in_which_policies_bid_allocates_nothing() {
    let mut bench = policy_node(8, 100);
    bench.walk(3_000);
    bench.drain();
    assert_eq!(allocations_in(|| bench.walk(5_000)), 0);
}

#[test]
fn a_tick_of_a_node_whose_money_is_on_record_allocates_nothing() {
    let mut bench = recorded_node(8, 100);
    bench.walk(3_000);
    bench.drain();
    assert_eq!(allocations_in(|| bench.walk(5_000)), 0);
}

#[test]
fn a_tick_with_real_wasm_cells_in_real_time_allocates_nothing() {
    let mut bench = wasm_node();
    bench.walk(100);
    bench.drain();
    assert_eq!(allocations_in(|| bench.walk(150)), 0);
}

#[test]
fn no_mechanism_allocates_after_it_was_made_whoever_comes_and_goes() {
    let unit = |cell: usize| Unit {
        cell: CellId(cell as u32),
        wallet: AccountId(cell as u32),
        limit: Microjoules(500),
    };
    // In every tick as many cells as a node may have, half of them new.
    let ticks = 40;
    let units: Vec<Unit> = (0..(ticks + 1) * CELLS_MAX / 2).map(unit).collect();
    let weights = vec![Ppm::ONE; usize::from(SLOTS_MAX)];
    let mut sales = Vec::with_capacity(weights.len());
    for kind in MechanismKind::ALL {
        let mut mechanism = kind.make();
        let allocated = allocations_in(|| {
            for tick in 0..ticks {
                let units = &units[tick * CELLS_MAX / 2..][..CELLS_MAX];
                let reserve = Microjoules(1);
                sales.clear();
                let market = Market { tick: tick as u64, reserve, weights: &weights, units };
                mechanism.clear(&market, &mut sales);
            }
        });
        assert_eq!((allocated, sales.len()), (0, weights.len()), "{kind}");
    }
}
