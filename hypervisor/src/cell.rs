//! What every cell can do, whatever it is made of.
//!
//! ```text
//!             grant                             program over, or kill
//!   parked <---------> on its slots -----------------------------> over (says Exit once, in its last Usage)
//!      ^      revoke       |  ^
//!      |       park        |  | granted again
//!      +------------- its quantum is over
//! ```
//!
//! A cell runs only from [`Cell::grant`] on and until it has been revoked and not granted again; what it used is asked
//! once after each quantum. Stopping a process costs two system calls and some microseconds of its slot, so a cell that
//! wins again is not stopped in between: [`Cell::revoke`] says that the quantum is over and [`Cell::park`], which comes
//! when the next auction has gone to others, that it has to stop if it has not yet. Nothing here knows money: a cell is
//! told prices and its balance to pass them on to its program, and that is all.

use std::sync::mpsc::SyncSender;

use maxwell_core::bounty::NoKey;
use maxwell_core::bounty::claim::Which;
use maxwell_core::event::Event;
use maxwell_core::tick::{CellId, SlotSet, Usage};
use maxwell_core::units::{Bytes, Microjoules, Moment, Nanoseconds};

use crate::offers::Offers;

/// Leave to run for one quantum, and the view of the market that the program has while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The slots to run on, one at least. A wasm cell, which is one thread, runs on the first.
    pub slots: SlotSet,
    /// Start of the quantum on the node's clock.
    pub from: Moment,
    /// End of the quantum.
    pub until: Moment,
    /// Reserve price of a quantum.
    pub spot: Microjoules,
    /// Clearing price of the last auction.
    pub clearing: Microjoules,
    /// Free balance of the cell's wallet.
    pub balance: Microjoules,
}

impl Permit {
    /// The time that is granted: the quantum on each of the slots.
    pub fn offered(&self) -> Nanoseconds {
        Nanoseconds(self.until.since(self.from).0 * u64::from(self.slots.count()))
    }
}

/// What a new cell is made from, apart from its program.
#[derive(Clone, Debug)]
pub struct CellConfig {
    /// Its name on the node.
    pub id: CellId,
    /// Arguments of its program, without the program's own name.
    pub args: Vec<String>,
    /// The most memory it may have: linear memory of a wasm cell; of a process cell, all that its processes hold, contents of files
    /// and the kernel's own for it included, where the machine can bound it.
    pub memory_max: Bytes,
    /// The main loop's queue, into which the program's requests go. Sending never blocks: a full queue is "busy".
    pub events: SyncSender<Event>,
}

/// An answer of the main loop to a request that the program waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The range that was leased.
    Leased(u64),
    /// There is nothing to lease, for good or for now.
    NoLease(NoKey),
    /// The key of a bounty that the program named, or why there is none.
    Named(Result<u64, NoKey>),
}

impl Reply {
    /// The answer to a request for a lease.
    pub fn lease(which: Which, key: Result<u64, NoKey>) -> Self {
        match which {
            Which::Primes => key.map_or_else(Self::NoLease, Self::Leased),
            Which::Named(_) => Self::Named(key),
        }
    }
}

/// Announces the end to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Why, as one of the `REASON_*` codes of the agent's interface.
    pub reason: u8,
    /// Wall time that is left at most.
    pub left: Nanoseconds,
}

/// One agent's isolation.
///
/// The owner calls in this order: any number of times `grant`, `revoke`, `usage`, with the others in between and `park`
/// before others are granted its slots; after the `Usage` that carries an exit, or after `kill`, only `last_words` and drop. Dropping a cell ends it.
pub trait Cell: Send {
    /// Lets the program run on `permit.slots` until revoked. Returns at once; a cell on a virtual clock runs here.
    fn grant(&mut self, permit: &Permit);

    /// The quantum is over. Returns at once; the program leaves its slots within microseconds, or at [`Cell::park`] if
    /// that is cheaper for its kind.
    fn revoke(&mut self);

    /// It was not granted again: a program that is still on its slots leaves them now. Returns at once.
    fn park(&mut self) {}

    /// The node is alive, said about twice a second: a failsafe that frees a cell whose node has died or hangs is put
    /// off. Nothing to do for a cell that ends with the node's process.
    fn renew_lease(&mut self) {}

    /// What was used since last asked. `None` if the program has not yet left its slot, which then cannot be sold;
    /// waits for it only a bounded time. Without a grant since last asked: memory held, and an exit if there was one.
    fn usage(&mut self) -> Option<Usage>;

    /// Where its program finds the open bounties, told once and before the first grant. A cell whose program never looks for
    /// them has nothing to do.
    fn show_offers(&mut self, _offers: &Offers) {}

    /// Passes an answer to the program. Answers beyond those asked for are dropped.
    fn reply(&mut self, reply: Reply);

    /// Announces the end; the program finds the notice when it looks.
    fn notify(&mut self, notice: Notice);

    /// Ends the program now. It never runs again; its memory is gone when the cell is dropped.
    fn kill(&mut self);

    /// What the program said last, for explaining its end: trap message, then the tail of its standard error.
    fn last_words(&self) -> String;
}
