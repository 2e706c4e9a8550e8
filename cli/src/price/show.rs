//! The price as text and as JSON.

use std::io::{self, Write};

use maxwell_api::physics::ReadingReport;
use maxwell_api::price::{MultiplierReport, PriceReport, SupplyReport, VERSION};
use maxwell_core::price::{Driver, Explanation, Knot, Limit};
use maxwell_core::tick::Sensed;
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};
use maxwell_daemon::tariff::{Source, TariffNow};

use crate::physics::reading_report;

/// What is known at a moment.
pub(super) struct Now {
    pub(super) at: Moment,
    pub(super) tier: u8,
    pub(super) slots: u16,
    pub(super) sensed: Sensed,
    pub(super) sensor_trouble: Option<String>,
    pub(super) tariff: Option<TariffNow>,
    pub(super) tariff_trouble: Option<String>,
    pub(super) terms: Explanation,
}

pub(super) fn write(now: &Now, explain: bool, json: bool) -> io::Result<()> {
    let report = report(now);
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else if explain {
        write_terms(&mut out, &report)?;
    } else {
        write_line(&mut out, &report)?;
    }
    out.flush()
}

fn report(now: &Now) -> PriceReport {
    let Explanation { price, supply, .. } = &now.terms;
    let knots = |knots: &[Knot; 3]| knots.iter().map(|knot| (knot.at, knot.log)).collect();
    PriceReport {
        version: VERSION,
        at_s: now.at.as_seconds(),
        tier: now.tier,
        reading: now.sensed.last().map(reading_report),
        fresh: now.terms.fresh,
        sensor_trouble: now.sensor_trouble.clone(),
        tariff: now.terms.tariff.as_ratio(),
        tariff_age_s: now.tariff.and_then(|tariff| tariff.age).map(Nanoseconds::as_seconds),
        tariff_source: now.tariff.map_or("not asked for yet", |tariff| source(tariff.source)).to_owned(),
        tariff_trouble: now.tariff_trouble.clone(),
        slot_w: now.terms.slot.0,
        idle_share_w: now.terms.idle_share.0,
        base_uj: now.terms.base.0,
        price: MultiplierReport {
            die_filtered_c: price.die.0,
            power_filtered_w: price.power.0,
            die_knots: knots(&price.die_knots),
            power_knots: price.power_knots.as_ref().map(knots),
            u_die: price.u_die,
            u_power: price.u_power,
            driver: driver(price.driver).to_owned(),
            multiplier: price.multiplier.as_ratio(),
        },
        reserve_uj: now.terms.reserve.0,
        supply: SupplyReport {
            die_c: now.terms.die.0,
            set_point_c: now.terms.set_point.0,
            critical_c: now.terms.critical.0,
            error_k: supply.error,
            proportional: supply.proportional,
            integral: supply.integral,
            feed_forward: supply.feed_forward,
            // Nothing taken away is zero, not minus zero.
            derivative: supply.derivative + 0.0,
            wanted: supply.wanted,
            allowed: supply.allowed,
            limit: limit(supply.limit).to_owned(),
            slots: now.slots,
            for_sale: now.terms.slots,
            owed: now.terms.owed,
        },
    }
}

const fn source(source: Source) -> &'static str {
    match source {
        Source::Constant => "constant",
        Source::Series => "series",
        Source::LastOfSeries => "last entry of the series",
        Source::Endpoint => "endpoint",
        Source::FailingEndpoint => "endpoint that fails",
    }
}

const fn driver(driver: Driver) -> &'static str {
    match driver {
        Driver::Temperature => "temperature",
        Driver::Power => "power",
        Driver::NoReading => "no reading",
    }
}

const fn limit(limit: Limit) -> &'static str {
    match limit {
        Limit::Slots => "slots",
        Limit::Temperature => "temperature",
        Limit::PowerBudget => "power budget",
        Limit::Slew => "slew",
        Limit::Critical => "critical",
        Limit::Stale => "stale",
        Limit::Missing => "missing",
    }
}

fn write_line(out: &mut impl Write, report: &PriceReport) -> io::Result<()> {
    let PriceReport { price, supply, .. } = report;
    write!(out, "{} a quantum (multiplier {:.3}), ", Microjoules(report.reserve_uj), price.multiplier)?;
    write!(out, "{:.2} of {} slots for sale (limit: {}); ", supply.allowed, supply.slots, supply.limit)?;
    match &report.reading {
        Some(ReadingReport { die_c, power_w, .. }) => {
            let age = if report.fresh { "" } else { ", too old to be believed" };
            writeln!(
                out,
                "die {:.1} °C {}, {:.1} W {}{age}",
                die_c.value, die_c.provenance, power_w.value, power_w.provenance
            )
        }
        None => writeln!(out, "no reading yet: {}", trouble(report.sensor_trouble.as_deref())),
    }
}

fn trouble(text: Option<&str>) -> &str {
    text.unwrap_or("nothing is known of why")
}

fn write_terms(out: &mut impl Write, report: &PriceReport) -> io::Result<()> {
    write_reading(out, report)?;
    write_tariff(out, report)?;
    write_multiplier(out, &report.price)?;
    let reserve = Microjoules(report.reserve_uj);
    writeln!(out, "reserve     {reserve} = base x multiplier, rounded up: the least a quantum is sold for")?;
    write_supply(out, &report.supply)
}

fn write_reading(out: &mut impl Write, report: &PriceReport) -> io::Result<()> {
    let Some(ReadingReport { die_c, power_w, .. }) = &report.reading else {
        return writeln!(out, "reading     none yet: {}", trouble(report.sensor_trouble.as_deref()));
    };
    writeln!(out, "reading     die {:.2} ± {:.2} °C, {}", die_c.value, die_c.error, die_c.provenance)?;
    writeln!(out, "            power {:.2} ± {:.2} W, {}", power_w.value, power_w.error, power_w.provenance)?;
    if !report.fresh {
        let why = trouble(report.sensor_trouble.as_deref());
        writeln!(out, "            too old to be believed; the sensors said: {why}")?;
    }
    Ok(())
}

fn write_tariff(out: &mut impl Write, report: &PriceReport) -> io::Result<()> {
    let age = report.tariff_age_s.map_or(String::new(), |age| format!(", {age:.0} s old"));
    writeln!(out, "tariff      {:.6} of the reference, {}{age}", report.tariff, report.tariff_source)?;
    if let Some(trouble) = &report.tariff_trouble {
        writeln!(out, "            trouble: {trouble}")?;
    }
    let base = Microjoules(report.base_uj);
    let idle = if report.idle_share_w > 0.0 {
        format!(" and {:.3} W of idle", report.idle_share_w)
    } else {
        String::new()
    };
    writeln!(out, "base        {base} = tariff x {:.3} W of a slot{idle} x 10 ms", report.slot_w)
}

fn write_multiplier(out: &mut impl Write, price: &MultiplierReport) -> io::Result<()> {
    let curve = |knots: &[(f64, f64)], unit: &str| {
        let points: Vec<String> = knots.iter().map(|(at, u)| format!("{u:.3} at {at:.1} {unit}")).collect();
        points.join(", ")
    };
    let (die, power) = (price.die_filtered_c, price.power_filtered_w);
    writeln!(out, "multiplier  {:.6} = exp(u), u by {}", price.multiplier, price.driver)?;
    writeln!(out, "            u = {:.3} by temperature, {die:.2} °C filtered:", price.u_die)?;
    writeln!(out, "                {}", curve(&price.die_knots, "°C"))?;
    match &price.power_knots {
        Some(knots) => {
            writeln!(out, "            u = {:.3} by power, {power:.2} W filtered:", price.u_power)?;
            writeln!(out, "                {}", curve(knots, "W"))
        }
        None => writeln!(out, "            u = 0 by power: there is no budget"),
    }
}

fn write_supply(out: &mut impl Write, supply: &SupplyReport) -> io::Result<()> {
    let SupplyReport {
        set_point_c, die_c, error_k, proportional, integral, feed_forward, derivative, ..
    } = supply;
    writeln!(out, "supply      error {error_k:.2} K = set point {set_point_c:.1} °C - die {die_c:.2} °C")?;
    writeln!(
        out,
        "            {proportional:+.3} proportional {integral:+.3} integral {feed_forward:+.3} feed-forward \
         {derivative:+.3} derivative = {:.3} slots",
        supply.wanted
    )?;
    writeln!(
        out,
        "            {:.3} of {} slots after limits, of which holds: {}; nothing is sold from {:.1} °C on",
        supply.allowed, supply.slots, supply.limit, supply.critical_c
    )?;
    writeln!(out, "for sale    {} in this tick, {:.3} owed to the next ones", supply.for_sale, supply.owed)
}
