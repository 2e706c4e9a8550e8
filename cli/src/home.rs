//! Where keys and ledger lie: one folder that is its owner's alone.
//!
//! ```text
//! ledger.redb             the ledger: accounts, journal, signed epochs
//! host.key                signs its epochs, and with them every receipt
//! mint.key                signs new money; may be kept elsewhere
//! wallets/NAME.key        the key of a wallet
//! wallets/NAME.address    its address, where the key is encrypted and does not show it
//! bounties/DIGEST.wasm    a module that verifies claims on a bounty
//! ```

use std::fmt;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail, ensure};
use clap::Args;
use maxwell_ledger::digest::Digest;
use maxwell_ledger::wallet::{AddressError, PublicKey, TextError};

/// Characters of a wallet's name.
const NAME_CHARACTERS_MAX: usize = 64;

/// Rights of the folder: its owner's alone.
const MODE: u32 = 0o700;

/// Options of every command about money.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// Keys and ledger; else `$MAXWELL_HOME`, else ~/.local/share/maxwell
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Common {
    /// The home that was named, or else the one of this user.
    pub(crate) fn home(&self) -> Result<Home> {
        if let Some(home) = &self.home {
            return Ok(Home(home.clone()));
        }
        let named = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty());
        if let Some(home) = named("MAXWELL_HOME") {
            return Ok(Home(home.into()));
        }
        // The XDG specification has relative paths ignored.
        let data = named("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let data = data.or_else(|| Some(PathBuf::from(named("HOME")?).join(".local/share")));
        let data = data.context("neither MAXWELL_HOME nor HOME is set: name a folder with --home")?;
        Ok(Home(data.join("maxwell")))
    }
}

/// The folder of keys and ledger.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// The home in a folder.
    pub(crate) const fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The file of the ledger.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.0.join("ledger.redb")
    }

    /// The key that signs epochs.
    pub(crate) fn host_key(&self) -> PathBuf {
        self.0.join("host.key")
    }

    /// The key that signs new money.
    pub(crate) fn mint_key(&self) -> PathBuf {
        self.0.join("mint.key")
    }

    /// The key of a wallet.
    pub(crate) fn wallet_key(&self, name: &Name) -> PathBuf {
        self.wallets().join(format!("{name}.key"))
    }

    /// The address of a wallet whose key is encrypted.
    pub(crate) fn wallet_address(&self, name: &Name) -> PathBuf {
        self.wallets().join(format!("{name}.address"))
    }

    /// A module that verifies, by its digest.
    pub(crate) fn module(&self, digest: &[u8; 32]) -> PathBuf {
        self.0.join("bounties").join(format!("{}.wasm", Digest(*digest)))
    }

    fn wallets(&self) -> PathBuf {
        self.0.join("wallets")
    }

    /// Makes the folder and that of its wallets, unless they are there.
    pub(crate) fn make(&self) -> Result<()> {
        for folder in [self.0.clone(), self.wallets()] {
            let made = DirBuilder::new().recursive(true).mode(MODE).create(&folder);
            made.with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        self.must_be_private()
    }

    /// Refuses a folder that others may look or write into: they could put another key or another ledger there.
    pub(crate) fn must_be_private(&self) -> Result<()> {
        for folder in [&self.0, &self.wallets()] {
            let mode = match fs::metadata(folder) {
                Ok(metadata) => metadata.permissions().mode() & 0o7777,
                // What is not there is missed where it is needed.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::new(error).context(folder.display().to_string())),
            };
            let open = mode & 0o077 != 0;
            ensure!(
                !open,
                "{} is open to others than its owner (mode {mode:04o}); mend it with: chmod 700 {}",
                folder.display(),
                quoted(folder)
            );
        }
        Ok(())
    }

    /// The names of the wallets whose keys are here, sorted.
    pub(crate) fn names(&self) -> Result<Vec<Name>> {
        let folder = self.wallets();
        let files = match fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::new(error).context(folder.display().to_string())),
        };
        let mut names = Vec::new();
        for file in files {
            let file = file.with_context(|| folder.display().to_string())?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(".key"));
            // Files of other names are somebody else's.
            names.extend(name.and_then(|name| name.parse::<Name>().ok()));
        }
        names.sort();
        Ok(names)
    }
}

/// A path as a shell takes it.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// What a wallet is called in a home. It is never taken for an address, nor an address for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(String);

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.parse::<Whom>()? {
            Whom::Name(name) => Ok(name),
            Whom::Address(_) | Whom::Secret => bail!("this is an address or a key, and a name is wanted"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A wallet as it is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// One of this home.
    Name(Name),
    /// Anybody's.
    Address(PublicKey),
    /// A secret key by mistake. It is refused where it would be used, so that no message repeats it.
    Secret,
}

impl FromStr for Whom {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.parse() {
            Ok(address) => return Ok(Self::Address(address)),
            Err(AddressError::Secret) => return Ok(Self::Secret),
            // Whatever does not even look like an address is a name.
            Err(AddressError::Text(TextError::Prefix(_))) => {}
            Err(error) => return Err(error.into()),
        }
        let usable = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        ensure!(
            !text.is_empty() && text.len() <= NAME_CHARACTERS_MAX && text.chars().all(usable),
            "a wallet's name has letters, digits, `-` and `_`, at most {NAME_CHARACTERS_MAX}; an address begins with `joule1`"
        );
        ensure!(
            !text.starts_with('-'),
            "a wallet's name does not begin with `-`: it would look like an option"
        );
        ensure!(
            text != "verify" && text != "help",
            "`{text}` is a word of the command line: choose another name"
        );
        Ok(Self::Name(Name(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "joule1yvej50gyg7uk7kfgtctmmxyqn6gldrtv7d9e6rdm3lgnzc5xmd3qvxr6a4";

    fn refuses(text: &str, said: &str) {
        let error = text.parse::<Whom>().expect_err(text).to_string();
        assert!(error.contains(said), "{text}: {error}");
    }

    #[test]
    fn names_are_of_few_characters_and_never_look_like_an_address() {
        for name in ["a", "Alice-2_b", &"x".repeat(64)] {
            assert_eq!(name.parse::<Name>().expect(name).to_string(), name);
        }
        for name in ["", "a b", "../a", "a.key", "ä", &"x".repeat(65)] {
            refuses(name, "letters, digits");
        }
        refuses("-a", "option");
        refuses("verify", "word of the command line");
        refuses("joule1short", "characters instead of 64");
    }

    #[test]
    fn an_address_with_one_slip_in_its_prefix_is_no_name() {
        let slipped = ADDRESS.replacen("joule1", "jaule1", 1);
        assert_eq!(slipped.len(), 64);
        refuses(&slipped, "position 2");
    }

    #[test]
    fn a_secret_is_known_and_never_a_name() {
        assert_eq!("joule-secret-1abc".parse::<Whom>().expect("it is told later"), Whom::Secret);
        assert!("joule-secret-1abc".parse::<Name>().is_err());
    }
}
