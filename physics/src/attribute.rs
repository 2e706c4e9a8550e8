//! Files of the kernel that hold one value each ("attributes" of sysfs).

use crate::held::HeldFile;
use crate::meter::ReadError;
use std::fs;
use std::path::{Path, PathBuf};

/// More than any whole number of 64 bits has digits, with its sign and the line's end.
const LONGEST: usize = 64;

/// A file that holds one whole number.
#[derive(Debug)]
pub(crate) struct Attribute(HeldFile);

impl Attribute {
    /// The file at `path`, to be opened when it is first read, as long as every file of `identity` says what it must.
    pub(crate) const fn new(path: PathBuf, identity: Vec<(PathBuf, String)>) -> Self {
        Self(HeldFile::identified(path, identity))
    }

    /// The number that the file holds now. A successful read allocates nothing.
    ///
    /// # Errors
    /// When the file is absent, unreadable, empty or holds something else.
    pub(crate) fn integer(&mut self) -> Result<i64, ReadError> {
        let mut buffer = [0; LONGEST];
        let read = self.0.read_at(&mut buffer, 0);
        let parsed = read.map_err(|error| error.to_string()).and_then(|length| parse(&buffer[..length]));
        parsed.map_err(|why| ReadError(format!("{}: {why}", self.0.path().display())))
    }

    /// Whether the file is there, readable or not.
    pub(crate) fn exists(&self) -> bool {
        self.0.path().exists()
    }
}

/// The entries of `folder` whose names are `prefix` and a number and `suffix`, in the order of their numbers: 10 comes
/// after 2. Empty when the folder cannot be read.
pub(crate) fn numbered(folder: &Path, prefix: &str, suffix: &str) -> Vec<(u32, PathBuf)> {
    let number = |name: &str| name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse().ok();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> =
        entries.filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path()))).collect();
    found.sort_unstable();
    found
}

/// The whole number that these bytes say, white space around it apart.
fn parse(bytes: &[u8]) -> Result<i64, String> {
    let number = str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| match bytes.trim_ascii() {
        [] => "it is empty".to_owned(),
        garbage => format!("{:?} is no whole number", String::from_utf8_lossy(garbage)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_is_read_back(number in any::<i64>(), before in "[ \t]{0,3}", after in "[ \n]{0,3}") {
            prop_assert_eq!(parse(format!("{before}{number}{after}").as_bytes()), Ok(number));
        }

        #[test]
        fn other_bytes_are_errors_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..LONGEST)) {
            let number = String::from_utf8(bytes.clone()).ok().and_then(|text| text.trim().parse::<i64>().ok());
            prop_assert_eq!(parse(&bytes).ok(), number);
        }
    }

    #[test]
    fn entries_come_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["hwmon10", "hwmon2", "hwmon", "hwmon2x", "other1", "hwmon0"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let found: Vec<u32> =
            numbered(folder.path(), "hwmon", "").iter().map(|(number, _)| *number).collect();
        assert_eq!(found, [0, 2, 10]);
    }
}
