//! Hashing for nothing: the work of every agent that is none of anyone's use.
//!
//! A buffer is filled and hashed over and over under changing nonces, and the lowest hash is remembered. The hash is a
//! plain 64-bit mixing hash: it costs the CPU what hashing costs, and is no cryptography.

use crate::abi::PAGE;
use crate::host::{Ending, Host, Refusal};
use std::fmt;

/// Bytes of the buffer: sixteen whole pages, which the first-level cache does not hold but the second does.
pub const BUFFER_BYTES: usize = 64 * 1_024;

/// Hashes of one filling. At some tens of microseconds each, a filling lasts about a quantum.
pub const HASHES_PER_FILLING: u64 = 256;

/// Hashes between two lines in the log: about half a second of work.
const HASHES_PER_LINE: u64 = 64 * HASHES_PER_FILLING;

/// What was hashed so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// Hashes of the whole buffer.
    pub hashes: u64,
    /// Bytes that were given back to the system.
    pub discarded_bytes: u64,
    /// The lowest hash, which is what a miner looks for. It also keeps the work from being optimised away.
    pub lowest: u64,
}

/// A buffer of whole pages, and what it is filled from.
pub struct Hasher {
    memory: Vec<u8>,
    /// Where the first whole page begins.
    first: usize,
    state: u64,
}

impl Hasher {
    /// Data from this seed.
    pub fn new(seed: u64) -> Self {
        let memory = vec![0; BUFFER_BYTES + PAGE as usize];
        let first = memory.as_ptr().align_offset(PAGE as usize);
        Self { memory, first, state: seed }
    }

    /// Fills the buffer anew and hashes it [`HASHES_PER_FILLING`] times. Calls `look` after every hash, and says in the
    /// log about every half second of work what was done.
    ///
    /// # Errors
    /// The first one of `look`.
    pub fn hash_filling<H: Host>(
        &mut self,
        host: &mut H,
        hashed: &mut Hashed,
        mut look: impl FnMut(&mut H) -> Result<(), Ending>,
    ) -> Result<(), Ending> {
        let state = self.state;
        self.state = fill(self.buffer(), state);
        for nonce in 0..HASHES_PER_FILLING {
            hashed.lowest = hashed.lowest.min(hash(self.buffer(), nonce));
            hashed.hashes += 1;
            look(host)?;
        }
        if hashed.hashes % HASHES_PER_LINE == 0 {
            // A line that is refused is not worth repeating.
            let _ = host.log(&format!("{} lowest {:016x}", hashed, hashed.lowest));
        }
        Ok(())
    }

    /// Gives the buffer's memory back to the system.
    ///
    /// # Errors
    /// The end, if the host finds it invalid.
    pub fn discard<H: Host>(&mut self, host: &mut H, hashed: &mut Hashed) -> Result<(), Ending> {
        match host.discard(self.buffer()) {
            Ok(()) => hashed.discarded_bytes += BUFFER_BYTES as u64,
            // The next filling overwrites what could not be thrown away.
            Err(Refusal::Busy) => {}
            Err(refusal) => return Err(Ending::Refused(refusal)),
        }
        Ok(())
    }

    fn buffer(&mut self) -> &mut [u8] {
        &mut self.memory[self.first..self.first + BUFFER_BYTES]
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
pub fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Default for Hashed {
    fn default() -> Self {
        Self { hashes: 0, discarded_bytes: 0, lowest: u64::MAX }
    }
}

impl fmt::Display for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hashes {} discarded_bytes {}", self.hashes, self.discarded_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::script::{Call, Script};

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
        let mut hasher = Hasher::new(0);
        let buffer = hasher.buffer();
        assert_eq!(buffer.as_ptr().align_offset(PAGE as usize), 0);
        assert_eq!((buffer.len(), buffer.len() % PAGE as usize), (BUFFER_BYTES, 0));
    }

    #[test]
    fn the_log_says_what_was_done_as_the_work_goes_on() {
        let (mut host, mut hashed) = (Script::new([]), Hashed::default());
        hashed.hashes = HASHES_PER_LINE - HASHES_PER_FILLING;
        let mut buffer = Hasher::new(3);
        for _ in 0..2 {
            buffer.hash_filling(&mut host, &mut hashed, |_| Ok(())).unwrap();
            buffer.discard(&mut host, &mut hashed).unwrap();
        }
        let Call::Log(line) = &host.calls[0] else { panic!("{:?}", host.calls) };
        assert!(line.starts_with(&format!("hashes {HASHES_PER_LINE} discarded_bytes 0 lowest ")), "{line}");
        let discard = Call::Discard(BUFFER_BYTES);
        assert_eq!(host.calls[1..], [discard.clone(), discard]);
    }
}
