//! The ledger of a home, to be read or to be written.

use std::ops::ControlFlow;
use std::panic;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Error, Result, anyhow, ensure};
use chrono::{DateTime, SecondsFormat};
use maxwell_ledger::account::{Account, AccountName};
use maxwell_ledger::books::Books;
use maxwell_ledger::head::Genesis;
use maxwell_ledger::ledger::{Ledger, LedgerError, play, read_genesis, written};
use maxwell_ledger::store::{RedbStore, Snapshot, Store, StoreError};
use maxwell_ledger::wallet::keyfile;

use crate::home::Home;

/// Opens the ledger to read it. Nothing in the file changes, not even after a crash.
pub(crate) fn read(home: &Home) -> Result<RedbStore> {
    hush_the_engine();
    RedbStore::open_read_only(home.ledger()).map_err(of_store)
}

/// Opens the ledger to write, with the host's key.
pub(crate) fn write(home: &Home) -> Result<Ledger> {
    hush_the_engine();
    home.must_be_private()?;
    let store = RedbStore::open(home.ledger()).map_err(of_store)?;
    let path = home.host_key();
    ensure!(
        path.symlink_metadata().is_ok(),
        "the host's key {} is missing: put it back from a copy; without it this ledger can only be read",
        path.display()
    );
    let host = keyfile::open(&path, || None)?;
    Ledger::open(Box::new(store), host).map_err(|error| of_ledger(home, error))
}

/// The engine may panic on a damaged file. The store turns that into an error, which says it better than the panic's message.
fn hush_the_engine() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if panic.location().is_none_or(|location| !location.file().contains("redb-")) {
            usual(panic);
        }
    }));
}

fn of_store(error: StoreError) -> Error {
    match error {
        StoreError::Missing { file } => anyhow!(
            "there is no ledger at {}: make one with `maxwell ledger init`, or name its folder with --home",
            file.display()
        ),
        other => other.into(),
    }
}

/// An error of this home's ledger, with the file's name where it has none.
pub(crate) fn of_ledger(home: &Home, error: LedgerError) -> Error {
    match error {
        LedgerError::Store(error) => of_store(error),
        other => Error::new(other).context(home.ledger().display().to_string()),
    }
}

/// What the ledger is, with its signature checked.
pub(crate) fn genesis(home: &Home, store: &dyn Store) -> Result<Genesis> {
    Ok(read_genesis(store).map_err(|error| of_ledger(home, error))?.content)
}

/// The books as they are now.
pub(crate) fn now(home: &Home, store: &dyn Store) -> Result<Books> {
    let genesis = genesis(home, store)?;
    let played = written(store, Snapshot::Checkpoint, &genesis).and_then(|mut books| {
        play(store, &mut books, &mut |_, _| Ok(ControlFlow::Continue(())))?;
        Ok(books)
    });
    played.map_err(|error| of_ledger(home, error))
}

/// The account of this name, as an empty one if nothing ever happened to it, and whether the books have it.
pub(crate) fn account(books: &Books, name: AccountName) -> (Account, bool) {
    let found = books.find(&name).map(|index| books.account(index).clone());
    let known = found.is_some();
    (found.unwrap_or_else(|| Account::new(name)), known)
}

/// Now, in milliseconds since 1970. A clock before that says zero.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// A time as people read it, RFC 3339 in UTC.
pub(crate) fn time(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis);
    time.map_or_else(|| format!("{ms} ms"), |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
