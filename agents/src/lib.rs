//! The agents of the demonstration: ordinary programs that know a goal and the agent's interface, nothing else.
//!
//! Each agent is one source that builds twice. Compiled to wasm it runs in a cell and reaches its node through the
//! imports that [`abi`] describes. Compiled natively it reaches its node through the channel that [`channel`] describes,
//! if its environment names one; else it runs stand-alone, without node and without market, see [`host::standalone`].
//!
//! The files are valid for rustc 1.95 in edition 2024 and for rustc 1.63 in edition 2021. The older one is what Debian
//! ships with a standard library for `wasm32-wasi`; `build-wasm.sh` calls it.
#![cfg_attr(not(target_arch = "wasm32"), deny(unsafe_code))]
// What the lint proposes came to the language after 1.63.
#![allow(clippy::manual_is_multiple_of)]

#[path = "../../api/src/abi.rs"]
pub mod abi;
#[cfg(not(target_arch = "wasm32"))]
#[path = "../../api/src/channel.rs"]
pub mod channel;

pub mod args;
pub mod hashing;
pub mod host;
pub mod program;

pub mod bursty;
pub mod cheat;
pub mod hoarder;
pub mod miner;
pub mod scientist;
pub mod sleeper;
pub mod whale;

/// The scientist as a wasm module, as `build-wasm.sh` made it.
#[cfg(not(target_arch = "wasm32"))]
pub const SCIENTIST_WASM: &[u8] = include_bytes!("../wasm/scientist.wasm");

/// The miner as a wasm module, as `build-wasm.sh` made it.
#[cfg(not(target_arch = "wasm32"))]
pub const MINER_WASM: &[u8] = include_bytes!("../wasm/miner.wasm");

/// The sleeper as a wasm module, as `build-wasm.sh` made it.
#[cfg(not(target_arch = "wasm32"))]
pub const SLEEPER_WASM: &[u8] = include_bytes!("../wasm/sleeper.wasm");

/// The bursty agent as a wasm module, as `build-wasm.sh` made it.
#[cfg(not(target_arch = "wasm32"))]
pub const BURSTY_WASM: &[u8] = include_bytes!("../wasm/bursty.wasm");

/// The cheat as a wasm module, as `build-wasm.sh` made it.
#[cfg(not(target_arch = "wasm32"))]
pub const CHEAT_WASM: &[u8] = include_bytes!("../wasm/cheat.wasm");

/// The hoarder as a wasm module, as `build-wasm.sh` made it.
#[cfg(not(target_arch = "wasm32"))]
pub const HOARDER_WASM: &[u8] = include_bytes!("../wasm/hoarder.wasm");

/// The whale as a wasm module, as `build-wasm.sh` made it.
#[cfg(not(target_arch = "wasm32"))]
pub const WHALE_WASM: &[u8] = include_bytes!("../wasm/whale.wasm");
