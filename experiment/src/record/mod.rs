//! What a run writes down: one row a second and agent, on a thread of its own.
//!
//! ```text
//!   node's thread --Message, never waits--> recording thread --rows, once a second--> CSV
//! ```

mod fold;
mod machine_time;
mod table;
mod telemetry;
mod writer;

pub use fold::{AgentSample, Fold, MarketSample, NodeSample, TickSample};
pub use telemetry::MarketTelemetry;
pub(crate) use writer::say;
pub use writer::{Labels, RecordError, Recorded, Recording, Source};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use maxwell_daemon::telemetry::Obituary;

/// Messages that may wait to be written: a minute of ticks beside the seconds of a full house. Beyond it they are dropped
/// and counted; a slow disk never delays a tick.
const MESSAGES_MAX: usize = 8_192;

/// Something to write down.
#[derive(Clone, Debug)]
pub enum Message {
    /// An agent at the end of a second, by its place; those of a second come before the second itself.
    Agent(usize, AgentSample),
    /// A second is over.
    Second(NodeSample),
    /// A tick is over.
    Tick(TickSample),
    /// An agent is over, by its place.
    Ended(usize, Obituary),
    /// An agent at the end of the run, by its place.
    Last(usize, AgentSample),
}

/// The way to the recording thread.
#[derive(Clone, Debug)]
pub struct Tape {
    messages: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl Tape {
    /// Hands a message over, or drops and counts it if too many wait.
    fn put(&self, message: Message) {
        if self.messages.try_send(message).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
