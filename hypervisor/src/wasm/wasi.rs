//! WASI preview 1 as cells get it: arguments, clocks, random bytes, standard streams; no environment, no files, no
//! network.
//!
//! Most of it is wasmtime's. Its versions of three functions do not fit and are replaced here: `poll_oneoff` would need
//! an async runtime and hold the slot while it sleeps, `fd_write` would allocate, `random_get` would fill up to 64 MiB
//! in one breath and not be the same at every run.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maxwell_core::tick::Wait;
use maxwell_core::units::{Moment, Nanoseconds};
use wasmtime::{Caller, Linker, Result};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use super::guest::{Guest, memory, stretch};
use super::host::{give_slot_back, pause, resume, yield_when_due};
use super::panel::Panel;
use crate::output::Stream;

const MODULE: &str = "wasi_snapshot_preview1";

/// Status codes of WASI preview 1.
const SUCCESS: i32 = 0;
const E_BADF: i32 = 8;
const E_FAULT: i32 = 21;
const E_INVAL: i32 = 28;
const E_IO: i32 = 29;
const E_NOTSUP: i32 = 58;

/// Buffers of one write, as POSIX systems limit them.
const IOVECS_MAX: u32 = 1_024;

/// Subscriptions of one `poll_oneoff`: a sleep has one.
const SUBSCRIPTIONS_MAX: u32 = 64;

/// Random bytes made between two looks at the quantum's end: some tens of microseconds.
const RANDOM_CHUNK: usize = 16 << 10;

/// Puts WASI preview 1 into `linker`.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    wasmtime_wasi::p1::add_to_linker_async(linker, |guest: &mut Guest| &mut guest.wasi)?;
    linker.allow_shadowing(true);
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap_async(MODULE, "random_get", |caller, (pointer, bytes): (u32, u32)| {
        Box::new(random_get(caller, pointer, bytes))
    })?;
    linker.func_wrap_async(
        MODULE,
        "poll_oneoff",
        |caller, (subs, events, count, done): (u32, u32, u32, u32)| {
            Box::new(poll_oneoff(caller, subs, events, count, done))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Both clocks of a program: the machine's, or the start of its quantum.
pub(super) struct Clock(pub(super) Arc<Panel>);

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.0.elapsed()
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        wall(&self.0)
    }
}

fn wall(panel: &Panel) -> Duration {
    if !panel.is_real_time() {
        return Duration::from_nanos(panel.elapsed());
    }
    // A machine whose clock is set before 1970 gets 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Where a program's random bytes come from.
#[derive(Clone, Debug)]
pub(super) enum Randomness {
    /// The system's generator.
    System,
    /// `SplitMix64` from a seed: the same bytes at every run, good for simulation and for nothing secret.
    Seeded(u64),
}

impl Randomness {
    /// The generator of one cell of a run with this seed.
    pub(super) fn seeded(seed: u64, cell: u32) -> Self {
        let mut mixed = seed ^ (u64::from(cell) << 32 | u64::from(cell));
        Self::Seeded(split_mix(&mut mixed))
    }

    /// Fills `buffer`. False if the system has no randomness to give.
    fn fill(&mut self, buffer: &mut [u8]) -> bool {
        match self {
            Self::System => fill_from_system(buffer),
            Self::Seeded(state) => {
                for chunk in buffer.chunks_mut(8) {
                    chunk.copy_from_slice(&split_mix(state).to_le_bytes()[..chunk.len()]);
                }
                true
            }
        }
    }
}

fn fill_from_system(mut buffer: &mut [u8]) -> bool {
    while !buffer.is_empty() {
        match rustix::rand::getrandom(&mut *buffer, rustix::rand::GetRandomFlags::empty()) {
            Ok(filled) => buffer = &mut buffer[filled..],
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
    true
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Standard output and error go into the cell's last words; there is nothing else to write to.
fn fd_write(mut caller: Caller<'_, Guest>, fd: i32, iovecs: u32, count: u32, written: u32) -> i32 {
    let stream = match fd {
        1 => Stream::Out,
        2 => Stream::Err,
        _ => return E_BADF,
    };
    if count > IOVECS_MAX {
        return E_INVAL;
    }
    let Some(memory) = memory(&mut caller) else { return E_FAULT };
    let (memory, guest) = memory.data_and_store_mut(&mut caller);
    let Some(total) = write_all(memory, guest, stream, iovecs, count) else { return E_FAULT };
    let Ok(total) = u32::try_from(total) else { return E_INVAL };
    if store(memory, written, &total.to_le_bytes()) { SUCCESS } else { E_FAULT }
}

fn write_all(memory: &[u8], guest: &Guest, stream: Stream, iovecs: u32, count: u32) -> Option<u64> {
    let table = stretch(memory, iovecs, count * 8)?;
    let mut output = guest.panel.output();
    let mut total = 0;
    for entry in table.chunks_exact(8) {
        let bytes = stretch(memory, read_u32(entry, 0), read_u32(entry, 4))?;
        output.write(stream, bytes);
        total += bytes.len() as u64;
    }
    Some(total)
}

async fn random_get(mut caller: Caller<'_, Guest>, pointer: u32, bytes: u32) -> Result<i32> {
    let Some(memory) = memory(&mut caller) else { return Ok(E_FAULT) };
    let (start, end) = (pointer as usize, pointer as usize + bytes as usize);
    if end > memory.data_size(&caller) {
        return Ok(E_FAULT);
    }
    for from in (start..end).step_by(RANDOM_CHUNK) {
        let to = end.min(from + RANDOM_CHUNK);
        let (bytes_of, guest) = memory.data_and_store_mut(&mut caller);
        if !guest.randomness.fill(&mut bytes_of[from..to]) {
            return Ok(E_IO);
        }
        yield_when_due(&mut caller, to - from).await?;
    }
    Ok(SUCCESS)
}

/// A subscription to a clock: what the program gave to know it by, and when it is due on the node's clock.
#[derive(Clone, Copy, Debug)]
struct Alarm {
    userdata: [u8; 8],
    due: Moment,
}

/// Sleeps: the future is pending, off the slot, until a quantum starts after the first alarm.
async fn poll_oneoff(
    mut caller: Caller<'_, Guest>,
    subscriptions: u32,
    events: u32,
    count: u32,
    done: u32,
) -> Result<i32> {
    if count == 0 || count > SUBSCRIPTIONS_MAX {
        return Ok(E_INVAL);
    }
    let alarms = match alarms(&mut caller, subscriptions, count) {
        Ok(alarms) => alarms,
        Err(status) => return Ok(status),
    };
    let first = alarms.iter().map(|alarm| alarm.due).min().unwrap_or_default();
    let mut waited = false;
    while caller.data().panel.now() < first {
        waited = true;
        pause(&mut caller, Wait::Until(first))?;
        give_slot_back().await;
    }
    resume(&mut caller, waited)?;
    Ok(ring(&mut caller, &alarms, events, done))
}

/// Reads the subscriptions: 48 bytes each, with the tag at 8 and for clocks the clock at 16, the timeout at 24 and
/// the flags at 40.
fn alarms(caller: &mut Caller<'_, Guest>, subscriptions: u32, count: u32) -> Result<Vec<Alarm>, i32> {
    let memory = memory(caller).ok_or(E_FAULT)?;
    let panel = &caller.data().panel;
    let table = stretch(memory.data(&*caller), subscriptions, count * 48).ok_or(E_FAULT)?;
    table.chunks_exact(48).map(|entry| alarm(panel, entry)).collect()
}

fn alarm(panel: &Panel, entry: &[u8]) -> Result<Alarm, i32> {
    const CLOCK: u8 = 0;
    const ABSOLUTE: u8 = 1;
    if entry[8] != CLOCK {
        return Err(E_NOTSUP);
    }
    let clock_now = match read_u32(entry, 16) {
        0 => wall(panel).as_nanos() as u64,
        1 => panel.elapsed(),
        _ => return Err(E_INVAL),
    };
    let timeout = read_u64(entry, 24);
    let left = if entry[40] & ABSOLUTE == 0 { timeout } else { timeout.saturating_sub(clock_now) };
    let mut userdata = [0; 8];
    userdata.copy_from_slice(&entry[..8]);
    let due = Moment(panel.now().0.saturating_add(Nanoseconds(left).0));
    Ok(Alarm { userdata, due })
}

/// Writes an event for every alarm that is due: 32 bytes each, the userdata first; no error, and zero is the clock's
/// type.
fn ring(caller: &mut Caller<'_, Guest>, alarms: &[Alarm], events: u32, done: u32) -> i32 {
    let Some(memory) = memory(caller) else { return E_FAULT };
    let (memory, guest) = memory.data_and_store_mut(caller);
    let now = guest.panel.now();
    let mut rung: u32 = 0;
    for alarm in alarms.iter().filter(|alarm| alarm.due <= now) {
        let mut event = [0; 32];
        event[..8].copy_from_slice(&alarm.userdata);
        let Some(place) = events.checked_add(rung * 32) else { return E_FAULT };
        if !store(memory, place, &event) {
            return E_FAULT;
        }
        rung += 1;
    }
    if store(memory, done, &rung.to_le_bytes()) { SUCCESS } else { E_FAULT }
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

fn read_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from(read_u32(bytes, at + 4)) << 32 | u64::from(read_u32(bytes, at))
}

/// Writes `bytes` at `pointer`. False if they do not fit in the memory.
fn store(memory: &mut [u8], pointer: u32, bytes: &[u8]) -> bool {
    let place = memory.get_mut(pointer as usize..).and_then(|rest| rest.get_mut(..bytes.len()));
    place.is_some_and(|place| {
        place.copy_from_slice(bytes);
        true
    })
}
