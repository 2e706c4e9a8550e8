//! The limit on everything, each with its reason.
//!
//! What may grow is bounded here, in one place, so that memory is known at start, a hostile cell cannot exhaust the
//! node, and the tick's worst case can be read off. The assertions at the end state how the limits hang together; they
//! are checked by the compiler.

use crate::units::{Bytes, Microjoules, Nanoseconds, Ppm};

/// The quantum: how long one slot is sold for. Ten milliseconds is the good of this market; a shorter one would be
/// eaten by switching, a longer one would let the die run away between two decisions.
pub const QUANTUM: Nanoseconds = Nanoseconds::from_millis(10);

/// Ticks in a billing window. RAPL counters err by more than 5 % beyond 20 samples a second, so energy is billed on
/// windows of 100 ms and never on the difference of one quantum.
pub const WINDOW_TICKS: u64 = 10;

/// A billing window; also the period of the sensors and of the controller.
pub const WINDOW: Nanoseconds = Nanoseconds(QUANTUM.0 * WINDOW_TICKS);

/// Slots of one node: logical CPUs of the largest two-socket servers sold today, twice over.
pub const SLOTS_MAX: u16 = 1_024;

/// Cells of one node: what 65,530 memory mappings (the kernel's default per process) allow at six mappings a cell.
pub const CELLS_MAX: usize = 10_000;

/// Ticks for which a mechanism remembers a cell that is not in the market: a minute, longer than the pauses and sleeps of one that
/// means to come back.
pub const REMEMBERED_TICKS: u64 = 6_000;

/// Ticks ahead that an order may name its last one: 124 days. The book keeps ticks in 32 bits, and tells by half their range which
/// are past. Whoever wants to bid for longer leaves an order that stands until it is cancelled.
pub const ORDER_TICKS_MAX: u64 = 1 << 30;

/// Verdicts of one tick about one cell: it leaves the book, is killed and is buried.
pub const VERDICTS_PER_CELL_MAX: usize = 3;

/// Changes of standing of one cell in one tick: it falls into debt and is ended for it.
pub const CHANGES_PER_CELL_MAX: usize = 2;

/// Ledger accounts that a node opens: wallets, escrows and the host's own. None is ever forgotten, so this also bounds how
/// many it opens in its life. A node that goes on with the books of an earlier one has theirs as well.
pub const ACCOUNTS_MAX: usize = 2 * CELLS_MAX;

/// Lines of one billing window: every cell of a node, and as many that ended in it. A cell is refused when more would have lived
/// in one window, so that what a window hands to the journal is bounded.
pub const WINDOW_LINES_MAX: usize = 2 * CELLS_MAX;

/// Events waiting for the main loop. Beyond it a cell's request is refused with "busy", never queued without bound.
pub const EVENTS_MAX: usize = 4_096;

/// Events handled between two ticks, so that a flood of them cannot postpone a tick: 1,024 at about 1 µs each.
pub const EVENTS_PER_TICK_MAX: usize = 1_024;

/// Payments that are made and wait to be durable before they are acknowledged: all that can come in two billing windows, since
/// the journal makes a window durable while the next one runs. Beyond it payments are held for longer.
pub const PAYMENTS_WAITING_MAX: usize = 2 * WINDOW_TICKS as usize * EVENTS_PER_TICK_MAX;

/// Requests (orders, claims, leases, log lines) that one cell may make in one quantum; further ones are refused.
pub const REQUESTS_PER_QUANTUM_MAX: u32 = 64;

/// Refused requests in one quantum after which the cell is taken to be flooding and is ended with reason `limit`.
pub const REFUSALS_PER_QUANTUM_MAX: u32 = 10_000;

/// Bytes that host calls move for a cell in one quantum of the deterministic mode, in which host work costs no fuel:
/// about what they can move in the 10 ms of a real one.
pub const HOST_BYTES_PER_QUANTUM_MAX: usize = 16 << 20;

/// Bytes of one log line of a cell: a terminal's width and a half.
pub const LOG_LINE_MAX: usize = 120;

/// Bytes kept of what a cell wrote last, so that its end can be explained.
pub const LAST_WORDS_MAX: usize = 1_024;

/// Memory of one cell unless the operator says otherwise.
pub const CELL_MEMORY: Bytes = Bytes::from_mebibytes(64);

/// Processes and threads of one process cell unless the operator says otherwise: room for a build or a browser, and little enough
/// that sixty bombs together do not fill a kernel's 32,768 numbers.
pub const CELL_PROCESSES: u32 = 512;

/// Size of a wasm module that is accepted: compiling costs about 1.2 ms a KiB.
pub const MODULE_BYTES_MAX: u64 = 16 << 20;

/// Leases of a bounty that are ready for one cell at a time. Leases are handed out between ticks, and a range takes
/// about 2 ms: sixteen last a quantum on a machine three times as fast, and a dying cell takes little work with it.
pub const LEASES_PER_CELL_MAX: usize = 16;

/// Bounties of one node. Agents look through all of them, and a node sets 1.3 MB of address space aside for each.
pub const BOUNTIES_MAX: usize = 64;

/// Keys of all bounties that are leased, claimed or held at once: as many as all cells together may have ready. A wallet has half of
/// them at most, whatever its cells, so those of an operator with one wallet for all have fewer ready each. Who finds none waits.
pub const KEYS_OUT_MAX: usize = CELLS_MAX * LEASES_PER_CELL_MAX;

/// Bytes of an answer: two digests of 32. An answer is copied from the cell to the verifier and never allocated.
pub const ANSWER_BYTES_MAX: usize = 64;

/// Numbers in one range of a bounty on primes: a sieve of a byte each stays within a core's second-level cache.
pub const PRIME_WIDTH_MAX: u64 = 1 << 20;

/// The last number of such a bounty: the primes up to its square root, two million, are sieved in some milliseconds.
pub const PRIME_LAST_MAX: u64 = (1 << 42) - 1;

/// Leading zero bits of a preimage's digest: the work of two to the sixty-fourth hashes is nobody's on one machine.
pub const ZERO_BITS_MAX: u8 = 64;

/// One past the last key of a bounty, and the largest number that names one: agents say both as signed numbers of 64 bits.
pub const KEY_END_MAX: u64 = i64::MAX as u64;

/// What one key may pay: so much that what is promised for all the keys that are out at once still fits an account.
pub const REWARD_MAX: Microjoules = Microjoules::from_joules(1_000_000);

/// Size of a verifier's wasm module: compiling costs about 1.2 ms a KiB, so 0.3 s.
pub const VERIFIER_BYTES_MAX: usize = 256 << 10;

/// How long compiling a verifier may take: three times what a module of the largest size usually needs.
pub const VERIFIER_COMPILE_MAX: Nanoseconds = Nanoseconds::from_millis(1_000);

/// Fuel that one verification may burn, an instruction each of the cheaper ones: two tenths of a second on the verifier's thread, and
/// four that are charged for.
pub const VERIFIER_FUEL_MAX: u64 = 100_000_000;

/// How long a node that stops waits for claims that are in verification. Thousands of those that are built in take less; a queue of
/// the dearest modules would take minutes.
pub const VERIFIER_PATIENCE: Nanoseconds = Nanoseconds::from_millis(1_000);

/// Linear memory of a verifier's instance, which is made anew for each claim. So much lies in a core's caches or the next further
/// out; a load that goes to main memory takes ten times as long, and all loads would be charged for it.
pub const VERIFIER_MEMORY: Bytes = Bytes::from_mebibytes(2);

/// Fuel that a sponsor allows for each page of 64 KiB of it beyond the second. The first touch of a page takes about 50 µs, and
/// this is charged at 131 µs.
pub const VERIFIER_FUEL_PER_PAGE: u64 = 1 << 15;

/// Ticks that a payment may be held: a day.
pub const AUDIT_WINDOW_TICKS_MAX: u64 = 8_640_000;

/// What may ever be minted: 4.6 million megajoules. Twice this still fits the 64-bit microjoules of an account, so no
/// sum over accounts can overflow.
pub const MINT_MAX: Microjoules = Microjoules(i64::MAX / 2);

/// The largest price of one quantum, far above any reserve (64 times the energy of a 10 kW slot is 6.4 kJ).
pub const PRICE_MAX: Microjoules = Microjoules::from_joules(1_000_000);

/// The most that a bidding policy adds to the reserve: a hundred thousand per cent, far beyond the range of the multiplier.
pub const MARGIN_MAX: Ppm = Ppm(1_000_000_000);

/// The longest time that a bidding policy plans for: ten years, which no cell lives. The products of money and time that a plan
/// is made of then fit 128 bits.
pub const PLAN_MAX: Nanoseconds = Nanoseconds(10 * 365 * 24 * 3_600 * 1_000_000_000);

/// Base quanta per slot that a cell sets aside at its start to pay for its own ordered end.
pub const SET_ASIDE_QUANTA: u64 = 50;

/// The lowest tariff, a hundredth of the reference. Prices of electricity are zero or negative at times; a reserve is
/// not, because below it nobody would be kept from heating the machine for nothing.
pub const TARIFF_MIN: Ppm = Ppm(10_000);

/// The highest tariff: caps of real markets lie two to three hundred times above the mean, so what is beyond a thousand
/// times the reference is a mistake in the unit.
pub const TARIFF_MAX: Ppm = Ppm(1_000_000_000);

/// Prices in one file: a year of one-minute prices (527,040), at 16 bytes each.
pub const TARIFF_ENTRIES_MAX: usize = 600_000;

/// Bytes of a file of prices: a hundred for each entry, twice what the wordier format takes.
pub const TARIFF_FILE_BYTES_MAX: u64 = 100 * TARIFF_ENTRIES_MAX as u64;

/// Bytes of an endpoint's answer: a day of five-minute prices with much around them. More is not read.
pub const TARIFF_BODY_BYTES_MAX: u64 = 256 << 10;

const _: () = {
    assert!(WINDOW.0 == 100_000_000, "sensors, controller and billing share one period of 100 ms");
    assert!(ACCOUNTS_MAX > CELLS_MAX, "every cell has a wallet and the host has accounts of its own");
    assert!(
        REWARD_MAX.0 <= MINT_MAX.0 / (2 * KEYS_OUT_MAX as i64),
        "what is promised at once fits an account"
    );
    assert!(EVENTS_PER_TICK_MAX <= EVENTS_MAX, "a tick cannot drain more than can wait");
    assert!(REQUESTS_PER_QUANTUM_MAX as usize <= EVENTS_MAX / 16, "sixteen cells at their limit still fit");
    assert!(REFUSALS_PER_QUANTUM_MAX > REQUESTS_PER_QUANTUM_MAX, "a cell is refused before it is ended");
    assert!(
        PRICE_MAX.0 <= MINT_MAX.0 / (SLOTS_MAX as i64 * WINDOW_TICKS as i64),
        "a window of prices fits a wallet"
    );
    assert!(
        TARIFF_MIN.0 > 0 && TARIFF_MIN.0 < Ppm::ONE.0 && Ppm::ONE.0 < TARIFF_MAX.0,
        "the reference is a tariff"
    );
    assert!(TARIFF_BODY_BYTES_MAX <= TARIFF_FILE_BYTES_MAX, "one price takes no more than many");
    assert!(
        PLAN_MAX.0 < 1 << 60 && PLAN_MAX.0 > WINDOW.0,
        "twice all the money that there is, times a plan, fits 128 bits"
    );
    assert!(SET_ASIDE_QUANTA * QUANTUM.0 == 500_000_000, "the set-aside pays exactly the grace of 500 ms");
};
