//! How many keys each wallet has out, so that no wallet has them all.

use std::collections::HashMap;

use crate::limits::KEYS_OUT_MAX;
use crate::tick::AccountId;

/// The keys that are leased, claimed or held, by wallet.
///
/// A wallet takes another key only while it has fewer out than nobody has. So one alone has half of them at most, the next half of what
/// that one left, and `n` wallets leave one part in `2^n` in whatever order they take; if they take evenly, one in `n + 1`. Whoever
/// comes then has half of what is left. A fixed part for each of them would leave the third wallet nothing that comes after two that
/// took all they could. By wallet and not by cell, because what a cell has claimed outlives it, and a wallet can have many cells one
/// after the other.
#[derive(Debug)]
pub(super) struct Shares {
    /// Wallets that have a key out, and so at most [`KEYS_OUT_MAX`].
    by_wallet: HashMap<AccountId, usize>,
    all: usize,
}

impl Shares {
    pub(super) fn new() -> Self {
        Self { by_wallet: HashMap::with_capacity(KEYS_OUT_MAX), all: 0 }
    }

    /// Whether a wallet may take one key more.
    pub(super) fn has_room(&self, wallet: AccountId) -> bool {
        self.of(wallet) < KEYS_OUT_MAX - self.all
    }

    /// Notes a key that a wallet takes out.
    pub(super) fn take(&mut self, wallet: AccountId) {
        *self.by_wallet.entry(wallet).or_default() += 1;
        self.all += 1;
    }

    /// Notes that a key of a wallet is out no more.
    pub(super) fn give_back(&mut self, wallet: AccountId) {
        let out = self.by_wallet.get_mut(&wallet).expect("a wallet gives back what it took");
        *out -= 1;
        if *out == 0 {
            self.by_wallet.remove(&wallet);
        }
        self.all -= 1;
    }

    fn of(&self, wallet: AccountId) -> usize {
        self.by_wallet.get(&wallet).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes as many keys as the wallet may have; how many it has then.
    fn fill(shares: &mut Shares, wallet: AccountId) -> usize {
        while shares.has_room(wallet) {
            shares.take(wallet);
        }
        shares.of(wallet)
    }

    #[test]
    fn one_wallet_has_half_of_all_keys_at_most_and_the_next_half_of_what_is_left() {
        let mut shares = Shares::new();
        assert_eq!(fill(&mut shares, AccountId(7)), KEYS_OUT_MAX / 2);
        assert_eq!(fill(&mut shares, AccountId(8)), KEYS_OUT_MAX / 4);
        shares.give_back(AccountId(7));
        assert!(shares.has_room(AccountId(8)) && !shares.has_room(AccountId(7)));
    }

    #[test]
    fn a_hundred_squatters_that_share_evenly_leave_as_much_as_each_has() {
        let mut shares = Shares::new();
        let squatters: Vec<_> = (0..100).map(AccountId).collect();
        while squatters.iter().any(|wallet| shares.has_room(*wallet)) {
            for wallet in &squatters {
                if shares.has_room(*wallet) {
                    shares.take(*wallet);
                }
            }
        }
        let left = KEYS_OUT_MAX - shares.all;
        assert!(left.abs_diff(KEYS_OUT_MAX / 101) <= 1, "{left} are left");
        assert!(fill(&mut shares, AccountId(100)) >= left / 2);
    }

    #[test]
    fn squatters_that_come_one_after_the_other_leave_half_as_much_each_time() {
        let mut shares = Shares::new();
        for comer in 0..8 {
            fill(&mut shares, AccountId(comer));
            assert_eq!(KEYS_OUT_MAX - shares.all, KEYS_OUT_MAX >> (comer + 1));
        }
        let last =
            (8..32).find(|comer| fill(&mut shares, AccountId(*comer)) > 0 && shares.all == KEYS_OUT_MAX);
        assert_eq!(last, Some(17), "the eighteenth takes the last");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn n_wallets_leave_one_part_in_two_to_the_n_in_whatever_order_they_take(
            n in 1..8_u32,
            steps in prop::collection::vec((any::<bool>(), any::<u32>(), 1..KEYS_OUT_MAX), 1..20),
        ) {
            let mut shares = Shares::new();
            for (takes, who, keys) in steps {
                let wallet = AccountId(who % n);
                for _ in 0..keys {
                    if takes && shares.has_room(wallet) {
                        shares.take(wallet);
                    } else if !takes && shares.of(wallet) > 0 {
                        shares.give_back(wallet);
                    } else {
                        break;
                    }
                }
                let left = KEYS_OUT_MAX - shares.all;
                // The next one may take while it has fewer than are left, so the last key of each may be one too many.
                prop_assert!((left + 1) << n > KEYS_OUT_MAX, "{left} are left of {n}");
            }
        }
    }
}
