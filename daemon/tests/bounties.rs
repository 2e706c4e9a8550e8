//! Claims on a node: who pays what, who is paid when, and what a lie costs.

mod stage;

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};

use maxwell_api::abi::PREIMAGE_TAG;
use maxwell_core::bounty::PostError;
use maxwell_core::bounty::audit::AuditPolicy;
use maxwell_core::bounty::claim::{Answer, Which};
use maxwell_core::bounty::fee::fee;
use maxwell_core::bounty::terms::{BountyId, Terms, TermsError, Work};
use maxwell_core::event::{Event, Request, Stop};
use maxwell_core::ledger::{BillingPolicy, Ledger, Role};
use maxwell_core::limits::{QUANTUM, SET_ASIDE_QUANTA, WINDOW_TICKS};
use maxwell_core::tick::{AccountId, CellId, Kind};
use maxwell_core::units::{Microjoules, Nanoseconds, Ppm};
use maxwell_daemon::audit::Audit;
use maxwell_daemon::journal::Unrecorded;
use maxwell_daemon::node::{NodeError, Post};
use maxwell_daemon::verifier::{Busy, InlineVerifier, Job, ThreadVerifier, Verifier};
use maxwell_hypervisor::clock::SystemClock;
use maxwell_hypervisor::simulated::Behaviour;
use maxwell_hypervisor::verifier::VerifierError;
use stage::{Stage, base};

const BOUNTY: BountyId = BountyId(70);
const NAMED: Which = Which::Named(BOUNTY);
const KEYS: u64 = 1_000;

/// Says what the test tells it: an answer of 1 is true, one of 0 false, and one of 2 is answered when the test says so.
#[derive(Clone, Default)]
struct Judge(Arc<Mutex<Court>>);

#[derive(Default)]
struct Court {
    is_full: bool,
    seen: Vec<u64>,
    late: VecDeque<Event>,
}

impl Verifier for Judge {
    fn submit(&mut self, job: Job) -> Result<Option<Event>, Busy> {
        let mut court = self.0.lock().unwrap();
        if court.is_full {
            return Err(Busy);
        }
        court.seen.push(job.claim.key);
        let said = job.claim.answer.as_bytes()[0];
        let outcome = Event::Verified { cell: job.cell, claim: job.claim, holds: said != 0 };
        if said < 2 {
            return Ok(Some(outcome));
        }
        court.late.push_back(outcome);
        Ok(None)
    }
}

/// A node with one bounty on preimages, whose keys stand for any work, and cells that ask for what the test says.
struct Market {
    stage: Stage,
    judge: Judge,
    inbox: SyncSender<Event>,
    escrow: AccountId,
    reward: Microjoules,
}

impl Market {
    fn new(audit: Audit) -> Self {
        let (judge, mut inbox) = (Judge::default(), None);
        let ledger = Ledger::new(BillingPolicy::default());
        let mut stage = Stage::with(ledger, Box::new(Unrecorded), None, audit, |events| {
            inbox = Some(events);
            Box::new(judge.clone())
        });
        let reward = base();
        let escrow = stage.node.fund_escrow(reward.times(100)).unwrap();
        let work = Work::Preimages { zero_bits: 20, end: KEYS };
        post(&mut stage, escrow, work, None).unwrap();
        // What comes between two ticks belongs to the one before.
        stage.walk(1);
        Self { stage, judge, inbox: inbox.unwrap(), escrow, reward }
    }

    /// A cell that bids nothing and so never runs, with this much money beside what its end costs.
    fn cell(&mut self, money: Microjoules) -> (CellId, AccountId) {
        let set_aside = base().times(SET_ASIDE_QUANTA);
        let wallet = self.stage.node.fund_wallet(set_aside + money).unwrap();
        (self.stage.launch(wallet, Microjoules::ZERO, Behaviour::default()).unwrap(), wallet)
    }

    fn rich(&mut self) -> (CellId, AccountId) {
        self.cell(base().times(1_000))
    }

    fn lease(&mut self, cell: CellId, times: usize) {
        (0..times).for_each(|_| self.stage.ask(cell, Request::Lease(NAMED)));
    }

    fn claim(&self, cell: CellId, key: u64, says: u8) {
        let answer = Answer::new(&[says]).unwrap();
        self.stage.ask(cell, Request::Claim { which: NAMED, key, answer });
    }

    /// Lets the verifier answer what it has kept.
    fn judge_late(&self) {
        self.judge.0.lock().unwrap().late.drain(..).for_each(|event| self.inbox.send(event).unwrap());
    }

    fn free(&self, account: AccountId) -> Microjoules {
        self.stage.node.ledger().free(account)
    }

    fn walk(&mut self, ticks: u64) {
        self.stage.walk(ticks);
    }

    fn told<T>(&self, of: impl FnOnce(&stage::Told) -> T) -> T {
        of(&self.stage.told.lock().unwrap())
    }

    fn fees(&self) -> usize {
        self.told(|told| told.charged.iter().filter(|charge| charge.kind == Kind::Verification).count())
    }

    fn payments(&self) -> usize {
        self.told(|told| told.paid.len())
    }
}

fn post(stage: &mut Stage, escrow: AccountId, work: Work, module: Option<&[u8]>) -> Result<(), NodeError> {
    let terms = Terms { work, reward: base() };
    stage.node.post(Post { id: BOUNTY, escrow, terms, paid: vec![], module })
}

/// What one claim on the bounty costs.
fn one_fee() -> Microjoules {
    fee(base(), Work::Preimages { zero_bits: 20, end: KEYS }.verification(0))
}

fn sampled(rate: Ppm) -> Audit {
    Audit::new(AuditPolicy::new(rate, WINDOW_TICKS).unwrap(), [9; 32])
}

#[test]
fn a_claim_costs_its_fee_whether_it_is_true_or_not_and_a_true_one_is_paid_after_the_window() {
    let mut market = Market::new(Audit::default());
    let (cell, wallet) = market.rich();
    let (before, treasury) = (market.free(wallet), market.stage.node.ledger().treasury());
    market.lease(cell, 2);
    market.claim(cell, 0, 1);
    market.claim(cell, 1, 0);
    market.walk(1);
    assert_eq!(market.free(wallet), before - one_fee().times(2));
    assert_eq!(market.free(treasury), one_fee().times(2));
    market.walk(WINDOW_TICKS - 1);
    assert_eq!(market.payments(), 0, "it is held");
    market.walk(1);
    assert_eq!(market.free(wallet), before - one_fee().times(2) + market.reward);
    assert_eq!((market.payments(), market.told(|told| told.refused.clone())), (1, vec![1]));
    assert!(one_fee() < market.reward.share(1, 1_000), "a fee is small beside a reward");
}

#[test]
fn a_key_is_paid_once_whoever_claims_it_how_often() {
    let mut market = Market::new(Audit::default());
    let [(one, _), (two, other)] = [market.rich(), market.rich()];
    let before = market.free(other);
    market.lease(one, 1);
    for cell in [one, one, two, one] {
        market.claim(cell, 0, 1);
    }
    market.walk(3 * WINDOW_TICKS);
    market.claim(one, 0, 1);
    market.claim(two, 0, 1);
    market.walk(3 * WINDOW_TICKS);
    assert_eq!((market.payments(), market.fees()), (1, 1));
    assert_eq!(market.free(other), before, "what was not leased costs and brings nothing");
}

#[test]
fn a_claim_after_its_cell_is_over_is_nobody_s_and_one_before_it_is_paid() {
    let mut market = Market::new(Audit::default());
    let wallet = market.stage.node.fund_wallet(base().times(1_000)).unwrap();
    let life = Behaviour { finish_after: Some(Nanoseconds(QUANTUM.0 / 2)), ..Behaviour::default() };
    let cell = market.stage.launch(wallet, base().times(10), life).unwrap();
    let (heir, _) = market.rich();
    market.lease(cell, 2);
    market.claim(cell, 0, 2);
    market.walk(3);
    assert_eq!(market.told(|told| told.ended.len()), 1, "it has come to its end");
    market.claim(cell, 1, 1);
    market.lease(heir, 1);
    market.claim(heir, 1, 1);
    market.judge_late();
    market.walk(WINDOW_TICKS + 1);
    let to: Vec<_> = market.told(|told| told.paid.iter().map(|paid| paid.to).collect());
    assert!(to.contains(&wallet) && to.len() == 2, "{to:?}");
}

#[test]
fn a_spammer_pays_for_each_claim_until_it_has_no_money_and_is_then_refused_before_any_work() {
    let mut market = Market::new(Audit::default());
    let (cell, wallet) = market.cell(one_fee().times(3) + Microjoules(1));
    market.lease(cell, 10);
    (0..10).for_each(|key| market.claim(cell, key, 0));
    market.walk(1);
    assert_eq!((market.fees(), market.free(wallet)), (3, Microjoules(1)));
    assert_eq!(market.judge.0.lock().unwrap().seen, [0, 1, 2], "the others are not looked at");
    assert_eq!(market.told(|told| told.refused.len()), 10);
    let (honest, _) = market.rich();
    market.lease(honest, 1);
    market.claim(honest, 0, 1);
    market.walk(WINDOW_TICKS + 1);
    assert_eq!(market.payments(), 1, "the keys are free again");
}

#[test]
fn a_full_verifier_refuses_loudly_and_charges_nothing() {
    let mut market = Market::new(Audit::default());
    let (cell, wallet) = market.rich();
    let before = market.free(wallet);
    market.judge.0.lock().unwrap().is_full = true;
    market.lease(cell, 1);
    market.claim(cell, 0, 1);
    market.walk(1);
    assert_eq!((market.free(wallet), market.fees()), (before, 0));
    assert_eq!(market.told(|told| told.refused.clone()), [0]);
    market.judge.0.lock().unwrap().is_full = false;
    market.lease(cell, 1);
    market.claim(cell, 0, 1);
    market.walk(WINDOW_TICKS + 1);
    assert_eq!(market.payments(), 1);
}

#[test]
fn what_is_held_is_paid_at_the_end_of_the_run() {
    let mut market = Market::new(Audit::new(AuditPolicy::new(Ppm::ONE, 1_000).unwrap(), [0; 32]));
    let (cell, wallet) = market.rich();
    market.lease(cell, 2);
    market.claim(cell, 0, 1);
    market.claim(cell, 1, 2);
    market.walk(5);
    let before = market.free(wallet);
    market.stage.stop();
    let set_aside = base().times(SET_ASIDE_QUANTA);
    assert_eq!(market.free(wallet), before + set_aside + market.reward + one_fee(), "one was never answered");
    assert_eq!(market.told(|told| told.given_up.clone()), [(1, one_fee())]);
    assert_eq!(market.fees(), 1);
    assert_eq!(market.free(market.escrow), market.reward.times(99));
}

#[test]
fn an_answer_that_comes_when_the_node_stops_is_heard() {
    let mut market = Market::new(Audit::default());
    let (cell, wallet) = market.rich();
    let before = market.free(wallet);
    market.lease(cell, 2);
    market.claim(cell, 0, 2);
    market.claim(cell, 1, 2);
    market.walk(1);
    assert_eq!((market.free(wallet), market.fees()), (before - one_fee().times(2), 0), "held, not taken");
    // The stop comes first, and behind it what the verifier says.
    market.inbox.send(Event::Stop(Stop::Interrupted)).unwrap();
    market.judge_late();
    market.stage.node.run().expect("every invariant holds");
    assert_eq!((market.payments(), market.fees()), (2, 2));
    assert!(market.told(|told| told.given_up.is_empty()));
}

/// Accepts everything, after a while.
const SLOW: &str = r#"(module (memory (export "memory") 1)
    (func (export "verify") (param i64 i32 i32) (result i32) (local i32)
        (local.set 3 (i32.const 1000000))
        (loop (br_if 0 (local.tee 3 (i32.sub (local.get 3) (i32.const 1)))))
        (i32.const 1)))"#;

#[test]
fn a_node_that_stops_waits_for_its_verifier() {
    let wasm = wat::parse_str(SLOW).unwrap();
    let ledger = Ledger::new(BillingPolicy::default());
    let clock = Box::new(SystemClock::start());
    let mut stage = Stage::on(clock, ledger, Box::new(Unrecorded), None, Audit::default(), |events| {
        Box::new(ThreadVerifier::start(events).expect("a thread"))
    });
    let escrow = stage.node.fund_escrow(base().times(100)).unwrap();
    let digest = *blake3::hash(&wasm).as_bytes();
    post(&mut stage, escrow, Work::Module { digest, fuel: 50_000_000, end: 10 }, Some(&wasm)).unwrap();
    let wallet = stage.node.fund_wallet(base().times(1_000)).unwrap();
    let cell = stage.launch(wallet, Microjoules::ZERO, Behaviour::default()).unwrap();
    for key in 0..10 {
        stage.ask(cell, Request::Lease(NAMED));
        stage.ask(cell, Request::Claim { which: NAMED, key, answer: Answer::new(&[1]).unwrap() });
    }
    stage.stop();
    let told = stage.told.lock().unwrap();
    assert_eq!((told.paid.len(), told.given_up.as_slice()), (10, &[][..]));
}

#[test]
fn with_a_stake_only_the_sample_is_looked_at_and_without_one_every_claim() {
    let mut market = Market::new(sampled(Ppm(200_000)));
    let [(poor, wallet), (rich, owner)] = [market.rich(), market.rich()];
    let wanted = market.reward.times(5);
    market.stage.node.fund_stake(wallet, wanted - Microjoules(1)).unwrap();
    market.stage.node.fund_stake(owner, wanted).unwrap();
    for (cell, keys) in [(poor, 0..30), (rich, 30..60)] {
        market.lease(cell, 30);
        keys.for_each(|key| market.claim(cell, key, 1));
    }
    market.walk(WINDOW_TICKS + 1);
    let seen = market.judge.0.lock().unwrap().seen.clone();
    let trusted = market.told(|told| told.trusted.clone());
    assert!((0..30).all(|key| seen.contains(&key)), "a stake that is too small vouches for nothing");
    assert!(trusted.iter().all(|key| *key >= 30 && !seen.contains(key)));
    assert!((15..30).contains(&trusted.len()), "{} of thirty are trusted", trusted.len());
    assert_eq!((market.fees(), market.payments()), (60, 60), "a fee does not tell which are looked at");
}

#[test]
fn a_lie_in_the_sample_costs_the_stake_and_all_that_is_held() {
    let audit = sampled(Ppm(200_000));
    let mut market = Market::new(audit.clone());
    let (cell, wallet) = market.rich();
    let (honest, other) = market.rich();
    let stake = market.stage.node.fund_stake(wallet, market.reward.times(7)).unwrap();
    market.stage.node.fund_stake(other, market.reward.times(7)).unwrap();
    let before = market.free(wallet);
    let lie = (1..KEYS).find(|key| audit.picks(BOUNTY, *key)).unwrap();
    market.lease(honest, 1);
    market.claim(honest, 0, 1);
    market.lease(cell, lie as usize);
    (1..=lie).for_each(|key| market.claim(cell, key, 0));
    market.walk(WINDOW_TICKS + 1);
    let cancelled = market.told(|told| told.cancelled.clone());
    assert_eq!(cancelled, (1..lie).collect::<Vec<_>>(), "lies that nobody looked at are not paid either");
    assert_eq!(market.free(stake), Microjoules::ZERO);
    assert_eq!(market.free(wallet), before - one_fee().times(lie));
    assert_eq!(market.payments(), 1, "another's payment stands");
    let forfeits =
        market.told(|told| told.charged.iter().filter(|charge| charge.kind == Kind::Forfeit).count());
    assert_eq!(forfeits, 1);
    // From now on it is looked at in full, and its keys are anybody's.
    market.lease(cell, 1);
    market.claim(cell, 1, 0);
    market.walk(WINDOW_TICKS + 1);
    assert_eq!((market.payments(), market.told(|told| told.trusted.contains(&1))), (1, true));
    assert_eq!(market.told(|told| told.trusted.iter().filter(|key| **key == 1).count()), 1);
}

#[test]
fn closing_settles_claims_in_flight_and_takes_no_more() {
    let mut market = Market::new(Audit::default());
    let (cell, _) = market.rich();
    market.lease(cell, 4);
    market.claim(cell, 0, 2);
    market.claim(cell, 1, 1);
    market.walk(1);
    market.stage.node.close_bounty(BOUNTY).unwrap();
    assert!(matches!(market.stage.node.close_bounty(BOUNTY), Err(NodeError::NoBounty(_))));
    market.claim(cell, 2, 1);
    market.lease(cell, 1);
    market.walk(WINDOW_TICKS + 1);
    assert_eq!((market.payments(), market.fees()), (1, 1), "a lease that was not claimed is over");
    assert!(market.stage.node.bounties().get(BOUNTY).is_some(), "one claim is not answered yet");
    market.judge_late();
    market.walk(WINDOW_TICKS + 1);
    assert_eq!((market.payments(), market.fees()), (2, 2));
    assert!(market.stage.node.bounties().get(BOUNTY).is_none());
    assert_eq!(market.free(market.escrow), market.reward.times(98), "the rest is the sponsor's");
}

#[test]
fn a_stake_vouches_for_one_wallet_and_nothing_else_does() {
    let mut market = Market::new(Audit::default());
    let [(_, one), (_, two)] = [market.rich(), market.rich()];
    let node = &mut market.stage.node;
    let stake = node.fund_stake(one, Microjoules(5)).unwrap();
    for (wallet, stake) in [(two, stake), (one, stake), (two, one), (two, market.escrow), (stake, stake)] {
        let refused = node.set_stake(wallet, stake);
        assert!(matches!(refused, Err(NodeError::NotAStake { .. })), "{wallet:?} {stake:?}");
    }
    assert_eq!(node.ledger().accounts().with_role(Role::Stake).count(), 1);
}

/// Accepts an answer of as many bytes as the key says.
const BY_LENGTH: &str = r#"(module (memory (export "memory") 1)
    (func (export "verify") (param i64 i32 i32) (result i32)
        (i64.eq (local.get 0) (i64.extend_i32_u (local.get 2)))))"#;

#[test]
fn a_bounty_brings_its_own_verifier_and_the_terms_say_which() {
    let wasm = wat::parse_str(BY_LENGTH).unwrap();
    let work = |fuel| Work::Module { digest: *blake3::hash(&wasm).as_bytes(), fuel, end: 10 };
    let ledger = Ledger::new(BillingPolicy::default());
    let verifier = |_| -> Box<dyn Verifier> { Box::<InlineVerifier>::default() };
    let mut stage = Stage::with(ledger, Box::new(Unrecorded), None, Audit::default(), verifier);
    let primes = stage.node.post_bounty(base().times(100), base(), stage::ranges()).unwrap();
    let escrow = stage.node.bounties().get(primes).unwrap().escrow();
    let taken = post(&mut stage, escrow, work(1_000), Some(&wasm));
    assert!(matches!(taken, Err(NodeError::Post(PostError::EscrowTaken(other))) if other == primes));
    stage.node.close_bounty(primes).unwrap();
    for other in [None, Some(&b"\0asm"[..])] {
        assert!(matches!(post(&mut stage, escrow, work(1_000), other), Err(NodeError::WrongModule)));
    }
    let text = Work::Module { digest: *blake3::hash(b"text").as_bytes(), fuel: 5, end: 10 };
    let refused = post(&mut stage, escrow, text, Some(b"text"));
    assert!(matches!(refused, Err(NodeError::Verifier(VerifierError::Malformed(_)))));
    assert!(matches!(
        post(&mut stage, escrow, work(0), Some(&wasm)),
        Err(NodeError::Post(PostError::Terms(TermsError::Fuel(0))))
    ));
    post(&mut stage, escrow, work(1_000), Some(&wasm)).unwrap();

    stage.walk(1);
    let wallet = stage.node.fund_wallet(base().times(1_000)).unwrap();
    let cell = stage.launch(wallet, Microjoules::ZERO, Behaviour::default()).unwrap();
    // All at first: a key that comes back is the next to be leased.
    (0..4).for_each(|_| stage.ask(cell, Request::Lease(NAMED)));
    for key in 0..4 {
        let bytes = if key == 3 { 2 } else { 1.max(key as usize) };
        let answer = Answer::new(&vec![7; bytes]).unwrap();
        stage.ask(cell, Request::Claim { which: NAMED, key, answer });
    }
    stage.walk(WINDOW_TICKS + 1);
    let told = stage.told.lock().unwrap();
    assert_eq!((told.paid.len(), told.refused.as_slice()), (2, &[0, 3][..]));
}

#[test]
fn a_preimage_is_paid_for_its_key_and_for_no_other() {
    let ledger = Ledger::new(BillingPolicy::default());
    let verifier = |_| -> Box<dyn Verifier> { Box::<InlineVerifier>::default() };
    let mut stage = Stage::with(ledger, Box::new(Unrecorded), None, Audit::default(), verifier);
    let escrow = stage.node.fund_escrow(base().times(100)).unwrap();
    post(&mut stage, escrow, Work::Preimages { zero_bits: 12, end: 2 }, None).unwrap();
    let digest = |number: u64| {
        let text = [PREIMAGE_TAG, &BOUNTY.0.to_le_bytes(), &0_u64.to_le_bytes(), &number.to_le_bytes()];
        *blake3::hash(&text.concat()).as_bytes()
    };
    let found: u64 = (0..1 << 20).find(|number| digest(*number)[0] == 0 && digest(*number)[1] < 16).unwrap();
    stage.walk(1);
    let wallet = stage.node.fund_wallet(base().times(1_000)).unwrap();
    let cell = stage.launch(wallet, Microjoules::ZERO, Behaviour::default()).unwrap();
    for key in 0..2 {
        stage.ask(cell, Request::Lease(NAMED));
        let answer = Answer::new(&found.to_le_bytes()).unwrap();
        stage.ask(cell, Request::Claim { which: NAMED, key, answer });
    }
    stage.walk(WINDOW_TICKS + 1);
    let told = stage.told.lock().unwrap();
    assert_eq!((told.paid.len(), told.refused.as_slice()), (1, &[1][..]));
}
