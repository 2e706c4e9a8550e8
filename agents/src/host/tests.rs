use super::channel::Channel;
use super::standalone::Standalone;
use super::system::Told;
use super::{Ending, Host, LOG_LINE_MAX, Notice, Price, Reason, Refusal, cut};
use crate::abi;
use crate::channel::Request;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;

/// What every host owes an agent. A transport that is added later is held to the same.
fn contract<H: Host>(host: &mut H) {
    assert!(host.price(Price::Spot) >= 0 && host.price(Price::Clearing) >= 0);
    assert!(host.balance() > 0, "an agent starts with money");
    assert_eq!(host.set_bid(600_000, 1), Ok(()));
    assert_eq!(host.set_bid(-1, 1), Err(Refusal::Invalid));
    assert_eq!(host.set_bid(600_000, -1), Err(Refusal::Invalid));
    assert_eq!(host.notice(), None);

    let leased = [(); 2].map(|()| host.lease().unwrap());
    assert_ne!(leased[0], leased[1], "a range is leased once");
    assert_eq!(host.claim(leased[0], 51, 51_000_000_000), Ok(()));

    discards_whole_pages(host);
}

fn discards_whole_pages<H: Host>(host: &mut H) {
    let page = abi::PAGE as usize;
    let mut memory = vec![7; 4 * page];
    let first = memory.as_ptr().align_offset(page);
    let stretch = &mut memory[first..first + 3 * page];
    assert_eq!(host.discard(&mut stretch[1..=2 * page]), Ok(()));
    assert!(stretch[page..2 * page].iter().all(|byte| *byte == 0), "the page inside is empty");
    assert!(
        stretch[..page].iter().chain(&stretch[2 * page..]).all(|byte| *byte == 7),
        "its surroundings are not"
    );
    assert_eq!(host.discard(&mut stretch[1..page]), Ok(()), "no whole page: nothing to do");
    assert!(stretch[..page].iter().all(|byte| *byte == 7));
}

#[test]
fn standalone_keeps_the_contract() {
    contract(&mut standalone(None));
}

#[test]
fn a_channel_keeps_the_contract() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let node = thread::spawn(move || least_node(&ours));
    contract(&mut Channel::over(theirs, None, Told::default()));
    node.join().unwrap();
}

/// The least that a node answers.
fn least_node(stream: &UnixStream) {
    let mut leases = 0..;
    // An agent that is over may leave an answer unread: that resets the connection, and is its end like any other.
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let answer = match Request::parse(&line) {
            Some(Request::Price(_)) => 150_000,
            Some(Request::Balance) => 1_000_000,
            Some(Request::SetBid { limit_uj, slots }) if limit_uj < 0 || slots < 0 => {
                i64::from(abi::E_INVALID)
            }
            Some(Request::Lease) => leases.next().unwrap(),
            Some(_) => 0,
            None => panic!("no request"),
        };
        if writeln!(&*stream, "{answer}").is_err() {
            // The program has left without waiting for the answer.
            return;
        }
    }
}

fn standalone(seconds: Option<u32>) -> Standalone {
    Standalone::start(seconds, Told::default())
}

#[test]
fn standalone_announces_the_end_that_it_was_given() {
    let notice = Notice { reason: Reason::Operator, millis_left: 0 };
    assert_eq!(standalone(Some(0)).notice(), Some(notice));
    assert_eq!(standalone(Some(u32::MAX)).notice(), None);
    let told = Told::default();
    let mut host = Standalone::start(None, told.clone());
    assert_eq!(host.notice(), None);
    told.set();
    assert_eq!(host.notice(), Some(notice));
}

#[test]
fn standalone_refuses_claims_on_what_was_not_leased() {
    assert_eq!(standalone(None).claim(0, 1, 1), Err(Refusal::Invalid));
}

#[test]
fn statuses_are_told_apart() {
    assert_eq!(Refusal::check(i64::from(abi::OK)), Ok(0));
    assert_eq!(Refusal::check(i64::MAX), Ok(i64::MAX as u64));
    assert_eq!(Refusal::check(i64::from(abi::E_BUSY)), Err(Refusal::Busy));
    assert_eq!(Refusal::check(i64::from(abi::E_INVALID)), Err(Refusal::Invalid));
    assert_eq!(Refusal::check(i64::from(abi::E_GONE)), Err(Refusal::Gone));
    assert_eq!(Refusal::check(i64::MIN), Err(Refusal::Invalid));
}

#[test]
fn notices_are_unpacked() {
    assert_eq!(Notice::unpack(0), None);
    for (code, reason) in [
        (abi::REASON_INSOLVENT, Reason::Insolvent),
        (abi::REASON_DEBT, Reason::Debt),
        (abi::REASON_OPERATOR, Reason::Operator),
        (200, Reason::Other(200)),
    ] {
        let packed = abi::pack_notice(code, 5_000);
        assert_eq!(Notice::unpack(packed), Some(Notice { reason, millis_left: 5_000 }));
    }
}

#[test]
fn only_an_invalid_request_is_a_failure() {
    let codes =
        [Refusal::Busy, Refusal::Gone, Refusal::Invalid].map(|refusal| Ending::Refused(refusal).exit_code());
    assert_eq!(codes, [0, 0, 1]);
}

#[test]
fn long_lines_are_cut_between_characters() {
    assert_eq!(cut("short"), "short");
    let line = format!("x{}", "é".repeat(LOG_LINE_MAX));
    assert_eq!(cut(&line).len(), LOG_LINE_MAX - 1);
    assert!(line.starts_with(cut(&line)));
}
