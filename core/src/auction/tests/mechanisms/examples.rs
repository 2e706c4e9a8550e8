//! The worked examples of `docs/market/mechanisms.md`: what the page says is what is sold.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/market/mechanisms.md");

/// The page's market: a slot of weight one and one of half, and a reserve of 200.
fn example(bids: &[Bid], weights_percent: &[u64]) -> Game {
    Game::new(bids, weights_percent, 200)
}

const THREE: [Bid; 3] = [
    Bid { wallet: 0, limit: 1_000, slots: 1 },
    Bid { wallet: 1, limit: 800, slots: 1 },
    Bid { wallet: 2, limit: 500, slots: 1 },
];

fn assert_on_page(line: &str) {
    assert!(
        PAGE.lines().any(|other| other.trim() == line),
        "docs/market/mechanisms.md lacks this line:\n{line}"
    );
}

#[test]
fn the_table_of_one_market_under_all_rules_is_right() {
    for kind in MechanismKind::ALL {
        let weights: &[u64] = if kind.knows_weights() { &[100, 50] } else { &[100, 100] };
        let sold = example(&THREE, weights).sell(kind);
        let names = ["A", "B", "C"];
        let cells: Vec<String> =
            sold.iter().map(|sold| format!("{} pays {}", names[sold.wallet], sold.price)).collect();
        let income: i64 = sold.iter().map(|sold| sold.price).sum();
        assert_on_page(&format!("| `{kind}` | {} | {} | {income} |", cells[0], cells[1]));
    }
}

#[test]
fn the_example_of_several_slots_of_one_wallet_is_right() {
    let bids = [Bid { slots: 2, ..THREE[0] }, THREE[1], THREE[2]];
    let prices: Vec<i64> =
        example(&bids, &[100, 50]).sell(MechanismKind::Vcg).iter().map(|sold| sold.price).collect();
    assert_eq!(prices, [650, 400]);
    assert_on_page("first unit:   0.5 x 800 + 0.5 x 500 = 650");
    assert_on_page("second unit:              0.5 x 800 = 400");
    assert_on_page("others without A: 1 x 800 + 0.5 x 500 = 1,050; with A: 0");
}

#[test]
fn the_examples_of_sharing_time_are_right() {
    let quanta = |kind: MechanismKind, ticks: u64| {
        let (game, mut mechanism) = (example(&THREE, &[100]), kind.make());
        let (units, mut quanta) = (game.units(), [0; 3]);
        for tick in 0..ticks {
            let market = Market { tick, reserve: Microjoules(200), weights: &game.weights, units: &units };
            for sold in sell(&mut *mechanism, &market) {
                quanta[sold.wallet] += 1;
            }
        }
        quanta
    };
    assert_eq!(quanta(MechanismKind::ProportionalShare, 23), [10, 8, 5]);
    assert_eq!(quanta(MechanismKind::Karma, 24), [8, 8, 8]);
    assert_on_page("| `proportional-share` | 23 | 10 | 8 | 5 |");
    assert_on_page("| `karma` | 24 | 8 | 8 | 8 |");
}
