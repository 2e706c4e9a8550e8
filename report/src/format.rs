//! Numbers as people read them: as many digits as the interval is wide.

/// Digits of a number that has no interval.
const DIGITS: i32 = 4;
/// Digits of an interval's half width: with two of them rounding moves an end by a twentieth of the width at most.
const DIGITS_OF_WIDTH: i32 = 2;
/// More decimals say nothing to anybody.
const DECIMALS_MAX: i32 = 9;

/// What stands where there is no number.
pub(crate) const NONE: &str = "–";

/// A number without an interval, to four digits.
pub(crate) fn number(value: f64) -> String {
    rounded(value, decimals(value.abs(), DIGITS))
}

/// A number that was given and not measured: all its digits, and no idle ones.
pub(crate) fn exact(value: f64) -> String {
    let shown = rounded(value, 6);
    if shown.contains('.') { shown.trim_end_matches('0').trim_end_matches('.').to_owned() } else { shown }
}

/// A number with a fixed number of decimals and commas between thousands.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    rounded(value, decimals as i32)
}

/// A number with its interval, such as `1.87 (1.83 to 1.91)`, or alone if it has none.
pub(crate) fn with_interval(value: f64, low: Option<f64>, high: Option<f64>) -> String {
    match parts(value, low, high) {
        (value, Some(interval)) => format!("{value} ({interval})"),
        (value, None) => value,
    }
}

/// The same in two pieces.
pub(crate) fn parts(value: f64, low: Option<f64>, high: Option<f64>) -> (String, Option<String>) {
    let (Some(low), Some(high)) = (low, high) else { return (number(value), None) };
    let narrow = (value - low).min(high - value);
    // A width that is nothing but rounding of the arithmetic has no digits worth showing.
    if narrow <= value.abs() * 1e-9 {
        let shown = number(value);
        let interval = format!("{shown} to {shown}");
        return (shown, Some(interval));
    }
    let decimals = decimals(narrow, DIGITS_OF_WIDTH);
    let interval = format!("{} to {}", rounded(low, decimals), rounded(high, decimals));
    (rounded(value, decimals), Some(interval))
}

/// `1 run`, `2 runs`.
pub(crate) fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Decimals that show `digits` digits of a number; negative where they end before the point.
fn decimals(size: f64, digits: i32) -> i32 {
    if size > 0.0 && size.is_finite() {
        (digits - 1 - size.log10().floor() as i32).min(DECIMALS_MAX)
    } else {
        0
    }
}

fn rounded(value: f64, decimals: i32) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let text = if decimals < 0 {
        let unit = 10_f64.powi(-decimals);
        format!("{:.0}", (value / unit).round() * unit)
    } else {
        format!("{value:.*}", decimals as usize)
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    // What was rounded to nothing is not below it.
    let nothing = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let mut shown = String::from(if nothing { "" } else { sign });
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_width_of_the_interval() {
        assert_eq!(with_interval(1.87234, Some(1.83011), Some(1.91456)), "1.872 (1.830 to 1.915)");
        assert_eq!(with_interval(1.87234, Some(1.4), Some(2.3)), "1.87 (1.40 to 2.30)");
        assert_eq!(
            with_interval(1_234_567.0, Some(1_224_321.0), Some(1_244_813.0)),
            "1,235,000 (1,224,000 to 1,245,000)"
        );
        assert_eq!(with_interval(0.5, Some(0.5), Some(0.5)), "0.5000 (0.5000 to 0.5000)");
        assert_eq!(with_interval(25.5, None, None), "25.50");
    }

    #[test]
    fn numbers_alone_have_four_digits() {
        assert_eq!(number(0.001_234_56), "0.001235");
        assert_eq!(number(12_345.6), "12,350");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(-1234.0), "-1,234");
        assert_eq!(number(f64::NAN), NONE);
        assert_eq!(fixed(-0.001, 1), "0.0");
    }

    #[test]
    fn given_numbers_have_no_idle_digits() {
        assert_eq!(exact(0.15), "0.15");
        assert_eq!(exact(1500.0), "1,500");
        assert_eq!(exact(0.1 + 0.2), "0.3");
        assert_eq!(exact(-0.0), "0");
    }

    #[test]
    fn words() {
        assert_eq!(counted(1, "run"), "1 run");
        assert_eq!(counted(0, "run"), "0 runs");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed::<&str>(&[]), "");
    }
}
