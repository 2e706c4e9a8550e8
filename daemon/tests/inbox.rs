//! The main loop's queue: what it hands out, and in which order.

use maxwell_core::bounty::claim::Which;
use maxwell_core::event::{Event, Request, Stop};
use maxwell_core::limits::{EVENTS_MAX, EVENTS_PER_TICK_MAX};
use maxwell_core::tick::CellId;
use maxwell_core::units::Moment;
use maxwell_daemon::inbox::{Inbox, StopSwitch};

const LEASE: Event = Event::Request { cell: CellId(1), request: Request::Lease(Which::Primes) };

#[test]
fn a_flood_of_events_cannot_postpone_a_tick() {
    let mut inbox = Inbox::new(StopSwitch::default(), None);
    let sender = inbox.sender();
    while sender.try_send(LEASE).is_ok() {}
    for _ in 0..EVENTS_MAX / EVENTS_PER_TICK_MAX {
        for _ in 0..EVENTS_PER_TICK_MAX {
            assert_eq!(inbox.next(Moment(0)), LEASE);
        }
        assert_eq!(inbox.next(Moment(0)), Event::Tick);
    }
    assert_eq!(inbox.next(Moment(0)), Event::Tick, "the queue is empty again");
}

#[test]
fn what_does_not_fit_is_refused_and_not_queued() {
    let inbox = Inbox::new(StopSwitch::default(), None);
    let sender = inbox.sender();
    let taken = (0..2 * EVENTS_MAX).filter(|_| sender.try_send(LEASE).is_ok()).count();
    assert_eq!(taken, EVENTS_MAX);
}

#[test]
fn the_run_ends_when_its_time_is_over_and_not_before() {
    let mut inbox = Inbox::new(StopSwitch::default(), Some(Moment(100)));
    assert_eq!(inbox.next(Moment(99)), Event::Tick);
    assert_eq!(inbox.next(Moment(100)), Event::Stop(Stop::Elapsed));
}

#[test]
fn the_switch_stops_the_run_from_another_thread() {
    let switch = StopSwitch::default();
    let mut inbox = Inbox::new(switch.clone(), None);
    std::thread::scope(|scope| scope.spawn(|| switch.output_lost()).join()).expect("it ends");
    assert_eq!(inbox.next(Moment(0)), Event::Stop(Stop::OutputLost));
    switch.interrupt_flag().store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(inbox.next(Moment(0)), Event::Stop(Stop::Interrupted), "the operator's word comes first");
}
