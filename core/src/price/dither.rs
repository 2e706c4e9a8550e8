//! Sells a real number of slots in whole ones.

/// Error diffusion: of 5.3 slots it sells five or six per tick in turn, 5.3 on average.
#[derive(Debug, Default)]
pub(super) struct Dither {
    owed: f64,
}

impl Dither {
    /// Whole slots to sell in this tick. What is left over, less than one slot, is owed to the next.
    pub(super) fn whole(&mut self, supply: f64) -> u16 {
        if supply <= 0.0 {
            self.owed = 0.0;
            return 0;
        }
        self.owed += supply;
        // A hair of tolerance keeps sums such as ten times 0.1 from staying a slot short.
        let whole = (self.owed + 1e-9).floor();
        self.owed -= whole;
        whole as u16
    }

    /// Part of a slot that is owed to the ticks to come.
    pub(super) const fn owed(&self) -> f64 {
        self.owed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sells_the_supply_on_average_and_never_more_than_one_slot_off() {
        for supply in [0.3, 1.0, 1.47, 5.3, 7.99] {
            let mut dither = Dither::default();
            let sold: Vec<u16> = (0..1_000).map(|_| dither.whole(supply)).collect();
            let mean = f64::from(sold.iter().sum::<u16>()) / 1_000.0;
            assert!((mean - supply).abs() < 0.002, "{supply} gave {mean}");
            assert!(sold.iter().all(|&s| (f64::from(s) - supply).abs() < 1.0));
        }
    }

    #[test]
    fn nothing_is_owed_after_a_stop() {
        let mut dither = Dither::default();
        dither.whole(0.9);
        assert_eq!(dither.whole(0.0), 0);
        assert_eq!(dither.whole(0.9), 0);
    }
}
