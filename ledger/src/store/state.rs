//! What a store knows about itself: enough to refuse a batch that leaves a gap, and to notice that something is missing.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::seal::Tag;
use super::{Batch, Change, Snapshot, StoreError};

/// The bounds of everything stored. It is written with every batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The last sequence of the newest frame; 0 without one.
    pub(super) last: u64,
    /// The first and the last epoch.
    epochs: Option<(u64, u64)>,
    /// Through which sequence each snapshot is current, and what belongs to it.
    checkpoint: (u64, Whole),
    base: (u64, Whole),
}

/// How many accounts belong to a snapshot, and the sum of their checksums: an account that is missing, or that is an
/// older version of itself, is whole in itself and shows only here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Whole {
    count: u64,
    sum: u128,
}

impl Whole {
    /// One account more, or one in place of another.
    pub(super) fn put(&mut self, tag: Tag, instead_of: Option<Tag>) {
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(tag));
        match instead_of {
            Some(old) => self.sum = self.sum.wrapping_sub(u128::from_le_bytes(old)),
            None => self.count += 1,
        }
    }
}

impl State {
    pub(super) const fn through(&self, of: Snapshot) -> u64 {
        match of {
            Snapshot::Checkpoint => self.checkpoint.0,
            Snapshot::Base => self.base.0,
        }
    }

    pub(super) const fn whole(&self, of: Snapshot) -> Whole {
        match of {
            Snapshot::Checkpoint => self.checkpoint.1,
            Snapshot::Base => self.base.1,
        }
    }

    pub(super) const fn whole_mut(&mut self, of: Snapshot) -> &mut Whole {
        match of {
            Snapshot::Checkpoint => &mut self.checkpoint.1,
            Snapshot::Base => &mut self.base.1,
        }
    }

    /// The epochs from `from` on that must be there.
    pub(super) fn epochs(&self, from: u64) -> Option<RangeInclusive<u64>> {
        self.epochs.map(|(first, last)| first.max(from)..=last)
    }

    pub(super) const fn last_epoch(&self) -> Option<u64> {
        match self.epochs {
            Some((_, last)) => Some(last),
            None => None,
        }
    }

    /// The bounds after `batch`, or why it may not follow. `ends_a_frame` says whether a stored frame ends at a sequence.
    pub(super) fn after(
        &self,
        batch: &Batch,
        ends_a_frame: impl Fn(u64) -> Result<bool, StoreError>,
    ) -> Result<Self, StoreError> {
        let mut next = *self;
        for frame in &batch.frames {
            if next.last.checked_add(1) != Some(frame.first) || frame.last < frame.first {
                let (first, last, end) = (frame.first, frame.last, next.last);
                return Err(out_of_order(format!("frame {first} to {last} comes after {end}")));
            }
            next.last = frame.last;
        }
        for (epoch, _) in &batch.heads {
            next.epochs = match next.epochs {
                None => Some((*epoch, *epoch)),
                Some((first, last)) if last.checked_add(1) == Some(*epoch) => Some((first, *epoch)),
                Some((_, last)) => {
                    return Err(out_of_order(format!("the head of epoch {epoch} comes after {last}")));
                }
            };
        }
        if let Some(change) = &batch.checkpoint {
            next.checkpoint.0 = moved("checkpoint", next.checkpoint.0, change, next.last)?;
        }
        if let Some(fold) = &batch.fold {
            let through = moved("base", next.base.0, &fold.base, next.checkpoint.0)?;
            let in_batch = batch.frames.iter().any(|frame| frame.last == through);
            if through != next.base.0 && !in_batch && !ends_a_frame(through)? {
                return Err(out_of_order(format!("no frame ends at {through}, to which it folds")));
            }
            next.base.0 = through;
            if let Some((first, last)) = &mut next.epochs {
                if fold.through_epoch > *last {
                    let epoch = fold.through_epoch;
                    return Err(out_of_order(format!("it folds through epoch {epoch} beyond {last}")));
                }
                *first = fold.through_epoch.max(*first);
            }
        }
        Ok(next)
    }
}

/// Where a snapshot stands after `change`: not before `from` and not beyond `end`.
fn moved(which: &str, from: u64, change: &Change, end: u64) -> Result<u64, StoreError> {
    if (from..=end).contains(&change.through) {
        return Ok(change.through);
    }
    Err(out_of_order(format!("the {which} moves to {}, outside of {from} to {end}", change.through)))
}

fn out_of_order(what: String) -> StoreError {
    StoreError::OutOfOrder { what }
}
