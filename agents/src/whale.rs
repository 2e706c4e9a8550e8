//! The whale, a rich parasite: it hashes as the miner does, and pays what it takes to go on.
//!
//! Whenever the clearing price comes near its bid it raises the bid, up to a tenth of what it has. It shows a limit
//! that the market has by design: whoever can pay runs.

use crate::args::Options;
use crate::hashing::{Hashed, Hasher};
use crate::host::{Ending, Host, Price};
use crate::miner::Defiance;
use std::fmt;

/// The bid is kept at this many times the clearing price. A cell that loses does not run and cannot raise its bid any
/// more, so the whale keeps well ahead.
const AHEAD: i64 = 2;

/// The bid is never more than the balance divided by this.
const BALANCE_SHARE: i64 = 10;

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// What was hashed.
    pub hashed: Hashed,
    /// How often the bid was changed.
    pub raises: u64,
}

/// Hashes until the end, and keeps count in `spent`.
pub fn run<H: Host>(host: &mut H, options: &Options, spent: &mut Spent) -> Ending {
    let mut step = options.place_order(host);
    let mut bid = Bid::new(options);
    let mut hasher = Hasher::new(options.seed);
    let mut defiance = Defiance::default();
    loop {
        match step {
            Ok(()) => {
                bid.adjust(host, &mut spent.raises);
                step = hasher
                    .hash_filling(host, &mut spent.hashed, |host| defiance.look(host))
                    .and_then(|()| hasher.discard(host, &mut spent.hashed));
            }
            Err(ending) => return ending,
        }
    }
}

/// The whale's standing order. An order of the operator's is not known to it, and counts as nothing.
#[derive(Clone, Copy, Debug)]
struct Bid {
    limit_uj: i64,
    slots: i32,
}

impl Bid {
    fn new(options: &Options) -> Self {
        match options.order {
            Some(order) => Self { limit_uj: order.limit_uj, slots: order.slots },
            None => Self { limit_uj: 0, slots: 1 },
        }
    }

    /// Raises the bid if the price has come near, lowers it if it is more than the whale allows itself.
    fn adjust<H: Host>(&mut self, host: &mut H, raises: &mut u64) {
        let wanted = host.price(Price::Clearing).saturating_mul(AHEAD).max(self.limit_uj);
        let limit_uj = wanted.min(host.balance() / BALANCE_SHARE);
        // One that is refused is tried again after the next filling.
        if limit_uj > 0 && limit_uj != self.limit_uj && host.set_bid(limit_uj, self.slots).is_ok() {
            self.limit_uj = limit_uj;
            *raises += 1;
        }
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} raises {}", self.hashed, self.raises)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Order;
    use crate::host::script::{Call, Script};
    use crate::host::{Notice, Reason};

    /// The bid after looking at each of these clearing prices and balances.
    fn bids(start: i64, market: &[(i64, i64)]) -> Vec<i64> {
        let options = Options { order: Some(Order { limit_uj: start, slots: 3 }), ..Options::default() };
        let (mut host, mut raises) = (Script::new([]), 0);
        let mut bid = Bid::new(&options);
        let bids = market.iter().map(|(clearing, balance)| {
            (host.clearing, host.balance) = (*clearing, *balance);
            bid.adjust(&mut host, &mut raises);
            bid.limit_uj
        });
        let bids: Vec<i64> = bids.collect();
        assert_eq!(host.calls.len() as u64, raises);
        assert!(host.calls.iter().all(|call| matches!(call, Call::SetBid(_, 3))));
        bids
    }

    #[test]
    fn the_bid_keeps_ahead_of_the_price_and_does_not_fall_with_it() {
        let market = [(4, 1_000), (5, 1_000), (6, 1_000), (30, 1_000), (3, 1_000)];
        assert_eq!(bids(10, &market), [10, 10, 12, 60, 60]);
    }

    #[test]
    fn the_bid_is_at_most_a_tenth_of_the_balance() {
        let market = [(600, 1_000), (600, 500), (600, 9), (600, -5), (i64::MAX, i64::MAX)];
        assert_eq!(bids(10, &market), [100, 50, 50, 50, i64::MAX / 10]);
    }

    #[test]
    fn it_mines_between_two_looks_at_the_price_and_defies_its_notice() {
        let last = Notice { reason: Reason::Debt, millis_left: 0 };
        let mut host = Script::new([]).with_notice(300, last);
        (host.clearing, host.balance) = (7, 1_000);
        let mut spent = Spent::default();
        let ending = run(&mut host, &Options::default(), &mut spent);

        assert_eq!(ending, Ending::Notice(last));
        assert_eq!((spent.hashed.hashes, spent.raises), (301, 1));
        assert_eq!(host.calls[0], Call::SetBid(14, 1));
        assert!(matches!(host.calls[1..], [Call::Discard(_)]));
    }
}
