//! The thermal model: a fast node (die) on a slow one (heat sink and chassis) in air of constant temperature.
//!
//! ```text
//!   power --> [ die ] --R_die--> [ sink ] --R_sink--> ambient
//!              C_die              C_sink
//!
//!   C_die  dT/dt = P + leakage (T - T_ambient) - (T - T_sink) / R_die      C_die  = tau_die  / R_die
//!   C_sink dT/dt = (T - T_sink) / R_die - (T_sink - T_ambient) / R_sink    C_sink = tau_sink / R_sink
//! ```
//!
//! Two linear equations, so the answer to a constant power is known exactly (two exponentials): a step is stable for
//! any span, and one long span gives what many short ones give.

use maxwell_core::units::{Celsius, Nanoseconds, Watts};

/// The hardware classes, by how fast the die answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Thin laptop.
    Mobile,
    /// Desktop.
    Desktop,
    /// Workstation.
    Workstation,
    /// Large server package.
    Server,
}

impl Class {
    /// Time constant of the die, in seconds.
    pub const fn die_tau_s(self) -> f64 {
        match self {
            Self::Mobile => 0.3,
            Self::Desktop => 1.0,
            Self::Workstation => 2.0,
            Self::Server => 3.5,
        }
    }
}

/// How a machine answers to power.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThermalParameters {
    /// Temperature of the air.
    pub ambient: Celsius,
    /// Thermal resistance from die to heat sink, in kelvin per watt.
    pub die_resistance: f64,
    /// Time constant of the die, in seconds.
    pub die_tau_s: f64,
    /// Thermal resistance from heat sink to air, in kelvin per watt.
    pub sink_resistance: f64,
    /// Time constant of heat sink and chassis, in seconds.
    pub sink_tau_s: f64,
    /// Power that leaks more for every kelvin of the die above ambient, in watts per kelvin. The power given to the
    /// model is then that of a die at ambient temperature. Zero: the power does not depend on temperature.
    pub leakage: f64,
}

impl ThermalParameters {
    /// The machine of the demonstration: 1 K/W in all, so that each of its slots of 15 W heats by 15 K.
    pub const DEMONSTRATION: Self = Self {
        ambient: Celsius(25.0),
        die_resistance: 0.7,
        die_tau_s: 1.0,
        sink_resistance: 0.3,
        sink_tau_s: 30.0,
        leakage: 0.0,
    };

    /// The demonstration's resistances with the die's time constant of `class`.
    pub const fn of_class(class: Class) -> Self {
        Self { die_tau_s: class.die_tau_s(), ..Self::DEMONSTRATION }
    }

    /// Die temperature at which a constant `power` settles.
    pub fn settled(&self, power: Watts) -> Celsius {
        Celsius(self.ambient.0 + self.dissipated(power) * self.resistance())
    }

    /// Checks that the parameters describe a machine that can exist.
    ///
    /// # Errors
    /// Names the first parameter that is impossible.
    pub fn validate(&self) -> Result<(), ParameterError> {
        let positive = "from 1e-6 to 1e6";
        let is_positive = |value: f64| (1e-6..=1e6).contains(&value);
        let rules = [
            ("ambient (degrees Celsius)", self.ambient.0, self.ambient.0.abs() <= 100.0, "from -100 to 100"),
            ("die_resistance (K/W)", self.die_resistance, is_positive(self.die_resistance), positive),
            ("die_tau_s (s)", self.die_tau_s, is_positive(self.die_tau_s), positive),
            ("sink_resistance (K/W)", self.sink_resistance, is_positive(self.sink_resistance), positive),
            ("sink_tau_s (s)", self.sink_tau_s, is_positive(self.sink_tau_s), positive),
            (
                "leakage (W/K)",
                self.leakage,
                self.leakage >= 0.0 && self.leakage * self.resistance() < 1.0,
                "from 0 to less than 1 / (die_resistance + sink_resistance), or the die would run away",
            ),
        ];
        ParameterError::first(&rules)
    }

    /// From die to air, in kelvin per watt.
    fn resistance(&self) -> f64 {
        self.die_resistance + self.sink_resistance
    }

    /// Watts that flow once the leakage of a constant `power` has settled.
    fn dissipated(&self, power: Watts) -> f64 {
        power.0 / (1.0 - self.leakage * self.resistance())
    }
}

/// A parameter of a model that no machine can have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("machine model: {parameter} must be {rule}, but is {found}; correct it in the profile")]
pub struct ParameterError {
    /// Name and unit of the parameter.
    pub parameter: &'static str,
    /// What it must be.
    pub rule: &'static str,
    /// What it is.
    pub found: f64,
}

impl ParameterError {
    /// The first of `(parameter, found, holds, rule)` that does not hold.
    pub(crate) fn first(rules: &[(&'static str, f64, bool, &'static str)]) -> Result<(), Self> {
        rules
            .iter()
            .find(|(_, _, holds, _)| !holds)
            .map_or(Ok(()), |&(parameter, found, _, rule)| Err(Self { parameter, rule, found }))
    }
}

/// The state of the two nodes.
#[derive(Clone, Debug)]
pub struct ThermalModel {
    parameters: ThermalParameters,
    dynamics: Dynamics,
    /// Kelvin above ambient.
    die: f64,
    /// Kelvin above ambient.
    sink: f64,
}

impl ThermalModel {
    /// A machine that has run at `power` for ever.
    ///
    /// # Errors
    /// When the parameters are impossible, see [`ThermalParameters::validate`].
    pub fn new(parameters: ThermalParameters, power: Watts) -> Result<Self, ParameterError> {
        parameters.validate()?;
        let dissipated = parameters.dissipated(checked(power));
        Ok(Self {
            dynamics: Dynamics::of(&parameters),
            die: dissipated * parameters.resistance(),
            sink: dissipated * parameters.sink_resistance,
            parameters,
        })
    }

    /// A machine that begins with these temperatures, whatever brought it there.
    ///
    /// # Errors
    /// When the parameters are impossible, see [`ThermalParameters::validate`].
    ///
    /// # Panics
    /// When a temperature is not finite.
    pub fn starting(
        parameters: ThermalParameters,
        die: Celsius,
        sink: Celsius,
    ) -> Result<Self, ParameterError> {
        assert!(die.0.is_finite() && sink.0.is_finite(), "a machine cannot begin at {die:?} on {sink:?}");
        let settled = Self::new(parameters, Watts(0.0))?;
        let ambient = parameters.ambient.0;
        Ok(Self { die: die.0 - ambient, sink: sink.0 - ambient, ..settled })
    }

    /// Temperature of the die.
    pub fn die(&self) -> Celsius {
        Celsius(self.parameters.ambient.0 + self.die)
    }

    /// Temperature of the heat sink.
    pub fn sink(&self) -> Celsius {
        Celsius(self.parameters.ambient.0 + self.sink)
    }

    /// Power that leaks now on top of what the model is given.
    pub fn leaking(&self) -> Watts {
        Watts(self.parameters.leakage * self.die)
    }

    /// Lets a constant `power`, finite and not negative, flow for `span`. Returns the mean power that leaked on top of
    /// it; over an empty span, what leaks now.
    pub fn advance(&mut self, power: Watts, span: Nanoseconds) -> Watts {
        let dissipated = self.parameters.dissipated(checked(power));
        if span == Nanoseconds::ZERO {
            return self.leaking();
        }
        // Both nodes decay towards the temperatures at which this power settles.
        let settled =
            (dissipated * self.parameters.resistance(), dissipated * self.parameters.sink_resistance);
        let before = (self.die - settled.0, self.sink - settled.1);
        let seconds = span.as_seconds();
        let after = self.dynamics.decay(before, seconds);
        self.die = settled.0 + after.0;
        self.sink = settled.1 + after.1;
        if self.parameters.leakage == 0.0 {
            return Watts(0.0);
        }
        let mean_excess = self.dynamics.die_integral(before, after) / seconds;
        Watts(self.parameters.leakage * (settled.0 + mean_excess))
    }
}

/// A power that physics can have: one wrong figure would stay in the temperatures for ever.
fn checked(power: Watts) -> Watts {
    assert!(power.0.is_finite() && power.0 >= 0.0, "a machine cannot draw {power:?}");
    power
}

/// The matrix A of `x' = A x`, where x is how far die and sink are from where they settle.
#[derive(Clone, Debug)]
struct Dynamics {
    die_die: f64,
    die_sink: f64,
    sink_die: f64,
    sink_sink: f64,
    /// Rates of the two exponentials, per second, both negative.
    fast: f64,
    slow: f64,
    /// Product of the two rates.
    determinant: f64,
}

impl Dynamics {
    fn of(p: &ThermalParameters) -> Self {
        let die_capacity = p.die_tau_s / p.die_resistance;
        let sink_capacity = p.sink_tau_s / p.sink_resistance;
        let die_die = -1.0 / p.die_tau_s + p.leakage / die_capacity;
        let die_sink = 1.0 / p.die_tau_s;
        let sink_die = 1.0 / (p.die_resistance * sink_capacity);
        let sink_sink = -sink_die - 1.0 / p.sink_tau_s;
        // Real and distinct rates, because heat flows both ways between the nodes (the product below is above zero).
        let half_gap = ((die_die - sink_sink) / 2.0).hypot((die_sink * sink_die).sqrt());
        let fast = f64::midpoint(die_die, sink_sink) - half_gap;
        let determinant = (1.0 - p.leakage * p.resistance()) / (p.die_tau_s * p.sink_tau_s);
        // Not as mean + half_gap: the two nearly cancel where the sink is much slower than the die.
        let slow = determinant / fast;
        assert!(fast < slow && slow < 0.0, "thermal model does not decay: {p:?}");
        Self { die_die, die_sink, sink_die, sink_sink, fast, slow, determinant }
    }

    /// `exp(A t) x`, by Sylvester's formula for two distinct rates.
    fn decay(&self, (die, sink): (f64, f64), seconds: f64) -> (f64, f64) {
        let (fast, slow) = ((self.fast * seconds).exp(), (self.slow * seconds).exp());
        let gap = self.slow - self.fast;
        let mixed = (slow - fast) / gap;
        let kept = (self.slow * fast - self.fast * slow) / gap;
        (
            kept * die + mixed * (self.die_die * die + self.die_sink * sink),
            kept * sink + mixed * (self.sink_die * die + self.sink_sink * sink),
        )
    }

    /// Integral of the die's excess in kelvin seconds, from `A^-1 (after - before)`.
    fn die_integral(&self, before: (f64, f64), after: (f64, f64)) -> f64 {
        (self.sink_sink * (after.0 - before.0) - self.die_sink * (after.1 - before.1)) / self.determinant
    }
}
