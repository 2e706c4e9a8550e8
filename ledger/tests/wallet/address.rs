use bech32::{Bech32, Bech32m, Fe32, Fe32IterExt, Hrp};
use maxwell_ledger::codec;
use maxwell_ledger::wallet::{AddressError, PublicKey, TextError};
use proptest::prelude::*;

use super::owner;

/// What may stand in for another character: the alphabet, its neighbours on a keyboard, other cases, other scripts.
const SUBSTITUTES: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l1bioQPZBIO-_ .µ\u{430}é";

fn replaced(text: &str, index: usize, with: char) -> String {
    text.chars().enumerate().map(|(at, is)| if at == index { with } else { is }).collect()
}

fn refusal(text: &str) -> AddressError {
    text.parse::<PublicKey>().expect_err(text)
}

fn position(error: &AddressError) -> Option<usize> {
    match error {
        AddressError::Text(TextError::Character { position, .. } | TextError::Case(position)) => {
            Some(*position)
        }
        _ => None,
    }
}

#[test]
fn an_address_is_64_characters_that_read_back_in_either_case() {
    let key = owner(1).public();
    let text = key.to_string();
    assert_eq!(text, "joule132yw8ht5p8cetl2jmvknewjawt9xwzdlrk2pyxlnwjyqrdq0dawq3cwlta");
    assert_eq!(text.len(), 64);
    assert_eq!(text.parse(), Ok(key));
    assert_eq!(text.to_uppercase().parse(), Ok(key));
}

#[test]
fn every_single_wrong_character_is_refused_where_it_stands() {
    let text = owner(1).public().to_string();
    for index in 0..text.len() {
        for with in SUBSTITUTES.chars().filter(|c| *c != char::from(text.as_bytes()[index])) {
            let error = refusal(&replaced(&text, index, with));
            assert_eq!(position(&error), Some(index + 1), "{with} at {index}: {error}");
        }
    }
}

#[test]
fn a_wrong_character_is_told_with_the_one_that_should_stand_there() {
    let text = owner(1).public().to_string();
    for (with, index) in [('q', 20), ('b', 20), ('q', 63), ('x', 2), ('z', 5)] {
        let expected = text.chars().nth(index);
        let error = refusal(&replaced(&text, index, with));
        let wanted = TextError::Character { position: index + 1, found: with, expected };
        assert_eq!(error, AddressError::Text(wanted));
    }
    let error = refusal(&replaced(&text, 20, 'b')).to_string();
    assert!(
        error.starts_with("the address is wrong at position 21, where `b` stands: it should probably be `"),
        "{error}"
    );
}

#[test]
fn every_swap_of_neighbours_is_named() {
    let text = owner(2).public().to_string();
    for index in 6..63 {
        let mut bytes = text.clone().into_bytes();
        bytes.swap(index, index + 1);
        let swapped = String::from_utf8(bytes).expect("ASCII");
        if swapped != text {
            assert_eq!(refusal(&swapped), AddressError::Text(TextError::Swapped(index + 1)));
        }
    }
}

#[test]
fn other_texts_are_refused_with_what_is_wrong() {
    let text = owner(1).public().to_string();
    let is = |text: &str, error: TextError| assert_eq!(refusal(text), AddressError::Text(error), "{text}");
    is("", TextError::Prefix("joule1"));
    is("joule", TextError::Prefix("joule1"));
    is("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", TextError::Prefix("joule1"));
    is(&text[..63], TextError::Length { found: 63, expected: 64 });
    is(&format!("{text} "), TextError::Length { found: 65, expected: 64 });
    is(&format!("{}{}", &text[..60], "qqqq"), TextError::Checksum);
    assert_eq!(refusal("joule-secret-1abc"), AddressError::Secret);
}

#[test]
fn the_older_checksum_has_an_error_of_its_own() {
    let human_part = Hrp::parse("joule").expect("valid");
    let text = bech32::encode::<Bech32>(human_part, owner(1).public().as_bytes()).expect("fits");
    assert_eq!(refusal(&text), AddressError::Text(TextError::Bech32));
}

#[test]
fn bits_left_over_must_be_zero() {
    let human_part = Hrp::parse("joule").expect("valid");
    let mut groups: Vec<Fe32> =
        bech32::ByteIterExt::bytes_to_fes(owner(1).public().as_bytes().iter().copied()).collect();
    let last = groups.last_mut().expect("52 groups");
    *last = Fe32::try_from(last.to_u8() | 1).expect("five bits");
    let text: String = groups.into_iter().with_checksum::<Bech32m>(&human_part).chars().collect();
    assert_eq!(refusal(&text), AddressError::Text(TextError::Padding));
}

#[test]
fn bytes_that_nobody_or_anybody_could_sign_for_are_no_owner() {
    let with_first = |first: u8, rest: u8, last: u8| {
        let mut bytes = [rest; 32];
        (bytes[0], bytes[31]) = (first, last);
        PublicKey::from_bytes(bytes)
    };
    assert_eq!(with_first(2, 0, 0), Err(AddressError::NotAPoint), "y = 2 is not on the curve");
    assert_eq!(with_first(1, 0, 0), Err(AddressError::Weak), "the neutral point");
    assert_eq!(with_first(0, 0, 0), Err(AddressError::Weak), "a point of order four");
    assert_eq!(
        with_first(0xee, 0xff, 0x7f),
        Err(AddressError::NotAPoint),
        "the neutral point written as p + 1"
    );
    assert!(with_first(3, 0, 0).is_ok(), "y = 3 is on the curve and of large order");
    assert_eq!(with_first(0xf0, 0xff, 0x7f), Err(AddressError::NotAPoint), "the same written as p + 3");
}

#[test]
fn a_public_key_on_the_wire_is_its_32_bytes() {
    let key = owner(1).public();
    assert_eq!(codec::to_bytes(&key), key.as_bytes());
    assert_eq!(codec::from_bytes(key.as_bytes()), Ok(key));
}

proptest! {
    #[test]
    fn addresses_of_all_owners_read_back(seed: [u8; 32]) {
        let key = maxwell_ledger::wallet::Keypair::from_seed(&seed).public();
        prop_assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn a_substitution_is_refused_and_every_claimed_position_is_right(
        seed: [u8; 32], index in 0_usize..64, with in any::<char>(),
    ) {
        let text = maxwell_ledger::wallet::Keypair::from_seed(&seed).public().to_string();
        let wrong = replaced(&text, index, with);
        prop_assume!(wrong != text);
        let error = refusal(&wrong);
        prop_assert_eq!(position(&error), Some(index + 1), "{}", error);
    }

    #[test]
    fn two_to_four_errors_are_refused_whatever_is_guessed_about_them(
        seed: [u8; 32], errors in prop::collection::vec((6_usize..64, 0_usize..32), 2..=4),
    ) {
        let text = maxwell_ledger::wallet::Keypair::from_seed(&seed).public().to_string();
        let wrong = errors.iter().fold(text.clone(), |text, (index, letter)| {
            replaced(&text, *index, SUBSTITUTES.chars().nth(*letter).expect("32 letters"))
        });
        prop_assume!(wrong != text);
        prop_assert!(wrong.parse::<PublicKey>().is_err());
    }

    #[test]
    fn no_text_is_read_that_would_not_be_written(text in "(joule1)?[a-z0-9]{0,70}|\\PC{0,80}") {
        if let Ok(key) = text.parse::<PublicKey>() {
            prop_assert_eq!(key.to_string(), text.to_lowercase());
        }
    }
}

#[test]
fn texts_with_more_errors_than_can_be_corrected_are_refused_like_others() {
    let found_by_the_fuzzer = "joule1syuhwr4g05t4744r23nVxnr3en9cmz18knhr0gja7mz0e1syuhwr4xr7dt";
    for text in [found_by_the_fuzzer.to_owned(), found_by_the_fuzzer.replace('1', "2").replacen('2', "1", 1)]
    {
        assert!(text.parse::<PublicKey>().is_err(), "{text}");
    }
}
