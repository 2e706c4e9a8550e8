//! What a busy host does, at random: people order, the host's rules pay, billing windows end.

use maxwell_core::bounty::terms::{Terms, Work};
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::books::Books;
use maxwell_ledger::ledger::Ledger;
use maxwell_ledger::operation::{Body, SignedOperation};
use maxwell_ledger::record::{At, Line, Note, Payment, Reason, Record, Standing, Used, Window};

use super::Keys;
use super::dice::Dice;

/// From here the host's rules pay income that nobody has promised.
const ESCROW: AccountName = AccountName::Escrow(1);

/// Numbers of bounties that may be posted, from 2.
const BOUNTIES: usize = 200;

/// Keys of a bounty at most.
const KEYS: usize = 30;

/// Makes records that follow on each other, from a seed.
pub(crate) struct Workload {
    pub(crate) keys: Keys,
    pub(crate) dice: Dice,
}

/// What must be known of the books to do as a host something that they allow.
pub(crate) struct Floor {
    /// Wallets that are not closed.
    wallets: Vec<Index>,
    /// The escrow, and what is left in it.
    escrow: Option<(Index, i64)>,
    /// Open bounties, with what they have still to pay.
    promises: Vec<Promise>,
    /// The last window.
    at: At,
}

struct Promise {
    escrow: Index,
    left: i64,
    reward: i64,
    unpaid: Vec<u64>,
}

impl Floor {
    pub(crate) fn of(books: &Books) -> Self {
        let open = |(number, account): (usize, &maxwell_ledger::account::Account)| {
            let is_open = matches!(account.name, AccountName::Wallet(_)) && !account.closed;
            is_open.then_some(Index(number as u32))
        };
        let wallets = books.accounts().iter().enumerate().filter_map(open).collect();
        let escrow = books.find(&ESCROW).map(|index| (index, books.account(index).balance.0));
        let promises = books.open_bounties().map(|(id, escrow)| {
            let (bounty, account) = books.bounty(id.0).expect("it is open");
            let (first, end) = bounty.terms.work.keys();
            let unpaid = (first..end).filter(|key| !bounty.paid.contains(*key)).collect();
            Promise { escrow, left: account.balance.0, reward: bounty.terms.reward.0, unpaid }
        });
        Self { wallets, escrow, promises: promises.collect(), at: books.mark().window }
    }
}

impl Workload {
    pub(crate) fn new(people: u8, seed: u64) -> Self {
        Self { keys: Keys::new(people), dice: Dice::new(seed) }
    }

    /// Enters what comes next, and gives its place and itself. An order that the ledger refuses is given up, and another is
    /// made; what the host does is never refused.
    pub(crate) fn enter(&mut self, ledger: &mut Ledger) -> (u64, Record) {
        loop {
            let mut floor = Floor::of(ledger.books());
            if self.dice.below(4) == 0 && !floor.wallets.is_empty() {
                let record = self.of_host(&mut floor);
                let outcome = ledger.enter(record.clone()).expect("the host keeps the rules");
                return (outcome.sequence(), record);
            }
            let order = self.order(ledger.books());
            if let Ok(outcome) = ledger.order(&order) {
                return (outcome.sequence(), Record::Operation(Box::new(order)));
            }
        }
    }

    /// Something that the host does by itself: a payment, a note, a window. There must be a wallet.
    pub(crate) fn of_host(&mut self, floor: &mut Floor) -> Record {
        match self.dice.below(4) {
            0 => self.payment(floor).map_or_else(|| self.note(floor), Record::Payment),
            1 => self.note(floor),
            _ => Record::Window(self.window(floor)),
        }
    }

    /// The next window: some wallets pay, whether they can or not.
    pub(crate) fn window(&mut self, floor: &mut Floor) -> Window {
        floor.at = At { run: 1, tick: floor.at.tick + 1 + self.dice.below(10) as u64 };
        let mut lines = Vec::new();
        for wallet in &floor.wallets {
            if self.dice.below(3) == 0 {
                continue;
            }
            let quanta = Microjoules(self.dice.below(300) as i64);
            let used = Used { energy: quanta, used_ns: 9_000_000, awards: 1, ..Used::default() };
            let (rent, tax) = (Microjoules(1), Microjoules(self.dice.below(3) as i64));
            lines.push(Line { wallet: *wallet, cell: wallet.0, quanta, rent, tax, used });
        }
        let grid = Microjoules(self.dice.below(100) as i64);
        Window { at: floor.at, tariff: Ppm::ONE, provenance: Provenance::Modelled, grid, lines }
    }

    /// Income for somebody, if there is anything in escrow.
    pub(crate) fn payment(&mut self, floor: &mut Floor) -> Option<Payment> {
        let to = floor.wallets[self.dice.below(floor.wallets.len())];
        if self.dice.below(4) > 0
            && let Some(payment) = self.promised(floor, to)
        {
            return Some(payment);
        }
        let (from, left) = floor.escrow.as_mut().filter(|(_, left)| *left > 100)?;
        let amount = 1 + self.dice.below(100) as i64;
        *left -= amount;
        let (reference, amount) = (self.dice.next(), Microjoules(amount));
        Some(Payment { at: floor.at, reason: Reason::Income, reference, from: *from, to, amount })
    }

    /// What a bounty pays for a key that it has not paid.
    fn promised(&mut self, floor: &mut Floor, to: Index) -> Option<Payment> {
        let at = floor.at;
        let payable = |promise: &&mut Promise| promise.left >= promise.reward && !promise.unpaid.is_empty();
        let mut payable: Vec<_> = floor.promises.iter_mut().filter(payable).collect();
        if payable.is_empty() {
            return None;
        }
        let promise = payable.swap_remove(self.dice.below(payable.len()));
        let reference = promise.unpaid.swap_remove(self.dice.below(promise.unpaid.len()));
        promise.left -= promise.reward;
        let (from, amount) = (promise.escrow, Microjoules(promise.reward));
        Some(Payment { at, reason: Reason::Income, reference, from, to, amount })
    }

    fn note(&mut self, floor: &Floor) -> Record {
        let wallet = floor.wallets[self.dice.below(floor.wallets.len())];
        let standing = [Standing::Hungry, Standing::Fed, Standing::InDebt][self.dice.below(3)];
        Record::Note(Note { at: floor.at, wallet, cell: wallet.0, standing })
    }

    /// An order that is well signed, and may be refused for what it wants.
    fn order(&mut self, books: &Books) -> SignedOperation {
        let people = self.keys.people.len();
        let (by, to) = (self.dice.below(people), self.dice.below(people));
        let amount = 1 + self.dice.below(5_000) as i64;
        let nonce = |name| books.find(&name).map_or(0, |index| books.account(index).nonce);
        let money = Microjoules(amount);
        let body = match self.dice.below(64) {
            0..16 => return self.keys.fund(nonce(AccountName::Mint), to, 20 * amount),
            16..36 => Body::Transfer { to: self.keys.person(to), amount: money },
            36..48 => Body::Deposit { into: ESCROW, amount: money },
            48..52 => Body::Deposit { into: AccountName::Stake(by as u64), amount: money },
            // Half of the people never close their wallets, so that business goes on.
            63 if by % 2 == 1 => Body::Close { to: self.keys.person(0) },
            52..56 => {
                let work = Work::Preimages { zero_bits: 1, end: 1 + self.dice.below(KEYS) as u64 };
                let terms = Terms { work, reward: Microjoules(1 + amount / 50) };
                let number = 2 + self.dice.below(BOUNTIES) as u64;
                Body::PostBounty { number, terms, budget: money }
            }
            56 => return self.close_bounty(books),
            limit => Body::SetMaxBid { max_bid: (limit != 57).then_some(money) },
        };
        self.keys.order(by, nonce(AccountName::Wallet(self.keys.person(by))), body)
    }

    /// The end of a bounty, by its sponsor if there is one.
    fn close_bounty(&mut self, books: &Books) -> SignedOperation {
        let open: Vec<_> = books.open_bounties().map(|(id, _)| id.0).collect();
        let number = if open.is_empty() { 0 } else { open[self.dice.below(open.len())] };
        let sponsor = books.bounty(number).map(|(bounty, _)| bounty.sponsor);
        // Where there is no such bounty, anybody may ask, and is refused.
        let by = self.keys.people.iter().position(|key| Some(key.public()) == sponsor).unwrap_or(0);
        let name = AccountName::Wallet(self.keys.person(by));
        let nonce = books.find(&name).map_or(0, |index| books.account(index).nonce);
        self.keys.order(by, nonce, Body::CloseBounty { number })
    }
}
