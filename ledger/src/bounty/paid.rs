//! The keys that a bounty has paid, as stretches: keys are handed out in order, so what is paid lies close together.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::PAID_STRETCHES_MAX;

/// Keys without a gap between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first.
    pub first: u64,
    /// One past the last.
    pub end: u64,
}

/// A set of keys. Its stretches lie in order and neither touch nor are empty, so there is one way to write a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    stretches: Vec<Stretch>,
}

/// Whether a key can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payable {
    /// It was not paid.
    Yes,
    /// It was paid before.
    PaidBefore,
    /// It was not, and would lie alone, and there are as many stretches as are kept.
    TooScattered,
}

impl Paid {
    /// Its stretches, in order.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// How many keys are in it.
    pub fn count(&self) -> u64 {
        self.stretches.iter().map(|stretch| stretch.end - stretch.first).sum()
    }

    /// Whether a key is in it.
    pub fn contains(&self, key: u64) -> bool {
        self.stretches.get(self.place(key)).is_some_and(|stretch| stretch.first <= key)
    }

    /// Whether a key can be added.
    pub fn payable(&self, key: u64) -> Payable {
        let place = self.place(key);
        if self.contains(key) {
            Payable::PaidBefore
        } else if self.touches(place, key) == (false, false) && self.stretches.len() >= PAID_STRETCHES_MAX {
            Payable::TooScattered
        } else {
            Payable::Yes
        }
    }

    /// Adds a key. Nothing if it cannot be added, or no terms have such a key.
    pub(crate) fn add(&mut self, key: u64) -> Option<()> {
        let end = key.checked_add(1)?;
        if self.payable(key) != Payable::Yes {
            return None;
        }
        let place = self.place(key);
        match self.touches(place, key) {
            (true, true) => {
                self.stretches[place - 1].end = self.stretches[place].end;
                self.stretches.remove(place);
            }
            (true, false) => self.stretches[place - 1].end = end,
            (false, true) => self.stretches[place].first = key,
            (false, false) => self.stretches.insert(place, Stretch { first: key, end }),
        }
        Some(())
    }

    /// The first stretch that does not end before a key: the one that has it, or would come after it.
    fn place(&self, key: u64) -> usize {
        self.stretches.partition_point(|stretch| stretch.end <= key)
    }

    /// Whether a key that is not in the set follows the stretch before `place`, and comes right before the one there.
    fn touches(&self, place: usize, key: u64) -> (bool, bool) {
        let before = place.checked_sub(1).is_some_and(|before| self.stretches[before].end == key);
        let behind =
            self.stretches.get(place).is_some_and(|stretch| Some(stretch.first) == key.checked_add(1));
        (before, behind)
    }
}

/// On disk each stretch is how many keys it leaves out since the last one, and how many it has: small numbers, and no way to
/// write stretches out of order.
impl Serialize for Paid {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let left_out = |number: usize| {
            let end = number.checked_sub(1).map_or(0, |before| self.stretches[before].end);
            self.stretches[number].first - end
        };
        let length = |number: usize| self.stretches[number].end - self.stretches[number].first;
        to.collect_seq((0..self.stretches.len()).map(|number| (left_out(number), length(number))))
    }
}

impl<'de> Deserialize<'de> for Paid {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Vec::<(u64, u64)>::deserialize(from)?;
        if written.len() > PAID_STRETCHES_MAX {
            return Err(D::Error::custom("more stretches of keys than a bounty has"));
        }
        let mut stretches = Vec::with_capacity(written.len());
        let mut end = 0_u64;
        for (left_out, length) in written {
            let touches = left_out == 0 && !stretches.is_empty();
            let first = end.checked_add(left_out);
            let stretch = first.and_then(|first| Some(Stretch { first, end: first.checked_add(length)? }));
            let sound = stretch.filter(|_| length > 0 && !touches);
            let stretch = sound.ok_or_else(|| D::Error::custom("a stretch of keys that cannot be"))?;
            end = stretch.end;
            stretches.push(stretch);
        }
        Ok(Self { stretches })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::codec;

    /// As many single keys as may lie apart.
    fn scattered() -> Paid {
        let stretch = |number: u64| Stretch { first: 2 * number, end: 2 * number + 1 };
        Paid { stretches: (0..PAID_STRETCHES_MAX as u64).map(stretch).collect() }
    }

    #[test]
    fn a_set_that_is_too_scattered_takes_only_keys_that_close_or_lengthen() {
        let (mut paid, beyond) = (scattered(), 2 * PAID_STRETCHES_MAX as u64);
        assert_eq!(paid.payable(beyond), Payable::TooScattered);
        assert_eq!(paid.add(beyond), None);
        assert_eq!(paid.payable(0), Payable::PaidBefore);
        paid.add(beyond - 1).expect("it lengthens the last");
        paid.add(1).expect("it joins the first two");
        paid.add(beyond + 9).expect("now there is room for one more");
    }

    #[test]
    fn the_last_number_is_no_key() {
        assert_eq!(Paid::default().add(u64::MAX), None);
        Paid::default().add(u64::MAX - 1).expect("the last key");
    }

    #[test]
    fn stretches_that_touch_are_empty_or_go_too_far_are_not_read() {
        let read = |pairs: &[(u64, u64)]| codec::from_bytes::<Paid>(&codec::to_bytes(&pairs)).is_ok();
        assert!(read(&[]) && read(&[(0, 1)]) && read(&[(3, 1), (1, 4)]) && read(&[(u64::MAX - 1, 1)]));
        assert!(!read(&[(0, 0)]), "empty");
        assert!(!read(&[(0, 1), (0, 1)]), "two that are one");
        assert!(!read(&[(u64::MAX, 1)]) && !read(&[(1, u64::MAX)]) && !read(&[(9, 1), (u64::MAX, 1)]));
        let too_many = vec![(1, 1); PAID_STRETCHES_MAX + 1];
        assert!(!read(&too_many) && read(&too_many[1..]));
    }

    proptest! {
        #[test]
        fn it_is_the_set_of_what_was_added(keys in prop::collection::vec(0_u64..60, 0..80)) {
            let (mut paid, mut model) = (Paid::default(), BTreeSet::new());
            for key in keys {
                prop_assert_eq!(paid.add(key).is_some(), model.insert(key));
                prop_assert_eq!(paid.count(), model.len() as u64);
                prop_assert!((0..62).all(|key| paid.contains(key) == model.contains(&key)));
                let apart = paid.stretches().windows(2).all(|pair| pair[0].end < pair[1].first);
                prop_assert!(apart, "stretches touch: {:?}", paid);
                prop_assert_eq!(codec::from_bytes::<Paid>(&codec::to_bytes(&paid)), Ok(paid.clone()));
            }
        }
    }
}
