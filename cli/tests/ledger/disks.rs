//! Disks that are full or read-only: a small file system in memory, in a mount namespace of its own.

use std::process::{Command, Output};

use crate::lab::Lab;

/// Runs a script as root in a mount namespace of its own, with the command as `$M` and an empty folder as `$D`.
fn in_a_namespace(lab: &Lab, script: &str) -> Option<Output> {
    let folder = lab.beside("disk");
    std::fs::create_dir(&folder).expect("room");
    let run = |script: &str| {
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--mount", "sh", "-euc", script])
            .env("M", env!("CARGO_BIN_EXE_maxwell"))
            .env("D", &folder);
        unshare.output()
    };
    match run("mount -t tmpfs maxwell-test \"$D\"") {
        Ok(output) if output.status.success() => run(script).ok(),
        Ok(_) => {
            eprintln!("skipped, because this user may not mount");
            None
        }
        Err(error) => {
            eprintln!("skipped, because there is no `unshare`: {error}");
            None
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_full_disk_refuses_the_order_and_keeps_what_was_acknowledged() {
    let script = r#"
        mount -t tmpfs -o mode=700,size=2m maxwell-test "$D"; export MAXWELL_HOME="$D"
        "$M" ledger init >"/dev/null"; "$M" wallet new alice >"/dev/null"; "$M" wallet fund alice 1J >"/dev/null"
        head -c 4000000 /dev/zero 2>"/dev/null" >"$D/filler" || true
        n=1; while [ $n -le 400 ] && "$M" wallet fund alice 1uJ >"/dev/null"; do n=$((n + 1)); done
        echo "acknowledged $n"
        mount -o remount,size=64m "$D"
        "$M" ledger verify | grep records"#;
    let lab = Lab::empty();
    let Some(output) = in_a_namespace(&lab, script) else { return };
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    assert!(complained.contains("no room for") && !complained.contains("panicked"), "{said}{complained}");
    let acknowledged = said.split_whitespace().nth(1).expect("a number");
    let acknowledged: u64 = acknowledged.parse().expect("a number");
    let records = said.split_whitespace().nth(3).expect("a number").parse::<u64>().expect("a number");
    assert!(acknowledged < 400, "the disk was never full");
    assert!(records == acknowledged || records == acknowledged + 1, "{said}");
}

#[test]
fn a_read_only_disk_is_read_and_an_order_says_so() {
    let script = r#"
        mount -t tmpfs -o mode=700 maxwell-test "$D"; export MAXWELL_HOME="$D"
        "$M" ledger init >"/dev/null"; "$M" wallet new alice >"/dev/null"; "$M" wallet fund alice 1J >"/dev/null"
        mount -o remount,ro "$D"
        "$M" ledger verify | head -1; "$M" wallet show alice | grep balance; "$M" receipt alice | wc -l
        "$M" wallet fund alice 1J || echo "code $?"
        "$M" wallet new bob || echo "code $?""#;
    let lab = Lab::empty();
    let Some(output) = in_a_namespace(&lab, script) else { return };
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(said, "the ledger is in order\nbalance    1 J\n1\ncode 1\ncode 1\n", "{complained}");
    assert!(complained.contains("its file system is read-only"), "{complained}");
    assert!(complained.contains("bob.key: cannot write it"), "{complained}");
}

#[test]
fn an_order_whose_report_cannot_be_written_says_that_it_was_carried_out() {
    let lab = Lab::funded();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let home = lab.path("");
    let words = ["wallet", "fund", "bob", "1J", "--home", home.to_str().expect("plain names")];
    let done = crate::common::Running::start_into(&words, full.into()).end();
    done.complains(1, &["the order is done, as record 2", "cannot be written", "No space left"]);
    assert_eq!(lab.balance("bob"), 1_000_000);
}
