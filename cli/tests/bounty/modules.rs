//! Modules that verify: what is taken, and where it is kept.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use maxwell_api::bounty::{BountyList, WorkReport};

use crate::lab::Lab;

/// A module that says the same of every claim.
pub(crate) fn module(answer: u8) -> Vec<u8> {
    let text = format!(
        r#"(module
            (memory (export "memory") 1)
            (func (export "verify") (param i64 i32 i32) (result i32) (i32.const {answer})))"#
    );
    wat::parse_str(text).expect("valid text")
}

fn post(file: &str) -> String {
    format!("bounty post --wallet alice --budget 1J --reward 1mJ module {file} --fuel 1000000 --keys 100")
}

/// A file beside the home.
fn put(lab: &Lab, name: &str, bytes: &[u8]) -> String {
    let file = lab.beside(name);
    fs::write(&file, bytes).expect("room");
    file
}

/// The files that are kept.
fn kept(lab: &Lab) -> Vec<String> {
    let Ok(files) = fs::read_dir(lab.path("bounties")) else { return Vec::new() };
    let names = files.map(|file| file.expect("an entry").file_name().into_string().expect("plain names"));
    names.collect()
}

#[test]
fn a_module_is_kept_under_its_digest() {
    let lab = Lab::funded();
    let bytes = module(1);
    let file = put(&lab, "check.wasm", &bytes);
    lab.good(&post(&file));
    fs::remove_file(&file).expect("it is ours");
    let digest = blake3::hash(&bytes).to_hex().to_string();
    assert_eq!(kept(&lab), [format!("{digest}.wasm")]);
    let path = lab.path(&format!("bounties/{digest}.wasm"));
    assert_eq!(fs::read(&path).expect("a file"), bytes);
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let list: BountyList = lab.json("bounty list");
    let expected = WorkReport::Module { digest, fuel: 1_000_000, here: true };
    assert_eq!(list.bounties[0].work, expected);
    fs::remove_file(&path).expect("it is ours");
    let text = lab.good("bounty list");
    assert!(text.contains("not in this home's bounties"), "{text}");
}

#[test]
fn one_module_serves_several_bounties_and_a_damaged_copy_is_mended() {
    let lab = Lab::funded();
    let file = put(&lab, "check.wasm", &module(1));
    lab.good(&post(&file));
    let path = lab.path("bounties").join(&kept(&lab)[0]);
    fs::write(&path, b"damaged").expect("it is ours");
    lab.good(&post(&file));
    assert_eq!(fs::read(&path).expect("a file"), module(1));
    lab.good(&post(&put(&lab, "other.wasm", &module(0))));
    assert_eq!(kept(&lab).len(), 2);
}

#[test]
fn an_order_that_fails_leaves_no_module_behind() {
    let lab = Lab::funded();
    let file = put(&lab, "check.wasm", &module(1));
    let rich = post(&file).replace("--budget 1J", "--budget 1000J");
    lab.run(&rich).complains(1, &["has 100 J"]);
    assert_eq!(kept(&lab), [""; 0]);
    lab.good(&post(&file).replace("--reward", "--print --reward"));
    assert_eq!(kept(&lab), [""; 0], "what is carried out elsewhere is kept there");
    lab.good(&post(&file));
    lab.run(&rich).complains(1, &["has 99 J"]);
    assert_eq!(kept(&lab).len(), 1, "another bounty needs it");
}

#[test]
fn what_is_no_module_is_refused() {
    let lab = Lab::funded();
    let refuses = |file: &str, said: &[&str]| {
        let text = post(file);
        lab.refuses(1, &text.split(' ').collect::<Vec<_>>(), said);
        assert_eq!(kept(&lab), [""; 0]);
    };
    refuses(&lab.beside("nothing.wasm"), &["nothing.wasm cannot be read", "No such file"]);
    refuses(&lab.beside(""), &["cannot be read"]);
    refuses(&put(&lab, "empty.wasm", b""), &["empty.wasm", "no core wasm module"]);
    refuses(&put(&lab, "text.wat", b"(module)"), &["no core wasm module"]);
    refuses(&put(&lab, "component.wasm", b"\0asm\x0d\0\x01\0"), &["no core wasm module"]);
    let mut large = module(1);
    large.resize((256 << 10) + 1, 0);
    refuses(&put(&lab, "large.wasm", &large), &["at most 262144 are accepted"]);
    let wasm = |text: &str| wat::parse_str(text).expect("valid text");
    refuses(&put(&lab, "bare.wasm", &wasm("(module)")), &["bare.wasm", "verify(key: i64"]);
    let asks = wasm(r#"(module (import "env" "time" (func)) (memory (export "memory") 1))"#);
    refuses(&put(&lab, "asks.wasm", &asks), &["imports `env` `time`"]);
    let fuel = |fuel: &str| {
        let text = post(&put(&lab, "check.wasm", &module(1))).replace("--fuel 1000000", fuel);
        lab.refuses(1, &text.split(' ').collect::<Vec<_>>(), &["1 to 100000000 units of fuel"]);
    };
    fuel("--fuel 0");
    fuel("--fuel 100000001");
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_nothing_is_promised() {
    let lab = Lab::funded();
    let file = put(&lab, "check.wasm", &module(1));
    fs::write(lab.path("bounties"), b"a file where the folder should be").expect("room");
    lab.run(&post(&file)).complains(1, &["the module cannot be kept as", "bounties"]);
    assert_eq!(lab.balance("alice"), 100_000_000);
}
