//! The parser of recorded traces: strict, so that a damaged recording is found out instead of replayed.

use super::{ReplayError, Sample};
use crate::thermal::{ThermalModel, ThermalParameters};
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Celsius, Microjoules, Nanoseconds, Watts};
use std::ops::RangeInclusive;
use std::path::Path;

const OWN: [&str; 6] = ["t_s", "die_c", "power_w", "energy_j", "die_provenance", "power_provenance"];
const OWN_WITHOUT_ENERGY: [&str; 5] = ["t_s", "die_c", "power_w", "die_provenance", "power_provenance"];
const RAPL: [&str; 5] = ["t_s", "socket", "domain", "energy_j", "power_w"];

/// Sockets of the largest machines sold, several times over.
const SOCKETS_MAX: usize = 64;

/// A number, what it must be, and how an error says so.
type Range = (RangeInclusive<f64>, &'static str);

/// Thirty years, so that the nanoseconds fit their 64 bits.
const SECONDS: Range = (0.0..=1e9, "seconds from 0 to 1e9");
const DEGREES: Range = (-273.15..=1e3, "degrees Celsius from -273.15 to 1000");
const WATTS: Range = (0.0..=1e6, "watts from 0 to 1e6");
/// An eighth of what 64-bit microjoules hold.
const JOULES: Range = (0.0..=1e12, "joules from 0 to 1e12, in all");

/// The samples of a trace in any known format, in the order of time, at least one.
pub(super) fn samples(
    text: &str,
    path: &Path,
    thermal: &ThermalParameters,
) -> Result<Vec<Sample>, ReplayError> {
    let empty = |missing| ReplayError::Empty { path: path.to_owned(), missing };
    let mut lines = text.lines();
    let header = lines.next().ok_or_else(|| empty("header"))?;
    let names: Vec<&str> = header.split(',').collect();
    let rows = |columns: &'static [&'static str]| {
        lines.enumerate().map(move |(index, text)| Row::split(path, index + 2, columns, text))
    };
    // Either list of our own columns may stop before the provenances.
    let samples = if names == RAPL {
        packages(rows(&RAPL))?.combine(thermal)?
    } else if names == OWN || names == OWN[..4] {
        own_samples(rows(&OWN[..names.len()]))?
    } else if names == OWN_WITHOUT_ENERGY || names == OWN_WITHOUT_ENERGY[..3] {
        own_samples(rows(&OWN_WITHOUT_ENERGY[..names.len()]))?
    } else {
        return Err(ReplayError::Header { path: path.to_owned(), found: header.to_owned() });
    };
    if samples.is_empty() { Err(empty("sample")) } else { Ok(samples) }
}

/// One line under the header.
struct Row<'a> {
    path: &'a Path,
    line: usize,
    columns: &'static [&'static str],
    cells: [&'a str; OWN.len()],
}

impl<'a> Row<'a> {
    fn split(
        path: &'a Path,
        line: usize,
        columns: &'static [&'static str],
        text: &'a str,
    ) -> Result<Self, ReplayError> {
        let (expected, mut found, mut cells) = (columns.len(), 0, [""; OWN.len()]);
        for cell in text.split(',') {
            if let Some(place) = cells.get_mut(found) {
                *place = cell;
            }
            found += 1;
        }
        if found != expected {
            return Err(ReplayError::Columns { path: path.to_owned(), line, found, expected });
        }
        Ok(Self { path, line, columns, cells })
    }

    fn text(&self, column: &str) -> Option<&'a str> {
        self.columns.iter().position(|name| *name == column).map(|index| self.cells[index])
    }

    /// The number in a column of this format. Numbers that are not finite lie outside every range.
    fn number(&self, column: &'static str, (range, expected): &Range) -> Result<f64, ReplayError> {
        let found = self.text(column).unwrap_or_default();
        let number = found.parse::<f64>().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| self.wrong(column, expected))
    }

    /// The time of the row, which must not be earlier than `before`.
    fn time(&self, before: Nanoseconds) -> Result<Nanoseconds, ReplayError> {
        let at = Nanoseconds((self.number("t_s", &SECONDS)? * 1e9).round() as u64);
        if at < before { Err(self.wrong("t_s", "a time not before that of the row above")) } else { Ok(at) }
    }

    fn energy(&self) -> Result<Microjoules, ReplayError> {
        Ok(Microjoules((self.number("energy_j", &JOULES)? * 1e6).round() as i64))
    }

    /// Where a figure comes from; without such a column the lesser claim.
    fn provenance(&self, column: &'static str) -> Result<Provenance, ReplayError> {
        match self.text(column) {
            Some("measured") => Ok(Provenance::Measured),
            Some("modelled") | None => Ok(Provenance::Modelled),
            Some(_) => Err(self.wrong(column, "measured or modelled")),
        }
    }

    fn wrong(&self, column: &'static str, expected: &'static str) -> ReplayError {
        let found = self.text(column).unwrap_or_default().to_owned();
        ReplayError::Value { path: self.path.to_owned(), line: self.line, column, expected, found }
    }
}

/// Our own format: one sample a row.
fn own_samples<'a>(
    rows: impl Iterator<Item = Result<Row<'a>, ReplayError>>,
) -> Result<Vec<Sample>, ReplayError> {
    let mut samples: Vec<Sample> = Vec::new();
    for row in rows {
        let row = row?;
        let last = samples.last();
        let at = row.time(last.map_or(Nanoseconds::ZERO, |last| last.at))?;
        let power = Watts(row.number("power_w", &WATTS)?);
        let energy = match (row.text("energy_j"), last) {
            (Some(_), _) => row.energy()?,
            (None, None) => Microjoules::ZERO,
            (None, Some(last)) => last.energy + power.over(at.saturating_sub(last.at)),
        };
        if last.is_some_and(|last| energy < last.energy) {
            return Err(row.wrong("energy_j", "an energy not below that of the row above"));
        }
        samples.push(Sample {
            at,
            die: Celsius(row.number("die_c", &DEGREES)?),
            die_provenance: row.provenance("die_provenance")?,
            power,
            energy,
            power_provenance: row.provenance("power_provenance")?,
        });
    }
    Ok(samples)
}

/// The package domain of a RAPL recording.
#[derive(Default)]
struct Packages<'a> {
    /// Names of the sockets, in the order in which they were met.
    sockets: Vec<&'a str>,
    rows: Vec<PackageRow>,
}

struct PackageRow {
    at: Nanoseconds,
    /// Index of the socket.
    socket: usize,
    /// Energy of all packages since the origin.
    energy: Microjoules,
    power: Watts,
}

fn packages<'a>(
    rows: impl Iterator<Item = Result<Row<'a>, ReplayError>>,
) -> Result<Packages<'a>, ReplayError> {
    let (mut all, mut at, mut energy) = (Packages::default(), Nanoseconds::ZERO, Microjoules::ZERO);
    for row in rows {
        let row = row?;
        at = row.time(at)?;
        let rise = row.energy()?;
        let power = Watts(row.number("power_w", &WATTS)?);
        let socket = all.index(row.text("socket").unwrap_or_default());
        let socket = socket.ok_or_else(|| row.wrong("socket", "the name of one of at most 64 sockets"))?;
        match row.text("domain") {
            Some("package") => energy += rise,
            Some("ram") => continue,
            _ => return Err(row.wrong("domain", "package or ram")),
        }
        if energy.as_joules() > *JOULES.0.end() {
            return Err(row.wrong("energy_j", JOULES.1));
        }
        all.rows.push(PackageRow { at, socket, energy, power });
    }
    Ok(all)
}

impl<'a> Packages<'a> {
    fn index(&mut self, name: &'a str) -> Option<usize> {
        if let Some(index) = self.sockets.iter().position(|known| *known == name) {
            return Some(index);
        }
        if name.is_empty() || self.sockets.len() == SOCKETS_MAX {
            return None;
        }
        self.sockets.push(name);
        Some(self.sockets.len() - 1)
    }

    /// Adds up the sockets: a sample at each row, made of the last power of every socket, from when all were heard of.
    /// The die starts where the first such power settles.
    fn combine(&self, thermal: &ThermalParameters) -> Result<Vec<Sample>, ReplayError> {
        let mut powers: Vec<Option<Watts>> = vec![None; self.sockets.len()];
        let mut samples: Vec<Sample> = Vec::new();
        let mut die: Option<ThermalModel> = None;
        for row in &self.rows {
            powers[row.socket] = Some(row.power);
            if powers.contains(&None) {
                continue;
            }
            let power = Watts(powers.iter().flatten().map(|power| power.0).sum());
            let model = match &mut die {
                Some(model) => model,
                // Measured power contains what leaks.
                None => die.insert(ThermalModel::new(ThermalParameters { leakage: 0.0, ..*thermal }, power)?),
            };
            // A row's power is the mean since the row before, so it has flowed until now.
            let span = samples.last().map_or(Nanoseconds::ZERO, |last| row.at.saturating_sub(last.at));
            model.advance(power, span);
            samples.push(Sample {
                at: row.at,
                die: model.die(),
                die_provenance: Provenance::Modelled,
                power,
                energy: row.energy,
                power_provenance: Provenance::Measured,
            });
        }
        Ok(samples)
    }
}
