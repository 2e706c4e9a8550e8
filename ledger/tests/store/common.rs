//! Content to compare, and histories to write.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use maxwell_ledger::store::{Batch, Change, Fold, Frame, Mark, Snapshot, Store, StoreError};

pub(crate) use crate::people::dice::Dice;

/// Everything in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) genesis: Vec<u8>,
    pub(crate) last: u64,
    pub(crate) marks: [Mark; 2],
    pub(crate) accounts: [BTreeMap<u32, Vec<u8>>; 2],
    pub(crate) frames: Vec<Frame>,
    pub(crate) heads: Vec<(u64, Vec<u8>)>,
}

/// Reads everything.
pub(crate) fn content(store: &dyn Store) -> Result<Content, StoreError> {
    let mut content =
        Content { genesis: store.genesis()?, last: store.last_sequence(), ..Content::default() };
    for (at, of) in [Snapshot::Checkpoint, Snapshot::Base].into_iter().enumerate() {
        content.marks[at] = store.mark(of)?;
        store.accounts(of, &mut |index, bytes| {
            content.accounts[at].insert(index, bytes.to_vec());
            ControlFlow::Continue(())
        })?;
    }
    content.frames = frames(store, 0)?;
    content.heads = heads(store, 0)?;
    assert_eq!(store.last_head()?, content.heads.last().cloned());
    Ok(content)
}

pub(crate) fn frames(store: &dyn Store, from: u64) -> Result<Vec<Frame>, StoreError> {
    let mut frames = Vec::new();
    store.frames(from, &mut |frame| {
        frames.push(Frame { first: frame.first, last: frame.last, bytes: frame.bytes.to_vec() });
        ControlFlow::Continue(())
    })?;
    Ok(frames)
}

pub(crate) fn heads(store: &dyn Store, from: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let mut heads = Vec::new();
    store.heads(from, &mut |epoch, bytes| {
        heads.push((epoch, bytes.to_vec()));
        ControlFlow::Continue(())
    })?;
    Ok(heads)
}

/// Makes batches that follow on each other: frames always, the rest now and then.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) dice: Dice,
    ends: Vec<u64>,
    epoch: u64,
    checkpoint: u64,
}

impl History {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), ends: Vec::new(), epoch: 0, checkpoint: 0 }
    }

    pub(crate) fn next(&mut self) -> Batch {
        let mut batch = Batch::default();
        for _ in 0..=self.dice.below(2) {
            let first = self.ends.last().unwrap_or(&0) + 1;
            let last = first + self.dice.next() % 5;
            // Most are shorter than a page of the engine, and some are longer than two.
            let len_max = if self.dice.below(8) == 0 { 9_000 } else { 500 };
            batch.frames.push(Frame { first, last, bytes: self.dice.bytes(len_max) });
            self.ends.push(last);
        }
        if self.dice.below(2) == 0 {
            self.epoch += 1;
            batch.heads.push((self.epoch, self.dice.bytes(200)));
        }
        if self.dice.below(3) == 0 {
            self.checkpoint = *self.ends.last().expect("a batch has a frame");
            batch.checkpoint = Some(self.change(self.checkpoint));
        }
        if self.dice.below(5) == 0 {
            let until = self.ends.iter().filter(|end| **end <= self.checkpoint).count();
            if until > 0 {
                let through = self.ends.remove(self.dice.below(until));
                self.ends.retain(|end| *end > through);
                // A fold of the very last frame leaves none whose end tells where the next one begins.
                if self.ends.is_empty() {
                    self.ends.push(through);
                } else {
                    let through_epoch = self.epoch.saturating_sub(2);
                    batch.fold = Some(Fold { base: self.change(through), through_epoch });
                }
            }
        }
        batch
    }

    fn change(&mut self, through: u64) -> Change {
        let accounts = 0..self.dice.below(40);
        let accounts = accounts.map(|_| (self.dice.below(500) as u32, self.dice.bytes(150))).collect();
        Change { through, extra: self.dice.bytes(40), accounts }
    }
}

/// A batch of one frame with one sequence in it.
pub(crate) fn one_frame(sequence: u64) -> Batch {
    let bytes = vec![sequence as u8; 400];
    Batch { frames: vec![Frame { first: sequence, last: sequence, bytes }], ..Batch::default() }
}
