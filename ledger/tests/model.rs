//! Random histories, on the ledger and on a naive one that keeps a list of everything and works each balance out anew.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Keys, START_MS};
use maxwell_core::bounty::terms::{Terms, Work};
use maxwell_core::limits::MINT_MAX;
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::audit::audit;
use maxwell_ledger::books::Outcome;
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::operation::{Body, Operation, OperationId, SignedOperation};
use maxwell_ledger::receipt::{Period, Receipt};
use maxwell_ledger::record::{At, Line, Payment, Reason, Record, Used, Window};
use proptest::prelude::*;

const PEOPLE: u8 = 4;

/// What is tried.
#[derive(Clone, Debug)]
enum Try {
    /// An order; `by` is the mint if it is nobody else. The nonce is right but for `off`.
    Order { by: Option<u8>, off: i8, id: u8, body: Wish },
    /// A payment by the host's rules.
    Pay { reason: Reason, from: u8, to: u8, amount: i64 },
    /// Income from a bounty for a key: as much as was promised, or more by `off`.
    Income { number: u8, key: u8, to: u8, off: i8 },
    /// The end of a window so many ticks after the last; every line is wallet, quanta, tax.
    Window { later: i8, lines: Vec<(u8, i64, i64)>, grid: i64 },
    /// Everything so far becomes durable.
    Commit(Close),
    /// The process dies; what was not committed is lost.
    Crash,
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    Fund(u8, i64),
    Transfer(u8, i64),
    Deposit(u8, i64),
    MaxBid(Option<i64>),
    Close(u8),
    Post { number: u8, keys: u8, reward: i64, budget: i64 },
    CloseBounty(u8),
}

/// Numbers of bounties, and of escrows that people put money into.
const NUMBERS: u8 = 4;

/// One movement of the naive ledger.
type Movement = (AccountName, AccountName, i128);

/// What somebody promised, and what was paid of it.
#[derive(Clone)]
struct Promise {
    sponsor: AccountName,
    reward: i64,
    keys: u64,
    paid: BTreeSet<u64>,
}

/// A ledger without a single idea in it.
#[derive(Clone, Default)]
struct Naive {
    movements: Vec<Movement>,
    accounts: BTreeSet<AccountName>,
    closed: BTreeSet<AccountName>,
    /// Everything that an owner ever ordered, with what it was.
    orders: BTreeMap<AccountName, Vec<(OperationId, Body)>>,
    promises: BTreeMap<AccountName, Promise>,
    window: At,
}

impl Naive {
    fn new() -> Self {
        Self { accounts: AccountName::HOST.into_iter().collect(), ..Self::default() }
    }

    fn balance(&self, account: &AccountName) -> i128 {
        let each = self.movements.iter().map(|(from, to, amount)| {
            i128::from(to == account) * amount - i128::from(from == account) * amount
        });
        each.sum()
    }

    fn move_money(&mut self, from: AccountName, to: AccountName, amount: i128) {
        self.accounts.insert(to);
        self.movements.push((from, to, amount));
    }

    /// Whether an order is carried out: yes, no, or it was before.
    fn order(&mut self, keys: &Keys, operation: &Operation) -> Option<bool> {
        let actor = operation.actor();
        if actor == AccountName::Mint && operation.by != keys.mint.public() || !self.accounts.contains(&actor)
        {
            return None;
        }
        let before = self.orders.get(&actor).cloned().unwrap_or_default();
        let remembered = before.iter().rev().take(8).find(|(id, _)| *id == operation.id);
        if let Some((_, body)) = remembered {
            return (*body == operation.body).then_some(false);
        }
        if self.closed.contains(&actor) || operation.nonce != before.len() as u64 {
            return None;
        }
        let (to, amount) = match operation.body {
            Body::Fund { to, amount } | Body::Transfer { to, amount } => {
                (Some(AccountName::Wallet(to)), amount)
            }
            Body::Deposit { into, amount } => (Some(into), amount),
            Body::SetMaxBid { max_bid } => {
                if max_bid.is_some_and(|max_bid| max_bid.0 <= 0) {
                    return None;
                }
                (None, Microjoules::ZERO)
            }
            Body::PostBounty { number, terms, budget } => {
                let (_, keys) = terms.work.keys();
                let promise = Promise { sponsor: actor, reward: terms.reward.0, keys, paid: BTreeSet::new() };
                return self.post(AccountName::Escrow(number), promise, budget.0, operation);
            }
            Body::CloseBounty { number } => {
                return self.end(AccountName::Escrow(number), actor, operation);
            }
            Body::Close { to } => {
                let is_open = |(escrow, promise): (&AccountName, &Promise)| {
                    promise.sponsor == actor && !self.closed.contains(escrow)
                };
                if self.promises.iter().any(is_open) {
                    return None;
                }
                let rest = self.balance(&actor);
                (Some(AccountName::Wallet(to)), Microjoules(i64::try_from(rest).expect("it fits")))
            }
        };
        let closing = matches!(operation.body, Body::Close { .. });
        if let Some(to) = to {
            let (amount, free) = (i128::from(amount.0), self.balance(&actor));
            let covered = match operation.body {
                Body::Fund { .. } => amount > 0 && amount - free <= i128::from(i64::MAX / 2),
                Body::Close { .. } => free >= 0,
                _ => amount > 0 && amount <= free,
            };
            if !covered || to == actor || self.closed.contains(&to) {
                return None;
            }
            if amount > 0 {
                self.move_money(actor, to, amount);
            }
        }
        if closing {
            self.closed.insert(actor);
        }
        self.note(operation);
        Some(true)
    }

    fn note(&mut self, operation: &Operation) {
        self.orders.entry(operation.actor()).or_default().push((operation.id, operation.body));
    }

    fn post(
        &mut self,
        escrow: AccountName,
        promise: Promise,
        budget: i64,
        order: &Operation,
    ) -> Option<bool> {
        let is_good = (1..=1_000_000_000_000).contains(&promise.reward) && promise.keys > 0;
        let is_covered = budget >= promise.reward && i128::from(budget) <= self.balance(&promise.sponsor);
        if !is_good || !is_covered || self.accounts.contains(&escrow) {
            return None;
        }
        self.move_money(promise.sponsor, escrow, i128::from(budget));
        self.promises.insert(escrow, promise);
        self.note(order);
        Some(true)
    }

    fn end(&mut self, escrow: AccountName, by: AccountName, order: &Operation) -> Option<bool> {
        if self.promises.get(&escrow)?.sponsor != by || !self.closed.insert(escrow) {
            return None;
        }
        self.move_money(escrow, by, self.balance(&escrow));
        self.note(order);
        Some(true)
    }

    /// Whether the promise from which somebody is to be paid, if there is one, says so.
    fn is_promised(&self, reason: Reason, from: &AccountName, amount: i64, key: u64) -> bool {
        self.promises.get(from).is_none_or(|promise| {
            let is_new = key < promise.keys && !promise.paid.contains(&key);
            reason == Reason::Income && amount == promise.reward && is_new
        })
    }

    /// A fee may leave a debt, as long as both accounts can hold it; everything else is paid from what there is.
    fn is_covered(&self, reason: Reason, from: AccountName, to: AccountName, amount: i128) -> bool {
        if reason != Reason::Verification {
            return amount <= self.balance(&from);
        }
        self.bears(from, -amount) && self.bears(to, amount)
    }

    /// Whether an account can hold a change.
    fn bears(&self, who: AccountName, change: i128) -> bool {
        let (before, after) = (self.balance(&who).abs(), (self.balance(&who) + change).abs());
        after <= before.max(i128::from(MINT_MAX.0))
    }

    fn pay(&mut self, reason: Reason, from: AccountName, to: AccountName, amount: i64, key: u64) -> bool {
        use AccountName::{Escrow, Stake, Treasury, Wallet};
        let allowed = matches!(
            (reason, from, to),
            (Reason::Income, Escrow(_), Wallet(_))
                | (Reason::Refund, Escrow(_) | Stake(_), Wallet(_))
                | (Reason::Forfeit, Stake(_), Treasury)
                | (Reason::Verification, Wallet(_), Treasury)
        );
        let possible = allowed
            && self.is_promised(reason, &from, amount, key)
            && amount > 0
            && self.is_covered(reason, from, to, i128::from(amount))
            && !self.closed.contains(&to)
            && !self.closed.contains(&from);
        if possible {
            self.move_money(from, to, i128::from(amount));
            if let Some(promise) = self.promises.get_mut(&from) {
                promise.paid.insert(key);
            }
        }
        possible
    }

    fn end_window(&mut self, at: At, lines: &[(AccountName, i64, i64)], grid: i64) -> bool {
        let amounts = lines.iter().flat_map(|(_, quanta, tax)| [*quanta, *tax]).chain([grid]);
        let wallets = lines.iter().all(|(who, ..)| matches!(who, AccountName::Wallet(_)));
        if at <= self.window || !wallets || amounts.into_iter().any(|amount| amount < 0) {
            return false;
        }
        // Each account is to hold the charges of the whole window.
        let all: i128 = lines.iter().map(|(_, quanta, tax)| i128::from(*quanta) + i128::from(*tax)).sum();
        let all = all + i128::from(grid);
        let host = [AccountName::Tax, AccountName::Grid, AccountName::Treasury];
        let bearable = lines.iter().all(|(who, ..)| self.bears(*who, -all))
            && host.iter().all(|who| self.bears(*who, all))
            && self.bears(AccountName::Treasury, -all);
        if !bearable {
            return false;
        }
        self.window = at;
        for (who, quanta, tax) in lines {
            self.move_money(*who, AccountName::Treasury, i128::from(*quanta));
            self.move_money(*who, AccountName::Tax, i128::from(*tax));
        }
        self.move_money(AccountName::Treasury, AccountName::Grid, i128::from(grid));
        true
    }
}

/// Both ledgers, and the naive one as it was when the other was last committed.
struct Both {
    keys: Keys,
    ledger: Option<Ledger>,
    naive: Naive,
    durable: Naive,
    now_ms: u64,
}

impl Both {
    fn new() -> Self {
        let keys = Keys::new(PEOPLE);
        let ledger = Some(keys.ledger());
        Self { keys, ledger, naive: Naive::new(), durable: Naive::new(), now_ms: START_MS }
    }

    fn ledger(&mut self) -> &mut Ledger {
        self.ledger.as_mut().expect("it is taken only to be opened again")
    }

    /// The account at a place, of those that there are: a wallet, an escrow or the host's.
    fn account(&mut self, number: u8) -> (Index, AccountName) {
        let accounts = self.ledger().books().accounts();
        let place = usize::from(number) % accounts.len();
        (Index(place as u32), accounts[place].name)
    }

    fn step(&mut self, attempt: &Try) {
        match attempt {
            Try::Order { by, off, id, body } => self.order(*by, *off, *id, *body),
            Try::Pay { reason, from, to, amount } => {
                let ((from, payer), (to, receiver)) = (self.account(*from), self.account(*to));
                self.pay(*reason, (from, payer), (to, receiver), *amount, 1);
            }
            Try::Income { number, key, to, off } => {
                let name = AccountName::Escrow(u64::from(number % NUMBERS));
                let Some(from) = self.ledger().books().find(&name) else { return };
                let promised = self.naive.promises.get(&name).map_or(5, |promise| promise.reward);
                let to = self.account(*to);
                self.pay(Reason::Income, (from, name), to, promised + i64::from(*off), u64::from(*key));
            }
            Try::Window { later, lines, grid } => self.window(*later, lines, *grid),
            Try::Commit(close) => {
                self.now_ms += 300;
                let now_ms = self.now_ms;
                self.ledger().commit(now_ms, *close).expect("memory does not fail");
                self.durable = self.naive.clone();
            }
            Try::Crash => {
                let store = self.ledger.take().expect("it is there").into_store();
                self.ledger = Some(self.keys.open(store));
                self.naive = self.durable.clone();
            }
        }
    }

    fn pay(
        &mut self,
        reason: Reason,
        (from, payer): (Index, AccountName),
        (to, receiver): (Index, AccountName),
        amount: i64,
        reference: u64,
    ) {
        let at = At::default();
        let payment = Payment { at, reason, reference, from, to, amount: Microjoules(amount) };
        let done = self.ledger().enter(Record::Payment(payment));
        let expected = self.naive.pay(reason, payer, receiver, amount, reference);
        assert_eq!(done.is_ok(), expected, "{payment:?}: {done:?}");
    }

    fn order(&mut self, by: Option<u8>, off: i8, id: u8, body: Wish) {
        let person = |number: u8| self.keys.person(usize::from(number % PEOPLE));
        let body = match body {
            Wish::Fund(to, amount) => Body::Fund { to: person(to), amount: Microjoules(amount) },
            Wish::Transfer(to, amount) => Body::Transfer { to: person(to), amount: Microjoules(amount) },
            Wish::Deposit(into, amount) => {
                let number = u64::from(into % NUMBERS);
                let into = if number == 2 { AccountName::Stake(2) } else { AccountName::Escrow(number) };
                Body::Deposit { into, amount: Microjoules(amount) }
            }
            Wish::MaxBid(max_bid) => Body::SetMaxBid { max_bid: max_bid.map(Microjoules) },
            Wish::Close(to) => Body::Close { to: person(to) },
            Wish::Post { number, keys, reward, budget } => {
                let work = Work::Preimages { zero_bits: 1, end: u64::from(keys) };
                let terms = Terms { work, reward: Microjoules(reward) };
                let number = u64::from(number % NUMBERS);
                Body::PostBounty { number, terms, budget: Microjoules(budget) }
            }
            Wish::CloseBounty(number) => Body::CloseBounty { number: u64::from(number % NUMBERS) },
        };
        let key = by.map_or(&self.keys.mint, |number| &self.keys.people[usize::from(number % PEOPLE)]);
        let draft = Operation {
            host: self.keys.host.public(),
            by: key.public(),
            nonce: 0,
            id: OperationId([id; 16]),
            body,
        };
        let made = self.naive.orders.get(&draft.actor()).map_or(0, Vec::len) as u64;
        let operation = Operation { nonce: made.saturating_add_signed(i64::from(off)), ..draft };
        // Signing is not what is looked at here; other tests do.
        let signature = self.keys.fund(0, 0, 1).signature;
        let record = Record::Operation(Box::new(SignedOperation { operation, signature }));
        let expected = self.naive.order(&self.keys, &operation);
        let outcome = self.ledger().enter(record);
        let found = outcome.as_ref().ok().map(|outcome| matches!(outcome, Outcome::Done(_)));
        assert_eq!(found, expected, "{operation:?}: {outcome:?}");
    }

    fn window(&mut self, later: i8, lines: &[(u8, i64, i64)], grid: i64) {
        let tick = self.naive.window.tick.saturating_add_signed(i64::from(later));
        let at = At { run: 1, tick };
        let mut naive_lines = Vec::new();
        let mut real_lines = Vec::new();
        for (cell, (number, quanta, tax)) in lines.iter().enumerate() {
            let (wallet, name) = self.account(*number);
            naive_lines.push((name, *quanta, *tax));
            real_lines.push(Line {
                wallet,
                cell: cell as u32,
                quanta: Microjoules(*quanta),
                rent: Microjoules::ZERO,
                tax: Microjoules(*tax),
                used: Used::default(),
            });
        }
        let window = Window {
            at,
            tariff: Ppm::ONE,
            provenance: Provenance::Modelled,
            grid: Microjoules(grid),
            lines: real_lines,
        };
        let done = self.ledger().enter(Record::Window(window)).is_ok();
        assert_eq!(done, self.naive.end_window(at, &naive_lines, grid), "{at:?} {naive_lines:?}");
    }

    fn agree(&mut self) {
        let naive = self.naive.clone();
        let books = self.ledger().books();
        assert_eq!(books.accounts().len(), naive.accounts.len());
        for account in books.accounts() {
            assert_eq!(i128::from(account.balance.0), naive.balance(&account.name), "{}", account.name);
            assert_eq!(account.closed, naive.closed.contains(&account.name), "{}", account.name);
        }
        for (name, promise) in &naive.promises {
            let AccountName::Escrow(number) = name else { panic!("{name} is no escrow") };
            let (bounty, escrow) = books.bounty(*number).expect("it was posted");
            let paid = (0..=255).filter(|key| bounty.paid.contains(*key)).collect::<BTreeSet<_>>();
            assert_eq!(paid, promise.paid, "{name}");
            let listed = books.open_bounties().any(|(id, _)| id.0 == *number);
            assert_eq!(listed, !escrow.closed, "{name}");
        }
        let sum: i128 = books.accounts().iter().map(|account| i128::from(account.balance.0)).sum();
        assert_eq!(sum, 0, "money was made or lost");
    }

    /// Every account can be billed for all its life, and the bill is right.
    fn bills(&mut self) {
        let host = self.keys.host.public();
        for name in self.naive.accounts.clone() {
            let receipt = match Receipt::export(self.ledger().store(), name, Period::default()) {
                Ok(receipt) => receipt,
                Err(error) => {
                    let nothing_yet = self.naive.movements.is_empty() && self.naive.orders.is_empty();
                    assert!(nothing_yet || self.ledger().books().mark().sequence == 0, "{name}: {error}");
                    continue;
                }
            };
            let bill = receipt.verify(&host).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(i128::from(bill.after.0), self.naive.balance(&name), "{name}");
        }
    }
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 1..2_000_i64, 1 => Just(0), 1 => -5..0_i64, 1 => Just(i64::MAX / 2), 1 => Just(i64::MAX)]
}

/// Charges are bounded by what a node can charge.
fn charge() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..900_i64, 1 => -5..0_i64]
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        3 => (any::<u8>(), amount()).prop_map(|(to, amount)| Wish::Transfer(to, amount)),
        2 => (any::<u8>(), amount()).prop_map(|(into, amount)| Wish::Deposit(into, amount)),
        1 => proptest::option::of(amount()).prop_map(Wish::MaxBid),
        1 => any::<u8>().prop_map(Wish::Close),
        3 => (any::<u8>(), 0..5_u8, prop_oneof![6 => 1..200_i64, 1 => amount()], amount())
            .prop_map(|(number, keys, reward, budget)| Wish::Post { number, keys, reward, budget }),
        2 => any::<u8>().prop_map(Wish::CloseBounty),
        1 => (any::<u8>(), amount()).prop_map(|(to, amount)| Wish::Fund(to, amount)),
    ]
}

fn attempt() -> impl Strategy<Value = Try> {
    let off = || prop_oneof![8 => Just(0_i8), 1 => -2..3_i8];
    let reason =
        prop::sample::select(vec![Reason::Income, Reason::Refund, Reason::Forfeit, Reason::Verification]);
    let later = prop_oneof![8 => 1..4_i8, 1 => -2..1_i8];
    let lines = proptest::collection::vec((any::<u8>(), charge(), charge()), 0..4);
    let close = prop_oneof![Just(Close::IfDue), Just(Close::Epoch), Just(Close::AndSave)];
    prop_oneof![
        4 => (any::<u8>(), off(), any::<u8>(), wish())
            .prop_map(|(by, off, id, body)| Try::Order { by: Some(by), off, id, body }),
        3 => (off(), any::<u8>(), any::<u8>(), amount())
            .prop_map(|(off, id, to, amount)| Try::Order { by: None, off, id, body: Wish::Fund(to, amount) }),
        2 => (reason, any::<u8>(), any::<u8>(), amount())
            .prop_map(|(reason, from, to, amount)| Try::Pay { reason, from, to, amount }),
        4 => (any::<u8>(), 0..6_u8, any::<u8>(), off())
            .prop_map(|(number, key, to, off)| Try::Income { number, key, to, off }),
        3 => (later, lines, charge()).prop_map(|(later, lines, grid)| Try::Window { later, lines, grid }),
        2 => close.prop_map(Try::Commit),
        1 => Just(Try::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn every_history_ends_as_the_naive_ledger_says(history in proptest::collection::vec(attempt(), 1..80)) {
        let mut both = Both::new();
        for attempt in &history {
            both.step(attempt);
            both.agree();
        }
        both.step(&Try::Commit(Close::Epoch));
        both.bills();
        both.step(&Try::Crash);
        both.agree();
    }
}

#[test]
fn a_history_of_good_orders_passes_the_audit() {
    let keys = Keys::new(2);
    let mut ledger = keys.ledger();
    common::done(&mut ledger, &keys.fund(0, 0, 1_000));
    for nonce in 0..30 {
        common::done(&mut ledger, &keys.transfer(0, nonce, 1, 3));
    }
    let found = audit(ledger.store()).expect("a ledger in order");
    assert_eq!((found.operations, found.transfers), (31, 31));
}
