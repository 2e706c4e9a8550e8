use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use maxwell_ledger::wallet::keyfile::{self, KeyFileError, KeyTextError, Passphrase, parse_key_text};
use maxwell_ledger::wallet::{AddressError, Keypair};
use proptest::prelude::*;
use tempfile::TempDir;

use super::owner;

/// Named in the environment when this program runs itself under another umask.
const PATH_UNDER_UMASK: &str = "MAXWELL_TEST_KEY_PATH";

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("owner.key");
    (folder, path)
}

/// Cheap to derive, so that tests do not wait for what is meant to slow attackers down.
fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).expect("not empty").with_work_factor(1)
}

fn open(path: &Path) -> Result<Keypair, KeyFileError> {
    keyfile::open(path, || panic!("nobody is asked for the passphrase of a plain file"))
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("the folder is writable");
    set_mode(path, 0o600);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the file is the test's own");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("the file exists").permissions().mode() & 0o7777
}

fn text_of(keypair: &Keypair) -> String {
    let (_folder, path) = folder();
    keyfile::create(&path, keypair, None).expect("created");
    fs::read_to_string(&path).expect("text")
}

#[test]
fn a_key_that_was_written_reads_back_and_leaves_nothing_else() {
    let (folder, path) = folder();
    keyfile::create(&path, &owner(1), None).expect("created");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(open(&path).expect("opened").public(), owner(1).public());
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1, "the temporary name is gone");
    let text = fs::read_to_string(&path).expect("text");
    assert!(text.starts_with(&format!("# {}\njoule-secret-1", owner(1).public())), "{text}");
}

#[test]
fn a_key_is_never_overwritten() {
    let (folder, path) = folder();
    keyfile::create(&path, &owner(1), None).expect("created");
    let refused = keyfile::create(&path, &owner(2), None);
    assert!(matches!(refused, Err(KeyFileError::Exists(_))));
    assert_eq!(open(&path).expect("opened").public(), owner(1).public());
    let dangling = folder.path().join("link");
    symlink(folder.path().join("nothing"), &dangling).expect("linked");
    assert!(matches!(keyfile::create(&dangling, &owner(2), None), Err(KeyFileError::Exists(_))));
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 2, "nothing is left of the attempts");
}

#[test]
fn of_many_that_create_the_same_file_exactly_one_wins() {
    let (folder, path) = folder();
    let start = std::sync::Barrier::new(8);
    let winners: Vec<u8> = std::thread::scope(|scope| {
        let create = |number| {
            let (path, start) = (&path, &start);
            scope.spawn(move || {
                start.wait();
                keyfile::create(path, &owner(number), None).is_ok().then_some(number)
            })
        };
        let threads: Vec<_> = (1..=8).map(create).collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(open(&path).expect("whole").public(), owner(winners[0]).public());
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
}

#[test]
fn the_mode_is_0600_whatever_the_umask() {
    if let Some(path) = std::env::var_os(PATH_UNDER_UMASK) {
        return keyfile::create(Path::new(&path), &owner(1), None).expect("created");
    }
    // A umask belongs to the whole process, so each is tried in one of its own: this test again.
    for umask in ["0", "027", "0277", "0777"] {
        let (_folder, path) = folder();
        let status = Command::new("sh")
            .args(["-c", "umask $0; exec \"$1\" --exact keyfile::the_mode_is_0600_whatever_the_umask", umask])
            .arg(std::env::current_exe().expect("this program"))
            .env(PATH_UNDER_UMASK, &path)
            .stdout(std::process::Stdio::null())
            .status()
            .expect("a shell");
        assert!(status.success(), "umask {umask}");
        assert_eq!(mode(&path), 0o600, "umask {umask}");
        open(&path).expect("opened");
    }
}

#[test]
fn a_file_open_to_others_is_refused_with_the_command_that_mends_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("Ann's $(key)");
    keyfile::create(&path, &owner(1), None).expect("created");
    for mode in [0o640, 0o604, 0o620, 0o602, 0o660, 0o606, 0o644, 0o666, 0o777, 0o610, 0o4640] {
        set_mode(&path, mode);
        let refused = open(&path).expect_err("refused");
        assert!(
            matches!(refused, KeyFileError::Mode { mode: told, .. } if told == mode),
            "{mode:o}: {refused}"
        );
        let message = refused.to_string();
        let (_, command) = message.split_once("mend it with: ").expect("a command");
        let status = Command::new("sh").args(["-c", command]).status().expect("a shell");
        assert!(status.success(), "{command}");
        open(&path).expect("mended by its own command");
    }
    for mode in [0o400, 0o600, 0o700] {
        set_mode(&path, mode);
        open(&path).expect("closed to others");
    }
}

#[test]
fn a_link_is_as_good_as_what_it_points_to() {
    let (folder, path) = folder();
    let link = folder.path().join("link");
    symlink(&path, &link).expect("linked");
    assert!(matches!(open(&link), Err(KeyFileError::Io { action: "open", .. })), "dangling");
    keyfile::create(&path, &owner(1), None).expect("created");
    assert_eq!(open(&link).expect("opened").public(), owner(1).public());
    set_mode(&path, 0o644);
    assert!(matches!(open(&link), Err(KeyFileError::Mode { .. })));
}

#[test]
fn what_is_no_file_is_refused_without_waiting_for_it() {
    let (folder, path) = folder();
    assert!(matches!(open(folder.path()), Err(KeyFileError::NotAFile(_))));
    assert!(matches!(open(Path::new("/dev/null")), Err(KeyFileError::NotAFile(_))));
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
    assert!(matches!(open(&path), Err(KeyFileError::NotAFile(_))));
}

#[test]
fn a_missing_file_is_named() {
    let (_folder, path) = folder();
    let message = open(&path).expect_err("missing").to_string();
    assert!(message.starts_with(&format!("{}: cannot open it: No such file", path.display())), "{message}");
}

#[test]
fn a_file_of_somebody_else_is_refused() {
    let (_folder, path) = folder();
    keyfile::create(&path, &owner(1), None).expect("created");
    if chown(&path, Some(65_534), None).is_err() {
        eprintln!("skipped, because only root can give a file away");
        return;
    }
    assert!(matches!(open(&path), Err(KeyFileError::Owner { owner: 65_534, .. })));
}

#[test]
fn what_is_too_large_or_no_text_is_refused() {
    let (_folder, path) = folder();
    write(&path, vec![b'#'; keyfile::KEY_FILE_BYTES_MAX as usize + 1]);
    assert!(matches!(open(&path), Err(KeyFileError::TooLarge(_))));
    File::options().write(true).open(&path).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    assert!(matches!(open(&path), Err(KeyFileError::TooLarge(_))));
    write(&path, [0xff, 0xfe, 0x00]);
    assert!(matches!(open(&path), Err(KeyFileError::NotText(_))));
    write(&path, "");
    assert!(matches!(open(&path), Err(KeyFileError::Text { error: KeyTextError::Shape, .. })));
}

#[test]
fn an_encrypted_key_opens_with_its_passphrase_only() {
    let (_folder, path) = folder();
    keyfile::create(&path, &owner(1), Some(passphrase("right"))).expect("created");
    let text = fs::read_to_string(&path).expect("text");
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"), "{text}");
    assert!(!text.contains("joule"), "nothing of the key shows, nor whose it is");
    assert_eq!(mode(&path), 0o600);
    let opened = keyfile::open(&path, || Some(passphrase("right"))).expect("opened");
    assert_eq!(opened.public(), owner(1).public());
    let wrong = keyfile::open(&path, || Some(passphrase("wrong")));
    assert!(matches!(wrong, Err(KeyFileError::WrongPassphrase(_))));
    assert!(matches!(keyfile::open(&path, || None), Err(KeyFileError::PassphraseNeeded(_))));
    assert!(Passphrase::new(String::new()).is_none(), "an empty passphrase protects nothing");
}

#[test]
fn a_damaged_encrypted_file_is_told_from_a_wrong_passphrase() {
    let (_folder, path) = folder();
    keyfile::create(&path, &owner(1), Some(passphrase("right"))).expect("created");
    let text = fs::read_to_string(&path).expect("text");
    let open = |text: &str| {
        write(&path, text);
        keyfile::open(&path, || Some(passphrase("right"))).expect_err("damaged")
    };
    let lines: Vec<&str> = text.lines().collect();
    for damaged in
        [lines[..lines.len() - 1].join("\n"), lines[..3].join("\n"), text.replace("END AGE", "END")]
    {
        assert!(matches!(open(&damaged), KeyFileError::Damaged(_)), "{damaged}");
    }
    // The last whole line of the armour lies in the encrypted key itself.
    let inside = lines[lines.len() - 3];
    let altered = text.replace(inside, &inside.chars().rev().collect::<String>());
    assert!(matches!(open(&altered), KeyFileError::Damaged(_)));
}

#[test]
fn a_hostile_work_factor_is_refused_before_the_work() {
    let (_folder, path) = folder();
    let binary = format!(
        "age-encryption.org/v1\n-> scrypt {} 40\n{}\n--- {}\n",
        "A".repeat(22),
        "A".repeat(43),
        "A".repeat(43)
    );
    let mut armoured =
        age::armor::ArmoredWriter::wrap_output(Vec::new(), age::armor::Format::AsciiArmor).expect("memory");
    std::io::Write::write_all(&mut armoured, &[binary.as_bytes(), &[0; 48]].concat()).expect("memory");
    write(&path, armoured.finish().expect("memory"));
    let refused = keyfile::open(&path, || Some(passphrase("any"))).expect_err("refused");
    assert!(matches!(refused, KeyFileError::TooMuchWork { asked: 40, .. }), "{refused}");
}

#[test]
fn a_typo_in_the_secret_is_located_and_nothing_of_it_shown() {
    let text = text_of(&owner(1));
    let second = text.lines().nth(1).expect("two lines");
    for index in 14..second.len() {
        let with = if second.as_bytes()[index] == b'q' { "p" } else { "q" };
        let mut wrong = second.to_owned();
        wrong.replace_range(index..=index, with);
        let error = parse_key_text(&text.replace(second, &wrong)).expect_err("a typo");
        assert_eq!(error, KeyTextError::SecretAt(index + 1));
        assert!(!error.to_string().contains(&second[20..40]), "{error}");
    }
    let cut = text.replace(second, &second[..40]);
    assert_eq!(parse_key_text(&cut).err(), Some(KeyTextError::Secret));
}

#[test]
fn lines_that_do_not_belong_together_are_refused() {
    let (one, other) = (text_of(&owner(1)), text_of(&owner(2)));
    let first = |text: &str| text.lines().next().expect("two lines").to_owned();
    let mixed = one.replace(&first(&one), &first(&other));
    assert_eq!(parse_key_text(&mixed).err(), Some(KeyTextError::OtherAddress(owner(1).public())));
    for wrong in
        [first(&one), format!("{one}\n"), format!("\n{one}"), one.replace("# ", ""), format!("{one}{one}")]
    {
        assert_eq!(parse_key_text(&wrong).err(), Some(KeyTextError::Shape), "{wrong}");
    }
    let (address, secret) = one.split_once('\n').expect("two lines");
    let swapped = format!("# {secret}{address}\n");
    assert_eq!(parse_key_text(&swapped).err(), Some(KeyTextError::Address(AddressError::Secret)));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(# )?(joule1[a-z0-9]{0,60}|\\PC{0,40})\n?(joule-secret-1)?\\PC{0,70}\n?") {
        prop_assert!(parse_key_text(&text).is_err());
    }
}

proptest! {
    // Every case writes a file down to the disk.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_key_reads_back(seed: [u8; 32]) {
        let keypair = Keypair::from_seed(&seed);
        let read = parse_key_text(&text_of(&keypair)).expect("its own text");
        prop_assert_eq!(read.public(), keypair.public());
    }
}
