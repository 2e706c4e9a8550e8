//! What a node is told of the bounties that the books have.

use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::{BountyId, Terms, Work};
use maxwell_core::ledger::BillingPolicy;
use maxwell_core::units::Microjoules;
use maxwell_daemon::books::{OpenBounty, bounties_of, find, index_of, ledger_of};
use maxwell_daemon::founding::Founding;
use maxwell_ledger::account::AccountName;
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::operation::{Body, Operation, OperationId};
use maxwell_ledger::record::{At, Payment, Reason, Record};
use maxwell_ledger::wallet::Keypair;

const TERMS: Terms = Terms {
    work: Work::Primes(Ranges { origin: 1, width: 1_000, first: 0, end: 10 }),
    reward: Microjoules(30),
};

/// A founded ledger in which a sponsor has a thousand joules, and an escrow has money that nobody has promised.
fn founded() -> (Founding, Keypair) {
    let joules = Microjoules::from_joules;
    let mut founding = Founding::new(&[joules(2_000)], Some(joules(5)));
    let sponsor = Keypair::from_seed(&[9; 32]);
    let mut seed = [0; 32];
    seed[..6].copy_from_slice(b"wallet");
    let first = Keypair::from_seed(&seed);
    assert_eq!(AccountName::Wallet(first.public()), founding.wallets[0], "the key of the first wallet");
    order(&mut founding.ledger, &first, 0, Body::Transfer { to: sponsor.public(), amount: joules(1_000) });
    (founding, sponsor)
}

fn order(ledger: &mut Ledger, key: &Keypair, nonce: u64, body: Body) {
    let id = OperationId(u128::from(nonce).to_le_bytes());
    let host = ledger.books().genesis().host;
    let operation = Operation { host, by: key.public(), nonce, id, body };
    ledger.order(&operation.sign(key)).expect("a good order");
}

#[test]
fn a_node_is_given_the_open_bounties_with_the_keys_that_were_paid() {
    let (mut founding, sponsor) = founded();
    let ledger = &mut founding.ledger;
    assert_eq!(bounties_of(ledger.books()), [], "an escrow without terms is no bounty");
    let post = |number| Body::PostBounty { number, terms: TERMS, budget: Microjoules(1_000) };
    for (nonce, body) in [post(8), post(3), Body::CloseBounty { number: 8 }].into_iter().enumerate() {
        order(ledger, &sponsor, nonce as u64, body);
    }
    let escrow = find(ledger.books(), &AccountName::Escrow(3)).expect("it was posted");
    let to = ledger.books().find(&founding.wallets[0]).expect("it was funded");
    for reference in [0, 1, 2, 7] {
        let (from, amount) = (index_of(escrow), TERMS.reward);
        let payment = Payment { at: At::default(), reason: Reason::Income, reference, from, to, amount };
        ledger.enter(Record::Payment(payment)).expect("it was promised");
    }
    ledger.commit(0, Close::AndSave).expect("memory does not fail");
    let open = OpenBounty { id: BountyId(3), terms: TERMS, paid: vec![0..3, 7..8], escrow };
    assert_eq!(bounties_of(ledger.books()), [open]);
    let of_node = ledger_of(ledger.books(), BillingPolicy::default()).expect("books that sum to zero");
    assert_eq!(of_node.free(escrow), Microjoules(1_000 - 4 * 30));
}
