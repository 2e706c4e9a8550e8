//! Keys of a home: opening them, with a passphrase where there is one, and writing them.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use maxwell_ledger::wallet::keyfile::{self, KeyFileError, Passphrase};
use maxwell_ledger::wallet::{AddressError, Keypair, PublicKey};

use crate::home::{Home, Name, Whom, quoted};

/// Bytes of a passphrase that is read from a file.
const PASSPHRASE_BYTES_MAX: u64 = 1_024;

const NO_TERMINAL: &str = "the passphrase cannot be asked for; without a terminal name a --passphrase-file";

/// Where a passphrase comes from. Never from the command line, which every process can read.
#[derive(Args, Debug)]
pub(crate) struct PassphraseSource {
    /// Read the passphrase from this file, of mode 0600, and do not ask
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseSource {
    /// Reads a key, and asks for its passphrase if it is encrypted.
    pub(crate) fn open(&self, path: &Path) -> Result<Keypair> {
        let mut failed = None;
        let opened = keyfile::open(path, || self.ask(path).map_err(|error| failed = Some(error)).ok());
        match failed {
            Some(error) => Err(error),
            None => Ok(opened?),
        }
    }

    /// Reads the key of a wallet of this home.
    pub(crate) fn open_wallet(&self, home: &Home, name: &Name) -> Result<Keypair> {
        home.must_be_private()?;
        let path = existing(home, name)?;
        let key = self.open(&path)?;
        let noted = noted_address(home, name)?.unwrap_or(key.public());
        ensure!(
            noted == key.public(),
            "{} says {noted}, and the key is that of {}: remove the wrong one of the two files",
            home.wallet_address(name).display(),
            key.public()
        );
        Ok(key)
    }

    /// The passphrase for a new key: from the file if one was named, typed twice if `asked`, else none.
    pub(crate) fn for_new_key(&self, asked: bool) -> Result<Option<Passphrase>> {
        if let Some(file) = &self.passphrase_file {
            return read_passphrase(file).map(Some);
        }
        if !asked {
            return Ok(None);
        }
        let first = rpassword::prompt_password("New passphrase: ").context(NO_TERMINAL)?;
        let again = rpassword::prompt_password("Once more: ").context(NO_TERMINAL)?;
        ensure!(first == again, "the two passphrases differ, and nothing was made: try again");
        Passphrase::new(first).context("the passphrase is empty, and nothing was made: try again").map(Some)
    }

    fn ask(&self, path: &Path) -> Result<Passphrase> {
        if let Some(file) = &self.passphrase_file {
            return read_passphrase(file);
        }
        let typed = rpassword::prompt_password(format!("Passphrase of {}: ", path.display()));
        Passphrase::new(typed.context(NO_TERMINAL)?).context("the passphrase is empty: try again")
    }
}

/// The first line of a file that nobody else can read, by the same rule as for keys.
fn read_passphrase(path: &Path) -> Result<Passphrase> {
    let named = || path.display().to_string();
    // Opening a pipe would otherwise wait for somebody to write into it.
    let not_waiting = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(not_waiting).open(path).with_context(named)?;
    let metadata = file.metadata().with_context(named)?;
    ensure!(metadata.is_file(), "{} is not a regular file: write the passphrase into one", named());
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    ensure!(
        owner == user,
        "{} belongs to user {owner} and this runs as user {user}: use a file of one's own",
        named()
    );
    let mode = metadata.mode() & 0o7777;
    let open = mode & 0o077 != 0;
    ensure!(
        !open,
        "{} is open to others than its owner (mode {mode:04o}); mend it with: chmod 600 {}",
        named(),
        quoted(path)
    );
    // It never grows, because growing would leave a copy of the passphrase behind.
    let mut text = String::with_capacity(PASSPHRASE_BYTES_MAX as usize + 1);
    file.take(PASSPHRASE_BYTES_MAX + 1).read_to_string(&mut text).with_context(named)?;
    ensure!(text.len() as u64 <= PASSPHRASE_BYTES_MAX, "{} is too long for a passphrase", named());
    text.truncate(text.find(['\n', '\r']).unwrap_or(text.len()));
    Passphrase::new(text).with_context(|| format!("{} has no passphrase in its first line", named()))
}

/// The file of a wallet's key, which must be there.
fn existing(home: &Home, name: &Name) -> Result<PathBuf> {
    let path = home.wallet_key(name);
    ensure!(
        path.symlink_metadata().is_ok(),
        "there is no wallet {name} ({} is missing): see `maxwell wallet list`, or make it with `maxwell wallet new {name}`",
        path.display()
    );
    Ok(path)
}

/// The address of a wallet of this home, without its secret if its key is encrypted. None if only the passphrase can tell.
pub(crate) fn address_of(home: &Home, name: &Name) -> Result<Option<PublicKey>> {
    match keyfile::open(&existing(home, name)?, || None) {
        Ok(key) => Ok(Some(key.public())),
        Err(KeyFileError::PassphraseNeeded(_)) => noted_address(home, name),
        Err(error) => Err(error.into()),
    }
}

/// The address of a wallet, by its name in this home or by itself.
pub(crate) fn resolve(home: &Home, whom: &Whom) -> Result<PublicKey> {
    match whom {
        Whom::Address(address) => Ok(*address),
        Whom::Secret => Err(AddressError::Secret.into()),
        Whom::Name(name) => address_of(home, name)?.with_context(|| {
            let (key, address) = (home.wallet_key(name), home.wallet_address(name));
            format!("{} is encrypted and {} is missing: give the address", key.display(), address.display())
        }),
    }
}

/// What wallets of this home are called, by address. Keys that cannot be read are left out: they are no help in reading.
pub(crate) fn names(home: &Home) -> BTreeMap<PublicKey, Name> {
    let names = home.names().unwrap_or_default().into_iter();
    names.filter_map(|name| Some((address_of(home, &name).ok()??, name))).collect()
}

/// The address that was noted beside an encrypted key.
fn noted_address(home: &Home, name: &Name) -> Result<Option<PublicKey>> {
    let path = home.wallet_address(name);
    match fs::read_to_string(&path) {
        Ok(text) => {
            text.trim_end().parse().map(Some).with_context(|| format!("{} is damaged", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Notes the address of an encrypted key beside it.
pub(crate) fn note_address(home: &Home, name: &Name, address: PublicKey) -> Result<()> {
    write_private(&home.wallet_address(name), format!("{address}\n").as_bytes())
}

/// Writes a file that did not exist, for its owner alone, down to the disk. Nothing is left of it when that fails.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let named = || format!("{} cannot be written", path.display());
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists already and is left as it is: name another file", path.display())
        }
        Err(error) => return Err(error).with_context(named),
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // It was made a moment ago, and nobody was told of it.
        let _ = fs::remove_file(path);
    }
    written.with_context(named)
}
