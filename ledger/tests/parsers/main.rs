//! The bodies of the fuzz targets, on fixed seeds and on bytes that are valid but for a few changes.

mod bodies;
#[path = "../common/mod.rs"]
mod common;
mod samples;

use bodies::{TARGETS, Target};
use common::dice::Dice;

/// Tries for each target.
const TRIES: u64 = 400;

fn each_target(mut try_out: impl FnMut(Target, &mut Dice)) {
    for (number, target) in TARGETS.into_iter().enumerate() {
        let mut dice = Dice::new(number as u64);
        for _ in 0..TRIES {
            try_out(target, &mut dice);
        }
    }
}

/// Valid bytes with some of them changed, left out, doubled, or taken from another valid piece.
fn mutated(samples: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = samples[dice.below(samples.len())].clone();
    for _ in 0..=dice.below(4) {
        let (at, end) = (dice.below(bytes.len().max(1)), bytes.len());
        match dice.below(5) {
            0 if end > 0 => bytes[at] ^= 1 << dice.below(8),
            1 if end > 0 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][dice.below(5)],
            2 => drop(bytes.drain(at..(at + dice.below(4)).min(end))),
            3 => bytes.extend(dice.bytes(8)),
            _ => {
                let other = &samples[dice.below(samples.len())];
                bytes.truncate(at);
                bytes.extend(other.iter().skip(at));
            }
        }
    }
    bytes
}

#[test]
fn no_bytes_at_all_lead_astray() {
    each_target(|(_, body), dice| body(&dice.bytes(300)));
}

#[test]
fn valid_pieces_with_changes_do_not_either() {
    let samples: Vec<_> = TARGETS.iter().map(|(name, _)| samples::of(name)).collect();
    let mut number = 0..;
    for ((_, body), samples) in TARGETS.iter().zip(&samples) {
        for sample in samples {
            body(sample);
        }
        let mut dice = Dice::new(number.next().expect("numbers do not end"));
        for _ in 0..TRIES {
            body(&mutated(samples, &mut dice));
        }
    }
}

#[test]
fn the_samples_are_what_they_are_said_to_be() {
    use maxwell_ledger::frame::Frame;
    use maxwell_ledger::operation::SignedOperation;
    use maxwell_ledger::receipt::Receipt;
    let [host, ..] = bodies::keys();
    for bytes in samples::of("signed_operation") {
        let signed = SignedOperation::from_bytes(&bytes).expect("an operation");
        signed.verify(&host.public()).expect("signed");
    }
    for bytes in samples::of("receipt") {
        let compact = maxwell_ledger::codec::from_bytes::<Receipt>(&bytes).ok();
        let receipt = compact.unwrap_or_else(|| serde_json::from_slice(&bytes).expect("a receipt"));
        receipt.verify(&host.public()).expect("an honest bill");
    }
    for bytes in samples::of("frame") {
        let mut books = bodies::books();
        for record in Frame::from_bytes(&bytes).expect("a frame").records {
            books.apply(&record).expect("a record that keeps the rules");
        }
    }
}

/// Writes the samples where the fuzzer begins from them. Without a folder there is nothing to do.
#[test]
fn the_samples_are_written_into_the_folder_that_the_environment_names() {
    let Some(corpus) = std::env::var_os("MAXWELL_FUZZ_CORPUS") else { return };
    for (name, _) in TARGETS {
        let folder = std::path::Path::new(&corpus).join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        for (number, sample) in samples::of(name).into_iter().enumerate() {
            std::fs::write(folder.join(format!("sample-{number}")), sample).expect("a file");
        }
    }
}
