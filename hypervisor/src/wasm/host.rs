//! The host functions of the agent's interface, as `maxwell_api::abi` defines them.

use std::future::poll_fn;
use std::task::Poll;

use maxwell_api::abi;
use maxwell_core::event::{LogLine, Request};
use maxwell_core::tick::Wait;
use wasmtime::{AsContextMut, Caller, Linker, Result};

use super::guest::{Guest, memory, stretch};
use crate::requests::{self, order};

/// Bytes that `log` looks at: enough for a line in any script, few enough that a call takes microseconds.
const LOG_BYTES_MAX: u32 = 4_096;

/// Puts the functions of the namespace `maxwell` into `linker`.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap(abi::MODULE, "price", |caller: Caller<'_, Guest>, which: i32| {
        caller.data().panel.board.price(which)
    })?;
    linker
        .func_wrap(abi::MODULE, "balance", |caller: Caller<'_, Guest>| caller.data().panel.board.balance())?;
    linker.func_wrap(abi::MODULE, "set_bid", set_bid)?;
    linker.func_wrap_async(abi::MODULE, "lease", |caller, (): ()| Box::new(lease(caller, None)))?;
    linker.func_wrap(abi::MODULE, "claim", claim)?;
    linker.func_wrap(abi::MODULE, "bounty", |caller: Caller<'_, Guest>, index: i32| {
        caller.data().panel.board.bounty(index)
    })?;
    linker.func_wrap(abi::MODULE, "reward_of", |caller: Caller<'_, Guest>, bounty: i64| {
        caller.data().panel.board.reward_of(bounty)
    })?;
    linker.func_wrap_async(abi::MODULE, "lease_of", |caller, (bounty,): (i64,)| {
        Box::new(lease(caller, Some(bounty)))
    })?;
    linker.func_wrap(abi::MODULE, "claim_of", claim_of)?;
    linker.func_wrap_async(abi::MODULE, "discard", |caller, (pointer, bytes): (u32, u32)| {
        Box::new(discard(caller, pointer, bytes))
    })?;
    linker.func_wrap(abi::MODULE, "log", log)?;
    linker.func_wrap(abi::MODULE, "notice", |caller: Caller<'_, Guest>| caller.data().panel.notice())?;
    Ok(())
}

fn set_bid(mut caller: Caller<'_, Guest>, limit_uj: i64, slots: i32) -> Result<i32> {
    caller.data_mut().submit(order(limit_uj, slots))
}

fn claim(mut caller: Caller<'_, Guest>, range: i64, count: i32, sum: i64) -> Result<i32> {
    let guest = caller.data_mut();
    let status = guest.submit(requests::claim(range, count, sum))?;
    if status == abi::OK {
        guest.panel.leases.claimed();
    }
    Ok(status)
}

fn claim_of(mut caller: Caller<'_, Guest>, bounty: i64, key: i64, pointer: u32, bytes: u32) -> Result<i32> {
    let Some(memory) = memory(&mut caller) else { return caller.data_mut().refuse(abi::E_INVALID) };
    let (memory, guest) = memory.data_and_store_mut(&mut caller);
    let answer = stretch(memory, pointer, bytes);
    let Some(request) = answer.and_then(|answer| requests::claim_of(bounty, key, answer)) else {
        return guest.refuse(abi::E_INVALID);
    };
    match guest.panel.board.may_claim(bounty) {
        abi::OK => guest.submit(Some(request)),
        status => guest.refuse(status),
    }
}

fn log(mut caller: Caller<'_, Guest>, pointer: u32, bytes: u32) -> Result<i32> {
    let Some(memory) = memory(&mut caller) else { return caller.data_mut().refuse(abi::E_INVALID) };
    let (memory, guest) = memory.data_and_store_mut(&mut caller);
    let line = stretch(memory, pointer, bytes).filter(|_| bytes <= LOG_BYTES_MAX);
    let line = line.and_then(|line| std::str::from_utf8(line).ok());
    guest.submit(line.map(|line| Request::Log(LogLine::new(line))))
}

/// The next range, or the next key of the bounty that is named.
///
/// Waits off the slot: while there is no answer the future is pending with the wait said on the panel, and whoever
/// polls it gives the slot back. The next grant polls it again.
async fn lease(mut caller: Caller<'_, Guest>, named: Option<i64>) -> Result<i64> {
    let mut waited = false;
    loop {
        let guest = caller.data_mut();
        let answer = match named {
            Some(bounty) => guest.lease_of(bounty),
            None => guest.lease(),
        };
        if let Some(answer) = answer? {
            resume(&mut caller, waited)?;
            return Ok(answer);
        }
        waited = true;
        pause(&mut caller, Wait::Reply)?;
        give_slot_back().await;
    }
}

async fn discard(mut caller: Caller<'_, Guest>, pointer: u32, bytes: u32) -> Result<i32> {
    let Some(memory) = memory(&mut caller) else { return caller.data_mut().refuse(abi::E_INVALID) };
    let (bytes_of, guest) = memory.data_and_store_mut(&mut caller);
    if stretch(bytes_of, pointer, bytes).is_none() {
        return guest.refuse(abi::E_INVALID);
    }
    // Rounded inward to whole pages; the memory's own start is page-aligned.
    let page = abi::PAGE as usize;
    let start = (pointer as usize).next_multiple_of(page);
    let end = (pointer as usize + bytes as usize) / page * page;
    for from in (start..end).step_by(DISCARD_CHUNK) {
        let to = end.min(from + DISCARD_CHUNK);
        let (bytes_of, guest) = memory.data_and_store_mut(&mut caller);
        if discard_pages(&mut bytes_of[from..to]).is_err() {
            return guest.refuse(abi::E_BUSY);
        }
        guest.panel.count_freed((to - from) as u64);
        yield_when_due(&mut caller, to - from).await?;
    }
    Ok(abi::OK)
}

/// In the middle of a long host call that moved `bytes` bytes more: gives the slot back if the quantum is over. In the
/// deterministic mode host work costs no fuel, so there a quantum is over after so many bytes.
pub(super) async fn yield_when_due(caller: &mut Caller<'_, Guest>, bytes: usize) -> Result<()> {
    if caller.data_mut().host_work_is_due(bytes) {
        give_slot_back().await;
        resume(caller, true)?;
    }
    Ok(())
}

/// Bytes that are discarded before a long call looks at the time: about 50 µs of work.
const DISCARD_CHUNK: usize = 1 << 20;

/// Gives whole pages back to the system; they read as zero from then on.
fn discard_pages(pages: &mut [u8]) -> rustix::io::Result<()> {
    // SAFETY: the pages are private anonymous memory of one cell, mapped readable and writable by wasmtime (images
    // are off, see the engine), and borrowed mutably here, so nobody else looks at them. Dropping them turns their
    // bytes into zeroes, which are valid bytes; the mapping itself stays as it was.
    unsafe { rustix::mm::madvise(pages.as_mut_ptr().cast(), pages.len(), rustix::mm::Advice::LinuxDontNeed) }
}

/// Before a program waits: says for what, and reads its fuel, which is exact only here and at its end.
pub(super) fn pause(caller: &mut Caller<'_, Guest>, wait: Wait) -> Result<()> {
    if caller.data().fuel.is_some() {
        let used = u64::MAX - caller.as_context_mut().get_fuel()?;
        caller.data().panel.set_fuel(used);
    }
    caller.data().panel.set_wait(Some(wait));
    Ok(())
}

/// After a program has `waited`: it has a whole quantum of fuel before it, not the rest of an old one.
pub(super) fn resume(caller: &mut Caller<'_, Guest>, waited: bool) -> Result<()> {
    match caller.data().fuel {
        Some(fuel) if waited => caller.as_context_mut().fuel_async_yield_interval(Some(fuel)),
        _ => Ok(()),
    }
}

/// Pending once, ready when polled again: that is, in the next quantum.
pub(super) async fn give_slot_back() {
    let mut asked = false;
    poll_fn(|_| if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
