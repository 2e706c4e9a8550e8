//! The miner, the leech of the demonstration: hashes for nothing that anyone pays for, and churns memory.
//!
//! It fills a buffer, hashes it over and over under changing nonces, remembers the lowest hash it has met, then throws
//! the buffer's memory away and starts again. The hash is a plain 64-bit mixing hash: it costs the CPU what hashing
//! costs, and is no cryptography.
//!
//! Told to end, it says so once and goes on to the last millisecond that it is given. A parasite would; it shows that
//! the end of an agent does not rest on the agent's good will.

use crate::abi::PAGE;
use crate::args::Options;
use crate::host::{Ending, Host, Refusal};
use std::fmt;

/// Bytes of the buffer: sixteen whole pages, which the first-level cache does not hold but the second does.
pub const BUFFER_BYTES: usize = 64 * 1_024;

/// Hashes of one filling. At some tens of microseconds each, a buffer is thrown away about once in a quantum.
const HASHES_PER_FILLING: u64 = 256;

/// Hashes between two lines in the log: some seconds of work.
const HASHES_PER_LINE: u64 = 512 * HASHES_PER_FILLING;

/// What was mined so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mined {
    /// Hashes of the whole buffer.
    pub hashes: u64,
    /// Bytes that were given back to the system.
    pub discarded_bytes: u64,
    /// The lowest hash, which is what a miner looks for. It also keeps the work from being optimised away.
    pub lowest: u64,
}

/// Mines until the end, and keeps count in `mined`.
pub fn run<H: Host>(host: &mut H, options: &Options, mined: &mut Mined) -> Ending {
    let mut step = options.place_order(host);
    let mut memory = vec![0; BUFFER_BYTES + PAGE as usize];
    let buffer = whole_pages(&mut memory);
    let mut state = options.seed;
    let mut told = false;
    loop {
        match step {
            Ok(()) => {
                state = fill(buffer, state);
                step = mine(host, buffer, &mut told, mined);
            }
            Err(ending) => return ending,
        }
    }
}

/// The stretch of `memory` that starts at a page, so that all of it can be discarded.
fn whole_pages(memory: &mut [u8]) -> &mut [u8] {
    let first = memory.as_ptr().align_offset(PAGE as usize);
    &mut memory[first..first + BUFFER_BYTES]
}

/// Hashes one filling of the buffer and throws it away.
fn mine<H: Host>(host: &mut H, buffer: &mut [u8], told: &mut bool, mined: &mut Mined) -> Result<(), Ending> {
    for nonce in 0..HASHES_PER_FILLING {
        mined.lowest = mined.lowest.min(hash(buffer, nonce));
        mined.hashes += 1;
        heed(host, told)?;
    }
    if mined.hashes % HASHES_PER_LINE == 0 {
        // A line that is refused is not worth repeating.
        let _ = host.log(&format!("{} lowest {:016x}", mined, mined.lowest));
    }
    match host.discard(buffer) {
        Ok(()) => mined.discarded_bytes += buffer.len() as u64,
        // The next filling overwrites what could not be thrown away.
        Err(Refusal::Busy) => {}
        Err(refusal) => return Err(Ending::Refused(refusal)),
    }
    Ok(())
}

/// Looks for a notice: says once that it is there, and obeys only when no time is left.
fn heed<H: Host>(host: &mut H, told: &mut bool) -> Result<(), Ending> {
    match host.notice() {
        None => Ok(()),
        Some(notice) if notice.millis_left == 0 => Err(Ending::Notice(notice)),
        Some(notice) => {
            if !*told {
                let why = notice.reason.name();
                let _ = host.log(&format!("told to end ({why}): hashing on for {} ms", notice.millis_left));
            }
            *told = true;
            Ok(())
        }
    }
}

/// Fills `buffer` from a generator in `state` and returns the generator's next state.
pub fn fill(buffer: &mut [u8], mut state: u64) -> u64 {
    for word in buffer.chunks_exact_mut(8) {
        // The step of `SplitMix64`, an odd number near 2^64 divided by the golden ratio, visits every state.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        word.copy_from_slice(&mix(state).to_le_bytes());
    }
    state
}

/// Hash of `buffer` under `nonce`. Not cryptographic.
pub fn hash(buffer: &[u8], nonce: u64) -> u64 {
    buffer.chunks_exact(8).fold(mix(!nonce), |state, word| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        mix(state ^ u64::from_le_bytes(bytes))
    })
}

/// Spreads every bit over all the others: the finaliser of `SplitMix64` (Steele, Lea and Flood, 2014).
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Default for Mined {
    fn default() -> Self {
        Self { hashes: 0, discarded_bytes: 0, lowest: u64::MAX }
    }
}

impl fmt::Display for Mined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hashes {} discarded_bytes {}", self.hashes, self.discarded_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::script::{Call, Script};
    use crate::host::{Notice, Reason};

    fn filled(seed: u64) -> Vec<u8> {
        let mut buffer = vec![0; BUFFER_BYTES];
        fill(&mut buffer, seed);
        buffer
    }

    #[test]
    fn the_hash_differs_with_seed_and_nonce_and_with_nothing_else() {
        assert_eq!(hash(&filled(1), 0), hash(&filled(1), 0));
        assert_ne!(hash(&filled(1), 0), hash(&filled(2), 0));
        assert_ne!(hash(&filled(1), 0), hash(&filled(1), 1));
        let mut touched = filled(1);
        touched[BUFFER_BYTES - 1] ^= 1;
        assert_ne!(hash(&filled(1), 0), hash(&touched, 0));
    }

    #[test]
    fn the_generator_goes_on_from_where_it_stopped() {
        let mut buffer = vec![0; BUFFER_BYTES];
        let state = fill(&mut buffer, 5);
        fill(&mut buffer, state);
        assert_ne!(buffer, filled(5));
        // The published first output of `SplitMix64` for the seed 0.
        assert_eq!(filled(0)[..8], 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
    }

    #[test]
    fn the_buffer_is_made_of_whole_pages() {
        let mut memory = vec![0; BUFFER_BYTES + PAGE as usize];
        let buffer = whole_pages(&mut memory);
        assert_eq!(buffer.as_ptr().align_offset(PAGE as usize), 0);
        assert_eq!((buffer.len(), buffer.len() % PAGE as usize), (BUFFER_BYTES, 0));
    }

    #[test]
    fn it_hashes_on_after_the_notice_until_no_time_is_left() {
        let early = Notice { reason: Reason::Insolvent, millis_left: 500 };
        let last = Notice { reason: Reason::Insolvent, millis_left: 0 };
        let mut host = Script::new([]).with_notice(10, early).with_notice(600, last);
        let mut mined = Mined::default();
        let ending = run(&mut host, &Options::default(), &mut mined);

        assert_eq!((ending, ending.exit_code()), (Ending::Notice(last), 0));
        assert_eq!(mined.hashes, 601);
        assert_eq!(mined.discarded_bytes, 2 * BUFFER_BYTES as u64);
        let said = Call::Log("told to end (insolvent): hashing on for 500 ms".into());
        assert_eq!(host.calls, [said, Call::Discard(BUFFER_BYTES), Call::Discard(BUFFER_BYTES)]);
    }
}
