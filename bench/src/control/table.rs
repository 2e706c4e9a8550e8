//! The tables, as Markdown.

use std::fmt::Write;

use maxwell_core::price::Tuning;

use super::demand::Demand;
use super::figures::{Figures, Promise};
use super::plant::{TAUS, config};
use super::rules::Kind;
use super::sensor::Quality;
use super::study::{Case, StudyError, disturbance, unchanged, variants};

/// What the tuning rule makes of each machine.
pub fn tuning() -> String {
    let mut text = String::from(
        "| tau (s) | lambda (s) | Kp (slots/K) | Ki (slots/K s) | phase margin | gain margin |\n|---|---|---|---|---|---|\n",
    );
    for die_tau_s in TAUS {
        let config = config(die_tau_s);
        let tuning = Tuning::of(&config.plant, config.sensor_delay_s);
        let (phase, gain) = (tuning.phase_margin_degrees(), tuning.gain_margin());
        let (lambda, kp, ki) = (tuning.lambda_s, tuning.proportional, tuning.integral);
        line(
            &mut text,
            &format!("| {die_tau_s} | {lambda:.2} | {kp:.3} | {ki:.3} | {phase:.1}° | {gain:.1} |"),
        );
    }
    text
}

/// Maxwell against what is promised, every case.
///
/// # Errors
/// When a run could not be set up.
pub fn promised() -> Result<String, StudyError> {
    let mut text = String::from(
        "| sensor | demand | tau (s) | overshoot (°C) | ripple (°C) | mean power | ripple of the reserve | settled (s) | promise |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for case in Case::all(Kind::Maxwell) {
        let figures = case.figures(unchanged)?;
        let kept = Promise::of(case.die_tau_s, case.quality).holds(&figures);
        let verdict = match (Demand::PROMISED.contains(&case.demand), kept) {
            (false, true) => "none made; kept",
            (false, false) => "none made; not kept",
            (true, true) => "kept",
            (true, false) => "**missed**",
        };
        let (sensor, demand, tau) = (case.quality.name(), case.demand.name(), case.die_tau_s);
        line(&mut text, &format!("| {sensor} | {demand} | {tau} | {} | {verdict} |", cells(&figures)));
    }
    Ok(text)
}

/// Maxwell under a power budget that binds before the set point does. Nothing of it is promised.
///
/// # Errors
/// When a run could not be set up.
pub fn budget() -> Result<String, StudyError> {
    let mut text = String::from(
        "| sensor | demand | tau (s) | over the budget, 0.1 s (W) | over the budget, 1 s (W) | ripple, 1 s (W) | mean power | ripple of the reserve |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for case in Case::all(Kind::Maxwell).filter(|case| Demand::PROMISED.contains(&case.demand)) {
        let figures = case.watts()?;
        let (sensor, demand, tau) = (case.quality.name(), case.demand.name(), case.die_tau_s);
        let row = format!(
            "| {sensor} | {demand} | {tau} | {:.1} | {:.1} | {:.1} | {:.1} % | {:.1} % |",
            figures.overshoot_tenth,
            figures.overshoot_second,
            figures.ripple,
            100.0 * figures.power,
            100.0 * figures.reserve_ripple
        );
        line(&mut text, &row);
    }
    Ok(text)
}

/// Every controller on the same machines under inelastic demand and under a crowd inside the band.
///
/// # Errors
/// When a run could not be set up.
pub fn compared() -> Result<String, StudyError> {
    let mut text = String::from(
        "| demand | sensor | tau (s) | controller | overshoot (°C) | ripple (°C) | mean power | ripple of the reserve | settled (s) |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let demands = [Demand::Inelastic, Demand::Elastic, Demand::LumpyInside];
    for (demand, quality, die_tau_s) in demands.into_iter().flat_map(|demand| {
        Quality::ALL.into_iter().flat_map(move |quality| [0.3, 3.5].map(|tau| (demand, quality, tau)))
    }) {
        for kind in Kind::ALL {
            let figures = Case { kind, die_tau_s, demand, quality }.figures(unchanged)?;
            let (sensor, demand, rule) = (quality.name(), demand.name(), kind.name());
            line(&mut text, &format!("| {demand} | {sensor} | {die_tau_s} | {rule} | {} |", cells(&figures)));
        }
    }
    Ok(text)
}

/// What each term of the controller gives, and what a wrong model costs: inelastic demand, both sensors.
///
/// # Errors
/// When a run could not be set up.
pub fn terms() -> Result<String, StudyError> {
    let mut text = String::from(
        "| controller | tau (s) | overshoot, clean (°C) | overshoot, poor (°C) | ripple, clean (°C) | ripple, poor (°C) | mean power, clean | settled, clean (s) | two slots of other programs, clean (°C) |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, change) in variants() {
        for die_tau_s in [0.3, 3.5] {
            let figures = |quality| {
                Case { kind: Kind::Maxwell, die_tau_s, demand: Demand::Inelastic, quality }.figures(change)
            };
            let (clean, poor) = (figures(Quality::Clean)?, figures(Quality::Poor)?);
            let other = disturbance(die_tau_s, change)?;
            let row = format!(
                "| {name} | {die_tau_s} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} % | {} | {other:.2} |",
                clean.overshoot,
                poor.overshoot,
                clean.ripple,
                poor.ripple,
                100.0 * clean.power,
                seconds(clean.settling_s)
            );
            line(&mut text, &row);
        }
    }
    Ok(text)
}

fn cells(figures: &Figures) -> String {
    format!(
        "{:.2} | {:.2} | {:.1} % | {:.2} % | {}",
        figures.overshoot,
        figures.ripple,
        100.0 * figures.power,
        100.0 * figures.reserve_ripple,
        seconds(figures.settling_s)
    )
}

fn seconds(settling_s: Option<usize>) -> String {
    settling_s.map_or_else(|| "never".to_owned(), |seconds| seconds.to_string())
}

fn line(text: &mut String, row: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{row}");
}
