//! A file that changed while nobody had it open: flipped bits, and an end that is gone. What is read from it afterwards
//! is an error or exactly what was written; never other content, and never a panic that leaves the store.

use std::fs;

use maxwell_ledger::store::{RedbStore, Store, StoreError};

use crate::common::{Content, Dice, content};
use crate::faults::begun;

const FLIPS: u64 = 200;
const CUTS: u64 = 60;

/// Bytes by which a frame is found in the file.
const BEGIN: usize = 64;

/// A closed file, and what is in it.
fn closed() -> (Vec<u8>, Content) {
    let (disk, store, _) = begun(3, 8);
    let content = content(&store).expect("readable");
    store.close().expect("nothing is wrong with this disk");
    (disk.now(), content)
}

/// The file that a process leaves which is killed, and what is in it.
fn left_open() -> (Vec<u8>, Content) {
    let (disk, store, _) = begun(3, 8);
    (disk.now(), content(&store).expect("readable"))
}

/// Whether the file was found damaged, when it is opened to write and when it is opened to read; each time it must be
/// that, and remain as it is, or be unchanged.
fn is_damaged(image: &[u8], right: &Content, what: &str) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("ledger");
    fs::write(&file, image).expect("room");
    let to_read = RedbStore::open_read_only(&file).and_then(|store| content(&store));
    assert!(fs::read(&file).expect("a file") == image, "{what}: reading changed it");
    let to_write = RedbStore::open(&file).and_then(|store| content(&store));
    assert_eq!(to_read.is_ok(), to_write.is_ok(), "{what}: the two ways of opening see different things");
    match to_write {
        Ok(found) => {
            assert!(found == *right, "{what}: other content");
            false
        }
        Err(error) => {
            let known = matches!(error, StoreError::Damaged { .. } | StoreError::NotALedger { .. });
            assert!(known, "{what}: {error:?}");
            true
        }
    }
}

/// Places that matter more than others, before random ones: the header, with the choice of the newest commit in it.
fn places(len: usize, count: u64) -> impl Iterator<Item = usize> {
    (0..320 * 8).step_by(17).chain((0..count).map(move |seed| Dice::new(seed).below(len * 8)))
}

#[test]
fn a_flipped_bit_in_a_closed_file_is_found_or_does_not_matter() {
    let (mut image, right) = closed();
    let mut damaged = 0;
    for bit in places(image.len(), FLIPS) {
        image[bit / 8] ^= 1 << (bit % 8);
        damaged += usize::from(is_damaged(&image, &right, &format!("bit {bit}")));
        image[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(damaged > 40, "only {damaged} flips were found");
}

#[test]
fn a_flipped_bit_in_what_is_stored_is_always_found() {
    let (mut image, right) = left_open();
    let flip = |image: &mut [u8], starts: &[usize], bit: usize| {
        for start in starts {
            image[start + bit / 8] ^= 1 << (bit % 8);
        }
    };
    let frames = right.frames.iter().filter(|frame| frame.bytes.len() >= BEGIN);
    for (at, frame) in frames.enumerate() {
        let begin = &frame.bytes[..BEGIN];
        // Pages that are free again may still hold the same.
        let starts = (0..image.len()).filter(|start| image[*start..].starts_with(begin)).collect::<Vec<_>>();
        assert!(!starts.is_empty(), "a frame lies in the file as it was given");
        let bit = Dice::new(at as u64).below(BEGIN * 8);
        flip(&mut image, &starts, bit);
        assert!(is_damaged(&image, &right, &format!("bit {bit} of frame {}", frame.first)));
        flip(&mut image, &starts, bit);
    }
}

#[test]
fn a_file_without_its_end_is_found_out() {
    for (image, right) in [closed(), left_open()] {
        for seed in 0..CUTS {
            let len = Dice::new(seed).below(image.len());
            // On a page's border the file looks like one that never grew further.
            let len = if seed % 2 == 0 { len } else { len / 4_096 * 4_096 };
            is_damaged(&image[..len], &right, &format!("cut to {len} bytes"));
        }
        assert!(!is_damaged(&image, &right, "left as it is"));
    }
}

#[test]
fn a_page_of_zeros_or_of_another_time_is_found_or_does_not_matter() {
    let (disk, mut store, mut history) = begun(3, 8);
    let old = disk.now();
    store.commit(&history.next()).expect("in order");
    let right = content(&store).expect("readable");
    store.close().expect("nothing is wrong with this disk");
    let image = disk.now();
    for page in 1..image.len() / 4_096 {
        let bytes = page * 4_096..(page + 1) * 4_096;
        let mut changed = image.clone();
        changed[bytes.clone()].fill(0);
        is_damaged(&changed, &right, &format!("page {page} is zeros"));
        if let Some(before) = old.get(bytes.clone()) {
            changed[bytes].copy_from_slice(before);
            is_damaged(&changed, &right, &format!("page {page} is an old one"));
        }
    }
}
