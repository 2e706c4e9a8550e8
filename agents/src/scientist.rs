//! The scientist: finds the primes of leased ranges and claims the bounty on them.
//!
//! It is bound by the CPU and gives no memory back. Every candidate is divided by odd numbers up to its root; there are
//! faster ways to find primes, but the point is honest work whose amount is known. It ends in order when told to.

use crate::abi::{RANGE_ORIGIN, RANGE_WIDTH};
use crate::args::Options;
use crate::host::{Ending, Host, obey, patiently};
use std::fmt;

/// Candidates between two looks at the notice: well under a millisecond of work at the bounty's first ranges.
const LOOK_EVERY: u64 = 32;

/// What was claimed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Primes in the claimed ranges.
    pub primes: u64,
    /// Claimed ranges.
    pub ranges: u64,
}

/// The primes of one range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many there are.
    pub count: u32,
    /// What they add up to.
    pub sum: u64,
}

/// Searches range after range until the end, and keeps count in `found`.
pub fn run<H: Host>(host: &mut H, options: &Options, found: &mut Found) -> Ending {
    let mut step = options.place_order(host);
    loop {
        match step {
            Ok(()) => step = search_one(host, found),
            Err(ending) => return ending,
        }
    }
}

/// Leases one range, searches it and claims it.
fn search_one<H: Host>(host: &mut H, found: &mut Found) -> Result<(), Ending> {
    let range = patiently(host, Host::lease)?;
    let tally = tally(range, || obey(host))?;
    patiently(host, |host| host.claim(range, tally.count, tally.sum))?;
    found.primes += u64::from(tally.count);
    found.ranges += 1;
    Ok(())
}

/// The primes of range number `range`. Calls `look` at the start and then every few dozen candidates.
///
/// # Errors
/// The first one of `look`, at which the search is given up.
pub fn tally<E>(range: u64, mut look: impl FnMut() -> Result<(), E>) -> Result<Tally, E> {
    let first = RANGE_ORIGIN + range * RANGE_WIDTH;
    let mut tally = Tally::default();
    for candidate in first..first + RANGE_WIDTH {
        if (candidate - first) % LOOK_EVERY == 0 {
            look()?;
        }
        if is_prime(candidate) {
            tally.count += 1;
            tally.sum += candidate;
        }
    }
    Ok(tally)
}

/// Whether `number` is prime, by trial division by odd numbers.
pub fn is_prime(number: u64) -> bool {
    if number < 3 || number % 2 == 0 {
        return number == 2;
    }
    let mut divisor = 3;
    loop {
        // One division gives both answers: whether the root is passed and whether it leaves nothing over.
        let quotient = number / divisor;
        if quotient < divisor {
            return true;
        }
        if quotient * divisor == number {
            return false;
        }
        divisor += 2;
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "primes {} ranges {}", self.primes, self.ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::script::{Call, Script};
    use crate::host::{Notice, Reason, Refusal};
    use std::convert::Infallible;

    /// The primes of a range by another way: a sieve over the range with all numbers up to the root.
    fn sieved(range: u64) -> Tally {
        let first = RANGE_ORIGIN + range * RANGE_WIDTH;
        let mut composite = vec![false; RANGE_WIDTH as usize];
        for divisor in (2..).take_while(|divisor| divisor * divisor < first + RANGE_WIDTH) {
            let start = first.div_ceil(divisor).max(2) * divisor;
            for multiple in (start..first + RANGE_WIDTH).step_by(divisor as usize) {
                composite[(multiple - first) as usize] = true;
            }
        }
        let primes = (first..).zip(composite).filter(|(_, composite)| !composite);
        primes.fold(Tally::default(), |tally, (prime, _)| Tally {
            count: tally.count + 1,
            sum: tally.sum + prime,
        })
    }

    fn tally_of(range: u64) -> Tally {
        tally::<Infallible>(range, || Ok(())).unwrap()
    }

    #[test]
    fn a_range_holds_the_primes_that_a_sieve_finds() {
        for range in [0, 1, 2, 999, 1_000_003] {
            assert_eq!(tally_of(range), sieved(range), "range {range}");
        }
        assert_eq!(sieved(0).count, 51);
    }

    #[test]
    fn small_numbers_and_squares_are_told_apart() {
        let primes: Vec<u64> = (0..50).filter(|&number| is_prime(number)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]);
        assert!(!is_prime(31_607 * 31_607));
        assert!(is_prime(4_294_967_291));
    }

    #[test]
    fn it_bids_once_and_claims_what_it_leases() {
        let mut host = Script::new([Ok(4), Ok(7)]);
        let options = Options::parse(["--bid-uj", "9"].map(String::from)).unwrap();
        let mut found = Found::default();
        let ending = run(&mut host, &options, &mut found);

        assert_eq!(ending, Ending::Refused(Refusal::Gone));
        let (first, second) = (sieved(4), sieved(7));
        assert_eq!(found, Found { primes: u64::from(first.count + second.count), ranges: 2 });
        let claim = |range, tally: Tally| Call::Claim(range, tally.count, tally.sum);
        assert_eq!(host.calls, [Call::SetBid(9, 1), claim(4, first), claim(7, second)]);
    }

    #[test]
    fn it_tries_again_when_the_node_is_busy() {
        let mut host = Script::new([Err(Refusal::Busy), Err(Refusal::Busy), Ok(0)]);
        let mut found = Found::default();
        let ending = run(&mut host, &Options::default(), &mut found);

        assert_eq!((ending, found.ranges), (Ending::Refused(Refusal::Gone), 1));
        assert_eq!(host.calls[..2], [Call::Pause, Call::Pause]);
    }

    #[test]
    fn it_stops_within_a_range_when_told_to() {
        let notice = Notice { reason: Reason::Insolvent, millis_left: 500 };
        let mut host = Script::new([Ok(0), Ok(1)]).with_notice(40, notice);
        let mut found = Found::default();
        let ending = run(&mut host, &Options::default(), &mut found);

        assert_eq!((ending, ending.exit_code()), (Ending::Notice(notice), 0));
        assert_eq!(found.ranges, 1, "32 looks for the first range, the rest within the second");
    }
}
