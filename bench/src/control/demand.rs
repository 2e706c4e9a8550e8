//! Who buys at which reserve.
//!
//! At the set point the reserve is two base prices, and the thermal equilibrium there takes a little more than five slots.

/// Slots that the crowds want: more than there are.
const CROWD: f64 = 12.0;
/// What the keener part of the lumpy crowd still buys.
const KEEN: f64 = 4.0;
/// Slots that the elastic buyers want up to `ELASTIC_AT` base prices: all that there are.
const ELASTIC_SLOTS: f64 = 8.0;
/// Where the elastic curve begins to fall below that; it crosses the supply half a kelvin over the set point.
const ELASTIC_AT: f64 = 2.03;
/// Percent of the demand that one percent of the price takes away.
const ELASTICITY: f64 = 5.0;
/// The same for the buyers who are too few while the sink is cool and seven or eight slots may be sold at the set point.
const SPARSE_SLOTS: f64 = 6.0;
/// Two tenths of a kelvin over the set point this curve crosses the supply.
const SPARSE_AT: f64 = 2.02;
/// The lumpy crowd's limit in base prices: reached by the reserve about 0.3 K over the set point.
const EDGE: f64 = 2.1;

/// The shape of a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Buyers for all slots at the set point, whose number falls with the fifth power of the price from there on.
    Elastic,
    /// The same for six slots: more than the equilibrium takes, and less than is for sale while the sink still warms.
    ElasticSparse,
    /// Two crowds of equal bids, eight just above the reserve at the set point and four at six base prices: a die a little
    /// too warm loses two thirds of its buyers at once.
    LumpyAbove,
    /// A crowd of twelve equal bids at one and a half base prices, which the reserve passes under the set point.
    LumpyInside,
    /// Buyers for every slot at any price.
    Inelastic,
}

impl Demand {
    /// Every shape, the promised ones first.
    pub const ALL: [Self; 5] =
        [Self::Elastic, Self::LumpyAbove, Self::Inelastic, Self::ElasticSparse, Self::LumpyInside];

    /// Shapes for which the figures are promised.
    pub const PROMISED: [Self; 4] = [Self::Elastic, Self::LumpyAbove, Self::Inelastic, Self::ElasticSparse];

    /// Name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Elastic => "elastic",
            Self::ElasticSparse => "elastic, sparse",
            Self::LumpyAbove => "lumpy, above the band",
            Self::LumpyInside => "lumpy, inside the band",
            Self::Inelastic => "inelastic",
        }
    }

    /// Slots that find a buyer at a reserve of `multiplier` base prices.
    pub fn buyers(self, multiplier: f64) -> u16 {
        let buyers = match self {
            Self::Elastic => ELASTIC_SLOTS * (ELASTIC_AT / multiplier).powf(ELASTICITY),
            Self::ElasticSparse => SPARSE_SLOTS * (SPARSE_AT / multiplier).powf(ELASTICITY),
            Self::LumpyAbove if multiplier <= EDGE => CROWD,
            Self::LumpyAbove if multiplier <= 6.0 => KEEN,
            Self::LumpyInside if multiplier <= 1.5 => CROWD,
            Self::LumpyAbove | Self::LumpyInside => 0.0,
            Self::Inelastic => CROWD,
        };
        buyers.floor() as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promised_shapes_want_the_supply_at_the_set_point_and_differ_just_above_it() {
        // The equilibrium takes 5.33 slots; the multiplier at the set point is two.
        assert!(Demand::PROMISED.iter().all(|demand| demand.buyers(2.0) >= 6));
        assert_eq!(Demand::PROMISED.map(|demand| demand.buyers(2.15)), [6, 4, 12, 4]);
    }
}
