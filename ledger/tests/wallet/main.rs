//! What a wallet promises, from outside: addresses, signatures, key files and session keys.

mod address;
mod keyfile;
mod keys;
mod session;

use maxwell_ledger::wallet::Keypair;

/// An owner who is the same in every run.
fn owner(number: u8) -> Keypair {
    Keypair::from_seed(&[number; 32])
}
