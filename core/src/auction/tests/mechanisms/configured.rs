//! The market as an operator chooses it, and auctions of slots that differ.

use super::*;
use crate::auction::config::{MarketConfig, MarketError};
use crate::auction::mechanism::UnknownMechanism;

const HALF: Ppm = Ppm(500_000);

fn config(mechanism: MechanismKind, weights: &[Ppm]) -> MarketConfig {
    MarketConfig { mechanism, weights: weights.to_vec() }
}

fn book() -> Box<dyn OrderBook> {
    Box::new(LadderBook::default())
}

/// What opening says; the auction itself is not asked for.
fn refusal(config: &MarketConfig, slots: u16) -> Option<MarketError> {
    config.open(slots, book()).err()
}

/// A floor whose auction is this one, of eight rich wallets.
fn floor(config: &MarketConfig, bids: &[Bid]) -> Floor {
    floor_of(config, &[1_000_000_000; 8], bids)
}

fn floor_of(config: &MarketConfig, balances: &[i64], bids: &[Bid]) -> Floor {
    let slots = config.weights.len() as u16;
    let mut floor = Floor::new(slots, balances, &[]);
    floor.auction = config.open(slots, book()).unwrap();
    for bid in bids {
        floor.enter(*bid);
    }
    floor
}

#[test]
fn a_mechanism_is_chosen_by_its_name_and_shows_it() {
    for kind in MechanismKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert_eq!(kind.make().name(), kind.name());
    }
    assert_eq!(MechanismKind::default(), MechanismKind::Vickrey);
    let refused = "Vickrey".parse::<MechanismKind>().unwrap_err();
    assert_eq!(refused, UnknownMechanism("Vickrey".to_owned()));
    for kind in MechanismKind::ALL {
        assert!(refused.to_string().contains(kind.name()), "the message lists {kind}");
    }
}

#[test]
fn weights_are_one_for_each_slot_above_zero_and_at_most_one() {
    let vcg = |weights: &[Ppm]| config(MechanismKind::Vcg, weights);
    assert_eq!(refusal(&vcg(&[]), 3), None, "none: all alike");
    assert_eq!(refusal(&vcg(&[HALF, Ppm::ONE, Ppm(1)]), 3), None, "in any order");
    assert_eq!(refusal(&vcg(&[HALF, Ppm::ONE]), 3), Some(MarketError::Count { given: 2, slots: 3 }));
    let zero = refusal(&vcg(&[HALF, Ppm(0), Ppm(2_000_000)]), 3);
    assert_eq!(zero, Some(MarketError::Weight { slot: 1, weight: Ppm(0) }));
    let above = refusal(&vcg(&[Ppm(1_500_000)]), 1);
    assert_eq!(above, Some(MarketError::Weight { slot: 0, weight: Ppm(1_500_000) }));
    assert!(above.unwrap().to_string().contains("slot 0 has weight 1.5"));
}

#[test]
fn unequal_weights_are_refused_where_slots_are_sold_as_alike() {
    for kind in MechanismKind::ALL {
        let refused = refusal(&config(kind, &[Ppm::ONE, HALF]), 2);
        assert_eq!(refused.is_some(), kind == MechanismKind::Vickrey, "{kind}: {refused:?}");
    }
    assert_eq!(refusal(&config(MechanismKind::Vickrey, &[HALF, HALF]), 2), None);
}

#[test]
fn the_default_is_vickrey_on_slots_that_are_all_alike() {
    let mut floor = Floor::new(3, &[1_000_000; 4], &[]);
    floor.auction = MarketConfig::default().open(3, book()).unwrap();
    for wallet in 0..4 {
        floor.enter(bid(wallet, 1_000 - 100 * wallet as i64));
    }
    let clearing = floor.clear(&quote(0, 3, 100));
    assert_eq!(prices(&clearing), vec![700; 3]);
    assert!(clearing.awards.iter().all(|award| award.weight == Ppm::ONE));
}

#[test]
fn every_rule_sells_slots_of_the_weights_that_were_won() {
    let weights = [HALF, Ppm::ONE, Ppm(250_000), Ppm::ONE];
    for kind in MechanismKind::ALL.into_iter().filter(|kind| kind.knows_weights()) {
        let mut floor =
            floor(&config(kind, &weights), &[bid(0, 1_000), bid(1, 900), bid(2, 800), bid(3, 700)]);
        for tick in 0..20 {
            let clearing = floor.clear(&quote(tick, 1 + (tick % 4) as u16, 100));
            for award in &clearing.awards {
                assert_eq!(award.weight, weights[usize::from(award.slot.0)], "{kind}: {award:?}");
                assert!(award.price >= award.weight.of_rounded_up(Microjoules(100)));
            }
            // The heaviest are sold first, whatever is for sale.
            let mut sold: Vec<Ppm> = clearing.awards.iter().map(|award| award.weight).collect();
            sold.sort_unstable_by_key(|weight| std::cmp::Reverse(*weight));
            assert_eq!(sold, [Ppm::ONE, Ppm::ONE, HALF, Ppm(250_000)][..sold.len()]);
        }
    }
}

#[test]
fn the_clearing_price_is_for_a_slot_of_weight_one() {
    let config = config(MechanismKind::FirstPrice, &[HALF, HALF]);
    let clearing = floor(&config, &[bid(0, 901), bid(1, 800)]).clear(&quote(0, 2, 100));
    assert_eq!(prices(&clearing), vec![451, 400]);
    assert_eq!(clearing.price, Microjoules(901), "451 over a half would be 902, which nobody bid");
    let nobody = floor(&config, &[]).clear(&quote(0, 2, 100));
    assert_eq!(nobody.price, Microjoules(100));
}

#[test]
fn a_weighted_sale_is_contested_by_whom_it_left_out() {
    let config = config(MechanismKind::Karma, &[Ppm::ONE, HALF]);
    let mut floor = floor(&config, &[bid(0, 900), bid(1, 800), bid(0, 700)]);
    let clearing = floor.clear(&quote(0, 2, 100));
    assert_eq!(winners(&clearing), vec![0, 1]);
    let contested: Vec<bool> = clearing.awards.iter().map(|award| award.contested).collect();
    assert_eq!(contested, vec![false, true], "only a unit of wallet zero is left");
    // In the next tick it is the turn of who waited, and of one of the others.
    assert_eq!(winners(&floor.clear(&quote(1, 2, 100)))[0], 2);
}

#[test]
fn the_dying_have_the_lightest_slots_and_pay_the_base_price_for_their_weight() {
    let config = config(MechanismKind::Vcg, &[Ppm::ONE, HALF]);
    let mut floor = floor_of(&config, &[0, 1_000_000], &[bid(0, 1), bid(1, 900)]);
    // Cell 0 owes money once its wallet is charged for what it freed.
    let freed = Usage { freed: Bytes::from_mebibytes(1_024), ..whole(CellId(0)) };
    floor.ledger.charge(&quote(9, 2, 100), &crate::tick::Sensed::Missing, &[freed]);
    assert_eq!(floor.population.order(CellId(1), Microjoules(900), 1), None, "nobody was judged yet");
    floor.tick(&quote(10, 2, 100), &[]);
    assert!(floor.population.get(CellId(0)).unwrap().state.is_dying());
    let clearing = floor.clear(&quote(11, 2, 500));
    let seats: Vec<(u32, u16, i64)> =
        clearing.awards.iter().map(|award| (award.cell.0, award.slot.0, award.price.0)).collect();
    assert_eq!(seats, [(0, 1, 50), (1, 0, 500)], "the base price is 100");
}

#[test]
#[should_panic(expected = "must pay")]
fn a_rule_that_charges_more_than_a_limit_stops_the_node() {
    let unit = Unit { cell: CellId(0), wallet: AccountId(0), limit: Microjoules(10) };
    let market = Market { tick: 0, reserve: Microjoules(1), weights: &[HALF], units: &[unit] };
    check_sales(&market, &[Sale { unit: 0, slot: 0, price: Microjoules(6) }]);
}

#[test]
#[should_panic(expected = "a slot is sold twice")]
fn a_rule_that_sells_a_slot_twice_stops_the_node() {
    let unit = Unit { cell: CellId(0), wallet: AccountId(0), limit: Microjoules(10) };
    let market = Market { tick: 0, reserve: Microjoules(1), weights: &[HALF, HALF], units: &[unit, unit] };
    let sale = |unit| Sale { unit, slot: 1, price: Microjoules(5) };
    check_sales(&market, &[sale(0), sale(1)]);
}

/// A rule that is wrong on purpose.
struct SameUnitTwice;

impl Mechanism for SameUnitTwice {
    fn name(&self) -> &'static str {
        "same-unit-twice"
    }

    fn rivals(&self, _slots: usize) -> usize {
        1
    }

    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>) {
        sales.extend((0..2).map(|slot| Sale { unit: 0, slot, price: market.reserve }));
    }
}

#[test]
#[should_panic(expected = "a unit is sold twice")]
fn a_rule_that_sells_to_a_unit_twice_stops_the_node() {
    let mut floor = Floor::new(2, &[1_000_000], &[]);
    floor.auction = Auction::new(2, book(), Box::new(SameUnitTwice));
    floor.enter(bid(0, 500));
    floor.clear(&quote(0, 2, 100));
}
