//! `maxwell price`: what a quantum costs now and how much is for sale, from this machine's sensors and tariff.
//!
//! No market is needed for it: the price rises with heat and not with demand, and the supply is what the heat allows.

mod show;

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use clap::Args;
use maxwell_core::limits::{QUANTUM, WINDOW};
use maxwell_core::price::{Plant, PriceConfig, Pricer};
use maxwell_core::tick::Sensed;
use maxwell_core::units::{Celsius, Moment, Nanoseconds, Watts};
use maxwell_daemon::inbox::StopSwitch;
use maxwell_daemon::profile;
use maxwell_daemon::tariff::{self, Opened, Reference, TariffNow, TariffSpec};
use maxwell_hypervisor::clock::{Clock, SystemClock};
use maxwell_physics::model::MachineModel;
use maxwell_physics::sampler::{Sampler, ThreadSampler};
use maxwell_physics::select::Selection;

use crate::sensors::{Found, SensorOptions, die_limit};
use crate::signals::{INTERRUPTED, stop_on_signals};

/// Limit of the die where neither hardware nor profile names one, in °C: below what nearly all processors throttle at.
const LIMIT_ASSUMED: Celsius = Celsius(95.0);

/// The highest critical temperature where the hardware names no limit, in °C: nothing would ever be critical above it.
const CRITICAL_MAX: Celsius = Celsius(120.0);

/// Options of `maxwell price`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    sensors: SensorOptions,
    /// Show every term that the price and the supply are made from
    #[arg(long)]
    explain: bool,
    /// Show it every second, until interrupted
    #[arg(long, conflicts_with = "seconds")]
    watch: bool,
    /// Watch the machine for so long before showing it; the filter of the price has a time constant of 3 s
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Temperature in °C that the supply holds; by default that of the profile, or 15 below the limit of the hardware
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true)]
    set_point: Option<f64>,
    /// Temperature in °C at which nothing is sold; by default that of the profile, or 5 below the limit of the hardware
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true)]
    critical: Option<f64>,
    /// Power in W that the supply does not exceed
    #[arg(long, value_name = "WATTS", allow_negative_numbers = true)]
    power_budget: Option<f64>,
    /// Share of the idle power that the price recovers, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, allow_negative_numbers = true)]
    idle_recovery: f64,
    /// Electricity price: a ratio such as 1.25, a file of prices (*.csv, *.json), or the address of an endpoint
    #[arg(long, value_name = "RATIO|FILE|URL", default_value = "1")]
    tariff: TariffSpec,
    /// Price that counts as a tariff of 1, for files and endpoints
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    tariff_reference: Option<f64>,
    /// Where the price stands in what an endpoint answers, as a JSON pointer
    #[arg(long, value_name = "POINTER", default_value = maxwell_api::tariff::POINTER)]
    tariff_pointer: String,
    /// Print JSON, a line each time
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let switch = StopSwitch::default();
    stop_on_signals(&switch)?;
    let clock = SystemClock::start();
    let reference = options.tariff_reference.map(Reference::new).transpose()?;
    let tariff = tariff::open(&options.tariff, reference, &options.tariff_pointer, clock.epoch())?;
    tariff.warnings.iter().for_each(|warning| crate::complain(warning));
    let found = options.sensors.choose()?;
    let config = config(options, &found)?;
    let mut watch = Watch::new(clock, tariff, found.selection, config)?;
    let mut shown_at = Nanoseconds::from_millis(1_000 * options.seconds);
    loop {
        if !watch.until(Moment(shown_at.0), &switch) {
            return Ok(ExitCode::from(INTERRUPTED));
        }
        show::write(&watch.now(), options.explain, options.json).context("the output cannot be written")?;
        if !options.watch {
            return Ok(ExitCode::SUCCESS);
        }
        shown_at += Nanoseconds::from_millis(1_000);
    }
}

/// The rules of the price on this machine.
fn config(options: &Options, found: &Found) -> Result<PriceConfig> {
    let MachineModel { slots, slot, idle, thermal } = found.machine;
    let plant = Plant { slot, die_resistance: thermal.die_resistance, die_tau_s: thermal.die_tau_s };
    let told = die_limit(&found.selection);
    let limit = told.unwrap_or(LIMIT_ASSUMED);
    let (set_point, critical) = found.set_point_and_critical.unwrap_or_else(|| profile::suggested(limit));
    let set_point = options.set_point.map_or(set_point, Celsius);
    let critical = options.critical.map_or(critical, Celsius);
    ensure!(
        set_point < critical,
        "the set point of {} °C is not below the critical temperature of {} °C; name both with --set-point and --critical",
        set_point.0,
        critical.0
    );
    let highest = told.unwrap_or(CRITICAL_MAX);
    ensure!(
        critical <= highest,
        "a critical temperature of {} °C is above {} °C, {}; name a lower one with --critical",
        critical.0,
        highest.0,
        if told.is_some() { "where the hardware throttles itself" } else { "which no processor reaches" }
    );
    let power_budget = options.power_budget.map(Watts);
    let idle_recovery = options.idle_recovery;
    Ok(PriceConfig {
        power_budget,
        idle,
        idle_recovery,
        ..PriceConfig::new(slots, plant, set_point, critical)
    })
}

/// Sensors, tariff and price, walked as a node walks them, without a market.
struct Watch {
    clock: SystemClock,
    sampler: ThreadSampler,
    tariff: Opened,
    pricer: Pricer,
    slots: u16,
    tier: u8,
    next: Moment,
    sensed: Sensed,
    tariff_now: Option<TariffNow>,
    refused: Option<String>,
}

impl Watch {
    fn new(clock: SystemClock, tariff: Opened, selection: Selection, config: PriceConfig) -> Result<Self> {
        let (slots, tier) = (config.slots, selection.tier.number());
        let pricer = Pricer::new(config)?;
        let sampler = ThreadSampler::start(selection.sensor, WINDOW, clock.epoch())?;
        let next = clock.now();
        Ok(Self {
            clock,
            sampler,
            tariff,
            pricer,
            slots,
            tier,
            next,
            sensed: Sensed::Missing,
            tariff_now: None,
            refused: None,
        })
    }

    /// Quotes every quantum until `end`; false if the user has had enough before.
    fn until(&mut self, end: Moment, switch: &StopSwitch) -> bool {
        while self.next < end {
            if switch.interrupt_flag().load(Ordering::Relaxed) {
                return false;
            }
            self.clock.wait_until(self.next);
            let now = self.clock.now();
            self.sensed = self.sampler.latest(now);
            let tariff = self.tariff.tariff.latest(now);
            self.refused = self.pricer.set_tariff(tariff.ratio).err().map(|error| error.to_string());
            self.tariff_now = Some(tariff);
            self.pricer.quote(now, &self.sensed);
            self.next = self.next + QUANTUM;
        }
        true
    }

    /// What is known now.
    fn now(&self) -> show::Now {
        show::Now {
            at: self.clock.now(),
            tier: self.tier,
            slots: self.slots,
            sensed: self.sensed,
            sensor_trouble: self.sampler.last_error(),
            tariff: self.tariff_now,
            tariff_trouble: self.refused.clone().or_else(|| self.tariff.trouble.latest()),
            terms: self.pricer.explain(),
        }
    }
}
