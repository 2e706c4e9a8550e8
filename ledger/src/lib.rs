//! Money that survives everything: wallets and their keys, the journal of every movement, the signed chain of epochs,
//! bills that anyone can check, and the store that keeps them.

pub mod account;
pub mod audit;
pub mod books;
pub mod bounty;
pub mod codec;
pub mod digest;
pub mod entry;
pub mod frame;
pub mod head;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod operation;
pub mod receipt;
pub mod record;
pub mod store;
pub mod sum_tree;
pub mod wallet;
mod wire;
