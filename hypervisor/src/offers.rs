//! The bounties that a node has open, for every program to look at while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering, fence};

use maxwell_api::abi;
use maxwell_core::bounty::terms::BountyId;
use maxwell_core::limits::{ANSWER_BYTES_MAX, BOUNTIES_MAX};
use maxwell_core::units::Microjoules;

/// One open bounty, as programs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub bounty: BountyId,
    /// What each of its keys pays.
    pub reward: Microjoules,
    /// What a claim prepays, at most, for the keys that are leased now.
    pub fee: Microjoules,
}

/// The open bounties: written by the node between ticks, read by programs without waiting. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Offers(Arc<List>);

#[derive(Debug)]
struct List {
    /// Changes begun and done; odd while one is under way.
    changes: AtomicU64,
    places: [Place; BOUNTIES_MAX],
}

#[derive(Debug)]
struct Place {
    bounty: AtomicU64,
    reward: AtomicI64,
    fee: AtomicI64,
}

/// No bounty has this name: agents could not say it.
const NONE: u64 = u64::MAX;

impl Default for List {
    fn default() -> Self {
        let place =
            |_| Place { bounty: AtomicU64::new(NONE), reward: AtomicI64::new(0), fee: AtomicI64::new(0) };
        Self { changes: AtomicU64::new(0), places: std::array::from_fn(place) }
    }
}

/// The node's side: one writer.
impl Offers {
    /// Shows these, in this order, and nothing else. Neither waits nor allocates.
    pub fn show(&self, offers: impl Iterator<Item = Offer>) {
        let List { changes, places } = &*self.0;
        let before = changes.load(Ordering::Relaxed);
        changes.store(before + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        let nothing = Offer { bounty: BountyId(NONE), reward: Microjoules::ZERO, fee: Microjoules::ZERO };
        for (place, offer) in places.iter().zip(offers.chain(std::iter::repeat(nothing))) {
            place.bounty.store(offer.bounty.0, Ordering::Relaxed);
            place.reward.store(offer.reward.0, Ordering::Relaxed);
            place.fee.store(offer.fee.0, Ordering::Relaxed);
        }
        changes.store(before + 2, Ordering::Release);
    }
}

/// The programs' side, with the numbers of the agent's interface.
impl Offers {
    /// Answer to `bounty`: the name of the open bounty in this place.
    pub(crate) fn bounty(&self, index: i32) -> i64 {
        let Ok(index) = usize::try_from(index) else { return i64::from(abi::E_INVALID) };
        self.at(index).map_or(i64::from(abi::E_GONE), |offer| offer.bounty.0 as i64)
    }

    /// Answer to `reward_of`.
    pub(crate) fn reward_of(&self, bounty: i64) -> i64 {
        self.of(bounty).map_or(i64::from(abi::E_GONE), |offer| offer.reward.0)
    }

    /// The open bounty of this name.
    pub(crate) fn of(&self, bounty: i64) -> Option<Offer> {
        let found = (0..BOUNTIES_MAX).map_while(|index| self.at(index));
        found.into_iter().find(|offer| offer.bounty.0 as i64 == bounty)
    }

    /// What stands in a place. Read again when the node was writing meanwhile, which takes it well under a microsecond.
    fn at(&self, index: usize) -> Option<Offer> {
        let List { changes, places } = &*self.0;
        let place = places.get(index)?;
        loop {
            let before = changes.load(Ordering::Acquire);
            let offer = Offer {
                bounty: BountyId(place.bounty.load(Ordering::Relaxed)),
                reward: Microjoules(place.reward.load(Ordering::Relaxed)),
                fee: Microjoules(place.fee.load(Ordering::Relaxed)),
            };
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && changes.load(Ordering::Relaxed) == before {
                return (offer.bounty.0 != NONE).then_some(offer);
            }
            std::hint::spin_loop();
        }
    }
}

const _: () =
    assert!(abi::ANSWER_MAX as usize == ANSWER_BYTES_MAX, "agents and node agree on the longest answer");

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(number: u64) -> Offer {
        let amount = Microjoules(number as i64);
        Offer { bounty: BountyId(number), reward: amount, fee: amount }
    }

    #[test]
    fn what_is_shown_is_found_by_place_and_by_name_and_nothing_else_is() {
        let offers = Offers::default();
        assert_eq!(offers.bounty(0), i64::from(abi::E_GONE));
        offers.show([7, 3].map(offer).into_iter());
        assert_eq!([0, 1, 2].map(|index| offers.bounty(index)), [7, 3, i64::from(abi::E_GONE)]);
        assert_eq!([7, 3, 9, -1].map(|name| offers.reward_of(name)), [7, 3, -3, -3]);
        assert_eq!((offers.bounty(-1), offers.bounty(i32::MAX)), (-2, -3));
        offers.show([3].map(offer).into_iter());
        assert_eq!([0, 1].map(|index| offers.bounty(index)), [3, i64::from(abi::E_GONE)]);
        assert_eq!(offers.reward_of(7), i64::from(abi::E_GONE), "it is closed");
    }

    #[test]
    fn a_reader_never_sees_half_of_a_change() {
        let offers = Offers::default();
        std::thread::scope(|scope| {
            let writer = offers.clone();
            scope.spawn(move || (1..20_000).for_each(|number| writer.show([offer(number)].into_iter())));
            loop {
                let Some(seen) = offers.at(0) else { continue };
                assert_eq!((seen.reward.0, seen.fee.0), (seen.bounty.0 as i64, seen.bounty.0 as i64));
                if seen.bounty.0 == 19_999 {
                    break;
                }
            }
        });
    }
}
