//! What a calibration found, for people and for programs.

use std::io::{self, Write};

use maxwell_api::profile::{CalibrationReport, EnergyCorrection, Profile, ReferenceReport};

pub(super) fn write(report: &CalibrationReport, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
    } else {
        plain(&mut out, report)?;
    }
    out.flush()
}

fn plain(out: &mut impl Write, report: &CalibrationReport) -> io::Result<()> {
    let profile = &report.profile;
    writeln!(out, "fitted to {} samples; ± is one standard error", profile.fit.samples)?;
    for (name, value, error, unit) in rows(profile) {
        match error {
            Some(error) => writeln!(out, "  {name:<16} {value:>10.4} ± {error:.4} {unit}")?,
            None => writeln!(out, "  {name:<16} {value:>10.4} {unit}, assumed and not measured")?,
        }
    }
    let fit = &profile.fit;
    writeln!(out, "left unexplained: {:.2} °C (root mean square)", fit.die_residual_c)?;
    match fit.power_residual_w {
        Some(watts) => writeln!(out, "                  {watts:.2} W")?,
        None => {
            writeln!(
                out,
                "power was not measured, so the resistances are only as good as the assumed watts"
            )?;
        }
    }
    if let (Some(reference), Some(correction)) = (&report.reference, &profile.energy_correction) {
        compared(out, reference, correction)?;
    }
    if let Some(suggestion) = &profile.suggestion {
        let (set_point, critical) = (suggestion.set_point_c, suggestion.critical_c);
        writeln!(out, "suggested: set point {set_point:.0} °C, critical {critical:.0} °C")?;
    }
    writeln!(out, "profile: {}", report.written_to)
}

type Row = (&'static str, f64, Option<f64>, &'static str);

fn rows(profile: &Profile) -> Vec<Row> {
    let (model, fit) = (&profile.model, &profile.fit);
    let mut rows =
        vec![("idle", model.idle_w, fit.idle_se_w, "W"), ("each busy CPU", model.slot_w, fit.slot_se_w, "W")];
    if let Some(error) = fit.leakage_se_w_per_k {
        rows.push(("leakage", model.leakage_w_per_k, Some(error), "W/K"));
    }
    let heat = [
        ("die tau", model.die_tau_s, fit.die_tau_se_s, "s"),
        ("die R", model.die_resistance_k_per_w, fit.die_resistance_se_k_per_w, "K/W"),
        ("heat sink tau", model.sink_tau_s, fit.sink_tau_se_s, "s"),
        ("heat sink R", model.sink_resistance_k_per_w, fit.sink_resistance_se_k_per_w, "K/W"),
        ("ambient", model.ambient_c, fit.ambient_se_c, "°C"),
    ];
    rows.extend(heat.map(|(name, value, error, unit)| (name, value, Some(error), unit)));
    rows
}

fn compared(
    out: &mut impl Write,
    reference: &ReferenceReport,
    correction: &EnergyCorrection,
) -> io::Result<()> {
    let ReferenceReport { clock, lag_s, scale_se, offset_se_w, residual_w, windows, tier } = reference;
    let EnergyCorrection { scale, offset_w, error_ratio, .. } = correction;
    writeln!(
        out,
        "reference: its times were read as {clock}; it lags by {lag_s:.1} s; {windows} s compared"
    )?;
    writeln!(out, "  {:<16} {scale:>10.4} ± {scale_se:.4}", "scale")?;
    writeln!(out, "  {:<16} {offset_w:>10.4} ± {offset_se_w:.4} W", "offset")?;
    let percent = error_ratio * 100.0;
    writeln!(
        out,
        "  left after correction: {residual_w:.2} W; 95 % of all seconds err by at most {percent:.1} %"
    )?;
    match tier {
        1 => writeln!(out, "tier 1: within 5 % of the reference"),
        _ => writeln!(out, "tier {tier}: not within 5 % of the reference, which tier 1 would need"),
    }
}
