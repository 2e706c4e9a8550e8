//! Thermal zones: `/sys/class/thermal/thermal_zone*`, as the kernel's `Documentation/driver-api/thermal/sysfs-api.rst`
//! defines them.

use super::Probe;
use super::kernel::{BOARD_ERROR, Candidate, DIE_ERROR, Found, Rank, is_die_of_soc, limit};
use crate::attribute::{Attribute, numbered};
use crate::held::text;
use maxwell_core::units::Celsius;
use std::path::Path;

/// What the zones below `root` measure.
pub(super) fn look(root: &Path) -> Found {
    let mut found = Found::default();
    for (number, zone) in numbered(&root.join("sys/class/thermal"), "thermal_zone", "") {
        let kind = text(&zone.join("type")).unwrap_or_default();
        // Some drivers stop measuring while a zone is disabled.
        let disabled = text(&zone.join("mode")).is_some_and(|mode| mode == "disabled");
        let other = match rank(&kind) {
            Some(rank) if !disabled => {
                found.candidates.push(candidate(&zone, kind, rank));
                continue;
            }
            Some(_) => format!("thermal_zone{number} ({kind}) is disabled"),
            None if kind.is_empty() => format!("thermal_zone{number} does not say what it is"),
            None => format!("thermal_zone{number} is {kind}"),
        };
        found.others.push(other);
    }
    found
}

fn rank(kind: &str) -> Option<Rank> {
    match kind {
        "x86_pkg_temp" => Some(Rank::Zone),
        "acpitz" => Some(Rank::Board),
        soc => is_die_of_soc(soc).then_some(Rank::Zone),
    }
}

fn candidate(zone: &Path, kind: String, rank: Rank) -> Candidate {
    let (label, error) = match rank {
        Rank::Board => (format!("{kind} (the board, not the die)"), BOARD_ERROR),
        _ => (kind.clone(), DIE_ERROR),
    };
    let input = Attribute::new(zone.join("temp"), vec![(zone.join("type"), kind)]);
    Candidate {
        rank,
        probe: Probe { label, socket: None, error, limit: critical(zone) },
        inputs: vec![input],
    }
}

/// The lowest critical trip point, at which the kernel shuts the machine down.
fn critical(zone: &Path) -> Option<Celsius> {
    let kinds = numbered(zone, "trip_point_", "_type").into_iter();
    let critical = kinds.filter(|(_, path)| text(path).is_some_and(|kind| kind == "critical"));
    let limits = critical.filter_map(|(number, _)| limit(&zone.join(format!("trip_point_{number}_temp"))));
    limits.min_by(|one, other| one.0.total_cmp(&other.0))
}
