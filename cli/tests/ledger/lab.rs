//! A home for one test, and people in it.

use std::fs;
use std::path::PathBuf;

use maxwell_core::units::Microjoules;
use maxwell_ledger::operation::{Body, Operation, OperationId, SignedOperation};
use maxwell_ledger::wallet::{Keypair, PublicKey, keyfile};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::common::{Done, maxwell};

/// A home that is removed when this is dropped.
pub(crate) struct Lab {
    folder: TempDir,
}

impl Lab {
    /// A home without anything in it.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A home with an empty ledger and wallets of these names.
    pub(crate) fn with(names: &[&str]) -> Self {
        let lab = Self::empty();
        lab.good("ledger init");
        for name in names {
            lab.good(&format!("wallet new {name}"));
        }
        lab
    }

    /// A home in which alice has 100 J and bob has a wallet.
    pub(crate) fn funded() -> Self {
        let lab = Self::with(&["alice", "bob"]);
        lab.good("wallet fund alice 100J");
        lab
    }

    /// The path that a file of the home has or would have.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("home").join(file)
    }

    /// The path of a file beside the home.
    pub(crate) fn beside(&self, file: &str) -> String {
        self.folder.path().join(file).to_str().expect("plain names").to_owned()
    }

    /// Runs a command, whose words have no spaces in them, on this home.
    pub(crate) fn run(&self, words: &str) -> Done {
        self.args(&words.split(' ').collect::<Vec<_>>())
    }

    /// Runs a command on this home.
    pub(crate) fn args(&self, words: &[&str]) -> Done {
        let home = self.path("");
        maxwell(&[words, &["--home", home.to_str().expect("plain names")]].concat())
    }

    /// Runs a command that must succeed; what it wrote.
    pub(crate) fn good(&self, words: &str) -> String {
        self.run(words).good()
    }

    /// Runs a command that must succeed, with `--json`; what it wrote, which its form must describe whole.
    pub(crate) fn json<T: DeserializeOwned + serde::Serialize>(&self, words: &str) -> T {
        form(&self.good(&format!("{words} --json")))
    }

    /// Runs a command that must be refused with this code and say all of this; nothing in the ledger changes.
    pub(crate) fn refuses(&self, code: i32, words: &[&str], said: &[&str]) {
        let before = fs::read(self.path("ledger.redb")).ok();
        self.args(words).complains(code, said);
        let after = fs::read(self.path("ledger.redb")).ok();
        // Opening it to write leaves its mark in the engine's own pages, so what counts is what is in it.
        if before != after {
            self.good("ledger verify");
        }
    }

    /// Somebody's key.
    pub(crate) fn key(&self, file: &str) -> Keypair {
        keyfile::open(&self.path(file), || None).expect("a key")
    }

    /// The key of a wallet.
    pub(crate) fn wallet(&self, name: &str) -> Keypair {
        self.key(&format!("wallets/{name}.key"))
    }

    /// The host's address.
    pub(crate) fn host(&self) -> PublicKey {
        self.key("host.key").public()
    }

    /// What a wallet has, in µJ.
    pub(crate) fn balance(&self, name: &str) -> i64 {
        self.json::<maxwell_api::wallet::WalletReport>(&format!("wallet show {name}")).balance_uj
    }

    /// An order as its signer would send it.
    pub(crate) fn signed(&self, key: &Keypair, nonce: u64, body: Body) -> SignedOperation {
        let id = OperationId([nonce as u8 + 1; 16]);
        Operation { host: self.host(), by: key.public(), nonce, id, body }.sign(key)
    }

    /// Hands in an order as JSON.
    pub(crate) fn submit(&self, order: &SignedOperation) -> Done {
        self.submit_text(&serde_json::to_string(order).expect("JSON"))
    }

    /// Hands in a text as an order.
    pub(crate) fn submit_text(&self, text: &str) -> Done {
        let file = self.beside("order.json");
        fs::write(&file, text).expect("room");
        self.args(&["ledger", "submit", &file])
    }
}

/// What a command wrote as JSON; no field may be there that its form does not name.
pub(crate) fn form<T: DeserializeOwned + serde::Serialize>(text: &str) -> T {
    let report: T = serde_json::from_str(text).expect("a report");
    let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(serde_json::to_value(&report).expect("JSON"), value, "a field is not documented");
    report
}

/// So many joules to somebody.
pub(crate) fn transfer(to: PublicKey, joules: i64) -> Body {
    Body::Transfer { to, amount: Microjoules::from_joules(joules) }
}
