//! A store without a disk, for simulations and tests. A clone of it is what a crash would leave.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use maxwell_core::units::Bytes;

use super::state::State;
use super::{Batch, Change, FrameRef, Mark, Snapshot, Store, StoreError};

/// Everything in sorted maps. It keeps the order that a file would keep, and loses everything at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryStore {
    genesis: Vec<u8>,
    state: State,
    /// First sequence and bytes by last sequence.
    frames: BTreeMap<u64, (u64, Vec<u8>)>,
    heads: BTreeMap<u64, Vec<u8>>,
    checkpoint: Table,
    base: Table,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Table {
    mark: Mark,
    accounts: BTreeMap<u32, Vec<u8>>,
}

impl Table {
    fn change(&mut self, change: &Change) {
        self.mark = Mark { through: change.through, extra: change.extra.clone() };
        self.accounts.extend(change.accounts.iter().cloned());
    }

    fn bytes(&self) -> usize {
        self.mark.extra.len() + self.accounts.values().map(Vec::len).sum::<usize>()
    }
}

impl MemoryStore {
    /// An empty ledger.
    pub fn create(genesis: &[u8]) -> Self {
        Self { genesis: genesis.to_vec(), ..Self::default() }
    }

    const fn table(&self, of: Snapshot) -> &Table {
        match of {
            Snapshot::Checkpoint => &self.checkpoint,
            Snapshot::Base => &self.base,
        }
    }
}

impl Store for MemoryStore {
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.state = self.state.after(batch, |sequence| Ok(self.frames.contains_key(&sequence)))?;
        for frame in &batch.frames {
            self.frames.insert(frame.last, (frame.first, frame.bytes.clone()));
        }
        self.heads.extend(batch.heads.iter().cloned());
        if let Some(change) = &batch.checkpoint {
            self.checkpoint.change(change);
        }
        if let Some(fold) = &batch.fold {
            self.base.change(&fold.base);
            self.frames.retain(|last, _| *last > fold.base.through);
            self.heads.retain(|epoch, _| *epoch >= fold.through_epoch);
        }
        Ok(())
    }

    fn genesis(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.genesis.clone())
    }

    fn last_sequence(&self) -> u64 {
        self.state.last
    }

    fn mark(&self, of: Snapshot) -> Result<Mark, StoreError> {
        Ok(self.table(of).mark.clone())
    }

    fn accounts(
        &self,
        of: Snapshot,
        each: &mut dyn FnMut(u32, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let _ = self.table(of).accounts.iter().try_for_each(|(index, bytes)| each(*index, bytes));
        Ok(())
    }

    fn frames(
        &self,
        from: u64,
        each: &mut dyn FnMut(FrameRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut frames = self.frames.range(from..);
        let _ = frames
            .try_for_each(|(last, (first, bytes))| each(FrameRef { first: *first, last: *last, bytes }));
        Ok(())
    }

    fn heads(
        &self,
        from: u64,
        each: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let _ = self.heads.range(from..).try_for_each(|(epoch, bytes)| each(*epoch, bytes));
        Ok(())
    }

    fn last_head(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        Ok(self.heads.last_key_value().map(|(epoch, bytes)| (*epoch, bytes.clone())))
    }

    fn size(&self) -> Result<Bytes, StoreError> {
        let frames = self.frames.values().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let heads = self.heads.values().map(Vec::len).sum::<usize>();
        let tables = self.checkpoint.bytes() + self.base.bytes();
        Ok(Bytes((self.genesis.len() + frames + heads + tables) as u64))
    }
}
