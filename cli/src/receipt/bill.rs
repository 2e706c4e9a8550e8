//! The bill that a receipt proves.

use std::io::{self, Write};

use maxwell_api::receipt::{BillReport, EpochReport, JoulesReport, VERSION};
use maxwell_core::tick::Provenance;
use maxwell_core::units::Microjoules;
use maxwell_ledger::entry::What;
use maxwell_ledger::head::Head;
use maxwell_ledger::receipt::{Bill, Receipt};
use maxwell_ledger::wallet::PublicKey;

use crate::books;
use crate::output::line;
use crate::wallet::show::{totals, write_totals};

/// The bill as it is shown. `bill` is what the check of `receipt` gave.
pub(super) fn report(host: &PublicKey, receipt: &Receipt, bill: &Bill) -> BillReport {
    let mut report = BillReport {
        version: VERSION,
        host: host.to_string(),
        account: bill.account.to_string(),
        from: bill.from.as_ref().map(epoch),
        to: epoch(&bill.to),
        entries: receipt.entries.len() as u64,
        before_uj: bill.before.0,
        after_uj: bill.after.0,
        totals: totals(&bill.totals),
        measured: JoulesReport::default(),
        modelled: JoulesReport::default(),
        unknown: JoulesReport::default(),
        cheapest_uj: None,
        dearest_uj: None,
    };
    for entry in &receipt.entries {
        let What::Billed(billed) = &entry.what else { continue };
        let joules = match billed.provenance {
            Provenance::Measured => &mut report.measured,
            Provenance::Modelled => &mut report.modelled,
            Provenance::Unknown => &mut report.unknown,
        };
        joules.windows += 1;
        // What a host signs need not make sense; a sum that leaves the range stops there, as the totals of an account do.
        joules.energy_uj = joules.energy_uj.saturating_add(billed.used.energy.0);
        if billed.used.awards > 0 {
            let (cheapest, dearest) = (billed.used.cheapest.0, billed.used.dearest.0);
            report.cheapest_uj = Some(report.cheapest_uj.map_or(cheapest, |before| before.min(cheapest)));
            report.dearest_uj = Some(report.dearest_uj.map_or(dearest, |before| before.max(dearest)));
        }
    }
    report
}

const fn epoch(head: &Head) -> EpochReport {
    EpochReport { epoch: head.epoch, ended_ms: head.ended_ms }
}

pub(super) fn write(out: &mut dyn Write, report: &BillReport) -> io::Result<()> {
    line(out, "wallet", &report.account)?;
    line(out, "host", &report.host)?;
    let end =
        |epoch: &EpochReport| format!("{}, the end of epoch {}", books::time(epoch.ended_ms), epoch.epoch);
    line(out, "from", report.from.as_ref().map_or_else(|| "its first entry".to_owned(), end))?;
    line(out, "to", end(&report.to))?;
    line(out, "entries", report.entries)?;
    line(out, "before", Microjoules(report.before_uj))?;
    line(out, "after", Microjoules(report.after_uj))?;
    write_totals(out, &report.totals)?;
    let sources = [("measured", report.measured), ("modelled", report.modelled), ("unknown", report.unknown)];
    for (source, JoulesReport { windows, energy_uj }) in sources {
        if windows > 0 {
            line(out, "", format_args!("{} {source}, in {windows} windows", Microjoules(energy_uj)))?;
        }
    }
    if let Some((cheapest, dearest)) = report.cheapest_uj.zip(report.dearest_uj) {
        line(out, "a quantum", format_args!("from {} to {}", Microjoules(cheapest), Microjoules(dearest)))?;
    }
    Ok(())
}
