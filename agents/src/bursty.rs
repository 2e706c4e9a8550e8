//! The bursty agent: works hard for a while, then sleeps for as long, with its order in place all the time.
//!
//! It hashes, for nothing, but keeps its memory. The sleep is made of short naps, so that it is there for every auction
//! and sees a notice soon. It ends in order when told to.

use crate::args::Options;
use crate::hashing::{Hashed, Hasher};
use crate::host::{Ending, Host, obey};
use std::fmt;

/// Fillings of one burst: about 100 ms of work.
const FILLINGS_PER_BURST: u32 = 12;

/// Naps between two bursts.
const NAPS: u32 = 10;

/// One nap; all of them are 100 ms.
const NAP_MILLIS: u32 = 10;

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bursts {
    /// What was hashed.
    pub hashed: Hashed,
    /// Bursts that were worked through.
    pub bursts: u64,
}

/// Works and sleeps until the end, and keeps count in `bursts`.
pub fn run<H: Host>(host: &mut H, options: &Options, bursts: &mut Bursts) -> Ending {
    let mut step = options.place_order(host);
    let mut hasher = Hasher::new(options.seed);
    loop {
        match step {
            Ok(()) => step = burst(host, &mut hasher, bursts),
            Err(ending) => return ending,
        }
    }
}

/// One burst and the sleep after it.
fn burst<H: Host>(host: &mut H, hasher: &mut Hasher, bursts: &mut Bursts) -> Result<(), Ending> {
    for _ in 0..FILLINGS_PER_BURST {
        hasher.hash_filling(host, &mut bursts.hashed, obey)?;
    }
    bursts.bursts += 1;
    for _ in 0..NAPS {
        host.sleep(NAP_MILLIS);
        obey(host)?;
    }
    Ok(())
}

impl fmt::Display for Bursts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bursts {}", self.hashed, self.bursts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::HASHES_PER_FILLING;
    use crate::host::script::{Call, Script};
    use crate::host::{Notice, Reason};

    const HASHES: u32 = FILLINGS_PER_BURST * HASHES_PER_FILLING as u32;

    fn run_until(looks: u32) -> (Vec<Call>, Bursts) {
        let notice = Notice { reason: Reason::Operator, millis_left: 500 };
        let mut host = Script::new([]).with_notice(looks, notice);
        let mut bursts = Bursts::default();
        assert_eq!(run(&mut host, &Options::default(), &mut bursts), Ending::Notice(notice));
        (host.calls, bursts)
    }

    #[test]
    fn it_sleeps_after_every_burst() {
        let (calls, bursts) = run_until(2 * (HASHES + NAPS) - 1);
        assert_eq!(calls, vec![Call::Sleep(NAP_MILLIS); 2 * NAPS as usize]);
        assert_eq!((bursts.bursts, bursts.hashed.hashes), (2, 2 * u64::from(HASHES)));
    }

    #[test]
    fn it_heeds_a_notice_within_the_burst_and_within_the_sleep() {
        let (calls, bursts) = run_until(0);
        assert_eq!((calls.len(), bursts.hashed.hashes), (0, 1));
        let (calls, bursts) = run_until(HASHES);
        assert_eq!((calls.len(), bursts.bursts), (1, 1));
    }
}
