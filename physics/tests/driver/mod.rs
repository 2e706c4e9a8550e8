//! A fake driver of NVIDIA's shape, compiled in a folder of its own.
// Each test binary compiles all of it and uses a part.
#![allow(dead_code)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Answers of the library, as numbered by its reference guide.
pub(crate) const OK: i32 = 0;
pub(crate) const NOT_SUPPORTED: i32 = 3;
pub(crate) const DRIVER_NOT_LOADED: i32 = 9;
pub(crate) const GPU_IS_LOST: i32 = 15;
pub(crate) const LIB_RM_VERSION_MISMATCH: i32 = 18;

/// Two GPUs, the second of which has no energy counter: question, GPU, code, value.
pub(crate) const TWO_GPUS: &str = "\
    init 0 0 0\ncount 0 0 2\n\
    handle 0 0 0\ncelsius 0 0 61\nslowdown 0 0 93\nenergy 0 0 7000000\npower 0 0 300000\n\
    handle 1 0 0\ncelsius 1 0 44\nslowdown 1 0 97\npower 1 0 50000\n";

/// A library and the file that holds its figures.
pub(crate) struct Driver {
    folder: TempDir,
}

impl Driver {
    /// Compiles the library; none, and the reason is told, where there is no C compiler.
    pub(crate) fn build(figures: &str, defines: &[&str]) -> Option<Self> {
        let driver = Self { folder: tempfile::tempdir().unwrap() };
        let path = driver.folder.path().join("figures");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-Wall", "-Werror"])
            .arg(format!("-DFIGURES=\"{}\"", path.display()))
            .args(defines.iter().map(|define| format!("-D{define}")))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake_nvml.c"))
            .arg("-o")
            .arg(driver.library())
            .output();
        match built {
            Err(error) => {
                eprintln!("skipped, because no C compiler can be run as cc: {error}");
                return None;
            }
            Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        }
        driver.says(figures);
        Some(driver)
    }

    /// Where the library is.
    pub(crate) fn library(&self) -> PathBuf {
        self.folder.path().join("libfake-nvml.so")
    }

    /// Writes all figures anew.
    pub(crate) fn says(&self, figures: &str) {
        fs::write(self.folder.path().join("figures"), figures).unwrap();
    }

    /// Changes the answer to one question about one GPU.
    pub(crate) fn answers(&self, question: &str, gpu: u32, code: i32, value: i64) {
        let figures = fs::read_to_string(self.folder.path().join("figures")).unwrap();
        let about = format!("{question} {gpu} ");
        let mut lines: Vec<&str> = figures.lines().filter(|line| !line.starts_with(&about)).collect();
        let answer = format!("{about}{code} {value}\n");
        lines.push(&answer);
        self.says(&lines.join("\n"));
    }
}
