//! Energy that the host has to buy: what the package used since it last did.

use crate::tick::Sensed;
use crate::units::Microjoules;

/// What the package used, as far as it is known, and nobody has bought yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EnergyDue {
    due: Microjoules,
    /// Epoch and energy up to which `due` and what was bought before reach; none before the first reading.
    counted: Option<(u32, Microjoules)>,
}

impl EnergyDue {
    /// Counts what was used since the last reading of the same epoch. What was used before the first reading of an epoch
    /// is not known, and is nobody's to buy.
    pub(super) fn take(&mut self, sensed: &Sensed) {
        let Some(reading) = sensed.last() else { return };
        let now = reading.energy.value;
        match self.counted {
            Some((epoch, before)) if epoch == reading.epoch => {
                let used = if now > before { now - before } else { Microjoules::ZERO };
                self.due += used;
                self.counted = Some((epoch, before + used));
            }
            _ => self.counted = Some((reading.epoch, now)),
        }
    }

    /// All that is due: it is bought now.
    pub(super) fn buy(&mut self) -> Microjoules {
        std::mem::take(&mut self.due)
    }
}
