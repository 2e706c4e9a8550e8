//! A ledger that goes on with accounts from elsewhere, and what their owners have said.

use super::*;

fn opening(role: Role, balance: i64) -> Opening {
    Opening { balance: Microjoules(balance), ..Opening::empty(role) }
}

/// The host's accounts and these wallets, issued by the mint.
fn books(wallets: &[Opening]) -> Vec<Opening> {
    let issued: i64 = wallets.iter().map(|wallet| wallet.balance.0).sum();
    let host = [
        opening(Role::Mint, -issued - 10),
        opening(Role::Treasury, 7),
        opening(Role::Grid, 2),
        opening(Role::Tax, 1),
    ];
    host.into_iter().chain(wallets.iter().copied()).collect()
}

fn with_accounts(openings: &[Opening]) -> Result<Ledger, LedgerError> {
    Ledger::with_accounts(BillingPolicy::default(), openings)
}

#[test]
fn accounts_that_are_carried_over_keep_place_and_balance() {
    let ledger = with_accounts(&books(&[opening(Role::Wallet, 500), opening(Role::Wallet, -3)])).unwrap();
    let balances: Vec<_> = (0..6).map(|number| ledger.accounts().balance(AccountId(number)).0).collect();
    assert_eq!(balances, [-507, 7, 2, 1, 500, -3]);
    assert_eq!((ledger.treasury(), ledger.tax()), (AccountId(1), AccountId(3)));
    assert_eq!(ledger.free(AccountId(5)), Microjoules(-3), "a debt is carried over whole");
    invariants::money(0, &ledger).unwrap();
}

#[test]
fn books_that_are_not_a_host_s_or_do_not_balance_are_refused() {
    let good = books(&[opening(Role::Wallet, 500)]);
    assert_eq!(with_accounts(&good[1..]).unwrap_err(), LedgerError::NoHost);
    assert_eq!(with_accounts(&good[..3]).unwrap_err(), LedgerError::NoHost);
    let mut more = good;
    more[4].balance += Microjoules(1);
    assert_eq!(with_accounts(&more).unwrap_err(), LedgerError::Unbalanced(Microjoules(1)));
}

#[test]
fn a_closed_wallet_and_an_account_of_the_host_pay_for_no_cell() {
    let closed = Opening { closed: true, ..opening(Role::Wallet, 500) };
    let mut ledger = with_accounts(&books(&[closed, opening(Role::Stake, 500)])).unwrap();
    let refused = |ledger: &mut Ledger, account| ledger.open_bill(CellId(0), account, 0, BASE).unwrap_err();
    assert_eq!(refused(&mut ledger, AccountId(4)), LedgerError::Closed(AccountId(4)));
    for (number, role) in [(1, Role::Treasury), (5, Role::Stake)] {
        let account = AccountId(number);
        assert_eq!(refused(&mut ledger, account), LedgerError::NotAWallet { account, role });
    }
}

#[test]
fn an_overdrawn_stake_is_a_violation() {
    let ledger = with_accounts(&books(&[opening(Role::Stake, -1), opening(Role::Wallet, 1)])).unwrap();
    assert!(matches!(
        invariants::money(0, &ledger),
        Err(invariants::Violation::Overdrawn { role: Role::Stake, account: 4, .. })
    ));
}

#[test]
fn what_an_account_has_free_is_read_beside_its_owner() {
    // Who reads may be another thread.
    fn handed_over<T: Send + 'static>(value: T) -> T {
        value
    }
    let (mut ledger, wallet) = with_wallet(1_000);
    let balances = handed_over(ledger.accounts().balances());
    ledger.hold(&clearing(0, &[award(0, wallet, 300)]));
    let read = balances.free(wallet);
    assert_eq!((read, ledger.accounts().balance(wallet)), (Microjoules(700), Microjoules(1_000)));
    assert_eq!(ledger.accounts().held_in_all(), Microjoules(300));
}

#[test]
fn a_bound_on_bids_is_kept_until_it_is_lifted() {
    let (mut ledger, wallet) = with_wallet(1_000);
    assert_eq!(ledger.accounts().max_bid(wallet), None);
    ledger.set_max_bid(wallet, Some(Microjoules(40)));
    assert_eq!(ledger.accounts().max_bid(wallet), Some(Microjoules(40)));
    ledger.set_max_bid(wallet, None);
    assert_eq!(ledger.accounts().max_bid(wallet), None);
}
