//! The committed wasm modules: what they ask of their host, and what they are made of.

use maxwell_agents::{
    BURSTY_WASM, CHEAT_WASM, HOARDER_WASM, MINER_WASM, SCIENTIST_WASM, SLEEPER_WASM, WHALE_WASM, abi,
};
use std::collections::BTreeSet;
use wasmparser::{Parser, Payload, TypeRef, ValType};

/// The agent's interface as in the table of `abi`: name, parameters, result.
const INTERFACE: [(&str, &[ValType], ValType); 8] = [
    ("price", &[ValType::I32], ValType::I64),
    ("balance", &[], ValType::I64),
    ("set_bid", &[ValType::I64, ValType::I32], ValType::I32),
    ("lease", &[], ValType::I64),
    ("claim", &[ValType::I64, ValType::I32, ValType::I64], ValType::I32),
    ("discard", &[ValType::I32, ValType::I32], ValType::I32),
    ("log", &[ValType::I32, ValType::I32], ValType::I32),
    ("notice", &[], ValType::I64),
];

/// What a program that reads its options, allocates and can panic needs of WASI.
const WASI: &str = "wasi_snapshot_preview1";

/// Bytes that a module may have, so that compiling it stays a matter of a tenth of a second.
const MODULE_BYTES_MAX: usize = 100 * 1024;

/// Every module with what it asks of its node; all of them look for a notice, log, and can bid.
const MODULES: [(&[u8], &[&str]); 7] = [
    (SCIENTIST_WASM, &["claim", "lease"]),
    (MINER_WASM, &["discard"]),
    (SLEEPER_WASM, &[]),
    (BURSTY_WASM, &[]),
    (CHEAT_WASM, &["claim", "lease"]),
    (HOARDER_WASM, &[]),
    (WHALE_WASM, &["balance", "discard", "price"]),
];

#[test]
fn modules_import_what_they_use() {
    for (module, own) in MODULES {
        let expected =
            own.iter().chain(&["log", "notice", "set_bid"]).map(|name| (*name).to_owned()).collect();
        assert_eq!(interface_imports(module), expected);
    }
}

#[test]
fn modules_are_small_and_can_be_run() {
    for (module, _) in MODULES {
        assert!(module.len() <= MODULE_BYTES_MAX, "{} bytes", module.len());
        let exports = exports(module);
        assert!(exports.is_superset(&set(["_start", "memory"])), "{exports:?}");
    }
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(String::from).into()
}

/// Names of the imports from the agent's interface. Their signatures are checked, and that all others are WASI's.
fn interface_imports(module: &[u8]) -> BTreeSet<String> {
    let mut types = Vec::new();
    let mut names = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::TypeSection(section) => {
                types = section.into_iter_err_on_gc_types().map(Result::unwrap).collect();
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports().map(Result::unwrap) {
                    let TypeRef::Func(index) = import.ty else { panic!("only functions are imported") };
                    if import.module == WASI {
                        continue;
                    }
                    assert_eq!(import.module, abi::MODULE, "namespace of `{}`", import.name);
                    let known = INTERFACE.iter().find(|(name, ..)| *name == import.name);
                    let (_, parameters, result) = known.expect("an import of the interface");
                    let signature = &types[index as usize];
                    assert_eq!(signature.params(), *parameters, "parameters of `{}`", import.name);
                    assert_eq!(signature.results(), [*result], "result of `{}`", import.name);
                    names.insert(import.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names
}

fn exports(module: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(section) = payload.unwrap() {
            names.extend(section.into_iter().map(|export| export.unwrap().name.to_owned()));
        }
    }
    names
}
