//! A program's requests on their way to the main loop, within the limits of a quantum.

use std::sync::mpsc::SyncSender;

use maxwell_core::event::{Event, Request};
use maxwell_core::limits::{REFUSALS_PER_QUANTUM_MAX, REQUESTS_PER_QUANTUM_MAX};
use maxwell_core::tick::CellId;

use crate::leases::Leases;

/// The one way out of a cell: its requests, stamped with its name, counted per quantum.
#[derive(Debug)]
pub(crate) struct Requests {
    cell: CellId,
    events: SyncSender<Event>,
    quantum: u32,
    made: u32,
    refused: u32,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The main loop has it.
    Accepted,
    /// Refused for now.
    Busy,
}

impl Requests {
    /// Requests of `cell` go into `events`.
    pub(crate) fn new(cell: CellId, events: SyncSender<Event>) -> Self {
        Self { cell, events, quantum: 0, made: 0, refused: 0 }
    }

    /// Limits begin anew when the number of the quantum is another.
    pub(crate) fn in_quantum(&mut self, quantum: u32) -> &mut Self {
        if self.quantum != quantum {
            (self.quantum, self.made, self.refused) = (quantum, 0, 0);
        }
        self
    }

    /// Sends a request. One over the limit, or to a queue that is full, is refused; never waits.
    pub(crate) fn send(&mut self, request: Request) -> Sent {
        if self.made >= REQUESTS_PER_QUANTUM_MAX {
            return Sent::Busy;
        }
        match self.events.try_send(Event::Request { cell: self.cell, request }) {
            Ok(()) => {
                self.made += 1;
                Sent::Accepted
            }
            Err(_) => Sent::Busy,
        }
    }

    /// Counts a refusal. The number of them, if it is more than a program may have in one quantum: it is flooding.
    pub(crate) fn refused(&mut self) -> Option<u32> {
        self.refused += 1;
        (self.refused > REFUSALS_PER_QUANTUM_MAX).then_some(self.refused)
    }

    /// Asks for a lease.
    pub(crate) fn ask(&mut self, leases: &Leases) -> Sent {
        leases.asking();
        let sent = self.send(Request::Lease);
        if sent == Sent::Busy {
            leases.not_asked();
        }
        sent
    }

    /// Asks for as many leases ahead as there is room for. Not being able to is no refusal: the program has not asked.
    pub(crate) fn ask_ahead(&mut self, leases: &Leases) {
        while leases.has_room() && self.ask(leases) == Sent::Accepted {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn a_quantum_has_a_limit_and_the_next_begins_anew() {
        let (events, _queue) = sync_channel(1_000);
        let mut requests = Requests::new(CellId(1), events);
        let sent = |requests: &mut Requests| {
            (0..100).filter(|_| requests.send(Request::Lease) == Sent::Accepted).count()
        };
        assert_eq!(sent(requests.in_quantum(1)), REQUESTS_PER_QUANTUM_MAX as usize);
        assert_eq!(sent(requests.in_quantum(1)), 0);
        assert_eq!(sent(requests.in_quantum(2)), REQUESTS_PER_QUANTUM_MAX as usize);
    }

    #[test]
    fn a_full_queue_refuses_and_very_many_refusals_are_a_flood() {
        let (events, _queue) = sync_channel(1);
        let mut requests = Requests::new(CellId(1), events);
        assert_eq!(requests.send(Request::Lease), Sent::Accepted);
        assert_eq!(requests.send(Request::Lease), Sent::Busy);
        let refused = (0..REFUSALS_PER_QUANTUM_MAX).find_map(|_| requests.refused());
        assert_eq!(refused, None);
        assert_eq!(requests.refused(), Some(REFUSALS_PER_QUANTUM_MAX + 1));
    }
}
