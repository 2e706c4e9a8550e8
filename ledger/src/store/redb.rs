//! The real store: one file, kept by redb, an embedded engine of copy-on-write trees.
//!
//! How it is used, and why:
//!
//! - *Two syncs a commit.* With one, the engine finds out after a crash whether the newest commit arrived by looking
//!   whether it is whole, and takes the one before it otherwise. A bit that flips in an acknowledged commit would then
//!   silently take that commit back. With two, a newest commit that is not whole is an error. At ten commits a second
//!   the second sync is cheap.
//! - *The whole file is checked when it is opened*, every page against the checksum in its parent. So nothing is
//!   written into a damaged file, and the allocator's own record need not be trusted nor written with each commit.
//! - *Every value has a checksum of its own* that covers its place, and a record of bounds says what must be there,
//!   because the engine believes its pages from then on.
//! - *Its panics are caught.* On files that it would never write the engine may panic, and that is damage like any
//!   other. The process's panic hook is left alone, so its message is printed as well.

use std::cmp::Ordering;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use maxwell_core::units::Bytes;
use redb::backends::FileBackend;
use redb::{
    AccessGuard, Builder, Database, Key, ReadOnlyTable, ReadableDatabase, StorageBackend, Table,
    TableDefinition, TableError, TableHandle, Value,
};

use super::seal::{Tag, seal, unseal};
use super::state::{State, Whole};
use super::view::View;
use super::{Batch, Change, FrameRef, Mark, Snapshot, Store, StoreError};

/// The format of the file: what the tables are and what is in them. It goes up when an older version could not read
/// what a newer one writes, or the other way round. Since 2 an account says whether it has a bounty, so rows, leaves and heads
/// of 1 are others.
const FORMAT: u64 = 2;

/// How a file of the engine begins.
const ENGINE: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

/// Memory for pages. A restart reads everything once, which no cache helps; a window writes some pages at the end of
/// each tree; half of it holds what a checkpoint of 100,000 accounts has changed.
const CACHE_BYTES: usize = 64 << 20;

/// A checksum and a value.
type Sealed = &'static [u8];

/// Whether a walk goes on, or what ended it.
type Flow = Result<ControlFlow<()>, StoreError>;

/// What there is one of, by name. This table and the record [`FORMAT_KEY`] in it stay as they are in every format.
const RECORDS: TableDefinition<'static, &str, Sealed> = TableDefinition::new("records");
/// Frames by their last sequence; the first one is in the value.
const FRAMES: TableDefinition<'static, u64, Sealed> = TableDefinition::new("frames");
const HEADS: TableDefinition<'static, u64, Sealed> = TableDefinition::new("heads");
const CHECKPOINT: TableDefinition<'static, u32, Sealed> = TableDefinition::new("checkpoint");
const BASE: TableDefinition<'static, u32, Sealed> = TableDefinition::new("base");

const FORMAT_KEY: &str = "format";
const GENESIS_KEY: &str = "genesis";
const STATE_KEY: &str = "state";

const fn table_of(of: Snapshot) -> TableDefinition<'static, u32, Sealed> {
    match of {
        Snapshot::Checkpoint => CHECKPOINT,
        Snapshot::Base => BASE,
    }
}

/// The record in which a snapshot's mark is kept.
const fn mark_key(of: Snapshot) -> &'static str {
    match of {
        Snapshot::Checkpoint => "checkpoint",
        Snapshot::Base => "base",
    }
}

/// A ledger in one file. It is this process's alone until it is dropped.
#[derive(Debug)]
pub struct RedbStore {
    engine: Database,
    file: PathBuf,
    state: State,
    /// Why nothing more is written.
    stopped: Option<String>,
    read_only: bool,
    /// A stored value on its way into the engine; its memory is kept.
    scratch: Vec<u8>,
}

impl RedbStore {
    /// Creates an empty ledger in a new file that only its owner may read or write. The file and its entry in the folder
    /// are durable on return.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is anything of that name; whatever keeps the file from being made. Nothing is
    /// left behind then.
    pub fn create(file: impl AsRef<Path>, genesis: &[u8]) -> Result<Self, StoreError> {
        let path = file.as_ref();
        let in_system = |error| StoreError::of_system(path, error);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoFolder { file: path.to_owned() },
            _ => in_system(error),
        })?;
        let created = FileBackend::new(file)
            .map_err(|error| StoreError::of_engine(path, error.into()))
            .and_then(|backend| Self::create_on(backend, path, genesis))
            .and_then(|store| sync_folder_of(path).map_err(in_system).map(|()| store));
        if created.is_err() {
            // It was made a moment ago, and there is nothing in it that anybody was promised.
            let _ = fs::remove_file(path);
        }
        created
    }

    /// Opens a ledger to read and write, recovers it if the last process crashed, and checks all of it.
    ///
    /// # Errors
    /// Every variant but [`StoreError::Exists`], [`StoreError::Stopped`] and [`StoreError::OutOfOrder`].
    pub fn open(file: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = file.as_ref();
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|error| StoreError::of_system(path, error))?;
        // The engine notes in every file that it was opened. One that is not for this version stays as it is, unless it
        // was left by a crash and has to be recovered before it shows what it is.
        if let Ok(engine) = caught(path, || builder().open_read_only(path)) {
            is_of_a_known_format(&engine, path)?;
        }
        let backend = FileBackend::new(file).map_err(|error| StoreError::of_engine(path, error.into()))?;
        Self::open_on(backend, path)
    }

    /// Opens a ledger to read it, while nobody writes to it; others may read it too. It is checked as by
    /// [`RedbStore::open`], and nothing in the file changes, not even after a crash.
    ///
    /// # Errors
    /// Those of [`RedbStore::open`].
    pub fn open_read_only(file: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = file.as_ref();
        let file = File::open(path).map_err(|error| StoreError::of_system(path, error))?;
        if file.metadata().is_ok_and(|meta| meta.is_dir()) {
            return Err(StoreError::of_system(path, io::ErrorKind::IsADirectory.into()));
        }
        let view = View::new(file).map_err(|error| StoreError::of_engine(path, error.into()))?;
        Ok(Self { read_only: true, ..Self::open_on(view, path)? })
    }

    /// Creates an empty ledger in anything that the engine can write to. `file` is what errors call it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when it is not empty; whatever keeps it from being written.
    pub fn create_on(backend: impl StorageBackend, file: &Path, genesis: &[u8]) -> Result<Self, StoreError> {
        if backend.len().map_err(|error| StoreError::of_system(file, error))? > 0 {
            return Err(StoreError::Exists { file: file.to_owned() });
        }
        let engine = caught(file, || builder().create_with_backend(backend))?;
        let mut store = Self::of(engine, file);
        let Self { engine, scratch, .. } = &mut store;
        caught(file, || {
            let mut transaction = engine.begin_write()?;
            transaction.set_two_phase_commit(true);
            transaction.open_table(FRAMES)?;
            transaction.open_table(HEADS)?;
            transaction.open_table(CHECKPOINT)?;
            transaction.open_table(BASE)?;
            let mut records = transaction.open_table(RECORDS)?;
            put_record(&mut records, scratch, FORMAT_KEY, &[&FORMAT.to_le_bytes()])?;
            put_record(&mut records, scratch, GENESIS_KEY, &[genesis])?;
            put_record(&mut records, scratch, STATE_KEY, &[&encoded(&State::default())])?;
            for of in [Snapshot::Checkpoint, Snapshot::Base] {
                put_record(&mut records, scratch, mark_key(of), &[&0_u64.to_le_bytes()])?;
            }
            drop(records);
            transaction.commit().map_err(redb::Error::from)
        })?;
        Ok(store)
    }

    /// Opens a ledger in anything that the engine can write to. `file` is what errors call it.
    ///
    /// # Errors
    /// Those of [`RedbStore::open`].
    pub fn open_on(backend: impl StorageBackend, file: &Path) -> Result<Self, StoreError> {
        begins_as_the_engine_would(&backend, file)?;
        let engine = caught(file, || builder().create_with_backend(backend))?;
        let mut store = Self::of(engine, file);
        store.state = store.read_state()?;
        Ok(store)
    }

    fn of(engine: Database, file: &Path) -> Self {
        Self {
            engine,
            file: file.to_owned(),
            state: State::default(),
            stopped: None,
            read_only: false,
            scratch: Vec::new(),
        }
    }

    /// Closes the file and says how that went; dropping the store closes it too. Either way what was committed stays.
    ///
    /// # Errors
    /// Whatever the engine's last writing ran into. The next opening mends it.
    pub fn close(self) -> Result<(), StoreError> {
        caught(&self.file, || self.engine.close())
    }

    /// Sees that the file is a ledger of a known format with all of its tables, and takes its bounds.
    fn read_state(&self) -> Result<State, StoreError> {
        is_of_a_known_format(&self.engine, &self.file)?;
        self.table(FRAMES)?;
        self.table(HEADS)?;
        self.table(CHECKPOINT)?;
        self.table(BASE)?;
        let state = postcard::from_bytes(&record(&self.engine, &self.file, STATE_KEY)?);
        let state: State =
            state.map_err(|error| self.damaged(format!("its bounds are unreadable: {error}")))?;
        for of in [Snapshot::Checkpoint, Snapshot::Base] {
            if self.mark(of)?.through != state.through(of) {
                return Err(self.damaged(format!("the mark and the bounds of its {} differ", mark_key(of))));
            }
        }
        Ok(state)
    }

    fn table<K: Key>(
        &self,
        table: TableDefinition<'static, K, Sealed>,
    ) -> Result<ReadOnlyTable<K, Sealed>, StoreError> {
        caught(&self.file, || Ok::<_, redb::Error>(self.engine.begin_read()?.open_table(table)?))
    }

    fn damaged(&self, what: impl Into<String>) -> StoreError {
        StoreError::damaged(&self.file, what)
    }

    /// Walks a table from `from` on and gives keys, checksums and values. What is said of a value that does not match its
    /// checksum names the table and the key.
    fn walk<K: Number>(
        &self,
        table: TableDefinition<'static, K, Sealed>,
        from: K,
        each: &mut dyn FnMut(K, Tag, &[u8]) -> Flow,
    ) -> Result<(), StoreError> {
        let stored = self.table(table)?;
        let mut rows = caught(&self.file, || stored.range(from..))?;
        // Only the engine's own steps are caught: a panic of `each` is its caller's affair.
        while let Some((key, row)) = caught(&self.file, || {
            let row = rows.next().transpose()?;
            Ok::<_, redb::StorageError>(row.map(|(key, row)| {
                // On a damaged page this is where the engine panics; what works here works again below.
                let _ = row.value();
                (key.value(), row)
            }))
        })? {
            let Some((tag, value)) = unseal(row.value(), table.name(), key.bytes().as_ref()) else {
                return Err(self.damaged(format!("{} {key} does not match its checksum", table.name())));
            };
            if each(key, tag, value)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Store for RedbStore {
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if let Some(why) = &self.stopped {
            return Err(StoreError::Stopped { file: self.file.clone(), why: why.clone() });
        }
        if self.read_only {
            return Err(StoreError::ReadOnly { file: self.file.clone(), why: "it was opened only to read" });
        }
        let next = self.state.after(batch, |sequence| {
            let frames = self.table(FRAMES)?;
            caught(&self.file, || Ok::<_, redb::Error>(frames.get(sequence)?.is_some()))
        })?;
        if batch.is_empty() {
            return Ok(());
        }
        let Self { engine, file, scratch, .. } = self;
        match caught(file, || write(engine, scratch, batch, next)) {
            Ok(state) => self.state = state,
            Err(error) => {
                self.stopped = Some(error.to_string());
                return Err(error);
            }
        }
        Ok(())
    }

    fn genesis(&self) -> Result<Vec<u8>, StoreError> {
        record(&self.engine, &self.file, GENESIS_KEY)
    }

    fn last_sequence(&self) -> u64 {
        self.state.last
    }

    fn mark(&self, of: Snapshot) -> Result<Mark, StoreError> {
        let record = record(&self.engine, &self.file, mark_key(of))?;
        let Some((through, extra)) = record.split_first_chunk() else {
            return Err(self.damaged(format!("the mark of its {} is too short", mark_key(of))));
        };
        Ok(Mark { through: u64::from_le_bytes(*through), extra: extra.to_vec() })
    }

    fn accounts(
        &self,
        of: Snapshot,
        each: &mut dyn FnMut(u32, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut found = Whole::default();
        let mut broken = false;
        self.walk(table_of(of), 0, &mut |index, tag, value| {
            found.put(tag, None);
            let flow = each(index, value);
            broken = flow.is_break();
            Ok(flow)
        })?;
        if !broken && found != self.state.whole(of) {
            return Err(self.damaged(format!("accounts of its {} are missing or out of date", mark_key(of))));
        }
        Ok(())
    }

    fn frames(
        &self,
        from: u64,
        each: &mut dyn FnMut(FrameRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        // What was folded away went as whole frames, so the first one that is left begins right behind it.
        let folded = self.state.through(Snapshot::Base);
        let before = folded.max(from.saturating_sub(1));
        let missing = |sequence| self.damaged(format!("the frame with sequence {sequence} is missing"));
        let (mut shown, mut broken) = (None, false);
        self.walk(FRAMES, from, &mut |last, _, value| {
            let Some((first, bytes)) = value.split_first_chunk() else {
                return Err(self.damaged(format!("frame {last} is too short")));
            };
            let first = u64::from_le_bytes(*first);
            let follows = match shown {
                Some(end) => first == end + 1,
                None => first > folded && first <= before + 1,
            };
            if !follows {
                return Err(missing(shown.unwrap_or(before) + 1));
            }
            shown = Some(last);
            let flow = each(FrameRef { first, last, bytes });
            broken = flow.is_break();
            Ok(flow)
        })?;
        let end = shown.unwrap_or(before);
        if broken || end >= self.state.last { Ok(()) } else { Err(missing(end + 1)) }
    }

    fn heads(
        &self,
        from: u64,
        each: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut expected = self.state.epochs(from).into_iter().flatten();
        let missing = |epoch| self.damaged(format!("the head of epoch {epoch} is missing"));
        let mut broken = false;
        self.walk(HEADS, from, &mut |epoch, _, value| {
            match expected.next() {
                Some(next) if next == epoch => {}
                next => return Err(missing(next.unwrap_or(epoch))),
            }
            let flow = each(epoch, value);
            broken = flow.is_break();
            Ok(flow)
        })?;
        match expected.next() {
            Some(epoch) if !broken => Err(missing(epoch)),
            _ => Ok(()),
        }
    }

    fn last_head(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let mut head = None;
        if let Some(last) = self.state.last_epoch() {
            self.heads(last, &mut |epoch, bytes| {
                head = Some((epoch, bytes.to_vec()));
                ControlFlow::Continue(())
            })?;
        }
        Ok(head)
    }

    fn size(&self) -> Result<Bytes, StoreError> {
        let meta = fs::metadata(&self.file).map_err(|error| StoreError::of_system(&self.file, error))?;
        Ok(Bytes(meta.len()))
    }
}

/// Numbers as keys.
trait Number: Key + Copy + fmt::Display + for<'a> Value<SelfType<'a> = Self> + 'static {
    /// The key as the checksum sees it.
    fn bytes(self) -> impl AsRef<[u8]>;
}

impl Number for u32 {
    fn bytes(self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

impl Number for u64 {
    fn bytes(self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder
}

/// Runs a piece of the engine. A panic in it is damage.
fn caught<T, E: Into<redb::Error>>(file: &Path, run: impl FnOnce() -> Result<T, E>) -> Result<T, StoreError> {
    // Whatever the panic left half done is the engine's, which drops it when its transaction ends.
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|error| StoreError::of_engine(file, error.into())),
        Err(panic) => Err(StoreError::of_panic(file, &*panic)),
    }
}

/// Refuses what the engine would take for an empty file and begin anew, and names what is not its own.
fn begins_as_the_engine_would(backend: &impl StorageBackend, file: &Path) -> Result<(), StoreError> {
    let in_system = |error| StoreError::of_system(file, error);
    let not_a_ledger = |what| StoreError::NotALedger { file: file.to_owned(), what };
    let len = backend.len().map_err(in_system)?;
    let mut begin = [0; ENGINE.len()];
    match len {
        0 => return Err(not_a_ledger("an empty file")),
        len if len < begin.len() as u64 => return Err(not_a_ledger("a file of a few bytes")),
        _ => backend.read(0, &mut begin).map_err(in_system)?,
    }
    if begin == ENGINE { Ok(()) } else { Err(not_a_ledger("a file that begins differently")) }
}

/// Sees that the file is a ledger, and one that this version can read.
fn is_of_a_known_format(engine: &impl ReadableDatabase, file: &Path) -> Result<(), StoreError> {
    match caught(file, || Ok::<_, redb::Error>(engine.begin_read()?.open_table(RECORDS)))? {
        Ok(_) => {}
        Err(TableError::TableDoesNotExist(_)) => {
            let what = "the file of another program that uses the same engine";
            return Err(StoreError::NotALedger { file: file.to_owned(), what });
        }
        Err(error) => return Err(StoreError::of_engine(file, error.into())),
    }
    let format = record(engine, file, FORMAT_KEY)?;
    let format = format.try_into().map(u64::from_le_bytes);
    let found = format.map_err(|_| StoreError::damaged(file, "its format is not a number"))?;
    match found.cmp(&FORMAT) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StoreError::Newer { file: file.to_owned(), found, known: FORMAT }),
        Ordering::Less if found == 0 => Err(StoreError::damaged(file, "there never was a format 0")),
        Ordering::Less => Err(StoreError::Older { file: file.to_owned(), found, known: FORMAT }),
    }
}

/// The value of a record.
fn record(engine: &impl ReadableDatabase, file: &Path, key: &str) -> Result<Vec<u8>, StoreError> {
    let value = caught(file, || {
        let stored = engine.begin_read()?.open_table(RECORDS)?.get(key)?;
        Ok::<_, redb::Error>(stored.map(|stored| {
            let value = unseal(stored.value(), RECORDS.name(), key.as_bytes());
            value.map(|(_, value)| value.to_vec())
        }))
    })?;
    let value = value.ok_or_else(|| StoreError::damaged(file, format!("its {key} is missing")))?;
    value.ok_or_else(|| StoreError::damaged(file, format!("its {key} does not match its checksum")))
}

/// Makes the entry of a new file durable.
fn sync_folder_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn encoded(state: &State) -> Vec<u8> {
    postcard::to_stdvec(state).expect("a few numbers always encode")
}

/// Writes a batch and gives the bounds behind it, from those that `next` foresees and the accounts that it counts.
fn write(
    engine: &Database,
    scratch: &mut Vec<u8>,
    batch: &Batch,
    mut next: State,
) -> Result<State, redb::Error> {
    let mut transaction = engine.begin_write()?;
    transaction.set_two_phase_commit(true);
    {
        let mut records = transaction.open_table(RECORDS)?;
        let mut frames = transaction.open_table(FRAMES)?;
        let mut heads = transaction.open_table(HEADS)?;
        for frame in &batch.frames {
            let parts = [&frame.first.to_le_bytes(), frame.bytes.as_slice()];
            seal(scratch, FRAMES.name(), &frame.last.to_le_bytes(), &parts);
            frames.insert(frame.last, scratch.as_slice())?;
        }
        for (epoch, bytes) in &batch.heads {
            seal(scratch, HEADS.name(), &epoch.to_le_bytes(), &[bytes]);
            heads.insert(*epoch, scratch.as_slice())?;
        }
        let checkpoint = batch.checkpoint.as_ref().map(|change| (Snapshot::Checkpoint, change));
        let base = batch.fold.as_ref().map(|fold| (Snapshot::Base, &fold.base));
        for (of, change) in checkpoint.into_iter().chain(base) {
            let mut table = transaction.open_table(table_of(of))?;
            put_accounts(&mut table, scratch, table_of(of).name(), change, next.whole_mut(of))?;
            let mark = [&change.through.to_le_bytes(), change.extra.as_slice()];
            put_record(&mut records, scratch, mark_key(of), &mark)?;
        }
        if let Some(fold) = &batch.fold {
            frames.retain_in(..=fold.base.through, |_, _| false)?;
            heads.retain_in(..fold.through_epoch, |_, _| false)?;
        }
        put_record(&mut records, scratch, STATE_KEY, &[&encoded(&next)])?;
    }
    transaction.commit()?;
    Ok(next)
}

fn put_accounts(
    table: &mut Table<'_, u32, Sealed>,
    scratch: &mut Vec<u8>,
    name: &str,
    change: &Change,
    whole: &mut Whole,
) -> Result<(), redb::Error> {
    for (index, bytes) in &change.accounts {
        let tag = seal(scratch, name, &index.to_le_bytes(), &[bytes]);
        let old: Option<AccessGuard<'_, Sealed>> = table.insert(index, scratch.as_slice())?;
        let old = match &old {
            Some(stored) => Some(*stored.value().first_chunk().ok_or_else(|| {
                redb::Error::Corrupted(format!("account {index} of the {name} is too short"))
            })?),
            None => None,
        };
        whole.put(tag, old);
    }
    Ok(())
}

fn put_record(
    records: &mut Table<'_, &str, Sealed>,
    scratch: &mut Vec<u8>,
    key: &str,
    parts: &[&[u8]],
) -> Result<(), redb::Error> {
    seal(scratch, RECORDS.name(), key.as_bytes(), parts);
    records.insert(key, scratch.as_slice())?;
    Ok(())
}
