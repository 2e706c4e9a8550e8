//! Making, copying and taking in keys.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use maxwell_api::wallet::{KeyReport, VERSION};
use maxwell_ledger::wallet::keyfile::{self, KeyFileError};
use maxwell_ledger::wallet::{Keypair, PublicKey};

use crate::home::{Common, Home, Name};
use crate::keys::{PassphraseSource, address_of, note_address, write_private};
use crate::output::{self, line};

pub(super) fn new(common: &Common, name: &Name, passphrase: bool, source: &PassphraseSource) -> Result<()> {
    let home = common.home()?;
    let path = free(&home, name)?;
    let key = Keypair::generate()?;
    let passphrase = source.for_new_key(passphrase)?;
    let encrypted = passphrase.is_some();
    keyfile::create(&path, &key, passphrase)?;
    if encrypted {
        note_address(&home, name, key.public())?;
    }
    report(common, name, key.public(), &path, encrypted)
}

pub(super) fn import(common: &Common, file: &Path, name: &Name, source: &PassphraseSource) -> Result<()> {
    let home = common.home()?;
    let path = free(&home, name)?;
    let key = source.open(file)?;
    let encrypted = copy(file, &path)?;
    if encrypted {
        note_address(&home, name, key.public())?;
    }
    report(common, name, key.public(), &path, encrypted)
}

pub(super) fn export(common: &Common, name: &Name, out: &Path) -> Result<()> {
    let home = common.home()?;
    let address = address_of(&home, name)?;
    let address = address.with_context(|| format!("{} is missing", home.wallet_address(name).display()))?;
    let encrypted = copy(&home.wallet_key(name), out)?;
    report(common, name, address, out, encrypted)
}

pub(super) fn show_secret(common: &Common, name: &Name) -> Result<()> {
    let home = common.home()?;
    // The file must be one that may be used; what it says need not be understood.
    address_of(&home, name)?;
    let path = home.wallet_key(name);
    let text = fs::read(&path).with_context(|| path.display().to_string())?;
    std::io::stdout().write_all(&text).context("the output cannot be written")
}

/// The file of a key that is to be made, in a home that is made if it is not there.
fn free(home: &Home, name: &Name) -> Result<std::path::PathBuf> {
    home.make()?;
    let path = home.wallet_key(name);
    // Creating it refuses as well; here nobody has typed a passphrase for it yet.
    let taken = path.symlink_metadata().is_ok();
    if taken {
        return Err(KeyFileError::Exists(path).into());
    }
    let note = home.wallet_address(name);
    ensure!(
        note.symlink_metadata().is_err(),
        "{} is left from a key that is gone: put that key back, or remove the address",
        note.display()
    );
    Ok(path)
}

/// Copies a key file as it is, and says whether it is encrypted.
fn copy(from: &Path, to: &Path) -> Result<bool> {
    match keyfile::open(from, || None) {
        Ok(key) => {
            keyfile::create(to, &key, None)?;
            Ok(false)
        }
        Err(KeyFileError::PassphraseNeeded(_)) => {
            let text = fs::read(from).with_context(|| from.display().to_string())?;
            write_private(to, &text)?;
            Ok(true)
        }
        Err(error) => Err(error.into()),
    }
}

fn report(common: &Common, name: &Name, address: PublicKey, file: &Path, encrypted: bool) -> Result<()> {
    let report = KeyReport {
        version: VERSION,
        name: name.to_string(),
        address: address.to_string(),
        file: file.display().to_string(),
        encrypted,
    };
    output::write(common.json, &report, |out, report| {
        line(out, "wallet", &report.name)?;
        line(out, "address", &report.address)?;
        line(out, "key", &report.file)?;
        line(out, "", if report.encrypted { "encrypted with a passphrase" } else { "not encrypted" })
    })
}
