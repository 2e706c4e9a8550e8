//! Reading and showing.

use super::*;

fn refuses(text: &str, part_of_message: &str) {
    let error = text.parse::<Policy>().expect_err(text).to_string();
    assert!(error.contains(part_of_message), "`{text}`: {error}");
}

#[test]
fn policies_are_shown_as_they_are_written() {
    for text in [
        "fixed:12mJ",
        "track:margin=20%,cap=1J",
        "track:margin=0%",
        "track:margin=2.5%",
        "track:margin=100000%",
        "budget:horizon=1h",
        "budget:horizon=90m,cap=2.5J",
        "deadline:in=10m,work=90s",
        "deadline:in=2d,work=1500ms,cap=999µJ",
    ] {
        assert_eq!(policy(text).to_string(), text);
    }
}

#[test]
fn what_means_the_same_is_the_same() {
    assert_eq!(policy("track:cap=1 J, margin=20.0%"), policy("track:margin=20%,cap=1000mJ"));
    assert_eq!(policy("budget:horizon=60m"), policy("budget: horizon = 3600s,"));
    assert_eq!(policy("track:margin=20%"), policy("track:margin=20%,cap=1000000J"), "no cap is the highest");
}

#[test]
fn what_cannot_be_read_is_told_how_to_write_it() {
    refuses("", "write `fixed:12mJ`");
    refuses("greedy:1J", "`greedy` is no bidding policy");
    refuses("fixed", "there is no number");
    refuses("fixed:12", "has no unit");
    refuses("fixed:0J", "from 1µJ to 1000000J");
    refuses("fixed:-3mJ", "a bid of -3 mJ");
    refuses("fixed:1000001J", "from 1µJ to 1000000J");
    refuses("track:20%", "`20%` is no parameter: write `name=value`");
    refuses("track:cap=1J", "`track` needs `margin`: write `track:margin=20%,cap=1J`");
    refuses("track:margin=20", "write a percentage");
    refuses("track:margin=-5%", "write a percentage");
    refuses("track:margin=0.00001%", "at most four decimals");
    refuses("track:margin=.5%", "write a percentage");
    refuses("track:margin=100000.0001%", "up to 100000%");
    refuses("track:margin=99999999999999999999%", "up to 100000%");
    refuses("track:margin=1%,margin=2%", "given twice");
    refuses("track:margin=1%,horizon=1h", "`horizon` is no parameter of `track`");
    refuses("budget:horizon=1", "write a whole number and its unit");
    refuses("budget:horizon=h", "write a whole number and its unit");
    refuses("budget:horizon=1.5h", "write a whole number and its unit");
    refuses("budget:horizon=1w", "write a whole number and its unit");
    refuses("budget:horizon=0s", "from 1ms to 3650d");
    refuses("budget:horizon=3651d", "from 1ms to 3650d");
    refuses("budget:horizon=18446744073709551615d", "from 1ms to 3650d");
    refuses("deadline:in=10m", "`deadline` needs `work`");
    refuses("deadline:work=10m", "`deadline` needs `in`");
}

proptest! {
    #[test]
    fn every_policy_that_is_shown_reads_back_as_itself(policy in policies()) {
        prop_assert_eq!(policy.to_string().parse(), Ok(policy));
    }

    #[test]
    fn reading_any_text_ends_in_a_policy_or_a_reason(text in "(fixed|track|budget|deadline|.{0,3})?:?[a-z=,.%0-9 mJhsµ]{0,40}") {
        if let Ok(policy) = text.parse::<Policy>() {
            prop_assert_eq!(policy.to_string().parse(), Ok(policy));
        }
    }
}
