//! How trade goes in a world: the rule of the market, the slots' weights, bounds on wallets, policies, and orders that end.

use maxwell_core::auction::config::MarketConfig;
use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::bidding::{Limit, Margin, Policy, Span};
use maxwell_core::units::{Microjoules, Ppm};
use rand::RngExt;

use super::Dice;
use crate::world::World;

/// The rules; what stands here twice is drawn twice as often.
const MECHANISMS: [MechanismKind; 8] = [
    MechanismKind::Vickrey,
    MechanismKind::Vickrey,
    MechanismKind::Vickrey,
    MechanismKind::Gsp,
    MechanismKind::Vcg,
    MechanismKind::FirstPrice,
    MechanismKind::ProportionalShare,
    MechanismKind::Karma,
];

/// Adds to a world what was not drawn with it.
pub(super) fn draw(dice: &mut Dice, world: &mut World, base: Microjoules) {
    world.market = dice.market(world.machine.slots);
    world.max_bids = world.wallets.iter().map(|_| dice.max_bid(base)).collect();
    for agent in &mut world.agents {
        agent.policy = dice.happens(0.3).then(|| dice.policy(base));
        for rebid in &mut agent.rebids {
            rebid.lasts = dice.lasts();
        }
    }
    for order in &mut world.orders {
        order.lasts = dice.lasts();
    }
}

impl Dice {
    fn market(&mut self, slots: u16) -> MarketConfig {
        let mechanism = MECHANISMS[self.0.random_range(0..MECHANISMS.len())];
        // Fast cores, slow ones, and siblings; under a rule that wants them alike, one kind.
        let kinds =
            if mechanism.knows_weights() { self.0.random_range(0..=3) } else { self.0.random_range(0..=1) };
        let kinds: Vec<Ppm> = (0..kinds).map(|_| Ppm(self.0.random_range(100_000..=Ppm::ONE.0))).collect();
        let weights = match kinds.len() {
            0 => Vec::new(),
            kinds_there_are => (0..slots).map(|_| kinds[self.0.random_range(0..kinds_there_are)]).collect(),
        };
        MarketConfig { mechanism, weights }
    }

    /// Some bounds leave room for several slots, and some for none.
    fn max_bid(&mut self, base: Microjoules) -> Option<Microjoules> {
        self.happens(0.25).then(|| Ppm::from_ratio(self.spread(0.7, 40.0)).of_rounded_up(base))
    }

    fn policy(&mut self, base: Microjoules) -> Policy {
        let cap = if self.happens(0.3) { Limit::MAX } else { self.cap(base) };
        match self.0.random_range(0..4) {
            0 => Policy::Fixed(self.cap(base)),
            1 => {
                let margin = Margin::new(Ppm(self.0.random_range(0..2_000_000))).expect("a possible margin");
                Policy::Track { margin, cap }
            }
            2 => Policy::Budget { horizon: self.span(1e3, 1e5), cap },
            _ => Policy::Deadline { within: self.span(5e2, 5e4), work: self.span(1e2, 1e4), cap },
        }
    }

    fn cap(&mut self, base: Microjoules) -> Limit {
        Limit::new(self.bid(base)).expect("a price that is paid")
    }

    /// Between so many milliseconds.
    fn span(&mut self, low: f64, high: f64) -> Span {
        Span::from_millis(self.spread(low, high) as u64).expect("a possible span")
    }

    /// Half of all orders end by themselves, and some are over when they come.
    fn lasts(&mut self) -> Option<u64> {
        self.happens(0.5).then(|| if self.happens(0.1) { 0 } else { self.spread(1.0, 2_000.0) as u64 })
    }
}
