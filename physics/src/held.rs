//! A file of the kernel that is held open, and opened again where what it belonged to has gone and come back.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Reads one file over and over without opening it each time. A successful read allocates nothing.
#[derive(Debug)]
pub(crate) struct HeldFile {
    path: PathBuf,
    /// Files beside it and what they must say, such as the chip's name: a device that comes back may come back under
    /// another number.
    identity: Vec<(PathBuf, String)>,
    file: Option<File>,
}

impl HeldFile {
    /// The file at `path`, to be opened when it is first read.
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self::identified(path, Vec::new())
    }

    /// The same, as long as every file of `identity` says what it must.
    pub(crate) const fn identified(path: PathBuf, identity: Vec<(PathBuf, String)>) -> Self {
        Self { path, identity, file: None }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what stands at this offset, at least one byte and at most as much as fits.
    ///
    /// # Errors
    /// When the file is absent, unreadable, empty there, or that of another device. The next call opens it again.
    pub(crate) fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        // A descriptor that was held and gives nothing may be what a removed device left behind.
        if let Some(file) = self.file.take()
            && let Ok(length @ 1..) = file.read_at(buffer, offset)
        {
            self.file = Some(file);
            return Ok(length);
        }
        let file = self.open()?;
        match file.read_at(buffer, offset)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "nothing stands there")),
            length => {
                self.file = Some(file);
                Ok(length)
            }
        }
    }

    fn open(&self) -> io::Result<File> {
        for (path, expected) in &self.identity {
            let found = text(path).unwrap_or_default();
            if found != *expected {
                let path = path.display();
                return Err(io::Error::other(format!(
                    "{path} said {expected:?} once and says {found:?} now"
                )));
            }
        }
        File::open(&self.path)
    }
}

/// The text of a small file without the white space around it; none when it cannot be read.
pub(crate) fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}
