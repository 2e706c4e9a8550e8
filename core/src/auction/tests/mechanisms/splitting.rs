//! One owner behind several wallets: what splitting an order gains, and where it gains nothing.

use super::*;

/// What the owner of wallets zero and ten to twelve has, who values `wanted` slots at `value` each, in whole microjoules.
fn owner_gains(
    kind: MechanismKind,
    own: &[Bid],
    rivals: &[Bid],
    slots: usize,
    value: i64,
    wanted: usize,
) -> i64 {
    let game = Game { bids: [own, rivals].concat(), weights: vec![Ppm::ONE; slots], reserve: 1 };
    let is_own = |sold: &&Sold| sold.wallet == 0 || sold.wallet >= 10;
    let sold = game.sell(kind);
    let mine: Vec<&Sold> = sold.iter().filter(is_own).collect();
    value * mine.len().min(wanted) as i64 - mine.iter().map(|sold| sold.price).sum::<i64>()
}

#[test]
fn splitting_turns_the_owner_into_its_own_rival_when_some_of_its_units_lose() {
    // Three slots wanted, two for sale: under one wallet nobody else loses and it pays the reserve. Under three, the third sets the
    // price of the other two.
    let (whole, split) = ([Bid { wallet: 0, limit: 10, slots: 3 }], [bid(10, 10), bid(11, 10), bid(12, 10)]);
    for kind in [MechanismKind::Vickrey, MechanismKind::Vcg] {
        let gains = |own: &[Bid]| owner_gains(kind, own, &[], 2, 10, 2);
        assert_eq!((gains(&whole), gains(&split)), (18, 0), "{kind}");
    }
}

#[test]
fn what_an_order_split_with_a_shaded_half_gains_asking_for_less_gains_as_well() {
    // Two slots wanted, two for sale, one rival at 9. As one order of two the owner pays 9 twice. Split, it says 10 for one and the
    // reserve for the other: the rival takes the second slot, and what loses is the owner's own.
    let (rival, kind) = ([bid(1, 9)], MechanismKind::Vickrey);
    let whole = owner_gains(kind, &[Bid { wallet: 0, limit: 10, slots: 2 }], &rival, 2, 10, 2);
    let split = owner_gains(kind, &[bid(10, 10), bid(11, 1)], &rival, 2, 10, 2);
    println!(
        "vickrey, two slots worth 10 uJ each against a bid of 9: {whole} uJ whole, {split} uJ split and shaded"
    );
    assert_eq!((whole, split), (2, 9));
    assert_eq!(
        owner_gains(kind, &[bid(0, 10)], &rival, 2, 10, 2),
        9,
        "a second wallet was not needed for that"
    );
    // Under VCG there is nothing to gain, since the first slot costs nobody anything.
    let vcg = |own: &[Bid]| owner_gains(MechanismKind::Vcg, own, &rival, 2, 10, 2);
    assert_eq!((vcg(&[Bid { wallet: 0, limit: 10, slots: 2 }]), vcg(&[bid(10, 10), bid(11, 1)])), (10, 9));
}

#[test]
fn among_equal_bids_more_cells_have_more_turns() {
    // One slot, everybody bids 500 for what is worth 900: turns are taken by order, so three small orders have three of four.
    let quanta_of_owner = |cells: usize| {
        let bids: Vec<Bid> = (0..=cells).map(|wallet| bid(wallet, 500)).collect();
        let mut floor = Floor::rich(1, &bids);
        let won = (0..1_200).flat_map(|tick| winners(&floor.clear(&quote(tick, 1, 100))));
        won.filter(|cell| *cell > 0).count()
    };
    let (whole, split) = (quanta_of_owner(1), quanta_of_owner(3));
    println!(
        "equal bids of 500 uJ for a slot worth 900: {whole} of 1200 quanta whole, {split} split over three wallets"
    );
    assert_eq!((whole, split), (600, 900));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn at_the_same_bids_several_wallets_never_gain_under_any_rule_with_a_proof(
        own in prop::collection::vec(1..20_i64, 1..4),
        rivals in prop::collection::vec((1..4_usize, 1..20_i64, 1..3_u16), 0..5),
        slots in 1..5_usize,
    ) {
        // A wallet's own bids never raise its price, whatever they are, so the more of them it has under one name the better.
        let rivals: Vec<Bid> =
            rivals.iter().map(|(wallet, limit, slots)| Bid { wallet: *wallet, limit: *limit, slots: *slots }).collect();
        let one: Vec<Bid> = own.iter().map(|limit| bid(0, *limit)).collect();
        let many: Vec<Bid> = own.iter().enumerate().map(|(index, limit)| bid(10 + index, *limit)).collect();
        for kind in [MechanismKind::Vickrey, MechanismKind::Gsp, MechanismKind::Vcg] {
            let gains = |own: &[Bid]| owner_gains(kind, own, &rivals, slots, 20, own.len());
            prop_assert!(gains(&many) <= gains(&one), "{}", kind);
        }
    }
}

#[test]
fn more_cells_gain_time_under_karma_and_none_under_proportional_share() {
    let quanta_of_owner = |kind: MechanismKind, own: &[Bid]| {
        let game = Game { bids: [own, &[bid(1, 12)]].concat(), weights: vec![Ppm::ONE], reserve: 1 };
        let (units, mut mechanism) = (game.units(), kind.make());
        let served = (0..1_200).flat_map(|tick| {
            sell(
                &mut *mechanism,
                &Market { tick, reserve: Microjoules(1), weights: &game.weights, units: &units },
            )
        });
        served.filter(|sold| sold.wallet != 1).count()
    };
    let (whole, split) = ([bid(10, 12)], [bid(10, 4), bid(11, 4), bid(12, 4)]);
    assert_eq!(quanta_of_owner(MechanismKind::Karma, &whole), 600);
    assert_eq!(quanta_of_owner(MechanismKind::Karma, &split), 900, "three cells of four take three quarters");
    assert_eq!(quanta_of_owner(MechanismKind::ProportionalShare, &whole), 600);
    assert_eq!(
        quanta_of_owner(MechanismKind::ProportionalShare, &split),
        600,
        "the same money, the same share"
    );
}
