//! Files of an experiment.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// Writes JSON so that the file is whole at any moment: beside it first, then in its place.
///
/// # Errors
/// When it cannot be written; the old file stands.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let beside = path.with_extension("json.new");
    let write = || -> std::io::Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        let mut file = fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        drop(file);
        fs::rename(&beside, path)
    };
    write()
        .inspect_err(|_| {
            // A part of a file is of no use; if it cannot be removed either, it does not stand in the way.
            let _ = fs::remove_file(&beside);
        })
        .with_context(|| {
            format!("{} cannot be written; make room or choose another place with --out", path.display())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        write_json(&path, &[1, 2]).unwrap();
        write_json(&path, &[3]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[\n  3\n]\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let error = format!("{:#}", write_json(&folder.path().join("no/run.json"), &1).unwrap_err());
        assert!(error.contains("no/run.json") && error.contains("--out"), "{error}");
    }
}
