//! The repository as plain data, so that every tidy rule is a function of text and can be tested on a sample.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// The files of the repository: those that git tracks and those it would add. Paths are relative to the root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    texts: BTreeMap<String, String>,
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the repository at `root`. Files that git ignores are left out: they are not in a clone.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        for path in listed(root)? {
            let file = root.join(&path);
            // A tracked file that was just deleted is listed still, and a submodule is listed as a folder.
            if file.is_file() {
                tree.add(path, std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?);
            }
        }
        Ok(tree)
    }

    /// A tree made of samples, for the tests of the rules.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add((*path).to_owned(), text.as_bytes().to_vec());
        }
        tree
    }

    /// All text files with their contents, in order of their paths.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text files whose extension is one of `extensions`.
    pub(crate) fn with_extension(&self, extensions: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| {
            Path::new(path).extension().is_some_and(|extension| {
                extensions.iter().any(|wanted| extension.eq_ignore_ascii_case(wanted))
            })
        })
    }

    /// The contents of one text file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether a clone would hold this file or folder. The empty path is the root.
    pub(crate) fn holds(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }

    fn add(&mut self, path: String, bytes: Vec<u8>) {
        let mut folder = Path::new(&path).parent();
        while let Some(name) = folder.and_then(Path::to_str) {
            self.paths.insert(name.to_owned());
            folder = folder.and_then(Path::parent);
        }
        self.paths.insert(path.clone());
        if let Ok(text) = String::from_utf8(bytes)
            && !text.contains('\0')
        {
            self.texts.insert(path, text);
        }
    }
}

fn listed(root: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        // A checkout owned by another user is common in containers, and only a list of names is read from it here.
        .arg("-c")
        .arg(format!("safe.directory={}", root.display()))
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git lists the files of the repository and could not be started")?;
    if !output.status.success() {
        bail!("git could not list the files: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let names = String::from_utf8(output.stdout).context("a file's name is not UTF-8")?;
    let mut names: Vec<String> = names.split_terminator('\0').map(str::to_owned).collect();
    // A file in conflict is listed once for each side.
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_file_are_held_and_binary_files_have_no_text() {
        let tree = Tree::of(&[("a/b/c.rs", "x"), ("image.bin", "\0")]);
        assert!(["", "a", "a/b", "a/b/c.rs", "image.bin"].iter().all(|path| tree.holds(path)));
        assert!(!tree.holds("b"));
        assert_eq!(tree.texts().collect::<Vec<_>>(), [("a/b/c.rs", "x")]);
    }

    #[test]
    fn extensions_select_files() {
        let tree = Tree::of(&[("a.rs", ""), ("b.MD", ""), ("rs", "")]);
        let paths: Vec<_> = tree.with_extension(&["rs", "md"]).map(|(path, _)| path).collect();
        assert_eq!(paths, ["a.rs", "b.MD"]);
    }
}
