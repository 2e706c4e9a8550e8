//! A second process, which is this test program once more with a word in its environment.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use maxwell_ledger::store::{RedbStore, Store, StoreError};

use crate::common::{content, one_frame};

/// Names the ledger to a second process, and makes a test one.
const LEDGER: &str = "MAXWELL_TEST_LEDGER";

/// Starts this program with the test that writes to `file`, and waits until it has it.
fn second_process(file: &Path) -> (Child, BufReader<std::process::ChildStdout>) {
    let program = env::current_exe().expect("this program");
    let name = "processes::a_second_process_writes_until_its_input_ends";
    let mut child = Command::new(program)
        .args(["--exact", name, "--nocapture"])
        .env(LEDGER, file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    acknowledged(&mut output);
    (child, output)
}

/// Waits for the next sequence that the second process was promised.
fn acknowledged(output: &mut impl BufRead) -> u64 {
    loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).expect("text") > 0, "the second process ended");
        if let Some(sequence) = line.trim().rsplit("durable ").next().and_then(|text| text.parse().ok()) {
            return sequence;
        }
    }
}

/// The second process: commits a frame, and another for every line of its input. Without a ledger there is nothing to do.
#[test]
fn a_second_process_writes_until_its_input_ends() {
    let Some(file) = env::var_os(LEDGER) else { return };
    let mut store = RedbStore::open(&file).expect("a ledger");
    for line in std::iter::once(Ok(String::new())).chain(std::io::stdin().lines()) {
        line.expect("text");
        let next = store.last_sequence() + 1;
        store.commit(&one_frame(next)).expect("in order");
        println!("durable {next}");
    }
}

#[test]
fn a_second_process_keeps_the_first_out_and_what_it_was_promised_survives_its_kill() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("ledger");
    drop(RedbStore::create(&file, b"genesis").expect("a new ledger"));
    let (mut child, mut output) = second_process(&file);
    for opened in [RedbStore::open(&file), RedbStore::open_read_only(&file)] {
        let error = opened.expect_err("the other one has it");
        assert!(matches!(error, StoreError::Busy { .. }), "{error:?}");
    }
    let mut input = child.stdin.take().expect("a pipe");
    let mut promised = 1;
    for _ in 0..5 {
        writeln!(input).expect("it still listens");
        promised = acknowledged(&mut output);
    }
    child.kill().expect("a process");
    child.wait().expect("its end");
    // What it left is read without a change first, as on a disk that must not be written.
    let before = std::fs::read(&file).expect("a file");
    let reader = RedbStore::open_read_only(&file).expect("a ledger");
    assert_eq!(reader.last_sequence(), promised);
    let found = content(&reader).expect("readable");
    drop(reader);
    assert_eq!(std::fs::read(&file).expect("a file"), before);
    let mut store = RedbStore::open(&file).expect("a ledger");
    assert_eq!(content(&store).expect("readable"), found);
    store.commit(&one_frame(promised + 1)).expect("in order");
}
