//! The end of the command: the result in a few lines, or as JSON.

use std::io::{Result, Write};
use std::path::Path;

use maxwell_api::summary::{ArmSummary, Ratio, Statistic, Summary};

/// Shows the summary on standard output.
pub(super) fn show(summary: &Summary, out: &Path, json: bool) -> Result<()> {
    let mut output = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut output, summary)?;
        writeln!(output)?;
    } else {
        write(&mut output, summary, out)?;
    }
    output.flush()
}

fn write(output: &mut impl Write, summary: &Summary, out: &Path) -> Result<()> {
    writeln!(output, "\n{}", summary.headline)?;
    writeln!(
        output,
        "Joules are those of the whole package, idle and Maxwell's own included; {}.\n",
        summary.provenance
    )?;
    writeln!(
        output,
        "{:<14}{:>6}{:>12}{:>12}{:>12}   to linux",
        "arm", "runs", "primes", "joules", "primes/J"
    )?;
    for arm in &summary.arms {
        line(output, arm)?;
    }
    for skipped in &summary.skipped {
        writeln!(output, "{:<14}skipped, because {}", skipped.arm, skipped.because)?;
    }
    writeln!(output, "\nreport {}", out.join("report.html").display())
}

fn line(output: &mut impl Write, arm: &ArmSummary) -> Result<()> {
    let figures = &arm.figures;
    let mean = |figure: Option<Statistic>, decimals: usize| {
        figure.map_or_else(|| "-".to_owned(), |figure| format!("{:.decimals$}", figure.mean))
    };
    let runs = format!("{}/{}", arm.runs_complete, arm.runs_complete + arm.runs_left_out);
    writeln!(
        output,
        "{:<14}{runs:>6}{:>12}{:>12}{:>12}   {}",
        arm.arm,
        mean(figures.primes, 0),
        mean(figures.package_j, 1),
        mean(figures.primes_per_joule, 2),
        arm.ratio_to_linux.map_or_else(String::new, ratio)
    )
}

fn ratio(ratio: Ratio) -> String {
    let interval = ratio.low.zip(ratio.high).map(|(low, high)| format!(" ({low:.3} to {high:.3})"));
    format!("{:.3} x{}", ratio.ratio, interval.unwrap_or_default())
}
