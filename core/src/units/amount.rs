//! Amounts of money as people write and read them: `12.5 J`, `3 mJ`, `250 µJ`.
//!
//! Both directions are exact. What is shown reads back as itself, and what is read is never rounded: an amount that is
//! not a whole number of microjoules is refused. A unit is always required, and its case matters, because a megajoule
//! taken for a millijoule would be wrong by nine zeros.

use std::fmt;
use std::str::FromStr;

use super::Microjoules;

/// The units that are read: how they are written, and the decimals that reach down to one microjoule.
const UNITS: [(&str, usize); 5] = [
    ("J", 6),
    ("mJ", 3),
    // The micro sign and the Greek letter look alike, and keyboards differ in which they type.
    ("\u{b5}J", 0),
    ("\u{3bc}J", 0),
    ("uJ", 0),
];

/// Why a text is not an amount of money. Each message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// What stands before the unit is not a plain decimal number.
    #[error("not an amount: {0}; write for example `12.5 J`, `3 mJ` or `250 µJ`")]
    Number(&'static str),
    /// A bare number.
    #[error(
        "the amount has no unit: write `12.5 J` for joules, `12.5 mJ` for thousandths, `12 µJ` for millionths"
    )]
    NoUnit,
    /// A unit that is not one of money, with its first characters.
    #[error("`{0}` is not a unit of money: write `J`, `mJ` or `µJ` (also `uJ`), in exactly this case")]
    Unit(String),
    /// The amount has a part smaller than one microjoule.
    #[error(
        "the amount is finer than 1 µJ, the smallest unit of money, and nothing is rounded: write fewer decimals"
    )]
    TooFine,
    /// The amount does not fit the 64 bits in which money is kept.
    #[error(
        "the amount is out of range: money is kept from {} to {}",
        Microjoules(i64::MIN),
        Microjoules(i64::MAX)
    )]
    OutOfRange,
    /// Zero or less, where only a positive amount makes sense.
    #[error("the amount is {0}: it must be more than zero")]
    NotPositive(Microjoules),
}

/// Reads an amount that is to be paid, minted or offered, and so must be more than zero.
///
/// # Errors
///
/// Those of reading an amount, and [`AmountError::NotPositive`].
pub fn positive_amount(text: &str) -> Result<Microjoules, AmountError> {
    let amount: Microjoules = text.parse()?;
    if amount > Microjoules::ZERO { Ok(amount) } else { Err(AmountError::NotPositive(amount)) }
}

impl FromStr for Microjoules {
    type Err = AmountError;

    /// Reads `-12.5 J` and the like: an optional minus, ASCII digits, at most one point with digits on both sides, at
    /// most one space, and one of `J`, `mJ`, `µJ`, `uJ`.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, rest) = unsigned.split_at(end);
        let (whole, decimals) = split_number(number, rest)?;
        let unit = rest.strip_prefix(' ').unwrap_or(rest);
        if unit.is_empty() {
            return Err(AmountError::NoUnit);
        }
        let (_, scale) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| AmountError::Unit(unit.chars().take(16).collect()))?;
        // Zeros at the end add nothing: `1.5000000 J` is a whole number of microjoules.
        let decimals = decimals.trim_end_matches('0');
        let padding = scale.checked_sub(decimals.len()).ok_or(AmountError::TooFine)?;
        let magnitude = whole
            .bytes()
            .chain(decimals.bytes())
            .chain(std::iter::repeat_n(b'0', padding))
            .try_fold(0_i128, |sum, digit| sum.checked_mul(10)?.checked_add(i128::from(digit - b'0')))
            .ok_or(AmountError::OutOfRange)?;
        let amount = if negative { -magnitude } else { magnitude };
        i64::try_from(amount).map(Self).map_err(|_| AmountError::OutOfRange)
    }
}

/// The digits before and after the point of `number`; `rest` is what follows it, for saying what is wrong.
fn split_number<'a>(number: &'a str, rest: &str) -> Result<(&'a str, &'a str), AmountError> {
    let wrong = |why| Err(AmountError::Number(why));
    let mut following = rest.chars();
    match (number, following.next(), following.next()) {
        ("", None, _) => return wrong("there is no number"),
        ("", Some('+' | '-' | '\u{2212}'), _) => return wrong("the only sign is one leading `-`"),
        (_, Some(',' | '_' | '\'' | '\u{2019}' | '\u{a0}' | '\u{202f}'), _) => {
            return wrong("digits are not grouped, and the decimal sign is a point");
        }
        (_, Some('e' | 'E'), Some('0'..='9' | '-' | '+')) => return wrong("exponents are not read"),
        (_, Some(other), _) if other.is_numeric() => return wrong("only the digits 0 to 9 are read"),
        ("", ..) => return wrong("it does not begin with a digit"),
        _ => {}
    }
    match number.split_once('.') {
        None => Ok((number, "")),
        Some(("", _)) => wrong("there must be a digit before the point"),
        Some((_, "")) => wrong("there must be a digit after the point"),
        Some((_, decimals)) if decimals.contains('.') => wrong("there is more than one point"),
        Some(parts) => Ok(parts),
    }
}

impl fmt::Display for Microjoules {
    /// Exact, with a unit that fits the size: joules from one joule on, millijoules from one millijoule on, microjoules
    /// below, without zeros at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (unit, divisor) = match magnitude {
            0 => ("J", 1),
            1..1_000 => ("µJ", 1),
            1_000..1_000_000 => ("mJ", 1_000),
            1_000_000.. => ("J", 1_000_000),
        };
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (magnitude / divisor, magnitude % divisor);
        if rest == 0 {
            return write!(f, "{sign}{whole} {unit}");
        }
        let digits = divisor.ilog10() as usize;
        let decimals = format!("{rest:0digits$}");
        write!(f, "{sign}{whole}.{} {unit}", decimals.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reads(text: &str, amount: i64) {
        assert_eq!(text.parse(), Ok(Microjoules(amount)), "{text}");
    }

    fn refuses(text: &str, part_of_message: &str) {
        let error = text.parse::<Microjoules>().expect_err(text).to_string();
        assert!(error.contains(part_of_message), "`{text}`: {error}");
    }

    #[test]
    fn amounts_are_shown_exactly_in_the_unit_that_fits() {
        let check = |amount: i64, shown: &str| assert_eq!(Microjoules(amount).to_string(), shown);
        check(0, "0 J");
        check(250, "250 µJ");
        check(-3_000, "-3 mJ");
        check(999_999, "999.999 mJ");
        check(12_500_000, "12.5 J");
        check(1_000_001, "1.000001 J");
        check(i64::MIN, "-9223372036854.775808 J");
    }

    #[test]
    fn amounts_are_read_in_every_unit_with_or_without_a_space() {
        reads("12.5 J", 12_500_000);
        reads("12.5J", 12_500_000);
        reads("3 mJ", 3_000);
        reads("0.001 mJ", 1);
        reads("250 \u{b5}J", 250);
        reads("250\u{3bc}J", 250);
        reads("250 uJ", 250);
        reads("-0.000001 J", -1);
        reads("007 J", 7_000_000);
        reads("1.5000000 J", 1_500_000);
    }

    #[test]
    fn a_number_without_a_unit_is_told_how_to_write_one() {
        refuses("12.5", "write `12.5 J`");
        refuses("0", "write `12.5 J`");
        refuses("5 ", "write `12.5 J`");
    }

    #[test]
    fn units_that_could_be_mistaken_are_refused_with_those_that_are_known() {
        for unit in ["MJ", "kJ", "j", "mj", "Mj", "nJ", "GJ", "UJ", "Joule", "Wh", " J", "J ", "\tJ"] {
            refuses(&format!("5 {unit}"), "`J`, `mJ` or `µJ`");
        }
    }

    #[test]
    fn numbers_in_other_notations_are_refused_with_the_reason() {
        refuses("", "no number");
        refuses("J", "does not begin with a digit");
        refuses(" 5 J", "does not begin with a digit");
        refuses("+5 J", "one leading `-`");
        refuses("--5 J", "one leading `-`");
        refuses(".5 J", "before the point");
        refuses("5. J", "after the point");
        refuses("1.2.3 J", "more than one point");
        refuses("1,000 J", "not grouped");
        refuses("1_000 J", "not grouped");
        refuses("5e3 J", "exponents");
        refuses("5E-3 J", "exponents");
        refuses("\u{663} J", "digits 0 to 9");
        refuses("1\u{ff11} J", "digits 0 to 9");
    }

    #[test]
    fn what_is_finer_than_a_microjoule_is_refused_and_never_rounded() {
        refuses("0.5 µJ", "finer than 1 µJ");
        refuses("1.0001 mJ", "finer than 1 µJ");
        refuses("0.0000009 J", "finer than 1 µJ");
    }

    #[test]
    fn the_range_is_exactly_that_of_64_bits() {
        reads("9223372036854.775807 J", i64::MAX);
        reads("-9223372036854775808 µJ", i64::MIN);
        refuses("9223372036854.775808 J", "out of range");
        refuses("-9223372036854775809 uJ", "out of range");
        refuses(&format!("{} J", "9".repeat(1_000)), "out of range");
    }

    #[test]
    fn a_payment_must_be_more_than_zero() {
        assert_eq!(positive_amount("1 µJ"), Ok(Microjoules(1)));
        assert_eq!(positive_amount("0 J"), Err(AmountError::NotPositive(Microjoules::ZERO)));
        assert_eq!(positive_amount("-1 J"), Err(AmountError::NotPositive(Microjoules(-1_000_000))));
    }

    proptest! {
        #[test]
        fn every_amount_that_is_shown_reads_back_as_itself(amount: i64, small in -2_000_000_i64..2_000_000) {
            for amount in [Microjoules(amount), Microjoules(small)] {
                prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            }
        }

        #[test]
        fn reading_any_text_ends_in_an_amount_or_a_reason(text in "[-+]?[0-9.,eE ]{0,24}[mµukMJj ]{0,3}") {
            if let Ok(amount) = text.parse::<Microjoules>() {
                prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            }
        }
    }
}
