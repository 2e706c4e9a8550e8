//! The tree beside a naive one, its sums beside plain sums, and every forgery of a path that one bit can make.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What the module's head says, written down again without a thought for speed.
fn naive(leaves: &[Leaf], bit: usize) -> Root {
    let [leaf] = leaves else {
        let part = |wanted: u8| -> Vec<Leaf> {
            let has = |leaf: &&Leaf| leaf.key[bit / 8] << (bit % 8) >> 7 == wanted;
            leaves.iter().filter(has).copied().collect()
        };
        let parts = [part(0), part(1)];
        if parts.iter().any(Vec::is_empty) {
            return naive(leaves, bit + 1);
        }
        let mut covered = vec![u8::try_from(bit).unwrap()];
        let mut sums = Sums::default();
        for root in parts.map(|part| naive(&part, bit + 1)) {
            covered.extend(root.hash);
            covered.extend(&root.sums.credit.to_le_bytes()[..12]);
            covered.extend(&root.sums.debit.to_le_bytes()[..12]);
            sums.credit += root.sums.credit;
            sums.debit += root.sums.debit;
        }
        return Root { hash: keyed(b"maxwell ledger sum tree 1 inner ", &covered), sums };
    };
    let covered = [&leaf.key[..], &leaf.digest, &leaf.balance.0.to_le_bytes()].concat();
    let (credit, debit) = (leaf.balance.0.max(0), leaf.balance.0.min(0));
    let sums = Sums { credit: credit.unsigned_abs().into(), debit: debit.unsigned_abs().into() };
    Root { hash: keyed(b"maxwell ledger sum tree 1 leaf  ", &covered), sums }
}

fn keyed(key: &[u8; 32], covered: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new_keyed(key).update(covered).finalize().as_bytes()
}

/// Keys that share long beginnings and keys that do not.
fn key() -> impl Strategy<Value = [u8; 32]> {
    let near = (0..32_usize, any::<u8>(), 0..4_u8).prop_map(|(place, byte, last)| {
        let mut key = [0; 32];
        key[place] = byte;
        key[31] ^= last;
        key
    });
    prop_oneof![any::<[u8; 32]>(), near]
}

fn balance() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -9..9_i64, Just(i64::MIN), Just(i64::MAX)]
}

fn leaf() -> impl Strategy<Value = Leaf> {
    (key(), any::<[u8; 32]>(), balance()).prop_map(|(key, digest, balance)| Leaf {
        key,
        digest,
        balance: Microjoules(balance),
    })
}

/// The leaves that remain when later ones take the place of earlier ones, by key.
fn last_of_each(leaves: &[Leaf]) -> Vec<Leaf> {
    let by_key: BTreeMap<_, _> = leaves.iter().map(|leaf| (leaf.key, *leaf)).collect();
    by_key.into_values().collect()
}

fn tree_of(leaves: &[Leaf]) -> SumTree {
    SumTree::with_leaves(leaves.iter().copied())
}

fn some_leaf(first: u8, balance: i64) -> Leaf {
    let mut key = [7; 32];
    key[0] = first;
    Leaf { key, digest: [first; 32], balance: Microjoules(balance) }
}

proptest! {
    #[test]
    fn the_tree_is_the_naive_one_however_it_came_about(
        leaves in prop::collection::vec(leaf(), 1..60),
        asked_at in prop::collection::btree_set(0..60_usize, 0..8),
    ) {
        let settled = last_of_each(&leaves);
        let expected = naive(&settled, 0);
        let mut set = SumTree::new();
        for (index, leaf) in leaves.iter().enumerate() {
            set.set(*leaf);
            if asked_at.contains(&index) {
                prop_assert_eq!(set.root(), naive(&last_of_each(&leaves[..=index]), 0));
            }
        }
        prop_assert_eq!(set.root(), expected);
        prop_assert_eq!(set.len(), settled.len());
        prop_assert_eq!(tree_of(&settled).root(), expected);
    }

    #[test]
    fn the_order_of_leaves_changes_nothing(
        (leaves, shuffled) in prop::collection::vec(leaf(), 1..60).prop_flat_map(|leaves| {
            let leaves = last_of_each(&leaves);
            (Just(leaves.clone()), Just(leaves).prop_shuffle())
        })
    ) {
        let mut set = SumTree::new();
        for leaf in &shuffled {
            set.set(*leaf);
        }
        prop_assert_eq!(set.root(), tree_of(&leaves).root());
        prop_assert_eq!(tree_of(&shuffled).root(), tree_of(&leaves).root());
    }

    #[test]
    fn a_leaf_that_is_set_back_leaves_no_trace(leaves in prop::collection::vec(leaf(), 1..40), other in leaf()) {
        let leaves = last_of_each(&leaves);
        let mut tree = tree_of(&leaves);
        let before = tree.root();
        tree.set(Leaf { key: leaves[0].key, ..other });
        prop_assert_ne!(tree.root(), before);
        tree.set(leaves[0]);
        prop_assert_eq!(tree.root(), before);
    }

    #[test]
    fn every_leaf_has_a_path_to_the_root_and_no_other_key_has(
        leaves in prop::collection::vec(leaf(), 1..40),
        stranger in key(),
    ) {
        let leaves = last_of_each(&leaves);
        let mut tree = tree_of(&leaves);
        let root = tree.root();
        for leaf in &leaves {
            let path = tree.prove(&leaf.key).unwrap();
            prop_assert_eq!(path.root_of(leaf), Ok(root));
            for other in leaves.iter().filter(|other| other.key != leaf.key) {
                prop_assert_ne!(path.root_of(other), Ok(root));
            }
        }
        prop_assert_eq!(tree.prove(&stranger).is_some(), leaves.iter().any(|leaf| leaf.key == stranger));
    }

    #[test]
    fn no_bit_of_a_leaf_or_of_its_path_can_be_changed(leaves in prop::collection::vec(leaf(), 2..12)) {
        let leaves = last_of_each(&leaves);
        let mut tree = tree_of(&leaves);
        let root = tree.root();
        let path = tree.prove(&leaves[0].key).unwrap();
        for forged in forged_leaves(&leaves[0]) {
            prop_assert_ne!(path.root_of(&forged), Ok(root));
        }
        for forged in forged_paths(&path) {
            prop_assert_ne!(forged.root_of(&leaves[0]), Ok(root));
        }
    }
}

/// The leaf with each of its bits changed in turn.
fn forged_leaves(leaf: &Leaf) -> Vec<Leaf> {
    let mut forged = Vec::new();
    for bit in 0..256 {
        let (mut key, mut digest) = (leaf.key, leaf.digest);
        key[bit / 8] ^= 1 << (bit % 8);
        digest[bit / 8] ^= 1 << (bit % 8);
        forged.extend([Leaf { key, ..*leaf }, Leaf { digest, ..*leaf }]);
    }
    forged.extend((0..64).map(|bit| Leaf { balance: Microjoules(leaf.balance.0 ^ (1 << bit)), ..*leaf }));
    forged
}

/// The path with each of the bits of each step changed in turn, and without each of its steps.
fn forged_paths(path: &Path) -> Vec<Path> {
    let mut forged = Vec::new();
    let mut forge = |index: usize, change: &dyn Fn(&mut Step)| {
        let mut steps = path.steps.clone();
        change(&mut steps[index]);
        forged.push(Path { steps });
    };
    for index in 0..path.steps.len() {
        (0..8).for_each(|bit| forge(index, &|step| step.bit ^= 1 << bit));
        (0..256).for_each(|bit| forge(index, &|step| step.sibling.hash[bit / 8] ^= 1 << (bit % 8)));
        (0..128).for_each(|bit| forge(index, &|step| step.sibling.sums.credit ^= 1 << bit));
        (0..128).for_each(|bit| forge(index, &|step| step.sibling.sums.debit ^= 1 << bit));
    }
    for index in 0..path.steps.len() {
        let mut steps = path.steps.clone();
        steps.remove(index);
        forged.push(Path { steps });
    }
    forged
}

#[test]
fn an_empty_tree_has_a_root_and_no_paths() {
    let mut tree = SumTree::new();
    assert!(tree.is_empty());
    assert_eq!(tree.root(), Root::empty());
    assert_eq!(tree.root().sums, Sums::default());
    assert_eq!(tree.prove(&[0; 32]), None);
    assert_eq!(tree_of(&[]).root(), Root::empty());
}

#[test]
fn a_single_leaf_is_its_own_proof() {
    let leaf = some_leaf(1, -5);
    let mut tree = SumTree::new();
    tree.set(leaf);
    let path = tree.prove(&leaf.key).unwrap();
    assert_eq!(path.steps(), []);
    assert_eq!(path.root_of(&leaf), Ok(tree.root()));
    assert_ne!(tree.root().hash, Root::empty().hash);
}

#[test]
fn sums_are_exact_at_the_ends_of_the_range() {
    let mut tree = tree_of(&[some_leaf(0, i64::MIN), some_leaf(1, i64::MIN), some_leaf(2, i64::MAX)]);
    tree.set(some_leaf(3, i64::MAX));
    let top = u128::from(i64::MAX.unsigned_abs());
    assert_eq!(tree.root().sums, Sums { credit: 2 * top, debit: 2 * (top + 1) });
}

#[test]
fn a_debt_does_not_hide_what_is_owed() {
    let mut honest = tree_of(&[some_leaf(0, 100), some_leaf(1, 30)]);
    let mut hiding = tree_of(&[some_leaf(0, 100), some_leaf(1, 30), some_leaf(2, -120)]);
    assert_eq!(hiding.root().sums.credit, honest.root().sums.credit);
    assert_eq!(hiding.root().sums.debit, 120);
}

#[test]
fn the_deepest_tree_that_keys_can_make_works() {
    // Each key parts from the first at another of the 256 bits.
    let alone = |bit: usize| {
        let mut key = [0; 32];
        key[bit / 8] = 128 >> (bit % 8);
        Leaf { key, ..some_leaf(0, 1) }
    };
    let first = Leaf { key: [0; 32], ..some_leaf(0, 1) };
    let leaves: Vec<Leaf> = std::iter::once(first).chain((0..256).map(alone)).collect();
    let mut tree = tree_of(&leaves);
    let path = tree.prove(&first.key).unwrap();
    assert_eq!(path.steps().len(), 256);
    assert_eq!(path.root_of(&first), Ok(tree.root()));
    assert_eq!(tree.root().sums.credit, 257);
}

#[test]
fn a_path_whose_bits_do_not_fall_is_refused() {
    let leaf = some_leaf(0, 1);
    let step = |bit| Step { bit, sibling: Root::empty() };
    let refused = |bits: &[u8]| Path { steps: bits.iter().copied().map(step).collect() }.root_of(&leaf);
    assert_eq!(refused(&[9, 4, 4]), Err(PathError::OutOfOrder { step: 2, bit: 4, before: 4 }));
    assert_eq!(refused(&[3, 200]), Err(PathError::OutOfOrder { step: 1, bit: 200, before: 3 }));
    assert!(refused(&[255, 0]).is_ok());
    let endless: Vec<u8> = (0..=255).rev().cycle().take(1_000).collect();
    assert_eq!(refused(&endless), Err(PathError::OutOfOrder { step: 256, bit: 255, before: 0 }));
}

#[test]
fn a_path_with_sums_beyond_all_money_is_refused() {
    let beside = |debit| {
        let sums = Sums { credit: 0, debit };
        Path { steps: vec![Step { bit: 8, sibling: Root { sums, ..Root::empty() } }] }
            .root_of(&some_leaf(0, -1))
    };
    assert!(beside((1 << 96) - 2).is_ok());
    for debit in [(1 << 96) - 1, 1 << 96, u128::MAX] {
        assert_eq!(beside(debit), Err(PathError::TooMuch { step: 0 }));
    }
}

#[test]
fn a_path_survives_being_written_down() {
    let leaves: Vec<Leaf> = (0..100).map(|first| some_leaf(first, i64::from(first) - 50)).collect();
    let mut tree = tree_of(&leaves);
    let path = tree.prove(&leaves[42].key).unwrap();
    let written = postcard::to_stdvec(&path).unwrap();
    assert_eq!(postcard::from_bytes::<Path>(&written).unwrap(), path);
}

#[test]
#[should_panic(expected = "an account has one balance")]
fn one_account_twice_is_no_tree() {
    tree_of(&[some_leaf(1, 5), some_leaf(2, 5), some_leaf(1, 6)]);
}
