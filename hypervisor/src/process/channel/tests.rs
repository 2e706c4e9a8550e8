use std::io::{BufRead, BufReader, ErrorKind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use maxwell_core::bounty::NoKey;
use maxwell_core::bounty::claim::{Answer, Which};
use maxwell_core::bounty::terms::BountyId;
use maxwell_core::limits::{
    LEASES_PER_CELL_MAX, PRICE_MAX, REFUSALS_PER_QUANTUM_MAX, REQUESTS_PER_QUANTUM_MAX, SLOTS_MAX,
};
use maxwell_core::tick::{SlotId, SlotSet};
use maxwell_core::units::{Microjoules, Moment};

use super::*;
use crate::offers::Offer;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

const CELL: CellId = CellId(7);

struct Talk {
    channel: Channel,
    queue: Receiver<Event>,
    program: UnixStream,
    answers: BufReader<UnixStream>,
}

impl Talk {
    fn start() -> Self {
        let (events, queue) = sync_channel(1_000);
        let (channel, end) = Channel::open(CELL, events).unwrap();
        let program = UnixStream::from(end);
        program.set_read_timeout(Some(PATIENCE)).unwrap();
        let answers = BufReader::new(program.try_clone().unwrap());
        let talk = Self { channel, queue, program, answers };
        talk.grant();
        talk
    }

    /// Opens the next quantum.
    fn grant(&self) {
        self.channel.grant(&Permit {
            slots: SlotSet::only(SlotId(0)),
            from: Moment(0),
            until: Moment(10_000_000),
            spot: Microjoules(150),
            clearing: Microjoules(300),
            balance: Microjoules(-5),
        });
    }

    fn say(&mut self, text: impl AsRef<[u8]>) {
        self.program.write_all(text.as_ref()).unwrap();
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn ask(&mut self, line: impl AsRef<[u8]>) -> String {
        self.say(line);
        self.say("\n");
        self.hear()
    }

    fn requests(&self) -> Vec<Request> {
        let request = |event| match event {
            Event::Request { cell: CELL, request } => request,
            other => panic!("{other:?}"),
        };
        self.queue.try_iter().map(request).collect()
    }

    fn until(&self, what: &str, condition: impl Fn(&Channel) -> bool) {
        let begun = Instant::now();
        while !condition(&self.channel) {
            assert!(begun.elapsed() < PATIENCE, "never: {what}");
            thread::yield_now();
        }
    }

    fn until_over(&self) {
        self.until("the thread ends", |channel| channel.thread.is_finished());
    }
}

#[test]
fn every_request_is_answered_as_its_import_would() {
    let mut talk = Talk::start();
    for (line, answer) in [
        ("price 0", "150"),
        ("price 1", "300"),
        ("price 2", "-2"),
        ("balance", "-5"),
        ("notice", "0"),
        ("set_bid 600000 2", "0"),
        ("claim 17 48 49204823048", "0"),
        ("log found some\tprimes", "0"),
        ("log ", "0"),
    ] {
        assert_eq!(talk.ask(line), answer, "{line}");
    }
    let answer = Answer::of_primes(48, 49_204_823_048);
    let (said, nothing) = (LogLine::new("found some primes"), LogLine::new(""));
    assert_eq!(
        talk.requests(),
        [
            Request::Order { limit: Microjoules(600_000), slots: 2, last_tick: None },
            Request::Claim { which: Which::Primes, key: 17, answer },
            Request::Log(said),
            Request::Log(nothing)
        ]
    );
}

#[test]
fn words_about_bounties_are_answered_as_their_imports_would() {
    let mut talk = Talk::start();
    assert_eq!(talk.ask("bounty 0"), "-1", "nobody has shown any yet");
    let offers = Offers::default();
    let offer =
        |bounty, fee| Offer { bounty: BountyId(bounty), reward: Microjoules(7), fee: Microjoules(fee) };
    // The balance is five below zero.
    offers.show([offer(60, -5), offer(70, 1)].into_iter());
    talk.channel.show_offers(&offers);
    for (line, answer) in [
        ("bounty 0", "60"),
        ("bounty 1", "70"),
        ("bounty 2", "-3"),
        ("bounty -1", "-2"),
        ("reward_of 70", "7"),
        ("reward_of 80", "-3"),
        ("claim_of 60 4 6869", "0"),
        ("claim_of 70 4 6869", "-4"),
        ("claim_of 80 4 6869", "-3"),
        ("claim_of 60 -4 6869", "-2"),
        ("claim_of 60 4 68690", "-2"),
        ("lease_of -60", "-2"),
    ] {
        assert_eq!(talk.ask(line), answer, "{line}");
    }
    let (which, answer) = (Which::Named(BountyId(60)), Answer::new(b"hi").unwrap());
    assert_eq!(talk.requests(), [Request::Claim { which, key: 4, answer }]);
    talk.say("lease_of 60\n");
    talk.until("it waits", Channel::waits);
    talk.channel.reply(Reply::Leased(8));
    assert!(talk.channel.waits(), "that was the answer to something else");
    talk.channel.reply(Reply::Named(Ok(9)));
    assert_eq!(talk.hear(), "9");
}

#[test]
fn what_is_malformed_or_out_of_range_is_invalid_and_the_next_line_is_read_as_if_nothing_had_been() {
    let mut talk = Talk::start();
    let (dear, many) = (format!("set_bid {} 1", PRICE_MAX.0 + 1), format!("set_bid 1 {}", SLOTS_MAX + 1));
    let range = format!("claim {} 1 1", abi::RANGE_MAX);
    let lines: &[&[u8]] = &[
        b"",
        b" ",
        b"lease 1",
        b" lease",
        b"lease\r",
        b"Balance",
        b"price",
        b"price x",
        b"price +1",
        b"set_bid 1",
        b"set_bid -1 1",
        b"set_bid 1 -1",
        dear.as_bytes(),
        many.as_bytes(),
        b"claim 1 2",
        b"claim 1 -1 1",
        b"claim -1 1 1",
        range.as_bytes(),
        b"discard 0 4096",
        b"log",
        b"log \xff",
        b"\0\0",
        b"42",
    ];
    for line in lines {
        assert_eq!(talk.ask(line), "-2", "{:?}", String::from_utf8_lossy(line));
        assert_eq!(talk.ask("balance"), "-5");
    }
    assert_eq!(talk.requests(), []);
}

#[test]
fn the_longest_line_is_read_and_a_longer_one_is_refused_once() {
    let mut talk = Talk::start();
    let text = |bytes| format!("log {}", "x".repeat(bytes - "log \n".len()));
    assert_eq!(talk.ask(text(LINE_MAX)), "0");
    assert_eq!(talk.ask(text(LINE_MAX + 1)), "-2");
    assert_eq!(talk.ask(text(100_000)), "-2");
    assert_eq!(talk.ask("balance"), "-5");
    assert_eq!(talk.requests().len(), 1);
}

#[test]
fn half_lines_wait_and_many_requests_come_in_one_packet() {
    let mut talk = Talk::start();
    for part in ["bal", "an", "ce\npri", "ce 0\nprice 1\nno"] {
        talk.say(part);
    }
    assert_eq!([talk.hear(), talk.hear(), talk.hear()], ["-5", "150", "300"]);
    talk.say("tice\n");
    assert_eq!(talk.hear(), "0");
    talk.say("balance\n".repeat(500));
    (0..500).for_each(|_| assert_eq!(talk.hear(), "-5"));
}

#[test]
fn a_lease_waits_for_the_node_and_those_fetched_ahead_do_not() {
    let mut talk = Talk::start();
    assert!(!talk.channel.waits());
    talk.say("balance\nlease\n");
    assert_eq!(talk.hear(), "-5", "what was answered before is not held back");
    talk.until("it waits", Channel::waits);
    assert_eq!(talk.requests(), [Request::Lease(Which::Primes); LEASES_PER_CELL_MAX]);
    talk.channel.reply(Reply::Leased(70));
    assert!(!talk.channel.waits(), "there is an answer");
    talk.channel.reply(Reply::Leased(71));
    assert_eq!(talk.hear(), "70");
    assert_eq!(talk.ask("lease"), "71");
    assert!(!talk.channel.waits());

    talk.say("lease\n");
    talk.until("it waits again", Channel::waits);
    talk.channel.reply(Reply::NoLease(NoKey::Gone));
    assert_eq!(talk.hear(), "-3");
}

#[test]
fn a_claimed_lease_makes_room_for_another() {
    let mut talk = Talk::start();
    talk.say("lease\n");
    talk.until("it waits", Channel::waits);
    (0..LEASES_PER_CELL_MAX as u64).for_each(|range| talk.channel.reply(Reply::Leased(range)));
    assert_eq!(talk.hear(), "0");
    talk.requests();
    assert_eq!(talk.ask("claim 0 1 1"), "0");
    assert_eq!(talk.ask("lease"), "1");
    assert_eq!(talk.requests()[1..], [Request::Lease(Which::Primes)]);
}

#[test]
fn a_notice_is_told_with_the_time_that_is_left() {
    let mut talk = Talk::start();
    talk.channel.notify(Notice { reason: abi::REASON_DEBT, left: Nanoseconds::from_millis(5_000) });
    let packed = talk.ask("notice").parse().unwrap();
    assert_eq!(abi::notice_reason(packed), abi::REASON_DEBT);
    assert!((1..=5_000).contains(&abi::notice_millis_left(packed)));
}

#[test]
fn a_quantum_has_a_limit_and_a_flood_is_told_to_the_owner_alone() {
    let mut talk = Talk::start();
    for _ in 0..REQUESTS_PER_QUANTUM_MAX {
        assert_eq!(talk.ask("set_bid 1 1"), "0");
    }
    assert_eq!(talk.ask("set_bid 1 1"), "-1");
    talk.grant();
    assert_eq!(talk.ask("set_bid 1 1"), "0");
    assert!(!talk.channel.flooded());

    for _ in 0..REFUSALS_PER_QUANTUM_MAX {
        assert_eq!(talk.ask("x"), "-2");
    }
    assert!(!talk.channel.flooded());
    talk.say("x\n");
    talk.until("the flood is seen", Channel::flooded);
    talk.until_over();
    talk.program.set_nonblocking(true).unwrap();
    let silence = talk.program.read(&mut [0]).unwrap_err();
    assert_eq!(silence.kind(), ErrorKind::WouldBlock, "open, and no answer");
}

#[test]
fn a_full_queue_is_busy() {
    let (events, _queue) = sync_channel(0);
    let (channel, end) = Channel::open(CELL, events).unwrap();
    let mut talk = Talk { channel, ..Talk::start() };
    talk.program = UnixStream::from(end);
    talk.answers = BufReader::new(talk.program.try_clone().unwrap());
    assert_eq!(talk.ask("lease"), "-1");
    assert_eq!(talk.ask("log x"), "-1");
    assert!(!talk.channel.waits());
}

#[test]
fn closing_ends_the_thread_whatever_it_waits_for() {
    let idle = Talk::start();
    idle.channel.close();
    idle.until_over();

    let mut waiting = Talk::start();
    waiting.say("lease\n");
    waiting.until("it waits", Channel::waits);
    waiting.channel.close();
    waiting.until_over();
    assert_eq!(waiting.hear(), "", "the program finds its channel closed");
}

#[test]
fn a_program_that_never_reads_stops_its_own_channel_and_nothing_else() {
    let mut talk = Talk::start();
    talk.program.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let requests = "balance\n".repeat(512);
    // Both directions are full in the end: nothing is taken any more.
    let refused = loop {
        if let Err(error) = talk.program.write_all(requests.as_bytes()) {
            break error.kind();
        }
    };
    assert_eq!(refused, ErrorKind::WouldBlock);
    assert!(!talk.channel.thread.is_finished());
    talk.grant();
    talk.channel.notify(Notice { reason: abi::REASON_DEBT, left: Nanoseconds::ZERO });
    talk.channel.reply(Reply::NoLease(NoKey::Gone));
    talk.channel.close();
    talk.until_over();
}

#[test]
fn a_program_that_is_gone_ends_the_thread() {
    let Talk { channel, program, answers, queue } = Talk::start();
    drop((program, answers));
    let begun = Instant::now();
    while !channel.thread.is_finished() {
        assert!(begun.elapsed() < PATIENCE, "the thread goes on");
        thread::yield_now();
    }
    channel.close();
    drop(queue);
}
