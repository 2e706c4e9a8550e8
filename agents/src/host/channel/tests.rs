use super::*;
use crate::abi;
use crate::host::Ending;
use crate::{args::Options, scientist};
use std::io::Read;
use std::sync::{Arc, Mutex};

/// A node that answers every line with what `answer` makes of it, until the program is gone, or `answer` is `None` or
/// breaks off in a line.
fn node(mut answer: impl FnMut(&str) -> Option<String> + Send + 'static) -> UnixStream {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    thread::spawn(move || {
        let mut lines = BufReader::new(ours.try_clone().unwrap());
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
            let Some(answer) = answer(line.trim_end_matches('\n')) else { return };
            if ours.write_all(answer.as_bytes()).is_err() || !answer.ends_with('\n') {
                return;
            }
            line.clear();
        }
    });
    theirs
}

fn over(answer: impl FnMut(&str) -> Option<String> + Send + 'static) -> Channel {
    Channel::over(node(answer), None, Told::default())
}

#[test]
fn every_call_is_the_line_of_its_import_and_returns_the_answer() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = heard.clone();
    let mut answers = [150, 300, -7, 0, 17, 18, 0, 0].into_iter();
    let mut host = over(move |line| {
        hear.lock().unwrap().push(line.to_owned());
        Some(format!("{}\n", answers.next().unwrap()))
    });
    assert_eq!((host.price(Price::Spot), host.price(Price::Clearing), host.balance()), (150, 300, -7));
    assert_eq!(host.set_bid(600_000, 2), Ok(()));
    assert_eq!(host.lease(), Ok(17));
    assert_eq!(host.claim(17, 48, 49_204_823_048), Ok(()));
    assert_eq!(host.log(&format!("two\nlines {}", "x".repeat(500))), Ok(()));
    let heard = heard.lock().unwrap();
    let (log, others) = heard.split_last().unwrap();
    let work = ["lease", "lease", "claim 17 48 49204823048"];
    assert_eq!(others, [&["price 0", "price 1", "balance", "set_bid 600000 2"], &work[..]].concat());
    assert!(log.starts_with("log two lines xxx") && log.len() == "log ".len() + 120);
}

#[test]
fn a_program_that_works_through_ranges_never_waits_for_the_node() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut host = Channel::over(theirs, None, Told::default());
    (&ours).write_all(b"1\n2\n").unwrap();
    assert_eq!(host.lease(), Ok(1));
    assert_eq!(host.claim(1, 50, 7), Ok(()));
    // Neither the claim nor the lease after the next one is answered yet.
    assert_eq!(host.lease(), Ok(2));
    assert_eq!(host.claim(2, 51, 8), Ok(()));
    (&ours).write_all(b"0\n3\n").unwrap();
    assert_eq!(host.lease(), Ok(3));
    drop(host);
    let mut said = String::new();
    (&ours).read_to_string(&mut said).unwrap();
    assert_eq!(said, "lease\nlease\nclaim 1 50 7\nlease\nclaim 2 51 8\nlease\n");
}

#[test]
fn answers_on_the_way_are_not_taken_for_that_of_another_request() {
    let mut leases = 0;
    let mut host = over(move |line| {
        leases += i64::from(line == "lease");
        Some(match line {
            "lease" => format!("{leases}\n"),
            "balance" => "-5\n".to_owned(),
            _ => "0\n".to_owned(),
        })
    });
    assert_eq!(host.lease(), Ok(1));
    assert_eq!(host.claim(1, 1, 1), Ok(()));
    assert_eq!((host.balance(), host.lease()), (-5, Ok(2)));
    assert_eq!((host.lease(), host.balance(), host.lease()), (Ok(3), -5, Ok(4)));
}

#[test]
fn a_claim_is_made_again_while_the_node_is_busy_and_refused_for_good_once() {
    let claims = Arc::new(Mutex::new(Vec::new()));
    let heard = claims.clone();
    let mut verdicts = [abi::E_BUSY, abi::E_BUSY, abi::OK, abi::E_INVALID].into_iter();
    let mut host = over(move |line| {
        let Some(claim) = line.strip_prefix("claim ") else { return Some("9\n".into()) };
        heard.lock().unwrap().push(claim.to_owned());
        Some(format!("{}\n", verdicts.next().unwrap_or(abi::OK)))
    });
    assert_eq!(host.claim(1, 1, 1), Ok(()));
    for _ in 0..3 {
        host.balance();
    }
    assert_eq!(host.claim(2, 1, 1), Ok(()));
    host.balance();
    assert_eq!(host.claim(3, 1, 1), Err(Refusal::Invalid), "said of the one before");
    assert_eq!(host.claim(3, 1, 1), Ok(()));
    host.balance();
    assert_eq!(*claims.lock().unwrap(), ["1 1 1", "1 1 1", "1 1 1", "2 1 1", "3 1 1"]);
}

#[test]
fn refusals_are_told_apart() {
    let mut codes = [abi::E_BUSY, abi::E_INVALID, abi::E_GONE, abi::E_GONE].into_iter();
    let mut host = over(move |_| Some(format!("{}\n", codes.next().unwrap())));
    let refusals = [(); 3].map(|()| host.lease().unwrap_err());
    assert_eq!(refusals, [Refusal::Busy, Refusal::Invalid, Refusal::Gone]);
}

#[test]
fn an_answer_may_come_in_pieces() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut host = Channel::over(theirs, None, Told::default());
    let feeder = thread::spawn(move || {
        let mut request = [0; 8];
        (&ours).read_exact(&mut request).unwrap();
        for piece in ["-", "1", "2", "\n"] {
            (&ours).write_all(piece.as_bytes()).unwrap();
        }
    });
    assert_eq!(host.balance(), -12);
    feeder.join().unwrap();
}

#[test]
fn a_node_that_is_gone_or_talks_nonsense_is_the_end() {
    let end = Some(Notice { reason: Reason::Operator, millis_left: 0 });
    for answer in [None, Some("what\n"), Some("12"), Some("\n")] {
        let mut first = answer;
        let mut host = over(move |_| first.take().map(str::to_owned));
        assert_eq!(host.lease(), Err(Refusal::Busy), "{answer:?}");
        assert_eq!(host.notice(), end, "{answer:?}");
        assert_eq!((host.balance(), host.price(Price::Spot)), (0, 0));
    }
}

#[test]
fn the_node_is_asked_for_a_notice_when_a_signal_came_and_seldom_otherwise() {
    let told = Told::default();
    let asked = Arc::new(Mutex::new(0));
    let counter = asked.clone();
    let packed = abi::pack_notice(abi::REASON_DEBT, 5_000);
    let stream = node(move |line| {
        assert_eq!(line, "notice");
        let mut asked = counter.lock().unwrap();
        *asked += 1;
        Some(format!("{}\n", if *asked == 1 { 0 } else { packed }))
    });
    let mut host = Channel::over(stream, None, told.clone());
    assert_eq!(host.notice(), None);
    // As many looks as there are in less than the period: on a machine that is out of breath a few may be late.
    let begun = Instant::now();
    while begun.elapsed() < ASK_EVERY / 10 {
        let _ = host.notice();
    }
    assert!(*asked.lock().unwrap() <= 2);

    told.set();
    let notice = host.notice().unwrap();
    assert_eq!(notice.reason, Reason::Debt);
    assert!((4_000..=5_000).contains(&notice.millis_left));
    assert!(host.notice().unwrap().millis_left <= notice.millis_left, "time goes on without asking");
}

#[test]
fn a_lost_signal_is_made_good() {
    let mut quiet = 1;
    let mut host = over(move |_| {
        quiet -= 1;
        Some(format!("{}\n", if quiet >= 0 { 0 } else { abi::pack_notice(abi::REASON_INSOLVENT, 500) }))
    });
    let begun = Instant::now();
    while host.notice().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never asked again");
        thread::yield_now();
    }
    assert!(begun.elapsed() >= ASK_EVERY);
}

#[test]
fn a_scientist_works_over_a_channel_until_the_bounty_is_closed() {
    let claims = Arc::new(Mutex::new(Vec::new()));
    let heard = claims.clone();
    let mut ranges = [3, 5].into_iter();
    let mut host = over(move |line| {
        let answer = match Request::parse(line.as_bytes()).unwrap() {
            Request::Lease => ranges.next().unwrap_or(i64::from(abi::E_GONE)),
            Request::Claim { range, count, .. } => {
                heard.lock().unwrap().push((range, count));
                0
            }
            _ => 0,
        };
        Some(format!("{answer}\n"))
    });
    let mut found = scientist::Found::default();
    let ending = scientist::run(&mut host, &Options::default(), &mut found);
    assert_eq!((ending, found.ranges), (Ending::Refused(Refusal::Gone), 2));
    // Nobody waits for the answer to a claim, so the last may still be on its way.
    let begun = Instant::now();
    while claims.lock().unwrap().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the last claim never came");
        thread::yield_now();
    }
    let claims = claims.lock().unwrap();
    assert_eq!(claims.iter().map(|claim| claim.0).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(claims.iter().map(|claim| claim.1 as u64).sum::<u64>(), found.primes);
}
