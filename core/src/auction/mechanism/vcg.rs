//! Vickrey, Clarke and Groves: everybody pays what the others lose by its presence.

use super::{Market, Mechanism, Sale};
use crate::units::Microjoules;

/// The i-th best unit gets the i-th heaviest slot; a wallet pays the welfare that the others would have without it, less the
/// welfare that they have with it. The reserve takes part as bids of the seller, who keeps what is not sold.
///
/// Let v(0), v(1), ... be the bids of other wallets behind place p, best first, and the reserve for ever after them. Were the unit
/// at p away, each of them would move up by one slot, so the unit displaces
///
/// ```text
/// (w(p) - w(p+1)) v(0)  +  (w(p+1) - w(p+2)) v(1)  +  ...  +  w(k) v(k-p)
/// ```
///
/// which for one slot per bidder is the formula of the textbooks. For a wallet of several units these sums add up to its whole
/// externality: let its units come in one by one, the best first; each displaces only units of others behind it. A sum of
/// weights times bids that are no higher than the unit's own never exceeds w(p) times its limit, so no unit pays more than that.
///
/// Truthful for one tick, any number of slots of equal worth to their bidder, and money enough (Clarke: Multipart pricing of public
/// goods. Public Choice 11, 1971; Groves: Incentives in teams. Econometrica 41, 1973). The proof ends with budgets, with repetition, and
/// with one owner behind several wallets, who is then taken for a rival of itself.
///
/// Costs the square of the slots at most; sums are exact, and each price is rounded up once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vcg;

impl Mechanism for Vcg {
    fn name(&self) -> &'static str {
        "vcg"
    }

    fn rivals(&self, slots: usize) -> usize {
        slots
    }

    fn clear(&mut self, market: &Market<'_>, sales: &mut Vec<Sale>) {
        sales.extend((0..market.places()).map(|place| Sale {
            unit: place,
            slot: place,
            price: displaced(market, place),
        }));
    }
}

/// What the others lose by the unit at `place`.
fn displaced(market: &Market<'_>, place: usize) -> Microjoules {
    let wallet = market.units[place].wallet;
    let mut behind = market.units[place + 1..].iter().filter(|unit| unit.wallet != wallet);
    let mut parts = 0_i128;
    for (slot, weight) in market.weights.iter().enumerate().skip(place) {
        let next_weight = market.weights.get(slot + 1).map_or(0, |next| next.0);
        let bid = behind.next().map_or(market.reserve, |unit| unit.limit);
        parts += i128::from(weight.0 - next_weight) * i128::from(bid.0);
    }
    Microjoules::from_millionths_rounded_up(parts)
}
