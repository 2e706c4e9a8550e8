//! Key files: where an owner's secret lies on disk.
//!
//! ```text
//! # joule1...                 the address, so that a person sees whose key it is
//! joule-secret-1...           the secret, with a checksum, so that a typo is found
//! ```
//!
//! With a passphrase the same two lines are encrypted in the [age format](https://age-encryption.org/v1), in ASCII
//! armour: the `age` command reads and writes such files too. A file that others could read or write is not used.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::iter;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use age::armor::ArmoredReader;
use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Identity, scrypt};
use zeroize::Zeroizing;

use super::checked_text::{Kind, TextError};
use super::{AddressError, Keypair, PublicKey};

/// Bytes of a key file: an encrypted one takes 507, and what other tools add to the armour still fits.
pub const KEY_FILE_BYTES_MAX: u64 = 4_096;

/// The logarithm of scrypt's cost for new files: 256 MiB and about a second, as the `age` command has it.
pub const WORK_FACTOR: u8 = 18;

/// The highest accepted on reading: 1 GiB and some seconds. Each step more doubles both, so a file could ask for hours.
pub const WORK_FACTOR_MAX: u8 = 20;

/// How an encrypted file begins.
const ARMOUR: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// What a key file is encrypted with. Wiped when dropped, and never shown.
#[derive(Debug)]
pub struct Passphrase {
    secret: SecretString,
    work_factor: u8,
}

impl Passphrase {
    /// The passphrase that a person chose; none if it is empty, which would only look like protection.
    pub fn new(text: String) -> Option<Self> {
        let secret = SecretString::from(text);
        let empty = secret.expose_secret().is_empty();
        (!empty).then_some(Self { secret, work_factor: WORK_FACTOR })
    }

    /// The same with another cost of creating, as scrypt's logarithm, from 1 to [`WORK_FACTOR_MAX`]. Less makes
    /// guessing cheaper; reading takes the cost from the file.
    #[must_use]
    pub fn with_work_factor(self, work_factor: u8) -> Self {
        Self { work_factor: work_factor.clamp(1, WORK_FACTOR_MAX), ..self }
    }
}

/// Why the two lines of a key file do not give a key. No message shows anything of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// Lines are missing, too many or of another kind.
    #[error("a key has two lines, `# ` with the address and then the secret; restore the file from a copy")]
    Shape,
    /// The first line's address.
    #[error("in the first line, {0}")]
    Address(#[from] AddressError),
    /// One character of the secret is wrong, at this position of the second line, or it and the next are swapped.
    #[error("the secret in the second line is mistyped at position {0}: compare it with another copy")]
    SecretAt(usize),
    /// The secret is wrong in a way that cannot be located.
    #[error("the secret in the second line is damaged or incomplete: restore the file from a copy")]
    Secret,
    /// Both lines are right, but do not belong together.
    #[error("the address in the first line is not that of the secret, which is {0}: two files were mixed up")]
    OtherAddress(PublicKey),
}

/// Why a key file was not made or cannot be used. No file that existed before is ever changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The path is taken.
    #[error("{} exists already, and a key is never overwritten: choose another name or move it away", .0.display())]
    Exists(PathBuf),
    /// The operating system refused.
    #[error("{}: cannot {action} it: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A folder, a device, a socket or a pipe.
    #[error("{} is not a regular file: give the path of a file made by `maxwell wallet new`", .0.display())]
    NotAFile(PathBuf),
    /// Whoever owns the file can change it at any time.
    #[error("{} belongs to user {owner} and this runs as user {user}: use a key file of one's own", path.display())]
    Owner {
        /// Which file.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
        /// The effective user id of this process.
        user: u32,
    },
    /// Group or others have rights.
    #[error("{} is open to others than its owner (mode {mode:04o}); mend it with: {}", path.display(), chmod(path))]
    Mode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Larger than any key.
    #[error("{} is larger than {KEY_FILE_BYTES_MAX} bytes, so it is no key file: check the path", .0.display())]
    TooLarge(PathBuf),
    /// Not UTF-8.
    #[error(
        "{} is not text, so it is no key file, or a damaged one: check the path (age files need `--armor`)",
        .0.display()
    )]
    NotText(PathBuf),
    /// The text is not that of a key.
    #[error("{}: {error}", path.display())]
    Text {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: KeyTextError,
    },
    /// The file is encrypted, and no passphrase was given.
    #[error("{} is encrypted: give its passphrase", .0.display())]
    PassphraseNeeded(PathBuf),
    /// Wrong passphrase. The part of the file that tells cannot be told from a damaged one.
    #[error("{}: the passphrase is wrong (or the first lines of the file are damaged): try again", .0.display())]
    WrongPassphrase(PathBuf),
    /// Encrypted, but not by a passphrase.
    #[error("{} is encrypted to a key of age and not with a passphrase: decrypt it with `age` first", .0.display())]
    NotByPassphrase(PathBuf),
    /// Deriving the key would take too long.
    #[error(
        "{} asks for 2^{asked} steps of scrypt, and at most 2^{WORK_FACTOR_MAX} are done: encrypt it again with \
         `age --passphrase --armor`",
        path.display()
    )]
    TooMuchWork {
        /// Which file.
        path: PathBuf,
        /// The logarithm of the cost.
        asked: u8,
    },
    /// The file is encrypted and does not decrypt, although the passphrase may be right.
    #[error("{} is damaged: restore it from a copy", .0.display())]
    Damaged(PathBuf),
}

/// Writes a new key file of mode 0600, whatever the umask, encrypted if there is a passphrase.
///
/// The file appears whole and on disk, or not at all: it is written under another name in the same folder and then
/// linked to its own, which fails if that is taken. A crash in between may leave the other name (it begins with a
/// point and ends with `.new`, and has mode 0600 too).
///
/// # Errors
///
/// [`KeyFileError::Exists`] and [`KeyFileError::Io`]. If only the folder could not be made durable, the file stands.
pub fn create(path: &Path, keypair: &Keypair, passphrase: Option<Passphrase>) -> Result<(), KeyFileError> {
    let plain = key_text(keypair);
    let text = match passphrase {
        None => plain,
        Some(passphrase) => {
            let mut recipient = scrypt::Recipient::new(passphrase.secret);
            recipient.set_work_factor(passphrase.work_factor);
            let armoured = age::encrypt_and_armor(&recipient, plain.as_bytes());
            Zeroizing::new(armoured.expect("one recipient, and memory takes what is written"))
        }
    };
    let failed = |action| move |error| KeyFileError::Io { path: path.to_owned(), action, error };
    let (Some(name), Some(folder)) = (path.file_name(), path.parent()) else {
        return Err(KeyFileError::NotAFile(path.to_owned()));
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let unique = getrandom::u64().map_err(io::Error::other).map_err(failed("name"))?;
    let temporary = folder.join(format!(".{}.{unique:016x}.new", name.display()));
    let written = write_new(&temporary, text.as_bytes()).map_err(failed("write"));
    let linked = written.and_then(|()| {
        fs::hard_link(&temporary, path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
            _ => failed("name")(error),
        })
    });
    // The temporary name goes in every case; after a failure it may not even be there.
    let removed = fs::remove_file(&temporary);
    linked?;
    removed.map_err(failed("remove the temporary name of"))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("make durable the folder of"))
}

/// Writes a file that did not exist, for its owner alone, down to the disk.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // A umask can only have taken rights away, from the owner too.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads the key in a file that belongs to this process's user and is closed to all others. `passphrase` is asked,
/// once, if the file is encrypted. A symbolic link is followed, and its target judged.
///
/// # Errors
///
/// All of [`KeyFileError`] but [`KeyFileError::Exists`]. [`KeyFileError::WrongPassphrase`] may be tried again, the
/// others say what to mend.
pub fn open(path: &Path, passphrase: impl FnOnce() -> Option<Passphrase>) -> Result<Keypair, KeyFileError> {
    let text = read_private(path)?;
    let failed = |error| KeyFileError::Text { path: path.to_owned(), error };
    if !text.trim_start().starts_with(ARMOUR) {
        return parse_key_text(&text).map_err(failed);
    }
    let passphrase = passphrase().ok_or_else(|| KeyFileError::PassphraseNeeded(path.to_owned()))?;
    let plain = decrypt(&text, passphrase).map_err(|error| match error {
        DecryptError::DecryptionFailed => KeyFileError::WrongPassphrase(path.to_owned()),
        DecryptError::NoMatchingKeys => KeyFileError::NotByPassphrase(path.to_owned()),
        DecryptError::ExcessiveWork { required, .. } => {
            KeyFileError::TooMuchWork { path: path.to_owned(), asked: required }
        }
        _ => KeyFileError::Damaged(path.to_owned()),
    })?;
    let plain = std::str::from_utf8(&plain).map_err(|_| failed(KeyTextError::Shape))?;
    parse_key_text(plain).map_err(failed)
}

/// What is inside the armour and the encryption.
fn decrypt(text: &str, passphrase: Passphrase) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let mut identity = scrypt::Identity::new(passphrase.secret);
    identity.set_max_work_factor(WORK_FACTOR_MAX);
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(text.as_bytes()))?;
    let mut inside = decryptor.decrypt(iter::once(&identity as &dyn Identity))?;
    // Room for the whole from the start, again so that it never grows: inside is less than outside.
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    inside.read_to_end(&mut plain)?;
    Ok(plain)
}

/// The text of a file that nobody else could have read or written.
fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |action| move |error| KeyFileError::Io { path: path.to_owned(), action, error };
    // Opening a pipe would otherwise wait for somebody to write into it.
    let not_waiting = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(not_waiting).open(path).map_err(failed("open"))?;
    // What was opened is judged, not the path, which could point elsewhere by now.
    let metadata = file.metadata().map_err(failed("examine"))?;
    if !metadata.is_file() {
        return Err(KeyFileError::NotAFile(path.to_owned()));
    }
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        return Err(KeyFileError::Owner { path: path.to_owned(), owner: metadata.uid(), user });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Mode { path: path.to_owned(), mode });
    }
    // One byte more than allowed is enough to know, and the buffer never grows, which would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX as usize + 1));
    file.take(KEY_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed("read"))?;
    if bytes.len() as u64 > KEY_FILE_BYTES_MAX {
        return Err(KeyFileError::TooLarge(path.to_owned()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyFileError::NotText(path.to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The two lines of a key file.
fn key_text(keypair: &Keypair) -> Zeroizing<String> {
    let (address, secret) = (keypair.public().to_string(), Kind::SECRET.encode(keypair.seed()));
    // It never grows, because growing would leave a copy of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(address.len() + secret.len() + "# \n\n".len()));
    for part in ["# ", &address, "\n", &secret, "\n"] {
        text.push_str(part);
    }
    text
}

/// Reads the two lines of an unencrypted key file: nothing may be missing or stand beside them.
///
/// # Errors
///
/// All of [`KeyTextError`].
pub fn parse_key_text(text: &str) -> Result<Keypair, KeyTextError> {
    let mut lines = text.lines();
    let (Some(first), Some(second), None) = (lines.next(), lines.next(), lines.next()) else {
        return Err(KeyTextError::Shape);
    };
    let address: PublicKey = first.strip_prefix("# ").ok_or(KeyTextError::Shape)?.parse()?;
    let seed = Zeroizing::new(Kind::SECRET.decode(second).map_err(|error| match error {
        TextError::Character { position, .. } | TextError::Swapped(position) => {
            KeyTextError::SecretAt(position)
        }
        TextError::Case(position) => KeyTextError::SecretAt(position),
        _ => KeyTextError::Secret,
    })?);
    let keypair = Keypair::from_seed(&seed);
    if keypair.public() == address { Ok(keypair) } else { Err(KeyTextError::OtherAddress(keypair.public())) }
}

/// The command that closes a file to others, quoted for a shell.
fn chmod(path: &Path) -> String {
    let path = path.display().to_string();
    // A name that begins with a dash would be taken for an option.
    let place = if path.starts_with('-') { "./" } else { "" };
    format!("chmod 600 '{place}{}'", path.replace('\'', r"'\''"))
}
