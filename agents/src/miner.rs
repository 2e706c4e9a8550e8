//! The miner, the leech of the demonstration: hashes for nothing that anyone pays for, and churns memory.
//!
//! It fills a buffer, hashes it over and over, then throws the buffer's memory away and starts again.
//!
//! Told to end, it says so once and goes on to the last millisecond that it is given. A parasite would; it shows that
//! the end of an agent does not rest on the agent's good will.

use crate::args::Options;
use crate::hashing::{Hashed, Hasher};
use crate::host::{Ending, Host};

/// Mines until the end, and keeps count in `mined`.
pub fn run<H: Host>(host: &mut H, options: &Options, mined: &mut Hashed) -> Ending {
    let mut step = options.place_order(host);
    let mut hasher = Hasher::new(options.seed);
    let mut defiance = Defiance::default();
    loop {
        match step {
            Ok(()) => {
                step = hasher
                    .hash_filling(host, mined, |host| defiance.look(host))
                    .and_then(|()| hasher.discard(host, mined));
            }
            Err(ending) => return ending,
        }
    }
}

/// How a parasite takes a notice: it goes on while there is any time left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Defiance {
    told: bool,
}

impl Defiance {
    /// Looks for a notice, and says once that it is there.
    ///
    /// # Errors
    /// The end, when no time is left.
    pub fn look<H: Host>(&mut self, host: &mut H) -> Result<(), Ending> {
        match host.notice() {
            None => Ok(()),
            Some(notice) if notice.millis_left == 0 => Err(Ending::Notice(notice)),
            Some(notice) => {
                if !self.told {
                    let (why, left) = (notice.reason.name(), notice.millis_left);
                    let _ = host.log(&format!("told to end ({why}): hashing on for {left} ms"));
                }
                self.told = true;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::BUFFER_BYTES;
    use crate::host::script::{Call, Script};
    use crate::host::{Notice, Reason};

    #[test]
    fn it_hashes_on_after_the_notice_until_no_time_is_left() {
        let early = Notice { reason: Reason::Insolvent, millis_left: 500 };
        let last = Notice { reason: Reason::Insolvent, millis_left: 0 };
        let mut host = Script::new([]).with_notice(10, early).with_notice(600, last);
        let mut mined = Hashed::default();
        let ending = run(&mut host, &Options::default(), &mut mined);

        assert_eq!((ending, ending.exit_code()), (Ending::Notice(last), 0));
        assert_eq!(mined.hashes, 601);
        assert_eq!(mined.discarded_bytes, 2 * BUFFER_BYTES as u64);
        let said = Call::Log("told to end (insolvent): hashing on for 500 ms".into());
        assert_eq!(host.calls, [said, Call::Discard(BUFFER_BYTES), Call::Discard(BUFFER_BYTES)]);
    }
}
