//! A program's requests on their way to the main loop, within the limits of a quantum.

use std::sync::mpsc::SyncSender;

use maxwell_api::abi;
use maxwell_core::bounty::claim::{Answer, Which};
use maxwell_core::bounty::terms::BountyId;
use maxwell_core::event::{Event, Request};
use maxwell_core::limits::{PRICE_MAX, REFUSALS_PER_QUANTUM_MAX, REQUESTS_PER_QUANTUM_MAX, SLOTS_MAX};
use maxwell_core::tick::CellId;
use maxwell_core::units::Microjoules;

use crate::leases::{Leases, Next};

/// The one way out of a cell: its requests, stamped with its name, counted per quantum.
#[derive(Debug)]
pub(crate) struct Requests {
    cell: CellId,
    events: SyncSender<Event>,
    quantum: u32,
    made: u32,
    refused: u32,
}

/// A program went on after very many refusals: it is flooding and is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "limit reached: {refused} requests were refused in one quantum; a program that is told \"busy\" should wait for a later quantum"
)]
pub(crate) struct Flooding {
    /// Requests refused in the quantum.
    pub(crate) refused: u32,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The main loop has it.
    Accepted,
    /// Refused for now.
    Busy,
}

/// The request that `set_bid` makes; `None` if an argument is out of range.
pub(crate) fn order(limit_uj: i64, slots: i32) -> Option<Request> {
    let slots = u16::try_from(slots).ok().filter(|&slots| slots <= SLOTS_MAX)?;
    let limit = Microjoules(limit_uj);
    (0..=PRICE_MAX.0).contains(&limit_uj).then_some(Request::Order { limit, slots, last_tick: None })
}

/// The request that `claim` makes; `None` if an argument is out of range.
pub(crate) fn claim(range: i64, count: i32, sum: i64) -> Option<Request> {
    let range = u64::try_from(range).ok().filter(|&range| range < abi::RANGE_MAX)?;
    let (count, sum) = (u32::try_from(count).ok()?, u64::try_from(sum).ok()?);
    Some(Request::Claim { which: Which::Primes, key: range, answer: Answer::of_primes(count, sum) })
}

/// The request that `claim_of` makes; `None` if an argument is out of range.
pub(crate) fn claim_of(bounty: i64, key: i64, answer: &[u8]) -> Option<Request> {
    let (which, key) = (named(bounty)?, u64::try_from(key).ok()?);
    Some(Request::Claim { which, key, answer: Answer::new(answer)? })
}

fn named(bounty: i64) -> Option<Which> {
    u64::try_from(bounty).ok().map(|bounty| Which::Named(BountyId(bounty)))
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

    /// Passes a request to the main loop, if the quantum's limit and its queue allow; `None` is one that is invalid.
    /// The status of the agent's interface.
    ///
    /// # Errors
    /// Too many refusals.
    pub(crate) fn submit(&mut self, request: Option<Request>) -> Result<i32, Flooding> {
        match request.map(|request| self.send(request)) {
            Some(Sent::Accepted) => Ok(abi::OK),
            Some(Sent::Busy) => self.refuse(abi::E_BUSY),
            None => self.refuse(abi::E_INVALID),
        }
    }

    /// Refuses with `status`, and counts it.
    ///
    /// # Errors
    /// Too many refusals.
    pub(crate) fn refuse(&mut self, status: i32) -> Result<i32, Flooding> {
        self.refused += 1;
        let refused = self.refused;
        if refused > REFUSALS_PER_QUANTUM_MAX { Err(Flooding { refused }) } else { Ok(status) }
    }

    /// What `lease` returns, which is "busy" where a key may come later, and asks for more of them ahead. `None` while the answer is on its way.
    ///
    /// # Errors
    /// Too many refusals.
    pub(crate) fn lease(&mut self, leases: &Leases) -> Result<Option<i64>, Flooding> {
        loop {
            match leases.take() {
                Next::Range(range) => {
                    self.ask_ahead(leases);
                    return Ok(Some(range as i64));
                }
                Next::Gone => return Ok(Some(i64::from(abi::E_GONE))),
                Next::Wait => return Ok(None),
                Next::Ask if self.ask(leases) == Sent::Accepted => self.ask_ahead(leases),
                Next::Ask | Next::Later => {
                    return self.refuse(abi::E_BUSY).map(|status| Some(i64::from(status)));
                }
            }
        }
    }

    /// What `lease_of` returns. `None` while the answer is on its way.
    ///
    /// # Errors
    /// Too many refusals.
    pub(crate) fn lease_of(&mut self, leases: &Leases, bounty: i64) -> Result<Option<i64>, Flooding> {
        match leases.take_named() {
            Next::Range(key) => return Ok(Some(key as i64)),
            Next::Gone => return Ok(Some(i64::from(abi::E_GONE))),
            Next::Later => return self.refuse(abi::E_BUSY).map(|status| Some(i64::from(status))),
            Next::Wait => return Ok(None),
            Next::Ask => {}
        }
        let Some(which) = named(bounty) else {
            return self.refuse(abi::E_INVALID).map(|status| Some(i64::from(status)));
        };
        // Said before it is sent, so that no answer comes too early.
        leases.asking_named(true);
        if self.send(Request::Lease(which)) == Sent::Accepted {
            return Ok(None);
        }
        leases.asking_named(false);
        self.refuse(abi::E_BUSY).map(|status| Some(i64::from(status)))
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

    /// Asks for a lease.
    pub(crate) fn ask(&mut self, leases: &Leases) -> Sent {
        leases.asking();
        let sent = self.send(Request::Lease(Which::Primes));
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

    use maxwell_core::bounty::NoKey;

    use super::*;
    use crate::cell::Reply;

    const LEASE: Request = Request::Lease(Which::Primes);

    #[test]
    fn a_quantum_has_a_limit_and_the_next_begins_anew() {
        let (events, _queue) = sync_channel(1_000);
        let mut requests = Requests::new(CellId(1), events);
        let sent =
            |requests: &mut Requests| (0..100).filter(|_| requests.send(LEASE) == Sent::Accepted).count();
        assert_eq!(sent(requests.in_quantum(1)), REQUESTS_PER_QUANTUM_MAX as usize);
        assert_eq!(sent(requests.in_quantum(1)), 0);
        assert_eq!(sent(requests.in_quantum(2)), REQUESTS_PER_QUANTUM_MAX as usize);
    }

    #[test]
    fn a_full_queue_refuses_and_very_many_refusals_are_a_flood() {
        let (events, _queue) = sync_channel(1);
        let mut requests = Requests::new(CellId(1), events);
        assert_eq!(requests.send(LEASE), Sent::Accepted);
        assert_eq!(requests.send(LEASE), Sent::Busy);
        for _ in 0..REFUSALS_PER_QUANTUM_MAX / 2 {
            assert_eq!(requests.submit(Some(LEASE)), Ok(abi::E_BUSY));
            assert_eq!(requests.submit(None), Ok(abi::E_INVALID));
        }
        let refused = REFUSALS_PER_QUANTUM_MAX + 1;
        assert_eq!(requests.submit(None), Err(Flooding { refused }));
    }

    #[test]
    fn a_program_is_told_to_ask_again_while_its_wallet_has_its_share() {
        let (events, queue) = sync_channel(1_000);
        let (mut requests, leases) = (Requests::new(CellId(1), events), Leases::default());
        assert_eq!(requests.lease(&leases), Ok(None));
        for _ in queue.try_iter() {
            leases.answer(Reply::NoLease(NoKey::Later));
        }
        assert_eq!(requests.lease(&leases), Ok(Some(i64::from(abi::E_BUSY))));
        assert_eq!(requests.lease(&leases), Ok(None), "it is asked for again");
        assert_eq!(requests.lease_of(&leases, 3), Ok(None));
        leases.answer(Reply::Named(Err(NoKey::Later)));
        assert_eq!(requests.lease_of(&leases, 3), Ok(Some(i64::from(abi::E_BUSY))));
    }

    #[test]
    fn arguments_out_of_range_make_no_request() {
        assert_eq!(order(7, 0), Some(Request::Order { limit: Microjoules(7), slots: 0, last_tick: None }));
        for (limit_uj, slots) in [(-1, 1), (PRICE_MAX.0 + 1, 1), (1, -1), (1, i32::from(SLOTS_MAX) + 1)] {
            assert_eq!(order(limit_uj, slots), None, "{limit_uj} {slots}");
        }
        let last = abi::RANGE_MAX - 1;
        let answer = Answer::of_primes(1, 2);
        let made = Request::Claim { which: Which::Primes, key: last, answer };
        assert_eq!(claim(last as i64, 1, 2), Some(made));
        for (range, count, sum) in [(-1, 1, 1), (abi::RANGE_MAX as i64, 1, 1), (1, -1, 1), (1, 1, -1)] {
            assert_eq!(claim(range, count, sum), None, "{range} {count} {sum}");
        }
        let which = Which::Named(BountyId(3));
        let answer = Answer::new(b"x").unwrap();
        assert_eq!(claim_of(3, 4, b"x"), Some(Request::Claim { which, key: 4, answer }));
        for (bounty, key, answer) in [(-1, 4, &b"x"[..]), (3, -4, b"x"), (3, 4, b""), (3, 4, &[0; 65])] {
            assert_eq!(claim_of(bounty, key, answer), None, "{bounty} {key} {answer:?}");
        }
    }
}
