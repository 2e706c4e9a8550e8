//! Where everything is written: a folder that is new or empty, so that no experiment runs into another's records.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Looks whether `out` can be taken, and changes nothing.
///
/// # Errors
/// When something is there already.
pub(super) fn look(out: &Path) -> Result<()> {
    match fs::read_dir(out) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => {
                bail!("{} is not empty; name a new folder with --out, or empty this one", out.display())
            }
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            bail!("{} is not a folder; name a new one with --out", out.display())
        }
        Err(error) => Err(error)
            .with_context(|| format!("{} cannot be looked into; name another folder", out.display())),
    }
}

/// A folder that goes again unless it is kept.
#[derive(Debug)]
pub(super) struct Place {
    /// What was not there before.
    made: Option<PathBuf>,
}

impl Place {
    /// From here on it stays, whatever happens.
    pub(super) fn keep(mut self) {
        self.made = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            // Empty, or somebody else has put something there: then it stays.
            let _ = fs::remove_dir(made);
        }
    }
}

/// Makes the folder, with those above it.
///
/// # Errors
/// When it cannot be made or written to.
pub(super) fn make(out: &Path) -> Result<Place> {
    let is_new = !out.exists();
    let refused =
        || format!("the folder {} cannot be made or written; name another with --out", out.display());
    fs::create_dir_all(out).with_context(refused)?;
    let place = Place { made: is_new.then(|| out.to_owned()) };
    let probe = out.join(".maxwell");
    fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)).with_context(refused)?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_or_empty_folder_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        look(&path("new")).unwrap();
        look(folder.path()).unwrap();
        fs::write(path("file"), "").unwrap();
        let error = |name: &str| format!("{:#}", look(&path(name)).unwrap_err());
        assert!(error("file").contains("is not a folder"), "{}", error("file"));
        assert!(error(".").contains("is not empty"), "{}", error("."));
        assert!(error("file/below").contains("is not a folder"), "{}", error("file/below"));
    }

    #[test]
    fn a_folder_that_was_made_for_nothing_goes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        drop(make(&path).unwrap());
        assert!(!path.exists());
        make(&path).unwrap().keep();
        assert!(path.exists());
        drop(make(&path).unwrap());
        assert!(path.exists(), "it was there before");
    }
}
