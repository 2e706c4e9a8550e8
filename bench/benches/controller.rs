//! What the controller does on machines of the thermal model, beside what is promised and beside other controllers.
//!
//! `cargo bench --package maxwell-bench --bench controller` prints the tables. With `-- --write DIR` it also writes them
//! and the plots there; `docs/controller` is made so.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use maxwell_bench::control::demand::Demand;
use maxwell_bench::control::plant::{Sample, TAUS};
use maxwell_bench::control::plot::{Axis, Panel, panels};
use maxwell_bench::control::rules::Kind;
use maxwell_bench::control::sensor::Quality;
use maxwell_bench::control::study::{Case, Event, StudyError, budgeted, event, unchanged};
use maxwell_bench::control::table;

fn main() -> Result<()> {
    let tables = format!(
        "# Measured figures of the controller\n\n\
         Written by `cargo bench --package maxwell-bench --bench controller -- --write docs/controller`;\n\
         [README.md](README.md) says how to read them.\n\n\
         ## Gains and margins by the tuning rule\n\n{}\n\
         ## Maxwell against its promise\n\n{}\n\
         ## Maxwell under a power budget of 67 W\n\n{}\n\
         ## Maxwell beside other controllers\n\n{}\n\
         ## What each term gives, and what a wrong model costs\n\n{}",
        table::tuning(),
        table::promised()?,
        table::budget()?,
        table::compared()?,
        table::terms()?
    );
    print!("{tables}");
    if let Some(folder) = folder() {
        write(&folder.join("figures.md"), &tables)?;
        for (name, plot) in plots()? {
            write(&folder.join(name), &plot)?;
        }
    }
    Ok(())
}

/// The folder after `--write`. Cargo passes arguments of its own, which are not ours.
fn folder() -> Option<PathBuf> {
    let folder = std::env::args_os().skip_while(|argument| argument != "--write").nth(1)?;
    // Cargo runs benchmarks in the package's folder; the user means the workspace's.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    Some(workspace.join(folder))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Every plot with the name of its file.
fn plots() -> Result<Vec<(&'static str, String)>> {
    let step = |quality: Quality| {
        let title = format!("After a step to full demand, {} sensor", quality.name());
        let runs = |tau| {
            Demand::PROMISED
                .map(|demand| (demand.name().to_owned(), case(tau, demand, quality).run(unchanged)))
        };
        Ok::<_, anyhow::Error>(panels(&title, Axis::DIE, &by_tau(runs)?)?)
    };
    let by_quality = |title, run: fn(f64, Quality) -> Result<Vec<Sample>, StudyError>| {
        let runs =
            |tau| Quality::ALL.map(|quality| (format!("{} sensor", quality.name()), run(tau, quality)));
        Ok::<_, anyhow::Error>(panels(title, Axis::DIE, &by_tau(runs)?)?)
    };
    Ok(vec![
        ("step-clean.svg", step(Quality::Clean)?),
        ("step-poor.svg", step(Quality::Poor)?),
        (
            "inside.svg",
            by_quality("A crowd inside the band", |tau, quality| {
                case(tau, Demand::LumpyInside, quality).run(unchanged)
            })?,
        ),
        (
            "disturbance.svg",
            by_quality("Other programs take two slots after 5 s", |tau, quality| {
                event(Event::OtherPrograms, tau, quality, unchanged)
            })?,
        ),
        (
            "dropout.svg",
            by_quality("The sensor is silent from 5 to 15 s", |tau, quality| {
                event(Event::Dropout, tau, quality, unchanged)
            })?,
        ),
        ("budget.svg", budget()?),
        ("rules-fast.svg", rules(0.3)?),
        ("rules.svg", rules(3.5)?),
    ])
}

const fn case(die_tau_s: f64, demand: Demand, quality: Quality) -> Case {
    Case { kind: Kind::Maxwell, die_tau_s, demand, quality }
}

/// Runs with their names, as far as they could be set up.
type Runs<const N: usize> = [(String, Result<Vec<Sample>, StudyError>); N];

/// A panel for every class of machine.
fn by_tau<const N: usize>(runs: impl Fn(f64) -> Runs<N>) -> Result<Vec<Panel>, StudyError> {
    TAUS.into_iter().map(|tau| panel(format!("tau {tau} s"), runs(tau))).collect()
}

fn panel<const N: usize>(title: String, runs: Runs<N>) -> Result<Panel, StudyError> {
    let runs = runs.into_iter().map(|(name, run)| Ok((name, run?))).collect::<Result<_, StudyError>>()?;
    Ok(Panel { title, runs })
}

/// Power after a step to full demand under a power budget, each sensor.
fn budget() -> Result<String> {
    let runs = |quality| {
        Demand::PROMISED.map(|demand| (demand.name().to_owned(), case(1.0, demand, quality).run(budgeted)))
    };
    let of = |quality: Quality| panel(format!("{} sensor", quality.name()), runs(quality));
    let both = Quality::ALL.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
    Ok(panels("Power under a budget of 67 W, tau 1 s", Axis::POWER, &both)?)
}

/// Every controller on one machine with each sensor, inelastic demand.
fn rules(die_tau_s: f64) -> Result<String> {
    let runs = |quality| {
        Kind::ALL.map(|kind| {
            let case = Case { kind, ..case(die_tau_s, Demand::Inelastic, quality) };
            (kind.name().to_owned(), case.run(unchanged))
        })
    };
    let of = |quality: Quality| panel(format!("{} sensor", quality.name()), runs(quality));
    let both = Quality::ALL.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
    let title = format!("Controllers at tau {die_tau_s} s, inelastic demand");
    Ok(panels(&title, Axis::DIE, &both)?)
}
