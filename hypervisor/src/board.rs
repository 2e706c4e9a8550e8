//! What a cell's owner shows its program: prices, balance, the number of the quantum, and the end once it is announced.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};

use maxwell_api::abi;
use maxwell_core::units::Nanoseconds;

use crate::cell::Permit;
use crate::offers::Offers;

/// An announced end that does not count down yet.
pub(crate) const NEVER: Nanoseconds = Nanoseconds(u64::MAX);

/// The board: written by the owner, read by whatever answers the program, both without waiting.
///
/// Single values need no order among themselves. A program that reads a new balance beside an old price has read them
/// at the moment at which they changed.
#[derive(Debug)]
pub(crate) struct Board {
    spot: AtomicI64,
    clearing: AtomicI64,
    balance: AtomicI64,
    quantum: AtomicU32,
    notice_reason: AtomicU8,
    /// In nanoseconds, on the clock of whoever announced it.
    notice_end: AtomicU64,
    offers: OnceLock<Offers>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            spot: AtomicI64::new(0),
            clearing: AtomicI64::new(0),
            balance: AtomicI64::new(0),
            quantum: AtomicU32::new(0),
            notice_reason: AtomicU8::new(0),
            notice_end: AtomicU64::new(NEVER.0),
            offers: OnceLock::new(),
        }
    }
}

/// The owner's side.
impl Board {
    /// Opens a quantum. Neither waits nor allocates.
    pub(crate) fn open(&self, permit: &Permit) {
        self.spot.store(permit.spot.0, Ordering::Relaxed);
        self.clearing.store(permit.clearing.0, Ordering::Relaxed);
        self.balance.store(permit.balance.0, Ordering::Relaxed);
        self.quantum.fetch_add(1, Ordering::Relaxed);
    }

    /// Shows where the open bounties are listed. Only the first time counts.
    pub(crate) fn show_offers(&self, offers: &Offers) {
        self.offers.get_or_init(|| offers.clone());
    }

    /// Announces the end, which comes when the clock that [`Board::notice`] is asked with shows `end`.
    pub(crate) fn announce(&self, reason: u8, end: Nanoseconds) {
        self.end_at(end);
        self.notice_reason.store(reason, Ordering::Release);
    }

    /// Says anew when the end comes.
    pub(crate) fn end_at(&self, end: Nanoseconds) {
        self.notice_end.store(end.0, Ordering::Relaxed);
    }
}

/// The program's side, with the numbers of the agent's interface.
impl Board {
    /// Number of the quantum, for limits that hold per quantum.
    pub(crate) fn quantum(&self) -> u32 {
        self.quantum.load(Ordering::Relaxed)
    }

    /// Answer to `price`: the one that was asked for, as last told.
    pub(crate) fn price(&self, which: i32) -> i64 {
        match which {
            abi::PRICE_SPOT => self.spot.load(Ordering::Relaxed),
            abi::PRICE_CLEARING => self.clearing.load(Ordering::Relaxed),
            _ => i64::from(abi::E_INVALID),
        }
    }

    /// Answer to `balance`: as last told.
    pub(crate) fn balance(&self) -> i64 {
        self.balance.load(Ordering::Relaxed)
    }

    /// Answer to `bounty`. Busy until the list is shown: a process can ask before its node has taken it in.
    pub(crate) fn bounty(&self, index: i32) -> i64 {
        self.offers.get().map_or(i64::from(abi::E_BUSY), |offers| offers.bounty(index))
    }

    /// Answer to `reward_of`.
    pub(crate) fn reward_of(&self, bounty: i64) -> i64 {
        self.offers.get().map_or(i64::from(abi::E_BUSY), |offers| offers.reward_of(bounty))
    }

    /// Whether a claim on this bounty would be looked at, as things were last told: [`abi::OK`], or why not.
    pub(crate) fn may_claim(&self, bounty: i64) -> i32 {
        match self.offers.get().map(|offers| offers.of(bounty)) {
            None => abi::E_BUSY,
            Some(None) => abi::E_GONE,
            Some(Some(offer)) if self.balance() < offer.fee.0 => abi::E_MONEY,
            Some(Some(_)) => abi::OK,
        }
    }

    /// Answer to `notice`, at this time.
    pub(crate) fn notice(&self, now: Nanoseconds) -> i64 {
        let reason = self.notice_reason.load(Ordering::Acquire);
        if reason == 0 {
            return 0;
        }
        let left = self.notice_end.load(Ordering::Relaxed).saturating_sub(now.0);
        abi::pack_notice(reason, u32::try_from(left / 1_000_000).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use maxwell_core::tick::{SlotId, SlotSet};
    use maxwell_core::units::{Microjoules, Moment};

    use super::*;

    #[test]
    fn a_program_reads_what_the_last_permit_said() {
        let board = Board::default();
        let permit = |spot| Permit {
            slots: SlotSet::only(SlotId(0)),
            from: Moment(0),
            until: Moment(10_000_000),
            spot: Microjoules(spot),
            clearing: Microjoules(200),
            balance: Microjoules(-3),
        };
        board.open(&permit(100));
        board.open(&permit(150));
        assert_eq!((board.price(abi::PRICE_SPOT), board.price(abi::PRICE_CLEARING)), (150, 200));
        assert_eq!((board.price(2), board.balance(), board.quantum()), (-2, -3, 2));
    }

    #[test]
    fn a_claim_wants_an_open_bounty_and_the_money_for_its_fee() {
        use crate::offers::{Offer, Offers};
        use maxwell_core::bounty::terms::BountyId;

        let (board, offers) = (Board::default(), Offers::default());
        assert_eq!((board.bounty(0), board.may_claim(7)), (-1, abi::E_BUSY), "nothing was shown yet");
        board.show_offers(&offers);
        let offer = Offer { bounty: BountyId(7), reward: Microjoules(50), fee: Microjoules(5) };
        offers.show([offer].into_iter());
        assert_eq!((board.bounty(0), board.reward_of(7), board.may_claim(8)), (7, 50, abi::E_GONE));
        for (balance, status) in [(4, abi::E_MONEY), (5, abi::OK), (-1, abi::E_MONEY)] {
            board.balance.store(balance, Ordering::Relaxed);
            assert_eq!(board.may_claim(7), status, "with {balance}");
        }
    }

    #[test]
    fn an_announced_end_counts_down_and_not_below_zero() {
        let (board, second) = (Board::default(), |seconds: u64| Nanoseconds(seconds * 1_000_000_000));
        assert_eq!(board.notice(second(1)), 0);
        board.announce(abi::REASON_DEBT, second(6));
        assert_eq!(board.notice(second(1)), abi::pack_notice(abi::REASON_DEBT, 5_000));
        assert_eq!(board.notice(second(7)), abi::pack_notice(abi::REASON_DEBT, 0));
        board.announce(abi::REASON_OPERATOR, NEVER);
        assert_eq!(board.notice(second(1)), abi::pack_notice(abi::REASON_OPERATOR, u32::MAX));
    }
}
