//! A program as a future, and the one place where it is polled.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use wasmtime::{Engine, Store};

use super::ending::Ending;
use super::guest::Guest;
use super::panel::Panel;
use super::program::Program;

/// What host functions may copy for one WASI call, in bytes; nothing that a cell can reach needs more.
const HOST_COPY_MAX: usize = 1 << 20;

/// A program from its instantiation to its end. Dropping it frees its memory and its stack.
pub(super) type Body = Pin<Box<dyn Future<Output = Ending> + Send>>;

/// The program as a future. Nothing of it happens before the first poll: its memory is made in its first quantum.
pub(super) fn body(engine: &Engine, program: &Program, guest: Guest) -> Body {
    Box::pin(run(engine.clone(), program.clone(), guest))
}

async fn run(engine: Engine, program: Program, guest: Guest) -> Ending {
    let fuel = guest.fuel;
    let mut store = Store::new(&engine, guest);
    store.limiter(|guest| &mut guest.limiter);
    store.set_hostcall_fuel(HOST_COPY_MAX);
    let result = async {
        if let Some(interval) = fuel {
            store.set_fuel(u64::MAX)?;
            store.fuel_async_yield_interval(Some(interval))?;
        } else {
            store.epoch_deadline_async_yield_and_update(1);
            store.set_epoch_deadline(1);
        }
        let instance = program.instantiate(&mut store).await?;
        instance.get_typed_func::<(), ()>(&mut store, "_start")?.call_async(&mut store, ()).await
    };
    let result = result.await;
    if fuel.is_some() {
        store.data().panel.set_fuel(u64::MAX - store.get_fuel().unwrap_or(u64::MAX));
    }
    Ending::of(result, store.data())
}

/// What a poll came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polled {
    /// It yielded and could go on.
    Yielded,
    /// It waits for something that has not come yet.
    Waits,
    /// It is over; the panel says how.
    Over,
}

/// Polls once. A program that is over is dropped and its end put on the panel.
pub(super) fn poll(body: &mut Option<Body>, panel: &Panel) -> Polled {
    let Some(future) = body else { return Polled::Over };
    panel.set_wait(None);
    let mut context = Context::from_waker(Waker::noop());
    // The future is never polled again after a panic, so nobody sees what the panic left behind.
    let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
    let ending = match polled {
        Ok(Poll::Pending) if panel.waits_for().is_some() => return Polled::Waits,
        Ok(Poll::Pending) => return Polled::Yielded,
        Ok(Poll::Ready(ending)) => ending,
        Err(_) => Ending::host_panic(),
    };
    *body = None;
    panel.end(ending);
    Polled::Over
}
