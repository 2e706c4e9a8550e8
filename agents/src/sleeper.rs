//! The sleeper: wins quanta and does not use them.
//!
//! It takes short naps with its order in place, so it is there again for every auction. What it wins is kept from others
//! who would have worked. It ends in order when told to.

use crate::args::Options;
use crate::host::{Ending, Host, obey};
use std::fmt;

/// One nap: short beside a quantum, so that it is awake for the next one.
const NAP_MILLIS: u32 = 2;

/// What was slept so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slept {
    /// Naps.
    pub naps: u64,
}

/// Sleeps until the end, and keeps count in `slept`.
pub fn run<H: Host>(host: &mut H, options: &Options, slept: &mut Slept) -> Ending {
    let mut step = options.place_order(host);
    loop {
        if let Err(ending) = step {
            return ending;
        }
        host.sleep(NAP_MILLIS);
        slept.naps += 1;
        step = obey(host);
    }
}

impl fmt::Display for Slept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "naps {}", self.naps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::script::{Call, Script};
    use crate::host::{Notice, Reason};

    #[test]
    fn it_bids_and_naps_and_does_nothing_else() {
        let notice = Notice { reason: Reason::Insolvent, millis_left: 500 };
        let mut host = Script::new([]).with_notice(3, notice);
        let mut slept = Slept::default();
        let options = Options::parse(["--bid-uj", "9"].map(String::from)).unwrap();
        let ending = run(&mut host, &options, &mut slept);

        assert_eq!((ending, slept.naps), (Ending::Notice(notice), 4));
        let nap = || Call::Sleep(NAP_MILLIS);
        assert_eq!(host.calls, [Call::SetBid(9, 1), nap(), nap(), nap(), nap()]);
    }
}
