//! A tariff that changes while the node runs.

use super::*;

/// Two pricers that have read the same: one to change, one to compare with.
fn twins() -> [Pricer; 2] {
    [(); 2].map(|()| {
        let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
        hold(&mut pricer, 0, 20_000, 69.0);
        pricer
    })
}

#[test]
fn the_reserve_follows_the_tariff_at_once_and_in_proportion() {
    let [mut changed, mut same] = twins();
    changed.set_tariff(Ppm(3_000_000)).unwrap();
    assert_eq!((changed.tariff(), changed.base()), (Ppm(3_000_000), same.base().times(3)));
    let (dear, usual) = (hold(&mut changed, 20_000, 10, 69.0), hold(&mut same, 20_000, 10, 69.0));
    assert!(usual.multiplier > Ppm::ONE, "a multiplier that would show if it was lost");
    assert_eq!((dear.multiplier, dear.tariff), (usual.multiplier, Ppm(3_000_000)));
    assert_eq!(dear.reserve, usual.multiplier.of_rounded_up(usual.base.times(3)));
}

#[test]
fn supply_and_dither_do_not_notice_the_tariff() {
    let [mut changed, mut same] = twins();
    for second in 20..40 {
        changed.set_tariff(Ppm(if second % 2 == 0 { 50_000_000 } else { 10_000 })).unwrap();
        for tick in 0..100 {
            let now = second * 1_000 + tick * 10;
            let (a, b) = (hold(&mut changed, now, 10, 69.9), hold(&mut same, now, 10, 69.9));
            assert_eq!(
                (a.supply.to_bits(), a.slots, a.die, a.tick),
                (b.supply.to_bits(), b.slots, b.die, b.tick)
            );
            assert_eq!(a.multiplier, b.multiplier);
        }
    }
}

#[test]
fn an_impossible_tariff_is_refused_and_the_old_one_stays() {
    let mut pricer = Pricer::new(eight_slots(1.0)).unwrap();
    pricer.set_tariff(Ppm(2_000_000)).unwrap();
    let base = pricer.base();
    // 15 W for 10 ms are 150,000 µJ; at multiplier 64 the largest price of 1e12 µJ is passed beyond 104,166 times it.
    for impossible in [0, 104_167_000_000, u64::MAX] {
        assert!(pricer.set_tariff(Ppm(impossible)).is_err(), "{impossible}");
        assert_eq!((pricer.tariff(), pricer.base()), (Ppm(2_000_000), base));
        assert_eq!(hold(&mut pricer, 0, 10, 30.0).tariff, Ppm(2_000_000));
    }
    for possible in [1, 104_166_000_000] {
        pricer.set_tariff(Ppm(possible)).unwrap();
        assert!(pricer.base() >= Microjoules(1), "a price is never zero");
    }
}

#[test]
fn slots_pay_for_the_share_of_idle_that_is_recovered() {
    let base = |idle: f64, idle_recovery: f64| {
        let config =
            PriceConfig { idle: Watts(idle), idle_recovery, tariff: Ppm(2_000_000), ..eight_slots(1.0) };
        let mut pricer = Pricer::new(config).unwrap();
        hold(&mut pricer, 0, 20_000, 70.0);
        let terms = pricer.explain();
        assert_eq!((terms.base, terms.price.multiplier), (pricer.base(), Ppm::from_ratio(2.0)));
        assert_eq!(
            terms.reserve,
            terms.price.multiplier.of_rounded_up(terms.base),
            "heat makes all of it dearer"
        );
        (terms.base.0, terms.idle_share)
    };
    // 15 W for 10 ms at twice the reference are 300,000 µJ; 40 W idle are 5 W for each of eight slots.
    assert_eq!(base(40.0, 0.0), (300_000, Watts(0.0)), "by default nothing");
    assert_eq!(base(0.0, 1.0), (300_000, Watts(0.0)), "nothing of nothing");
    assert_eq!(base(40.0, 0.5), (350_000, Watts(2.5)));
    assert_eq!(base(40.0, 1.0), (400_000, Watts(5.0)));
}

proptest! {
    #[test]
    fn a_changed_pricer_quotes_like_one_that_was_made_so(tariff in 1_u64..1_000_000_000, die in 20.0..89.0_f64) {
        let mut made = Pricer::new(PriceConfig { tariff: Ppm(tariff), ..eight_slots(1.0) }).unwrap();
        let mut changed = Pricer::new(eight_slots(1.0)).unwrap();
        changed.set_tariff(Ppm(tariff)).unwrap();
        prop_assert_eq!(hold(&mut changed, 0, 500, die), hold(&mut made, 0, 500, die));
    }
}
