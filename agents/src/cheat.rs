//! The cheat: claims the bounty on ranges that it has never searched.
//!
//! It leases a range, makes up an answer that looks like one, and claims it at once. It ends in order when told to.

use crate::abi::{RANGE_ORIGIN, RANGE_WIDTH};
use crate::args::Options;
use crate::hashing::mix;
use crate::host::{Ending, Host, obey, patiently};
use std::fmt;

/// Primes among the first ranges: about one in 21 numbers, give or take.
const COUNT_LEAST: u64 = 41;
/// How many counts it chooses from.
const COUNTS: u64 = 16;

/// What was claimed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// Claims that were taken, none of them earned.
    pub claims: u64,
}

/// Claims range after range until the end, and keeps count in `claimed`.
pub fn run<H: Host>(host: &mut H, options: &Options, claimed: &mut Claimed) -> Ending {
    let mut step = options.place_order(host);
    loop {
        match step {
            Ok(()) => step = claim_one(host, options.seed, claimed),
            Err(ending) => return ending,
        }
    }
}

fn claim_one<H: Host>(host: &mut H, seed: u64, claimed: &mut Claimed) -> Result<(), Ending> {
    obey(host)?;
    let range = patiently(host, Host::lease)?;
    let (count, sum) = make_up(range, seed);
    patiently(host, |host| host.claim(range, count, sum))?;
    claimed.claims += 1;
    Ok(())
}

/// A count and a sum such as the range might have: so many times a number from its middle.
fn make_up(range: u64, seed: u64) -> (u32, u64) {
    let chance = mix(seed ^ mix(range));
    let count = COUNT_LEAST + chance % COUNTS;
    let middle = RANGE_ORIGIN + range * RANGE_WIDTH + RANGE_WIDTH / 2;
    (count as u32, count * middle + (chance >> 32) % RANGE_WIDTH)
}

impl fmt::Display for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "claims {}", self.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::script::{Call, Script};
    use crate::host::{Notice, Reason, Refusal};
    use crate::scientist;
    use std::convert::Infallible;

    #[test]
    fn its_answers_look_like_answers_and_are_wrong() {
        for range in 0..50 {
            let (count, sum) = make_up(range, 1);
            let first = RANGE_ORIGIN + range * RANGE_WIDTH;
            let mean = sum / u64::from(count);
            assert!((30..70).contains(&count) && (first..first + RANGE_WIDTH).contains(&mean));
            let truth = scientist::tally::<Infallible>(range, || Ok(())).unwrap();
            assert_ne!((count, sum), (truth.count, truth.sum), "range {range}");
        }
        assert_ne!(make_up(0, 1), make_up(0, 2));
    }

    #[test]
    fn it_claims_what_it_leases_without_work() {
        let mut host = Script::new([Ok(4), Err(Refusal::Busy), Ok(7)]);
        let mut claimed = Claimed::default();
        let ending = run(&mut host, &Options::default(), &mut claimed);

        assert_eq!((ending, claimed.claims), (Ending::Refused(Refusal::Gone), 2));
        let claim = |range| {
            let (count, sum) = make_up(range, 0);
            Call::Claim(range, count, sum)
        };
        assert_eq!(host.calls, [claim(4), Call::Pause, claim(7)]);
    }

    #[test]
    fn it_ends_when_told_to() {
        let notice = Notice { reason: Reason::Operator, millis_left: 500 };
        let mut host = Script::new([Ok(0), Ok(1), Ok(2)]).with_notice(2, notice);
        let mut claimed = Claimed::default();
        assert_eq!(run(&mut host, &Options::default(), &mut claimed), Ending::Notice(notice));
        assert_eq!(claimed.claims, 2);
    }
}
