//! One contract for every verifier: a true claim holds, a false one does not, and each is answered once.

use std::sync::mpsc::{Receiver, sync_channel};

use maxwell_api::abi::PREIMAGE_TAG;
use maxwell_core::bounty::claim::{Answer, Claim};
use maxwell_core::bounty::terms::BountyId;
use maxwell_core::bounty::{Range, Sieve};
use maxwell_core::event::Event;
use maxwell_core::limits::EVENTS_MAX;
use maxwell_core::tick::CellId;
use maxwell_daemon::verifier::{Check, InlineVerifier, Job, ThreadVerifier, Verifier};
use maxwell_hypervisor::verifier::VerifierModule;

const NUMBERS: Range = Range { first: 1_000_000_000, width: 1_024 };
const CELL: CellId = CellId(3);

/// Says yes to the byte that is the key's lowest.
const LOWEST_BYTE: &str = r#"(module (memory (export "memory") 1)
    (func (export "verify") (param i64 i32 i32) (result i32)
        (i32.eq (i32.load8_u (local.get 1)) (i32.and (i32.wrap_i64 (local.get 0)) (i32.const 255)))))"#;

fn job(answer: Answer, check: Check) -> Job {
    Job { cell: CELL, claim: Claim { bounty: BountyId(5), key: 0x107, answer }, check }
}

fn bytes(bytes: &[u8]) -> Answer {
    Answer::new(bytes).unwrap()
}

/// A preimage with a digest that begins with a zero byte, found by another hand than the verifier's.
fn preimage() -> Answer {
    let digest = |number: u32| {
        let text = [PREIMAGE_TAG, &5_u64.to_le_bytes(), &0x107_u64.to_le_bytes(), &number.to_le_bytes()];
        blake3::hash(&text.concat())
    };
    let found = (0..1 << 20).find(|number| digest(*number).as_bytes()[0] == 0);
    bytes(&found.unwrap().to_le_bytes())
}

/// Submits claims and collects what comes of them, at once or through the inbox.
fn contract(verifier: &mut dyn Verifier, inbox: &Receiver<Event>) {
    let truth = Sieve::default().answer(NUMBERS);
    let (count, sum) = truth.primes().unwrap();
    let lies = [(count + 1, sum), (count, sum - 2), (0, 0)].map(|(count, sum)| Answer::of_primes(count, sum));
    let primes = lies.into_iter().chain([bytes(&truth.as_bytes()[..11])]).map(|lie| (lie, false));
    let primes = primes.chain([(truth, true)]).map(|(answer, holds)| (answer, Check::Primes(NUMBERS), holds));
    let hashes = [(preimage(), 8, true), (preimage(), 200, false), (bytes(b"no"), 60, false)];
    let hashes = hashes.map(|(answer, zeros, holds)| (answer, Check::Preimage(zeros), holds));
    let module = VerifierModule::compile(&wat::parse_str(LOWEST_BYTE).unwrap(), 1_000).unwrap();
    let modules = [(bytes(&[7]), true), (bytes(&[8]), false)];
    let modules = modules.map(|(answer, holds)| (answer, Check::Module(module.clone()), holds));
    for (answer, check, holds) in primes.chain(hashes).chain(modules) {
        let job = job(answer, check);
        let (claim, said) = (job.claim, format!("{job:?}"));
        let at_once = verifier.submit(job).expect("nothing else waits");
        let outcome = at_once.unwrap_or_else(|| inbox.recv().expect("the verifier lives"));
        assert_eq!(outcome, Event::Verified { cell: CELL, claim, holds }, "{said}");
    }
    assert!(inbox.try_recv().is_err(), "each claim is answered once");
}

#[test]
fn the_inline_verifier_keeps_the_contract() {
    let (_sender, inbox) = sync_channel(16);
    contract(&mut InlineVerifier::default(), &inbox);
}

#[test]
fn the_thread_verifier_keeps_the_contract() {
    let (sender, inbox) = sync_channel(16);
    contract(&mut ThreadVerifier::start(sender).expect("a thread"), &inbox);
}

#[test]
fn a_verifier_whose_node_is_gone_ends_and_can_be_dropped() {
    let (sender, inbox) = sync_channel(1);
    let mut verifier = ThreadVerifier::start(sender).expect("a thread");
    drop(inbox);
    for _ in 0..100 {
        // Refused or lost, but never waited for: the drop below would hang if the thread did.
        let _ = verifier.submit(job(Answer::of_primes(0, 0), Check::Primes(NUMBERS)));
    }
    drop(verifier);
}

#[test]
fn a_verifier_with_too_much_to_do_says_so() {
    let (sender, inbox) = sync_channel(0);
    let mut verifier = ThreadVerifier::start(sender).expect("a thread");
    let job = job(Answer::of_primes(0, 0), Check::Primes(NUMBERS));
    // Nobody takes an outcome, so the first keeps the thread and the rest fill its queue.
    let taken = (0..2 * EVENTS_MAX).take_while(|_| verifier.submit(job.clone()).is_ok()).count();
    assert!((EVENTS_MAX..=EVENTS_MAX + 1).contains(&taken), "{taken} were taken");
    drop(inbox);
}
