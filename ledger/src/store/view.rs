//! A file that is only read, under an engine that writes.
//!
//! Before it shows anything the engine checks and, after a crash, recovers a file, and to do so it writes. Here what it
//! writes stays in memory, so that a ledger can be listed and verified on a disk that must not change: with the same
//! checks as at every other opening, and after a crash too.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// Bytes of a piece that is kept in memory once it has been written: the engine's page.
const BLOCK: usize = 4_096;

/// The file, and over it what was written since.
#[derive(Debug)]
pub(super) struct View {
    file: FileBackend,
    over: Mutex<Over>,
}

#[derive(Debug)]
struct Over {
    /// How long the engine thinks the file is.
    len: u64,
    /// How much of the file is still to be seen: less than all of it once it was shortened.
    seen: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl View {
    pub(super) fn new(file: File) -> Result<Self, redb::DatabaseError> {
        let file = FileBackend::new(file)?;
        let len = file.len()?;
        Ok(Self { file, over: Mutex::new(Over { len, seen: len, blocks: BTreeMap::new() }) })
    }

    fn over(&self) -> MutexGuard<'_, Over> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What lies in block `index`.
    fn block(&self, over: &Over, index: u64) -> io::Result<Vec<u8>> {
        if let Some(block) = over.blocks.get(&index) {
            return Ok(block.clone());
        }
        let mut block = vec![0; BLOCK];
        let start = index * BLOCK as u64;
        let seen = over.seen.saturating_sub(start).min(BLOCK as u64) as usize;
        self.file.read(start, &mut block[..seen])?;
        Ok(block)
    }
}

/// Cuts `len` bytes at `offset` into pieces that each lie within a block: the block, where in it, and where in the bytes.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = (at % BLOCK as u64) as usize;
        let piece = done..len.min(done + BLOCK - within);
        done = piece.end;
        (!piece.is_empty()).then_some((at / BLOCK as u64, within, piece))
    })
}

impl StorageBackend for View {
    fn len(&self) -> io::Result<u64> {
        Ok(self.over().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let over = self.over();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > over.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (end, block) = (offset + out.len() as u64, BLOCK as u64);
        if end <= over.seen && over.blocks.range(offset / block..end.div_ceil(block)).next().is_none() {
            return self.file.read(offset, out);
        }
        for (index, within, piece) in pieces(offset, out.len()) {
            let block = self.block(&over, index)?;
            let size = piece.len();
            out[piece].copy_from_slice(&block[within..within + size]);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut over = self.over();
        let (whole, rest) = (len / BLOCK as u64, (len % BLOCK as u64) as usize);
        let mut behind = over.blocks.split_off(&whole);
        if let Some(mut cut) = behind.remove(&whole).filter(|_| rest > 0) {
            cut[rest..].fill(0);
            over.blocks.insert(whole, cut);
        }
        over.seen = over.seen.min(len);
        over.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut over = self.over();
        for (index, within, piece) in pieces(offset, data.len()) {
            let mut block = self.block(&over, index)?;
            block[within..within + piece.len()].copy_from_slice(&data[piece]);
            over.blocks.insert(index, block);
        }
        over.len = over.len.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    /// The engine means to write and asks for the file alone; readers share it with each other and with no writer.
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Write(usize, Vec<u8>),
        Length(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let bytes = prop::collection::vec(any::<u8>(), 1..6_000);
        prop_oneof![
            (0_usize..20_000, bytes).prop_map(|(offset, bytes)| Step::Write(offset, bytes)),
            (0_usize..24_000).prop_map(Step::Length),
        ]
    }

    proptest! {
        #[test]
        fn a_view_reads_like_a_file_that_was_written_and_the_file_stays(
            len in 0_usize..20_000,
            steps in prop::collection::vec(step(), 0..12),
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("file");
            let before = (0..len).map(|at| (at % 251) as u8 + 1).collect::<Vec<_>>();
            fs::write(&path, &before).expect("room");
            let view = View::new(File::open(&path).expect("a file")).expect("a view");
            let mut model = before.clone();
            for step in steps {
                match step {
                    Step::Write(offset, bytes) => {
                        let end = offset + bytes.len();
                        model.resize(model.len().max(end), 0);
                        model[offset..end].copy_from_slice(&bytes);
                        view.write(offset as u64, &bytes).expect("room");
                    }
                    Step::Length(len) => {
                        model.resize(len, 0);
                        view.set_len(len as u64).expect("room");
                    }
                }
                prop_assert_eq!(view.len().expect("a length"), model.len() as u64);
                let mut seen = vec![0; model.len()];
                view.read(0, &mut seen).expect("readable");
                prop_assert!(seen == model, "the view differs");
            }
            prop_assert!(view.read(model.len() as u64, &mut [0]).is_err());
            prop_assert!(fs::read(&path).expect("a file") == before, "the file changed");
        }
    }
}
