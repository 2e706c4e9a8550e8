//! The arms: the rules under which the same agents run.

use std::fmt;
use std::str::FromStr;

use maxwell_api::experiment::ArmPlan;
use maxwell_hypervisor::process::CpuPolicy;

/// Niceness of the parasites in the arm `nice`.
const NICENESS: i32 = 19;
/// Weight of the parasites in the arm `cpu.weight`, where 100 is usual.
const WEIGHT: u32 = 1;
/// The weight of everybody else.
const USUAL_WEIGHT: u32 = 100;
/// CPUs that a parasite may use in the arm `cpu.max`.
const CPUS: f64 = 0.1;

/// The rules of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arm {
    /// The kernel's fair scheduler.
    Linux,
    /// The market.
    Maxwell,
    /// The kernel's scheduler; parasites are nice.
    Nice,
    /// The kernel's scheduler; parasites have the smallest weight.
    CpuWeight,
    /// The kernel's scheduler; parasites have a quota.
    CpuMax,
    /// Parasites are killed at the start, by one who knows them.
    Oracle,
    /// The market without income.
    NoBounty,
    /// The market with a reserve price that heat does not move.
    FlatPrice,
    /// The market without the erasure tax.
    NoTax,
    /// The market with so many slot-seconds of money for each.
    Funding(f64),
}

/// There is no such arm.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no arm {0:?}; there are {names}, and all for every one of them", names = Arm::NAMED.map(|arm| arm.to_string()).join(", "))]
pub struct UnknownArm(String);

impl Arm {
    /// The arms that `--arms` knows, in the order in which reports show them.
    pub const NAMED: [Self; 9] = [
        Self::Linux,
        Self::Maxwell,
        Self::Nice,
        Self::CpuWeight,
        Self::CpuMax,
        Self::Oracle,
        Self::NoBounty,
        Self::FlatPrice,
        Self::NoTax,
    ];

    /// The arms that `--sweep` adds.
    pub const SWEEP: [Self; 6] = [
        Self::Funding(1.0),
        Self::Funding(2.5),
        Self::Funding(5.0),
        Self::Funding(10.0),
        Self::Funding(20.0),
        Self::Funding(40.0),
    ];

    /// Whether Maxwell runs in it.
    pub const fn has_market(self) -> bool {
        match self {
            Self::Linux | Self::Nice | Self::CpuWeight | Self::CpuMax | Self::Oracle => false,
            Self::Maxwell | Self::NoBounty | Self::FlatPrice | Self::NoTax | Self::Funding(_) => true,
        }
    }

    /// What it is, for reports.
    pub fn what(self) -> String {
        match self {
            Self::Linux => "no market: the kernel's fair scheduler shares the slots".to_owned(),
            Self::Maxwell => "the market, with equal funding".to_owned(),
            Self::Nice => format!("no market: parasites run at nice {NICENESS}"),
            Self::CpuWeight => format!("no market: parasites have CPU weight {WEIGHT} of the usual {USUAL_WEIGHT}"),
            Self::CpuMax => format!("no market: each parasite has a quota of {CPUS} CPUs"),
            Self::Oracle => "no market: parasites are killed at the start, by one who knows them".to_owned(),
            Self::NoBounty => {
                "the market without income: the bounty pays 1 µJ a range, so everybody lives from their funding"
                    .to_owned()
            }
            Self::FlatPrice => "the market with a reserve price that heat does not move".to_owned(),
            Self::NoTax => "the market without the erasure tax".to_owned(),
            Self::Funding(slot_seconds) => {
                format!("the market, with {slot_seconds} slot-seconds of money for each")
            }
        }
    }

    /// Its line of the plan.
    pub fn plan(self) -> ArmPlan {
        ArmPlan { name: self.to_string(), what: self.what(), market: self.has_market() }
    }

    /// How the kernel is told to treat an agent. A weight counts among groups side by side, so where one agent has a group
    /// for it the others have too.
    pub fn policy_of(self, parasite: bool) -> CpuPolicy {
        let usual = CpuPolicy::default();
        let in_group = CpuPolicy { weight: Some(USUAL_WEIGHT), ..usual };
        match (self, parasite) {
            (Self::Nice, true) => CpuPolicy { nice: NICENESS, ..usual },
            (Self::CpuWeight, true) => CpuPolicy { weight: Some(WEIGHT), ..usual },
            (Self::CpuMax, true) => CpuPolicy { max: Some(CPUS), ..in_group },
            (Self::CpuWeight | Self::CpuMax, false) => in_group,
            _ => usual,
        }
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linux => "linux",
            Self::Maxwell => "maxwell",
            Self::Nice => "nice",
            Self::CpuWeight => "cpu.weight",
            Self::CpuMax => "cpu.max",
            Self::Oracle => "oracle",
            Self::NoBounty => "no-bounty",
            Self::FlatPrice => "flat-price",
            Self::NoTax => "no-tax",
            Self::Funding(slot_seconds) => return write!(f, "funding-{slot_seconds}"),
        })
    }
}

impl FromStr for Arm {
    type Err = UnknownArm;

    fn from_str(name: &str) -> Result<Self, UnknownArm> {
        let known = Self::NAMED.into_iter().chain(Self::SWEEP);
        known.into_iter().find(|arm| arm.to_string() == name).ok_or_else(|| UnknownArm(name.to_owned()))
    }
}

/// Reads what `--arms` says. The order is that of reports and no arm stands there twice. A sweep is compared with
/// `linux`, which it brings along.
///
/// # Errors
/// The first name that is not known.
pub fn arms(words: &str, sweep: bool) -> Result<Vec<Arm>, UnknownArm> {
    let mut wanted = Vec::new();
    for word in words.split(',').map(str::trim) {
        match word {
            "all" => wanted.extend(Arm::NAMED),
            name => wanted.push(name.parse()?),
        }
    }
    if sweep {
        wanted.push(Arm::Linux);
        wanted.extend(Arm::SWEEP);
    }
    let known = Arm::NAMED.into_iter().chain(Arm::SWEEP);
    Ok(known.filter(|arm| wanted.contains(arm)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &str, sweep: bool) -> Vec<String> {
        arms(words, sweep).unwrap().iter().map(Arm::to_string).collect()
    }

    #[test]
    fn arms_come_once_and_in_the_order_of_reports() {
        assert_eq!(names("maxwell, linux,maxwell", false), ["linux", "maxwell"]);
        assert_eq!(names("all,linux", false).len(), Arm::NAMED.len());
        let sweep = names("maxwell", true);
        assert_eq!(sweep[..3], ["linux", "maxwell", "funding-1"]);
        assert_eq!((sweep[3].as_str(), sweep.len()), ("funding-2.5", 8));
    }

    #[test]
    fn every_name_is_read_back_and_an_unknown_one_lists_them() {
        for arm in Arm::NAMED.into_iter().chain(Arm::SWEEP) {
            assert_eq!(arm.to_string().parse(), Ok(arm));
        }
        let message = arms("linx", false).unwrap_err().to_string();
        for said in ["\"linx\"", "linux, maxwell, nice, cpu.weight", "all"] {
            assert!(message.contains(said), "{message}");
        }
    }
}
