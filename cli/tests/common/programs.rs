//! Programs that a stranger could bring along.

use std::path::PathBuf;

use maxwell_core::bounty::Sieve;
use maxwell_daemon::scenario::Scenario;
use tempfile::TempDir;

/// Computes for ever and never yields.
pub(crate) const LOOP: &str = "(loop (br 0))";

/// Asks for memory until there is none, then traps as allocators do.
pub(crate) const ALLOCATE: &str =
    "(loop (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)) (br 0))";

/// Changes its bid as often as it can.
pub(crate) const FLOOD_BIDS: &str = "(loop (drop (call $set_bid (i64.const 900000) (i32.const 1))) (br 0))";

/// Talks as much as it can.
pub(crate) const FLOOD_LOG: &str = "(loop (drop (call $log (i32.const 1024) (i32.const 100))) (br 0))";

/// Claims what it never leased, as often as it can.
pub(crate) const FLOOD_CLAIMS: &str =
    "(loop (drop (call $claim (i64.const 5) (i32.const 49) (i64.const 1))) (br 0))";

/// Leases all that it can and works on none of it.
pub(crate) const FLOOD_LEASES: &str = "(loop (drop (call $lease)) (br 0))";

/// Writes eight megabytes to its standard output, a page at a time, then comes to its end.
pub(crate) const WRITE_MEGABYTES: &str = "(local i32)
    (i32.store (i32.const 0) (i32.const 4096))
    (i32.store (i32.const 4) (i32.const 4096))
    (loop
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 2048))))";

/// Sleeps for half a second, and again.
pub(crate) const SLEEP: &str = "(loop (call $sleep) (br 0))";

/// Says sixty-four long lines each half second.
pub(crate) const CHATTER: &str = "(local i32)
    (loop
        (local.set 0 (i32.const 0))
        (loop
            (drop (call $log (i32.const 1024) (i32.const 100)))
            (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 64))))
        (call $sleep)
        (br 0))";

/// Ends with a status.
pub(crate) fn exit(status: i32) -> String {
    format!("(call $proc_exit (i32.const {status}))")
}

/// Earns once: leases a range and claims what is true of the first range of the fast run with this seed, then sleeps. A
/// scientist good enough for the measurement, and cheap to run for a long time.
pub(crate) fn earn_once(seed: u64) -> String {
    let ranges = Scenario::seeded(seed).ranges();
    let truth = Sieve::default().answer(ranges.numbers(ranges.first));
    let (count, sum) = truth.primes().expect("a count and a sum");
    claim(count, sum)
}

/// Leases a range, claims something of it, then sleeps.
pub(crate) fn claim(count: u32, sum: u64) -> String {
    format!(
        "(drop (call $claim (call $lease) (i32.const {count}) (i64.const {sum})))
         {SLEEP}"
    )
}

/// A module whose `_start` is `body`, with all that the bodies above need.
pub(crate) fn module(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "maxwell" "set_bid" (func $set_bid (param i64 i32) (result i32)))
            (import "maxwell" "lease" (func $lease (result i64)))
            (import "maxwell" "claim" (func $claim (param i64 i32 i64) (result i32)))
            (import "maxwell" "log" (func $log (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 1024) "{}")
            ;; One subscription: the monotonic clock, half a second from now.
            (func $sleep
                (i32.store (i32.const 2064) (i32.const 1))
                (i64.store (i32.const 2072) (i64.const 500000000))
                (drop (call $poll_oneoff (i32.const 2048) (i32.const 3072) (i32.const 1) (i32.const 4000))))
            (func (export "_start") {body}))"#,
        "tell ".repeat(20)
    );
    wat::parse_str(text).expect("valid text")
}

/// A folder of files for one test; it is removed when this is dropped.
pub(crate) struct Files(TempDir);

impl Files {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room for files"))
    }

    /// Writes a file; its path.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).expect("there is room for files");
        self.path(name).to_str().expect("plain names").to_owned()
    }

    /// A module whose `_start` is `body`; its path.
    pub(crate) fn program(&self, body: &str) -> String {
        self.put("agent.wasm", &module(body))
    }

    /// The path that a file has or would have.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> String {
        self.0.path().to_str().expect("plain names").to_owned()
    }
}
