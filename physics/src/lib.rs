//! Sensors, the thermal model, and the choice between them.
//!
//! A [`sensor::ThermalSensor`] is read by a [`sampler::Sampler`], which keeps the latest reading where the tick picks
//! it up without waiting. Which sensor that is, [`select::choose`] says with its reasons.
//!
//! ```text
//!   CPU time (load) -> thermal model -> ModelSensor  --+
//!   recorded trace (CSV) -----------> ReplaySensor ----+-> Sampler -> Sensed, for the tick
//!   hardware (none is read in this version) -----------+
//! ```
//!
//! What is *absent*: no module here knows a price, a cell or a wire format, and nothing that the tick calls touches a
//! file, takes a lock or allocates.
#![forbid(unsafe_code)]

pub mod sensor;

pub mod thermal;

pub mod load;

pub mod frequency;

pub mod model;

pub mod cpu;

mod held;

mod attribute;

pub mod meter;

pub mod thermometer;

pub mod hardware;

pub mod nvml;

pub mod guard;

pub mod replay;

pub mod select;

pub mod calibrate;

pub mod corrected;

mod latest;

pub mod sampler;
