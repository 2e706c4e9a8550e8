//! The tick as data: every arrow of the diagram is one of these types.
//!
//! ```text
//! sensors --Reading--> price --Quote--> auction --Clearing--> ledger --Grant--> cells --Usage--> ledger --Transfer-->
//! ```

use crate::limits::{SLOTS_MAX, WINDOW_TICKS};
use crate::units::{Bytes, Celsius, Microjoules, Moment, Nanoseconds, Ppm, Watts};

/// Names a cell for as long as the node runs; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub u32);

/// Names an account of the ledger: a wallet, an escrow or one of the host's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

/// Names a slot: one logical CPU offered for sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub u16);

/// Some of the node's slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotSet {
    words: [u64; SLOTS_MAX as usize / 64],
}

impl SlotSet {
    /// One slot.
    pub fn only(slot: SlotId) -> Self {
        let mut set = Self::default();
        set.insert(slot);
        set
    }

    /// Adds a slot.
    ///
    /// # Panics
    /// If there is no such slot on any node.
    pub fn insert(&mut self, slot: SlotId) {
        self.words[usize::from(slot.0 / 64)] |= 1 << (slot.0 % 64);
    }

    /// The lowest.
    pub fn first(&self) -> Option<SlotId> {
        self.iter().next()
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// The slots, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = SlotId> {
        let slots = |(index, word): (usize, u64)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| SlotId(index as u16 * 64 + bit))
        };
        self.words.into_iter().enumerate().flat_map(slots)
    }
}

const _: () = assert!(SLOTS_MAX.is_multiple_of(64), "a set of slots is made of whole words");

/// Where a figure of physics comes from. A modelled number is never shown as a measured one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Read from hardware.
    Measured,
    /// Computed by a model from something that was measured.
    Modelled,
    /// Not to be had.
    Unknown,
}

/// A physical value with its error bar and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure<T> {
    /// The best estimate.
    pub value: T,
    /// Half the width of the error bar, in the unit of the value.
    pub error: T,
    /// Where the value comes from.
    pub provenance: Provenance,
}

/// What the sensors said at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// When it was taken.
    pub at: Moment,
    /// Temperature of the hottest die.
    pub die: Figure<Celsius>,
    /// Power of all packages now.
    pub power: Figure<Watts>,
    /// Energy of all packages since a fixed origin, as far as it is known; never falls.
    pub energy: Figure<Microjoules>,
    /// How often the sum of `energy` was interrupted: what was used between two readings of different epochs is not
    /// known and not contained in it.
    pub epoch: u32,
}

/// What the tick knows of the machine. Stale and missing are states: never zero, never a panic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sensed {
    /// A reading younger than five sampling periods.
    Fresh(Reading),
    /// The last reading there was, now too old to be believed.
    Stale(Reading),
    /// No reading has ever been had.
    Missing,
}

impl Sensed {
    /// Whether the reading may be believed.
    pub const fn is_fresh(&self) -> bool {
        matches!(self, Self::Fresh(_))
    }

    /// The last reading there was, believed or not.
    pub const fn last(&self) -> Option<&Reading> {
        match self {
            Self::Fresh(reading) | Self::Stale(reading) => Some(reading),
            Self::Missing => None,
        }
    }
}

/// The price and the amount of what is for sale in this tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// Number of the tick, from zero.
    pub tick: u64,
    /// When the quote was made.
    pub at: Moment,
    /// Temperature that the controller acted on: measured, modelled or, without a fresh reading, assumed.
    pub die: Celsius,
    /// Whether the reading behind the quote was fresh.
    pub fresh: bool,
    /// Slots that the physics allows, a real number.
    pub supply: f64,
    /// Whole slots for sale in this tick: the supply, dithered.
    pub slots: u16,
    /// Price of a quantum at multiplier one: tariff x joules of one quantum on one slot.
    pub base: Microjoules,
    /// The least a quantum is sold for now (the spot price): base x multiplier.
    pub reserve: Microjoules,
    /// What physics multiplies the base by.
    pub multiplier: Ppm,
    /// Electricity price relative to the reference.
    pub tariff: Ppm,
}

impl Quote {
    /// Whether a billing window begins with this tick.
    pub const fn begins_window(&self) -> bool {
        self.tick.is_multiple_of(WINDOW_TICKS)
    }

    /// Whether a billing window ends with this tick.
    pub const fn ends_window(&self) -> bool {
        (self.tick + 1).is_multiple_of(WINDOW_TICKS)
    }
}

/// Who pays for a quantum, and from what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purse {
    /// The wallet's free balance: the winner of an auction.
    Free,
    /// The part of the wallet that was set aside at the start: a dying cell in its grace.
    SetAside,
}

/// One quantum of one slot, awarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Award {
    /// The cell that may run.
    pub cell: CellId,
    /// Its wallet.
    pub wallet: AccountId,
    /// The slot it runs on.
    pub slot: SlotId,
    /// The slot's speed relative to the fastest. Limits and the reserve are for weight one; on this slot they are multiplied by
    /// it and rounded up.
    pub weight: Ppm,
    /// What the quantum costs on this slot if it is used whole.
    pub price: Microjoules,
    /// What it is paid from.
    pub purse: Purse,
    /// Whether a funded order of another wallet, at or above the reserve, was left without a slot. Then the quantum is
    /// charged whole, used or not.
    pub contested: bool,
}

/// The outcome of one auction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clearing {
    /// Number of the tick.
    pub tick: u64,
    /// The clearing price, per quantum of a slot of weight one: the highest price over its slot's weight that a winner pays, but
    /// no more than that winner's limit, which the rounding of prices on small weights could exceed; the reserve when nobody won.
    pub price: Microjoules,
    /// Who won which slot for how much; the dying, who do not bid, come first.
    pub awards: Vec<Award>,
}

/// Leave to run: an award whose price is held in the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Number of the tick.
    pub tick: u64,
    /// The award that is paid for.
    pub award: Award,
    /// What the wallet has free after it, for the cell to know.
    pub balance: Microjoules,
}

/// Why a cell's program is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The program ended by itself with status zero.
    Finished,
    /// The program trapped, or ended with another status.
    Crashed,
    /// The program broke a limit (memory, host calls) and was ended.
    Limit,
}

/// What a cell waits for while it cannot use a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For a moment: it sleeps.
    Until(Moment),
    /// For the answer to a request that the main loop handles.
    Reply,
}

/// What became of one grant, or of a cell since it was last asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The cell.
    pub cell: CellId,
    /// CPU time that it was given: the quantum.
    pub granted: Nanoseconds,
    /// CPU time that it used; can exceed the grant when the quantum's end came late.
    pub used: Nanoseconds,
    /// Time in which the host took the CPU away from it: not charged.
    pub stolen: Nanoseconds,
    /// Time given back early enough that it was resold in the same tick: not charged.
    pub resold: Nanoseconds,
    /// Cycles of guest work where they are counted (fuel in the deterministic mode), else zero.
    pub cycles: u64,
    /// Bytes given back to the system.
    pub freed: Bytes,
    /// Memory that it holds now.
    pub memory: Bytes,
    /// Set when the program is over.
    pub exit: Option<Exit>,
    /// Set when it gave its slot back and waits.
    pub wait: Option<Wait>,
}

/// What a transfer is for. Tick, cell and kind name what a bill posts, and no bill posts for one tick twice; a payment of a
/// bounty is named by its key, whose lease ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// New tokens, from mint.
    Mint,
    /// Quanta of a billing window.
    Quanta,
    /// Rent of the memory held in a billing window.
    Rent,
    /// Erasure tax of a billing window.
    Tax,
    /// Payment of a claim that was accepted: from an escrow to a wallet.
    Bounty,
    /// Prepaid verification of a claim: from a wallet to the treasury.
    Verification,
    /// A false claim that a stake vouched for: from the stake to the treasury.
    Forfeit,
    /// Energy bought from the grid in a billing window.
    Grid,
}

/// One movement of money, immutable once made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Tick in which it was made.
    pub tick: u64,
    /// What it is for.
    pub kind: Kind,
    /// Who pays.
    pub from: AccountId,
    /// Who receives.
    pub to: AccountId,
    /// How much; never negative.
    pub amount: Microjoules,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_slots_keeps_each_once_and_in_order() {
        let mut set = SlotSet::only(SlotId(64));
        for slot in [1_023, 0, 63, 64] {
            set.insert(SlotId(slot));
        }
        assert_eq!(set.count(), 4);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 1_023].map(SlotId));
        assert_eq!(SlotSet::default().iter().next(), None);
    }
}
