//! The agent's interface as a wasm core module sees it: plain imports from the namespace [`MODULE`].
//!
//! | import | signature | meaning |
//! |---|---|---|
//! | `price` | `(which: i32) -> i64` | µJ per quantum: [`PRICE_SPOT`] or [`PRICE_CLEARING`] of the last auction |
//! | `balance` | `() -> i64` | free balance of the own wallet in µJ; negative is debt |
//! | `set_bid` | `(limit_uj: i64, slots: i32) -> i32` | puts or changes the standing order; 0 slots cancels it |
//! | `lease` | `() -> i64` | number of the next range of the bounty on primes that the cell was first offered; waits for the answer, off the slot |
//! | `claim` | `(range: i64, count: i32, sum: i64) -> i32` | claims payment for a range from `lease` |
//! | `bounty` | `(index: i32) -> i64` | name of the open bounty in this place, from zero; [`E_GONE`] behind the last |
//! | `reward_of` | `(bounty: i64) -> i64` | µJ that each of its keys pays |
//! | `lease_of` | `(bounty: i64) -> i64` | the next key of that bounty; waits for the answer, off the slot |
//! | `claim_of` | `(bounty: i64, key: i64, pointer: i32, bytes: i32) -> i32` | claims payment for a key from `lease_of`; the answer is 1 to [`ANSWER_MAX`] bytes of memory |
//! | `discard` | `(pointer: i32, bytes: i32) -> i32` | gives the whole pages inside a stretch of memory back to the system; they read as zero after it, and are taxed |
//! | `log` | `(pointer: i32, bytes: i32) -> i32` | one line of UTF-8 to the operator |
//! | `notice` | `() -> i64` | 0, or the end that was announced: see [`notice_reason`] and [`notice_millis_left`] |
//!
//! Every function returns a status where it has nothing else to say: [`OK`] or one of the negative codes. A call acts
//! on the caller's own wallet and orders and on nothing else; there is no way to name another's.
//!
//! A claim prepays its verification from the caller's wallet, whether it is true or not, and is paid some time after it was
//! accepted. What an answer says is for the work to define: for a range of primes their number in 4 bytes and their sum in 8,
//! both little-endian; for a preimage, bytes such that the BLAKE3 digest of [`PREIMAGE_TAG`], the bounty's name and the key
//! (8 bytes each, little-endian) and the answer begins with the zero bits that are asked for; for a module what the module
//! takes.
//!
//! This file depends on nothing, so that agents can include it as it is.

/// Namespace of the imports.
pub const MODULE: &str = "maxwell";

/// Done, or accepted for the next tick.
pub const OK: i32 = 0;
/// Refused for now: too many requests in this quantum, the node is busy, or as many keys are out as may be. Try again in a later quantum.
pub const E_BUSY: i32 = -1;
/// An argument is out of range or points outside the memory. Trying again is of no use.
pub const E_INVALID: i32 = -2;
/// There is no such thing any more: the bounty is exhausted or closed.
pub const E_GONE: i32 = -3;
/// The wallet does not cover what the request costs: a claim prepays its verification. Try again with more money.
pub const E_MONEY: i32 = -4;

/// Bytes of an answer at most.
pub const ANSWER_MAX: u32 = 64;
/// What stands before everything that is hashed for a bounty on preimages, so that it is of use for nothing else.
pub const PREIMAGE_TAG: &[u8] = b"maxwell bounty preimage 1\n";

/// For `price`: the reserve price, the least a quantum is sold for now.
pub const PRICE_SPOT: i32 = 0;
/// For `price`: what winners of the last auction paid.
pub const PRICE_CLEARING: i32 = 1;

/// First number of range 0 of the prime bounty.
pub const RANGE_ORIGIN: u64 = 1_000_000_000;
/// Numbers in one range: range `r` covers `RANGE_ORIGIN + r * RANGE_WIDTH` up to the next range's first.
pub const RANGE_WIDTH: u64 = 1_024;
/// Ranges that there are: up to numbers of about three million millions, whose square roots a verifier can sieve.
pub const RANGE_MAX: u64 = 3_000_000_000;

/// Page size that `discard` works in, in bytes.
pub const PAGE: u32 = 4_096;

/// `notice`: the wallet was hungry for too long.
pub const REASON_INSOLVENT: u8 = 1;
/// `notice`: the wallet is in debt.
pub const REASON_DEBT: u8 = 2;
/// `notice`: the operator ends the agent.
pub const REASON_OPERATOR: u8 = 3;

/// Packs a notice into what the import `notice` returns: the reason in the low byte, the time left above it.
pub const fn pack_notice(reason: u8, millis_left: u32) -> i64 {
    reason as i64 | (millis_left as i64) << 8
}

/// The reason of a packed notice, 0 if there is none.
pub const fn notice_reason(packed: i64) -> u8 {
    packed as u8
}

/// Milliseconds of wall time that a packed notice leaves at most.
pub const fn notice_millis_left(packed: i64) -> u32 {
    (packed >> 8) as u32
}
