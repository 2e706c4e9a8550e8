//! The limit on everything that the ledger keeps or reads.

use maxwell_core::limits::{BOUNTIES_MAX, KEYS_OUT_MAX};

/// Length of an epoch: how often the accounts are signed while something happens.
pub const EPOCH_MS: u64 = 1_000;

/// Operations of one owner that are recognised when they come again. Nobody has more than a few on the way at a time,
/// and an older one is refused by its nonce.
pub const RECENT_OPERATIONS: usize = 8;

/// Bytes of a signed operation: two keys and a signature, and a few numbers.
pub const OPERATION_BYTES_MAX: usize = 512;

/// Accounts of one ledger: a leaf of the tree and a row take about half a kilobyte of memory each.
pub const ACCOUNTS_MAX: usize = 8_000_000;

/// Transfers that one fold plays again, so that no commit waits for it for longer than a second or two.
pub const FOLD_TRANSFERS_MAX: u64 = 1_000_000;

/// How soon the next fold follows when one has not come to the end.
pub const FOLD_STEP_PAUSE_MS: u64 = 60_000;

/// How far the clock may be set back without the journal's times going back with it. Beyond it the clock was wrong before.
pub const CLOCK_STEP_MAX_MS: u64 = 3_600_000;

/// Billing windows that may wait for the disk. Beyond it the ledger has failed: 6.4 seconds without a commit.
pub const BACKLOG_WINDOWS_MAX: usize = 64;

/// Records and transfers after which the accounts are written, so that a restart has no longer tail to play again.
pub const TAIL_TRANSFERS_MAX: u64 = 1_000_000;

/// Bytes of a receipt that is read: a week of windows at 300 bytes each has 1.8 GB, so long periods come in parts.
pub const RECEIPT_BYTES_MAX: u64 = 256 << 20;

/// Bytes of an entry in an account's history: a name of 33 and at most twenty numbers of ten.
pub const ENTRY_BYTES_MAX: usize = 256;

/// Bytes of an account's name: a kind and a public key.
pub const NAME_BYTES_MAX: usize = 40;

/// Bytes of an account without a bounty: its name, twenty numbers of at most ten, a hash, and the operations that are remembered.
pub const ACCOUNT_BYTES_MAX: usize = NAME_BYTES_MAX + 200 + 40 + RECENT_OPERATIONS * (16 + 32 + 10);

/// Bounties that are open at a time: a node keeps leases for each, and agents look through all of them.
pub const OPEN_BOUNTIES_MAX: usize = BOUNTIES_MAX;

/// Stretches of paid keys of one bounty, at 16 bytes of memory each. A gap between two of them is a key that a cell has leased
/// or claimed or that came back, and those that came back are leased before any new one: no more than cells can hold at once.
pub const PAID_STRETCHES_MAX: usize = 1 << 18;

const _: () =
    assert!(KEYS_OUT_MAX < PAID_STRETCHES_MAX, "cells can hold what they can, and all between is paid");
