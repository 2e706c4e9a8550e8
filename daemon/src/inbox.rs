//! What wakes the main loop, one event at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use maxwell_core::event::{Event, Stop};
use maxwell_core::limits::{EVENTS_MAX, EVENTS_PER_TICK_MAX};
use maxwell_core::units::Moment;

/// Tells a running node to stop, from a signal handler or another thread.
#[derive(Clone, Debug, Default)]
pub struct StopSwitch {
    interrupted: Arc<AtomicBool>,
    output_lost: Arc<AtomicBool>,
}

impl StopSwitch {
    /// The flag that a signal handler sets.
    pub fn interrupt_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupted)
    }

    /// Whether the operator asked to stop.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Nobody can read the output any more.
    pub fn output_lost(&self) {
        self.output_lost.store(true, Ordering::Relaxed);
    }

    fn pressed(&self) -> Option<Stop> {
        if self.is_interrupted() {
            return Some(Stop::Interrupted);
        }
        self.output_lost.load(Ordering::Relaxed).then_some(Stop::OutputLost)
    }
}

/// The queue of the main loop. Between two ticks it hands out what has arrived, at most [`EVENTS_PER_TICK_MAX`] events,
/// and then the tick itself.
#[derive(Debug)]
pub struct Inbox {
    sender: SyncSender<Event>,
    events: Receiver<Event>,
    handled: usize,
    switch: StopSwitch,
    ends_at: Option<Moment>,
}

impl Inbox {
    /// An empty queue. The run ends by itself at `ends_at`, if that is given.
    pub fn new(switch: StopSwitch, ends_at: Option<Moment>) -> Self {
        let (sender, events) = sync_channel(EVENTS_MAX);
        Self { sender, events, handled: 0, switch, ends_at }
    }

    /// Where cells and the verifier send their events. Senders must use `try_send` wherever waiting would harm.
    pub fn sender(&self) -> SyncSender<Event> {
        self.sender.clone()
    }

    /// What has arrived, for a run that is over and walks no tick any more.
    pub fn arrived(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// What to do next.
    pub fn next(&mut self, now: Moment) -> Event {
        if self.handled < EVENTS_PER_TICK_MAX
            && let Ok(event) = self.events.try_recv()
        {
            self.handled += 1;
            return event;
        }
        self.handled = 0;
        if let Some(stop) = self.switch.pressed() {
            return Event::Stop(stop);
        }
        if self.ends_at.is_some_and(|end| now >= end) { Event::Stop(Stop::Elapsed) } else { Event::Tick }
    }
}
