//! What was recorded is what happened: the books of the durable ledger beside the node's own.

use maxwell_daemon::books::account_of;
use maxwell_daemon::node::Node;
use maxwell_ledger::account::Index;
use maxwell_ledger::audit::audit;

use crate::checks::Verdict;

/// Compares every account of a node whose run has ended with what its ledger has on record, and plays the record again from its
/// beginning, as an auditor would.
pub(crate) fn compare(node: Node) -> Verdict {
    let accounts = node.ledger().accounts();
    let posted: Vec<_> = accounts.all().map(|(account, _)| (account, accounts.balance(account))).collect();
    let Some(recorded) = node.into_recorded() else {
        return Err("the run was recorded and left no ledger".to_owned());
    };
    let books = recorded.books();
    if books.accounts().len() != posted.len() {
        return Err(format!(
            "{} accounts are on record, the node has {}",
            books.accounts().len(),
            posted.len()
        ));
    }
    for (number, (account, balance)) in posted.into_iter().enumerate() {
        let index = Index(number as u32);
        let on_record = books.account(index).balance;
        if account != account_of(index) || balance != on_record {
            return Err(format!("{account:?} has {balance}, on record it has {on_record}"));
        }
    }
    audit(recorded.store()).map(|_| ()).map_err(|error| error.to_string())
}
