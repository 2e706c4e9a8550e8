//! Random histories on the ledger and, beside it, on a naive one that keeps every usage and works each bill out anew.

use super::*;
use proptest::prelude::*;

const CELLS: usize = 4;
/// Cells 0 and 1 share the first wallet; the others have one each.
const WALLET_OF: [usize; CELLS] = [0, 0, 1, 2];

/// What a cell of the naive ledger has won and used since its last bill.
#[derive(Clone, Debug, Default)]
struct Tab {
    alive: bool,
    set_aside: i128,
    /// Price, purse, whether contested: won, use not known.
    open: Option<(i128, Purse, bool)>,
    /// As above, with the usage.
    metered: Vec<(i128, Purse, bool, Usage)>,
}

impl Tab {
    fn held(&self) -> i128 {
        let open = self.open.iter().map(|(price, purse, _)| (*price, *purse));
        let metered = self.metered.iter().map(|(price, purse, ..)| (*price, *purse));
        open.chain(metered).filter(|(_, purse)| *purse == Purse::Free).map(|(price, _)| price).sum()
    }

    /// Quanta and grace of the window, with no use of the code under test.
    fn due(&self) -> (i128, i128) {
        let nanos = |n: Nanoseconds| i128::from(n.0);
        let rounded = |price: i128, part: i128, whole: i128| (2 * price * part + whole) / (2 * whole);
        let pool = |wanted: Purse| {
            let items = self.metered.iter().filter(|(_, purse, contested, _)| *purse == wanted && !contested);
            let (price, used, granted) = items.fold((0, 0, 0), |(p, u, g), (price, _, _, usage)| {
                (p + price, u + nanos(usage.used), g + nanos(usage.granted))
            });
            if granted == 0 { 0 } else { rounded(price, used, granted) }
        };
        let contested =
            self.metered.iter().filter(|(_, _, contested, _)| *contested).map(|(price, _, _, usage)| {
                let kept = (nanos(usage.granted) - nanos(usage.stolen) - nanos(usage.resold)).max(0);
                rounded(*price, kept.max(nanos(usage.used)), nanos(usage.granted))
            });
        (contested.sum::<i128>() + pool(Purse::Free), pool(Purse::SetAside))
    }
}

/// The naive ledger: what was posted to three wallets and the treasury, and the tabs.
struct Naive {
    posted: [i128; 3],
    treasury: i128,
    tabs: [Tab; CELLS],
    /// The lines of each cell, added up, and what its bill came to when it was closed.
    lined: [Totals; CELLS],
    billed: [Totals; CELLS],
}

impl Naive {
    fn free(&self, wallet: usize) -> i128 {
        let tabs = (0..CELLS).filter(|cell| WALLET_OF[*cell] == wallet).map(|cell| &self.tabs[cell]);
        self.posted[wallet] - tabs.map(|tab| tab.held() + tab.set_aside).sum::<i128>()
    }

    fn hold(&mut self, cell: usize, price: i128, purse: Purse, contested: bool) -> bool {
        let covered = purse == Purse::SetAside || price <= self.free(WALLET_OF[cell]);
        if covered {
            self.tabs[cell].open = Some((price, purse, contested));
        }
        covered
    }

    fn meter(&mut self, usage: Usage) {
        let tab = &mut self.tabs[usage.cell.0 as usize];
        tab.metered.extend(tab.open.take().map(|(price, purse, contested)| (price, purse, contested, usage)));
    }

    fn post(&mut self, cell: usize) {
        let tab = &mut self.tabs[cell];
        let (quanta, grace) = tab.due();
        tab.set_aside -= grace.min(tab.set_aside);
        tab.metered.clear();
        self.posted[WALLET_OF[cell]] -= quanta + grace;
        self.treasury += quanta + grace;
    }

    /// Notes the lines of a window, in which no cell may have two.
    fn read(&mut self, lines: &[Line]) {
        assert!(lines.windows(2).all(|pair| pair[0].cell < pair[1].cell), "{lines:?}");
        for line in lines {
            self.lined[line.cell.0 as usize].add(line);
        }
    }
}

/// What happens to one cell in one tick.
#[derive(Clone, Copy, Debug)]
enum Act {
    Rest,
    Win { price: i64, purse: Purse, contested: bool, outcome: Option<(u64, u64, u64)> },
    Close,
}

fn act() -> impl Strategy<Value = Act> {
    let times = (0..14_000_000_u64, 0..5_000_000_u64, 0..5_000_000_u64);
    let outcome = prop_oneof![4 => times.prop_map(Some), 1 => Just(None)];
    let purse = prop_oneof![4 => Just(Purse::Free), 1 => Just(Purse::SetAside)];
    let win =
        (1..20_000_i64, purse, any::<bool>(), outcome).prop_map(|(price, purse, contested, outcome)| {
            // The dying do not bid, so nobody contends with them.
            Act::Win { price, purse, contested: contested && purse == Purse::Free, outcome }
        });
    prop_oneof![20 => Just(Act::Rest), 60 => win, 1 => Just(Act::Close)]
}

fn outcome(cell: usize, times: (u64, u64, u64)) -> Usage {
    let (used, stolen, resold) = times;
    let [used, stolen, resold] = [used, stolen, resold].map(Nanoseconds);
    Usage { stolen, resold, cycles: used.0 / 3, ..usage(cell as u32, used) }
}

/// Both ledgers at their beginning: cells 0 to 2 have set aside for one slot, cell 3 for none.
fn begin(balances: [i64; 3]) -> (Ledger, [AccountId; 3], Naive) {
    let mut ledger = Ledger::new(BillingPolicy { inefficiency: 0.0, ..BillingPolicy::default() });
    let wallets = balances.map(|balance| ledger.fund_new(0, Role::Wallet, Microjoules(balance)).unwrap());
    let tab = |cell| Tab { alive: true, set_aside: if cell < 3 { 50_000 } else { 0 }, ..Tab::default() };
    let naive = Naive {
        posted: balances.map(i128::from),
        treasury: 0,
        tabs: std::array::from_fn(tab),
        lined: [Totals::default(); CELLS],
        billed: [Totals::default(); CELLS],
    };
    for cell in 0..CELLS {
        ledger.open_bill(CellId(cell as u32), wallets[WALLET_OF[cell]], u16::from(cell < 3), BASE).unwrap();
    }
    (ledger, wallets, naive)
}

fn agree(ledger: &Ledger, wallets: [AccountId; 3], naive: &Naive) -> Result<(), TestCaseError> {
    prop_assert!(invariants::money(0, ledger).is_ok(), "{:?}", invariants::money(0, ledger));
    for (number, wallet) in wallets.into_iter().enumerate() {
        prop_assert_eq!(i128::from(ledger.free(wallet).0), naive.free(number), "free in wallet {}", number);
        let balance = ledger.accounts().balance(wallet);
        prop_assert_eq!(i128::from(balance.0), naive.posted[number], "balance of wallet {}", number);
    }
    prop_assert_eq!(i128::from(ledger.accounts().balance(ledger.treasury()).0), naive.treasury);
    Ok(())
}

/// One tick on both: who wins, what is held, what was used.
fn step(tick: u64, acts: [Act; CELLS], ledger: &mut Ledger, wallets: [AccountId; 3], naive: &mut Naive) {
    let (mut awards, mut usages, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for (cell, act) in acts.into_iter().enumerate() {
        if !naive.tabs[cell].alive {
            continue;
        }
        // A cell that is late with its last usage tells it now, and does not win again before it has.
        if naive.tabs[cell].open.is_some() {
            usages.push(outcome(cell, (9_000_000, 0, 0)));
            continue;
        }
        let Act::Win { price, purse, contested, outcome: told } = act else { continue };
        let wallet = wallets[WALLET_OF[cell]];
        awards.push(Award { purse, contested, ..award(cell as u32, wallet, price) });
        if naive.hold(cell, i128::from(price), purse, contested) {
            expected.push(cell as u32);
            usages.extend(told.map(|times| outcome(cell, times)));
        }
    }
    let grants = ledger.hold(&clearing(tick, &awards));
    assert_eq!(grants.iter().map(|grant| grant.award.cell.0).collect::<Vec<_>>(), expected);
    for usage in &usages {
        naive.meter(*usage);
    }
    ledger.charge(&quote(tick), &Sensed::Missing, &usages);
    naive.read(ledger.lines());
    if (tick + 1).is_multiple_of(WINDOW_TICKS) {
        for cell in 0..CELLS {
            if naive.tabs[cell].alive {
                naive.post(cell);
            }
        }
    }
}

fn close(tick: u64, cell: usize, ledger: &mut Ledger, naive: &mut Naive) {
    if std::mem::take(&mut naive.tabs[cell].alive) {
        naive.billed[cell] = ledger.close_bill(Some(&quote(tick)), CellId(cell as u32));
        naive.post(cell);
        naive.tabs[cell] = Tab::default();
    }
}

proptest! {
    #[test]
    fn the_ledger_agrees_with_a_naive_one(
        balances in prop::array::uniform3(100_000..400_000_i64),
        ticks in prop::collection::vec(prop::array::uniform4(act()), 1..60),
    ) {
        let (mut ledger, wallets, mut naive) = begin(balances);
        for (tick, acts) in ticks.iter().enumerate() {
            step(tick as u64, *acts, &mut ledger, wallets, &mut naive);
            agree(&ledger, wallets, &naive)?;
            for (cell, _) in acts.iter().enumerate().filter(|(_, act)| matches!(act, Act::Close)) {
                close(tick as u64, cell, &mut ledger, &mut naive);
                agree(&ledger, wallets, &naive)?;
            }
        }
        for cell in 0..CELLS {
            close(ticks.len() as u64 - 1, cell, &mut ledger, &mut naive);
        }
        agree(&ledger, wallets, &naive)?;
        ledger.end_last_window();
        naive.read(ledger.lines());
        prop_assert_eq!(naive.lined, naive.billed, "the lines add up to the bills");
        for (number, wallet) in wallets.into_iter().enumerate() {
            prop_assert_eq!(i128::from(ledger.free(wallet).0), naive.posted[number], "nothing stays held or set aside");
        }
    }
}
