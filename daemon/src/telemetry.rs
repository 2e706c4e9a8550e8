//! What a node tells about itself.

use maxwell_core::bounty::Payment;
use maxwell_core::energy::{CpuTime, Shares};
use maxwell_core::event::LogLine;
use maxwell_core::ledger::{Ledger, Totals};
use maxwell_core::population::Population;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::population::standing::Standing;
use maxwell_core::tick::{CellId, Clearing, Quote, Sensed, Transfer, Usage};
use maxwell_core::units::{Microjoules, Moment};

use crate::tariff::TariffNow;

/// Everything about a tick that is over, to look at and not to keep.
#[derive(Clone, Copy)]
pub struct TickReport<'a> {
    /// When the tick ended.
    pub at: Moment,
    /// What the sensors said.
    pub sensed: &'a Sensed,
    /// What the source of the tariff says, and how old it is. Where the quote has another tariff, no price was possible at
    /// this one and the one before holds.
    pub tariff: TariffNow,
    /// Price and supply.
    pub quote: &'a Quote,
    /// Who won.
    pub clearing: &'a Clearing,
    /// What was used.
    pub usages: &'a [Usage],
    /// What was posted, if a billing window ended.
    pub transfers: &'a [Transfer],
    /// Who lives.
    pub population: &'a Population,
    /// Who has what.
    pub ledger: &'a Ledger,
    /// Whose joules.
    pub shares: &'a Shares,
    /// Whose CPU time.
    pub cpu: CpuTime,
    /// Ticks that were left out because the node came too late.
    pub missed: u64,
}

/// The end of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Obituary {
    /// Who ended.
    pub cell: CellId,
    /// When.
    pub at: Moment,
    /// Why.
    pub reason: Reason,
    /// Its whole bill.
    pub bill: Totals,
    /// Joules that it used.
    pub energy: Microjoules,
    /// What its program said last.
    pub last_words: String,
}

/// Takes what a node tells. Called on the node's thread: implementations return at once and, but for endings, do not
/// allocate.
pub trait Telemetry: Send {
    /// A tick is over.
    fn tick(&mut self, report: &TickReport<'_>);

    /// A cell was announced its end.
    fn notified(&mut self, at: Moment, cell: CellId, reason: Reason);

    /// A cell is over.
    fn ended(&mut self, obituary: Obituary);

    /// A cell said something.
    fn said(&mut self, at: Moment, cell: CellId, line: &LogLine);

    /// How the money behind a cell stands has changed. Who shows nothing of it need not listen.
    fn standing(&mut self, _at: Moment, _cell: CellId, _standing: Standing) {}

    /// A claim was concluded and what it prepaid is the host's, or one that was false has cost a stake. Who shows nothing of it need
    /// not listen.
    fn charged(&mut self, _transfer: &Transfer, _cell: CellId) {}

    /// The run is over before the verifier came to a claim on this key: its wallet has the fee back, and the key is leased again by
    /// the next run. Who shows nothing of it need not listen.
    fn given_up(&mut self, _cell: CellId, _key: u64, _fee: Microjoules) {}

    /// A claim on this key was accepted on a stake, without being looked at. Who shows nothing of it need not listen.
    fn trusted(&mut self, _cell: CellId, _key: u64) {}

    /// A payment that was held is cancelled, because another claim of its wallet was false. Who shows nothing of it need not
    /// listen.
    fn cancelled(&mut self, _payment: &Payment) {}

    /// A claim was accepted and paid, and the payment is durable. The cell may be over by now.
    fn paid(&mut self, transfer: &Transfer, payment: &Payment);

    /// A claim on this key did not hold, or was not taken: the cell does not lease the key, its wallet does not cover the fee,
    /// or the verifier has too much to do.
    fn refused(&mut self, cell: CellId, key: u64);
}
