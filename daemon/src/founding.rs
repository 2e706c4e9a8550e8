//! A new ledger in memory with money in it, for simulations, benchmarks and tests.
//!
//! Everything in it came as it would on a real host: signed by the mint and by a sponsor. The keys are the same every time.

use maxwell_core::units::Microjoules;
use maxwell_ledger::account::AccountName;
use maxwell_ledger::ledger::{self, Close, Ledger};
use maxwell_ledger::operation::{Body, Operation, OperationId};
use maxwell_ledger::store::MemoryStore;
use maxwell_ledger::wallet::{Keypair, PublicKey};

/// When it is founded, in milliseconds since 1970: the beginning of 2026.
pub const FOUNDED_MS: u64 = 1_767_225_600_000;

/// A ledger and the names of those who have money in it.
pub struct Founding {
    /// The ledger. Everything is committed and signed.
    pub ledger: Ledger,
    /// Whose ledger it is: the key against which its receipts are checked.
    pub host: PublicKey,
    /// The wallets, in the order of their amounts.
    pub wallets: Vec<AccountName>,
    /// The escrow, if money was put into one.
    pub escrow: Option<AccountName>,
    /// The stakes that wallets have put up, with the wallets' numbers.
    pub stakes: Vec<(usize, AccountName)>,
}

impl Founding {
    /// A ledger with these wallets and, from a sponsor, this much in escrow.
    ///
    /// # Panics
    /// When an amount is not above zero or all of them are more than may be minted, or the system gives no random bytes.
    pub fn new(wallets: &[Microjoules], escrow: Option<Microjoules>) -> Self {
        let mint = Issuer { key: key(b"mint", 0), nonce: 0 };
        let host = key(b"host", 0);
        let genesis = ledger::found(&host, mint.key.public(), FOUNDED_MS).expect("random bytes");
        let public = host.public();
        let ledger = Ledger::open(Box::new(MemoryStore::create(&genesis)), host).expect("a new ledger");
        let mut founding =
            Self { ledger, host: public, wallets: Vec::new(), escrow: None, stakes: Vec::new() };
        founding.fund(mint, wallets, escrow);
        founding
    }

    /// Moves this much of a wallet, by its number, into a stake.
    ///
    /// # Panics
    /// When the wallet has not so much, or has put up a stake before.
    pub fn stake(&mut self, wallet: usize, amount: Microjoules) {
        let into = AccountName::Stake(wallet as u64);
        self.order_of(wallet, Body::Deposit { into, amount });
        self.stakes.push((wallet, into));
    }

    /// Bounds what a wallet, by its number, may spend in a tick.
    ///
    /// # Panics
    /// When the bound is not above zero.
    pub fn bound(&mut self, wallet: usize, max_bid: Microjoules) {
        self.order_of(wallet, Body::SetMaxBid { max_bid: Some(max_bid) });
    }

    /// Carries out an order of a wallet's owner.
    fn order_of(&mut self, wallet: usize, body: Body) {
        let books = self.ledger.books();
        let index = books.find(&self.wallets[wallet]).expect("it was funded");
        let mut owner = Issuer { key: key(b"wallet", wallet as u64), nonce: books.account(index).nonce };
        self.order(&mut owner, body);
        self.ledger.commit(FOUNDED_MS, Close::Epoch).expect("memory does not fail");
    }

    fn fund(&mut self, mut mint: Issuer, wallets: &[Microjoules], escrow: Option<Microjoules>) {
        for (number, amount) in wallets.iter().enumerate() {
            let to = key(b"wallet", number as u64).public();
            self.order(&mut mint, Body::Fund { to, amount: *amount });
            self.wallets.push(AccountName::Wallet(to));
        }
        if let Some(amount) = escrow {
            let mut sponsor = Issuer { key: key(b"sponsor", 0), nonce: 0 };
            let into = AccountName::Escrow(0);
            self.order(&mut mint, Body::Fund { to: sponsor.key.public(), amount });
            self.order(&mut sponsor, Body::Deposit { into, amount });
            self.escrow = Some(into);
        }
        self.ledger.commit(FOUNDED_MS, Close::Epoch).expect("memory does not fail");
    }

    fn order(&mut self, issuer: &mut Issuer, body: Body) {
        let Issuer { key, nonce } = issuer;
        // Ids are one owner's own, so numbers do.
        let id = OperationId(u128::from(*nonce).to_le_bytes());
        let operation = Operation { host: self.host, by: key.public(), nonce: *nonce, id, body };
        self.ledger.order(&operation.sign(key)).expect("amounts that may be moved");
        *nonce += 1;
    }
}

/// An owner and the next nonce of theirs.
struct Issuer {
    key: Keypair,
    nonce: u64,
}

/// The key of a role.
fn key(role: &[u8], number: u64) -> Keypair {
    let mut seed = [0; 32];
    seed[..role.len()].copy_from_slice(role);
    seed[24..].copy_from_slice(&number.to_le_bytes());
    Keypair::from_seed(&seed)
}
